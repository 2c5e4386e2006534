"""Admin pages of the workers' own books: messages, leases, the listener and its link."""

from datetime import UTC, datetime

from django.contrib import admin
from django.db.models import Q
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from pools.admin.base import RecordAdmin, number_in, record_link
from pools.models import ConnectionSpell, LatencySample, Lease, ListenerStatus, OutboxRow


@admin.register(OutboxRow)
class OutboxRowAdmin(RecordAdmin[OutboxRow]):
    list_display = ("seq", "first_seq", "kind", "log_link", "created_at")
    list_filter = ("kind",)
    list_select_related = ("log",)
    ordering = ("-seq",)
    search_help_text = gettext_lazy("A sequence number: the message that covers it.")

    def find(self, term: str) -> Q:
        number = number_in(term)
        if number is None:
            return super().find(term)
        # Messages tile the numbers: the one that covers a number is the first to end at or after.
        covering = OutboxRow.objects.filter(seq__gte=number).order_by("seq").values("seq")[:1]
        return Q(seq__in=list(covering.values_list("seq", flat=True)), first_seq__lte=number)

    @admin.display(description=gettext_lazy("log"))
    def log_link(self, row: OutboxRow) -> SafeString | str:
        return "-" if row.log is None else record_link("log", row.log_id, row.log)


@admin.register(Lease)
class LeaseAdmin(RecordAdmin[Lease]):
    list_display = ("name", "holder", "token", "expires_at")

    def find(self, term: str) -> Q:
        return Q(name=term)


@admin.register(ListenerStatus)
class ListenerStatusAdmin(RecordAdmin[ListenerStatus]):
    list_display = (
        "state",
        "detail",
        "endpoint",
        "connected_at",
        "latency_ms",
        "head",
        "updated_at",
    )


@admin.register(ConnectionSpell)
class ConnectionSpellAdmin(RecordAdmin[ConnectionSpell]):
    list_display = ("state", "since", "until", "endpoint", "attempts", "detail")
    list_filter = ("state",)
    ordering = ("-until",)


@admin.register(LatencySample)
class LatencySampleAdmin(RecordAdmin[LatencySample]):
    list_display = (
        *("began", "endpoint", "answer_count", "answer_average", "answer_worst"),
        *("store_count", "store_average", "store_worst"),
    )
    ordering = ("-minute", "endpoint")

    @admin.display(description=gettext_lazy("minute"), ordering="minute")
    def began(self, row: LatencySample) -> datetime:
        return datetime.fromtimestamp(row.minute * 60, UTC)

    @admin.display(description=gettext_lazy("answer, average ms"))
    def answer_average(self, row: LatencySample) -> str:
        return _average(row.answer_sum, row.answer_count)

    @admin.display(description=gettext_lazy("store, average ms"))
    def store_average(self, row: LatencySample) -> str:
        return _average(row.store_sum, row.store_count)


def _average(total: float, count: int) -> str:
    return f"{total / count:.1f}" if count else "-"
