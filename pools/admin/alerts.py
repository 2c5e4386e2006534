"""Admin pages of what operators should look at: alerts, who was told of them, verifications, and
readings of the views.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Case, CharField, Q, QuerySet, Value, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop, ngettext
from django.views.decorators.http import require_POST

from pools import alert_kinds, alerts, deliveries, receivers, silences
from pools.admin.base import RecordAdmin, number_in, record_link
from pools.admin.notes import note, note_added
from pools.models import Alert, AlertDelivery, AlertReceiver, PoolReading, Verification


class Standing(admin.SimpleListFilter):
    title = gettext_lazy("standing")
    parameter_name = "standing"

    def lookups(self, _request: HttpRequest, _admin: Any) -> list[tuple[str, str]]:
        return [
            ("open", _("open")),
            ("unseen", _("open, not acknowledged")),
            ("resolved", _("resolved")),
        ]

    def queryset(self, _request: HttpRequest, rows: "QuerySet[Alert]") -> "QuerySet[Alert]":
        match self.value():
            case "open":
                return rows.filter(resolved_at=None)
            case "unseen":
                return rows.filter(resolved_at=None, acknowledged_at=None)
            case "resolved":
                return rows.filter(resolved_at__isnull=False)
        return rows


class KindFilter(admin.AllValuesFieldListFilter):
    """By the kinds that there are, in words."""

    def choices(self, changelist: Any) -> Iterator[Any]:
        for choice in super().choices(changelist):
            kind, space, count = str(choice["display"]).partition(" (")  # with counts, if asked for
            if kind in alert_kinds.WORDS:
                kind = alert_kinds.words(kind)
            yield {**choice, "display": f"{kind}{space}{count}"}


@admin.action(description=gettext_lazy("Acknowledge"), permissions=["acknowledge"])
def acknowledge(_admin: Any, request: HttpRequest, rows: "QuerySet[Alert]") -> None:
    """Note that somebody has seen the chosen alerts; they stand until their matter is settled."""
    now = timezone.now()
    with transaction.atomic():
        seen = alerts.acknowledge(rows, at=now)
        note(request, Alert.objects.filter(acknowledged_at=now), gettext_noop("Acknowledged."))
    told = ngettext("%(count)d alert acknowledged.", "%(count)d alerts acknowledged.", seen)
    messages.success(request, told % {"count": seen})


_SILENCE_FOR = {
    1: gettext_lazy("Silence for 1 h"),
    8: gettext_lazy("Silence for 8 h"),
    24: gettext_lazy("Silence for 24 h"),
}


def _silencing(hours: int) -> Any:
    """The action that silences alerts for so long."""

    @admin.action(description=_SILENCE_FOR[hours], permissions=["silence"])
    def silence(_admin: Any, request: HttpRequest, rows: "QuerySet[Alert]") -> None:
        """Have nobody told of the chosen alerts, should they be told of at all."""
        by = request.user.get_username()
        until = timezone.now() + timedelta(hours=hours)
        chosen = list(rows.filter(resolved_at=None).order_by("pk")[: silences.MOST_MADE + 1])
        try:
            with transaction.atomic():
                made = silences.make([alert.key for alert in chosen], until=until, by=by)
                note_added(request, made)
                note(request, chosen, [{"added": {"name": "silence", "object": f"{hours} h"}}])
        except silences.TooMany:
            told = _(
                "None is silenced: no more than %(most)s are silenced one by one. Silence their "
                "kinds instead."
            )
            messages.error(request, told % {"most": silences.MOST_MADE})
            return
        told = ngettext(
            "%(count)d alert silenced for %(hours)s h: see “Silences”.",
            "%(count)d alerts silenced for %(hours)s h: see “Silences”.",
            len(chosen),
        )
        messages.success(request, told % {"count": len(chosen), "hours": hours})

    silence.__name__ = f"silence_{hours}_hours"
    return silence


@admin.register(Alert)
class AlertAdmin(RecordAdmin[Alert]):
    list_display = (
        "raised_at",
        "what",
        "message",
        "count",
        "seen_at",
        "acknowledged_at",
        "resolved_at",
    )
    list_filter = (Standing, ("kind", KindFilter))
    date_hierarchy = "raised_at"
    ordering = ("-raised_at", "-pk")
    search_help_text = gettext_lazy("An alert's key, or words of its message.")
    actions = (acknowledge, _silencing(1), _silencing(8), _silencing(24))

    def find(self, term: str) -> Q:
        return Q(key=term) | Q(message__icontains=term)

    @admin.display(description=gettext_lazy("kind"), ordering="kind")
    def what(self, alert: Alert) -> str:
        return alert_kinds.words(alert.kind)

    def has_silence_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("pools.add_alertsilence")

    def has_acknowledge_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("pools.change_alert")


@admin.action(description=gettext_lazy("Send again what was given up"), permissions=["resend"])
def send_again(_admin: Any, request: HttpRequest, rows: "QuerySet[AlertDelivery]") -> None:
    """Have the chosen deliveries tried afresh, those that were given up."""
    now = timezone.now()
    with transaction.atomic():
        again = deliveries.send_again(rows, now=now)
        tried = AlertDelivery.objects.filter(due_at=now, state=AlertDelivery.State.WAITING)
        note(request, tried, gettext_noop("To be tried again."))
    told = ngettext(
        "%(count)d delivery is tried again within half a minute.",
        "%(count)d deliveries are tried again within half a minute.",
        again,
    )
    messages.success(request, told % {"count": again})


@admin.register(AlertDelivery)
class AlertDeliveryAdmin(RecordAdmin[AlertDelivery]):
    list_display = (
        "created_at",
        "receiver_name",
        "occasion",
        "state",
        "error",
        "alert_link",
        "attempts",
        "due_at",
        "sent_at",
    )
    list_filter = ("state", "occasion")
    list_select_related = ("alert",)
    date_hierarchy = "created_at"
    ordering = ("-pk",)
    search_help_text = gettext_lazy(
        "A receiver: webhook, words of a mail address, or of a service's name."
    )
    actions = (send_again,)

    def find(self, term: str) -> Q:
        if receivers.service_of(term) is not None:
            return Q(receiver=term)
        return Q(receiver__icontains=term) | Q(called__icontains=term)

    def get_queryset(self, request: HttpRequest) -> "QuerySet[AlertDelivery]":
        services = AlertReceiver.objects.values_list("pk", "name")
        names = [When(receiver=receivers.of_service(pk), then=Value(name)) for pk, name in services]
        named = Case(*names, default="receiver", output_field=CharField())
        return super().get_queryset(request).annotate(called=named)

    @admin.display(description=gettext_lazy("receiver"), ordering="receiver")
    def receiver_name(self, row: AlertDelivery) -> str:
        called: str = getattr(row, "called")  # noqa: B009 - by the query above
        return called

    def has_resend_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("pools.change_alertdelivery")

    def has_test_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("pools.add_alertdelivery")

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_POST(self.send_test))
        return [path("test/", view, name="pools_alertdelivery_test"), *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        may = {"may_send_test": self.has_test_permission(request)}
        return super().changelist_view(request, {**(extra_context or {}), **may})

    def send_test(self, request: HttpRequest) -> HttpResponse:
        """Have each receiver told that this is a test."""
        if not self.has_test_permission(request):
            raise PermissionDenied
        with transaction.atomic():
            made = deliveries.note_test()
            note_added(request, made)
        if made:
            names = ", ".join(receivers.named(row.receiver for row in made).values())
            told = _(
                "A test goes out within half a minute (%(names)s); this list says how it went."
            )
            messages.success(request, told % {"names": names})
        else:
            told = _(
                "Nobody is told of alerts: set ALERT_WEBHOOK_URL or ALERT_EMAILS, or add an alert "
                "receiver."
            )
            messages.warning(request, told)
        return redirect("admin:pools_alertdelivery_changelist")

    @admin.display(description=gettext_lazy("alert"))
    def alert_link(self, row: AlertDelivery) -> SafeString | str:
        return "-" if row.alert is None else record_link("alert", row.alert_id, row.alert)


@admin.register(Verification)
class VerificationAdmin(RecordAdmin[Verification]):
    list_display = (
        "started_at",
        "block_number",
        "whole",
        "pools_checked",
        "members_checked",
        "mismatches_found",
        "error",
        "finished_at",
    )
    list_filter = ("whole",)
    date_hierarchy = "started_at"
    ordering = ("-pk",)
    search_help_text = gettext_lazy("A block number: the comparisons at it.")

    def find(self, term: str) -> Q:
        number = number_in(term)
        return super().find(term) if number is None else Q(block_number=number)

    @admin.display(description=gettext_lazy("mismatches"))
    def mismatches_found(self, row: Verification) -> int:
        return len(row.mismatches)


@admin.register(PoolReading)
class PoolReadingAdmin(RecordAdmin[PoolReading]):
    list_display = (
        "contract",
        "pool_id",
        "max_contribution",
        "musd_minted",
        "yield_generated",
        "block_number",
        "read_at",
    )
    list_filter = ("contract",)
    list_select_related = ("contract",)
    ordering = ("-pk",)
    search_help_text = gettext_lazy("A pool's number.")

    def find(self, term: str) -> Q:
        number = number_in(term)
        return super().find(term) if number is None else Q(pool_id=number)
