"""Admin pages of the past's account: the ledger of covered ranges, scans, what nodes can take."""

from django.contrib import admin
from django.db.models import Q
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from pools import pace
from pools.admin.base import RecordAdmin, list_link, number_in, record_link
from pools.admin.rescan import MayRescan, scan_again
from pools.models import CoveredRange, EndpointRecord, HistoricalScan
from pools.presentation import short_duration


@admin.register(CoveredRange)
class CoveredRangeAdmin(MayRescan, RecordAdmin[CoveredRange]):
    list_display = (
        "contract",
        "from_block",
        "to_block",
        "logs",
        "endpoint",
        "witness",
        "linked",
        "bloom_agrees",
        "scan_link",
        "covered_at",
    )
    list_filter = ("contract", "linked", "bloom_agrees")
    list_select_related = ("contract", "scan")
    ordering = ("-to_block",)
    search_help_text = gettext_lazy("A block number: the range that holds it.")
    actions = (scan_again,)

    def find(self, term: str) -> Q:
        number = number_in(term)
        if number is None:
            return super().find(term)
        return Q(from_block__lte=number, to_block__gte=number)

    @admin.display(description=gettext_lazy("found by"), ordering="scan")
    def scan_link(self, covered: CoveredRange) -> SafeString | str:
        if covered.scan_id is None:
            return _("listener")
        scan = _("scan %(number)s") % {"number": covered.scan_id}
        return record_link("historicalscan", covered.scan_id, scan)


@admin.register(HistoricalScan)
class HistoricalScanAdmin(MayRescan, RecordAdmin[HistoricalScan]):
    list_display = (
        "created_at",
        "contract",
        "kind",
        "state",
        "from_block",
        "to_block",
        "progress",
        "events_found",
        "events_per_second",
        "took",
        "requests",
        "retries",
        "endpoints",
        "pieces_link",
        "error",
    )
    list_filter = ("state", "kind", "contract")
    list_select_related = ("contract",)
    date_hierarchy = "created_at"
    ordering = ("-pk",)
    search_help_text = gettext_lazy("A block number: the scans that touched it.")
    actions = (scan_again,)

    def find(self, term: str) -> Q:
        number = number_in(term)
        if number is None:
            return super().find(term)
        return Q(from_block__lte=number, to_block__gte=number)

    @admin.display(description=gettext_lazy("done"))
    def progress(self, scan: HistoricalScan) -> str:
        return f"{pace.percent_done(scan)} %"

    @admin.display(description=gettext_lazy("events/s"))
    def events_per_second(self, scan: HistoricalScan) -> int | None:
        return pace.events_per_second(scan, now=timezone.now())

    @admin.display(description=gettext_lazy("took"))
    def took(self, scan: HistoricalScan) -> str | None:
        if scan.started_at is None:
            return None
        return short_duration(pace.seconds(scan, now=timezone.now()))

    @admin.display(description=gettext_lazy("pieces"))
    def pieces_link(self, scan: HistoricalScan) -> SafeString:
        return list_link("coveredrange", _("pieces"), scan__exact=scan.pk)


@admin.register(EndpointRecord)
class EndpointRecordAdmin(RecordAdmin[EndpointRecord]):
    list_display = ("host", "range_size", "latency_ms", "problem", "updated_at")
    exclude = ("fingerprint",)  # says which secret URL it is about, and nobody needs it
    ordering = ("host", "fingerprint")
    search_help_text = gettext_lazy("A node's host.")

    def find(self, term: str) -> Q:
        return Q(host=term)
