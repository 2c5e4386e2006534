"""Reads for the status page: the work on the past, what checks found, what was learned of nodes.

Every list is bounded, so that the page costs the same whatever the age of the site.
"""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import F
from django.utils import timezone

from pools import paging
from pools.filters import PieceFilter
from pools.models import Alert, CoveredRange, EndpointRecord, HistoricalScan, Verification
from pools.paging import Page
from pools.rows import Connection
from pools.selectors.alerts import standing_alerts
from pools.selectors.coverage import backfill_is_at_work, coverage
from pools.selectors.overview import connection
from pools.selectors.status_history import history, latency
from pools.status_rows import Coverage, StandingAlert, Status, Verdict

RUNNING, WAITING, ENDED = 5, 10, 20
DEFAULT = "24h"
DOUBTS = frozenset({"gap", "mismatch", "late_logs", "surplus_logs"})  # alerts about numbers
ALERTS, SETTLED, CHECKS, ENDPOINTS = 20, 3, 5, 20

State = HistoricalScan.State


def status(
    filters: PieceFilter | None = None, now: datetime | None = None, *, period: str = DEFAULT
) -> Status:
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
    link, ledgers, standing = connection(now), coverage(now), standing_alerts(now, ALERTS)
    return Status(
        verdict=verdict(link, ledgers, standing),
        history=history(period, now),
        latency=latency(period, now),
        connection=link,
        alerts=standing,
        settled=list(settled.order_by("-resolved_at", "-pk")[:SETTLED]),
        coverage=ledgers,
        running=running,
        waiting=waiting,
        waiting_total=waiting_total,
        ended=list(ended.order_by(F("finished_at").desc(nulls_last=True), "-pk")[:ENDED]),
        endpoints=list(EndpointRecord.objects.order_by("host", "fingerprint")[:ENDPOINTS]),
        checks=list(Verification.objects.order_by("-pk")[:CHECKS]),
        pieces=pieces(filters or PieceFilter({})),
    )


def verdict(
    link: Connection, ledgers: Iterable[Coverage], alerts: Iterable[StandingAlert]
) -> Verdict:
    """What is the matter, the worst of it; nothing is said of what nobody could know."""
    if link.state == "offline":
        return Verdict.NO_LISTENER
    if link.state != "live":
        return Verdict.NO_LINK
    if link.halted_since is not None:
        return Verdict.HALTED
    ledgers = list(ledgers)
    if any(one.unproved or one.broken_seams for one in ledgers) or any(
        alert.kind in DOUBTS for alert in alerts
    ):
        return Verdict.MISSING
    if link.lag_blocks or any(one.old_gaps or _waits(one) for one in ledgers):
        return Verdict.CATCHING_UP
    return Verdict.GOOD


def _waits(one: Coverage) -> bool:
    """Whether its pools are those of a block before the cursor."""
    return one.cursor is not None and one.start_block <= one.cursor and one.folded_to < one.cursor


def pieces(filters: PieceFilter) -> Page[CoveredRange]:
    """The pieces of the ledger, those begun last first."""
    found = filters.select(CoveredRange.objects.select_related("contract", "scan"))
    return paging.page(found, filters.ordering, after=filters.after, size=filters.size)
