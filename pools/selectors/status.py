"""Reads for the status page: the work on the past, what checks found, what was learned of nodes.

Every list is bounded, so that the page costs the same whatever the age of the site.
"""

from datetime import datetime

from django.db.models import F
from django.utils import timezone

from pools import paging
from pools.filters import PieceFilter
from pools.models import Alert, CoveredRange, EndpointRecord, HistoricalScan, Verification
from pools.paging import Page
from pools.selectors.alerts import open_alerts
from pools.selectors.coverage import backfill_is_at_work, coverage
from pools.selectors.overview import connection
from pools.status_rows import Status

RUNNING, WAITING, ENDED = 5, 10, 20
ALERTS, SETTLED, CHECKS, ENDPOINTS = 20, 3, 5, 20

State = HistoricalScan.State


def status(filters: PieceFilter | None = None, now: datetime | None = None) -> Status:
    """Everything on the status page, with the pieces of the ledger that the filter asks for."""
    now = now or timezone.now()
    scans = HistoricalScan.objects.select_related("contract")
    running = list(scans.filter(state=State.RUNNING).order_by("-pk")[:RUNNING])
    requested = scans.filter(state=State.REQUESTED).order_by("pk")
    waiting, waiting_total = list(requested[:WAITING]), requested.count()
    if running and not backfill_is_at_work(now):
        # Left by a worker that ended: they go on when the next one comes.
        waiting, waiting_total = [*running, *waiting], waiting_total + len(running)
        running = []
    settled = Alert.objects.filter(resolved_at__isnull=False)
    ended = scans.filter(state__in=(State.DONE, State.FAILED))
    return Status(
        connection=connection(now),
        alerts=open_alerts()[:ALERTS],
        settled=list(settled.order_by("-resolved_at", "-pk")[:SETTLED]),
        coverage=coverage(now),
        running=running,
        waiting=waiting,
        waiting_total=waiting_total,
        ended=list(ended.order_by(F("finished_at").desc(nulls_last=True), "-pk")[:ENDED]),
        endpoints=list(EndpointRecord.objects.order_by("host", "fingerprint")[:ENDPOINTS]),
        checks=list(Verification.objects.order_by("-pk")[:CHECKS]),
        pieces=pieces(filters or PieceFilter({})),
    )


def pieces(filters: PieceFilter) -> Page[CoveredRange]:
    """The pieces of the ledger, those begun last first."""
    found = filters.select(CoveredRange.objects.select_related("contract", "scan"))
    return paging.page(found, filters.ordering, after=filters.after, size=filters.size)
