"""The admin's own history of what staff do by actions and buttons: who did what to which record.

Django writes the lines of its forms itself. Ours stand in English in the table, and are read in the
language of whoever looks.
"""

from collections.abc import Iterable
from typing import Any

from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext


def note(request: HttpRequest, records: Iterable[Model], did: str | list[dict[str, Any]]) -> None:
    """Write what was done to each of the records: a sentence marked by `gettext_noop`, or, where
    something was added or deleted, the structure that Django reads.
    """
    _write(request, records, CHANGE, did)


def note_added(request: HttpRequest, records: Iterable[Model]) -> None:
    """Write that these records were made."""
    _write(request, records, ADDITION, [{"added": {}}])


def _write(
    request: HttpRequest, records: Iterable[Model], flag: int, did: str | list[dict[str, Any]]
) -> None:
    if (user := request.user.pk) is not None:
        LogEntry.objects.log_actions(user, records, flag, did)


class ReadsNotes:
    """For admin classes with such lines: their history is in the reader's language."""

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        answer: HttpResponse = super().history_view(request, object_id, extra_context)  # type: ignore[misc]
        if isinstance(answer, TemplateResponse) and answer.context_data:
            for entry in answer.context_data["action_list"]:
                if not entry.change_message.startswith("["):
                    entry.change_message = gettext(entry.change_message or " ")
        return answer
