"""Admin pages of the workers' own books: coverage, scans, messages, leases, the listener."""

from django.contrib import admin
from django.db.models import Q
from django.utils.safestring import SafeString

from pools.admin.base import RecordAdmin, number_in, record_link
from pools.admin.rescan import MayRescan, scan_again
from pools.models import CoveredRange, HistoricalScan, Lease, ListenerStatus, OutboxRow


@admin.register(CoveredRange)
class CoveredRangeAdmin(MayRescan, RecordAdmin[CoveredRange]):
    list_display = (
        "contract",
        "from_block",
        "to_block",
        "logs",
        "endpoint",
        "bloom_agrees",
        "covered_at",
    )
    list_filter = ("contract", "bloom_agrees")
    list_select_related = ("contract",)
    ordering = ("-to_block",)
    search_help_text = "A block number: the range that holds it."
    actions = (scan_again,)

    def find(self, term: str) -> Q:
        number = number_in(term)
        if number is None:
            return super().find(term)
        return Q(from_block__lte=number, to_block__gte=number)


@admin.register(HistoricalScan)
class HistoricalScanAdmin(MayRescan, RecordAdmin[HistoricalScan]):
    list_display = (
        "created_at",
        "contract",
        "kind",
        "state",
        "from_block",
        "to_block",
        "events_found",
        "requests",
        "retries",
        "endpoints",
        "error",
    )
    list_filter = ("state", "kind", "contract")
    list_select_related = ("contract",)
    date_hierarchy = "created_at"
    ordering = ("-pk",)
    search_help_text = "A block number: the scans that touched it."
    actions = (scan_again,)

    def find(self, term: str) -> Q:
        number = number_in(term)
        if number is None:
            return super().find(term)
        return Q(from_block__lte=number, to_block__gte=number)


@admin.register(OutboxRow)
class OutboxRowAdmin(RecordAdmin[OutboxRow]):
    list_display = ("seq", "first_seq", "kind", "log_link", "created_at")
    list_filter = ("kind",)
    list_select_related = ("log",)
    ordering = ("-seq",)
    search_help_text = "A sequence number: the message that covers it."

    def find(self, term: str) -> Q:
        number = number_in(term)
        if number is None:
            return super().find(term)
        # Messages tile the numbers: the one that covers a number is the first to end at or after.
        covering = OutboxRow.objects.filter(seq__gte=number).order_by("seq").values("seq")[:1]
        return Q(seq__in=list(covering.values_list("seq", flat=True)), first_seq__lte=number)

    @admin.display(description="log")
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
