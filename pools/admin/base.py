"""What the admin's pages of records have in common: read-only, cheap at any size, linked.

Lists never count a whole table, and a search only asks where an index answers.
"""

import re
from typing import Any, TypeVar, cast

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from pools.admin.notes import ReadsNotes
from pools.filter_fields import AddressField, WholeNumberField
from pools.presentation import explorer_of, short_address, short_hash

COUNTED = 10_000  # a list that is longer says this many: narrow it instead of paging on
_HASH = re.compile(r"0x[0-9a-f]{64}")

M = TypeVar("M", bound=Model)


class CheapPaginator(Paginator[Any]):
    """Pages through the first rows of a list, without counting the rest."""

    @cached_property
    def count(self) -> int:
        rows = cast("QuerySet[Any]", self.object_list)
        return rows.order_by()[:COUNTED].count()


class RecordAdmin(ReadsNotes, admin.ModelAdmin[M]):
    """A record that people look at and nobody edits."""

    paginator = CheapPaginator
    show_full_result_count = False
    list_per_page = 50
    search_fields = ("pk",)  # shows the box; `find` decides

    def has_add_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        return False

    def get_search_results(
        self, _request: HttpRequest, queryset: QuerySet[M], search_term: str
    ) -> tuple[QuerySet[M], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        if "\0" in term:
            return queryset.none(), False
        return queryset.filter(self.find(term)), False

    def find(self, _term: str) -> Q:
        """Which records a search means; nothing unless the model says more."""
        return Q(pk__in=[])


def address_in(term: str) -> str | None:
    """The checksummed address that the term is, else None."""
    try:
        found: str | None = AddressField().clean(term)
    except ValidationError:
        return None
    return found


def hash_in(term: str) -> str | None:
    """The block's or transaction's hash that the term is, else None."""
    return term.lower() if _HASH.fullmatch(term.lower()) else None


def number_in(term: str) -> int | None:
    """The block number that the term is, else None."""
    try:
        found: int | None = WholeNumberField().clean(term)
    except ValidationError:
        return None
    return found


def list_link(model: str, text: object, **where: int | str) -> SafeString:
    """A link to the admin's list of a model, narrowed to some rows."""
    url = reverse(f"admin:pools_{model}_changelist")
    return format_html('<a href="{}?{}">{}</a>', url, urlencode(where), text)


def record_link(model: str, key: object, text: object) -> SafeString:
    """A link to the admin's page of one record."""
    return format_html(
        '<a href="{}">{}</a>', reverse(f"admin:pools_{model}_change", args=[key]), text
    )


def explorer_link(chain_id: int, kind: str, value: object) -> SafeString | str:
    """A link to the chain's explorer (`kind` is tx, address or block), or the value without one."""
    text = str(value)
    short = text if kind == "block" else (short_hash if kind == "tx" else short_address)(text)
    base = explorer_of(chain_id, settings.EXPLORER_URL)
    if not base or not text:
        return text
    return format_html(
        '<a href="{}/{}/{}" title="{}" rel="noopener noreferrer">{} ↗</a>',
        base,
        kind,
        text,
        text,
        short,
    )


def raw_bytes(value: bytes | memoryview) -> SafeString:
    """Bytes as they came, in both ways of writing that cannot deceive."""
    raw = bytes(value)
    return format_html("<code>0x{}</code><br><code>{}</code>", raw.hex(), repr(raw))
