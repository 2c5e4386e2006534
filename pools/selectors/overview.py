"""Reads of the whole: the dashboard's numbers and the listener's connection.

None of them grows with the number of events: totals are kept by `ingest`, days are summed from
hourly counts. The clock is handed in by tests. Nothing is written.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Q, Sum
from django.utils import timezone

from pools import block_times
from pools.models import Chain, Contract, Cursor, HourlyActivity, ListenerStatus, Log
from pools.periods import Period, periods, split_hours, trend_percent
from pools.rows import Connection, Stats
from pools.selectors.lists import newest_pools

# The listener writes its status every 5 s; after four missed ones it is taken for gone.
SILENCE = timedelta(seconds=20)
# A chain that brings no block for so long stands still, unless it is a slow one: then for so many
# times as long as its blocks usually take.
HALT = timedelta(minutes=2)
HALT_PACES = 10


def current_seq() -> int:
    """The newest sequence number that was given out; 0 before the first."""
    return Chain.objects.order_by("-last_seq").values_list("last_seq", flat=True).first() or 0


def contracts() -> list[Contract]:
    """All of them, each with its chain and that chain's cursor at hand."""
    return list(Contract.objects.select_related("chain__cursor").order_by("start_block", "address"))


def stats(now: datetime | None = None) -> Stats:
    """The dashboard's numbers, days and hours by the site's time zone and block time."""
    seq = current_seq()
    return stats_of(contracts(), seq=seq, now=now or timezone.now())


def stats_of(contracts: Iterable[Contract], *, seq: int, now: datetime) -> Stats:
    """As `stats`. The sequence number has to be read before the contracts are."""
    times = periods(now, timezone.get_default_timezone())
    today, yesterday, this_hour = _events_in(
        times.today, times.yesterday_same_time, times.this_hour
    )
    return Stats(
        **_totals(contracts),
        events_today=today,
        events_yesterday_same_time=yesterday,
        events_this_hour=this_hour,
        trend_percent=trend_percent(today, yesterday),
        latest_pool=next(iter(newest_pools(1)), None),
        seq=seq,
        connection=connection(now),
    )


def recounted(before: Stats, now: datetime | None = None) -> Stats:
    """The numbers that each event changes, read anew; yesterday, latest pool and connection stay.

    For the way of a live event to the screen, where every query delays it.
    """
    seq = current_seq()
    times = periods(now or timezone.now(), timezone.get_default_timezone())
    today, this_hour = _events_in(times.today, times.this_hour)
    return replace(
        before,
        **_totals(Contract.objects.all()),
        events_today=today,
        events_this_hour=this_hour,
        trend_percent=trend_percent(today, before.events_yesterday_same_time),
        seq=seq,
    )


def _totals(contracts: Iterable[Contract]) -> dict[str, Any]:
    """The sums that `ingest` keeps with each contract, over all of them."""
    each = list(contracts)
    names = ("pools_total", "members_total", "total_contributed", "events_total")
    return {name: sum(getattr(contract, name) for contract in each) for name in names}


def connection(now: datetime | None = None) -> Connection:
    """What the listener last said, and how far its cursor is behind the head it heard of."""
    now = now or timezone.now()
    status = ListenerStatus.objects.order_by("-updated_at").first()
    cursor = _cursor()
    if status is None:
        status = ListenerStatus(state=ListenerStatus.State.OFFLINE, updated_at=now)
        silent = True
    else:
        silent = now - status.updated_at > SILENCE
    live_since = None if silent else status.connected_at
    # The status is written less often than the cursor moves: what is stored was a head, too.
    known = [number for number in (status.head, cursor) if number is not None]
    head = max(known, default=None)
    return Connection(
        state=ListenerStatus.State.OFFLINE.value if silent else status.state,
        endpoint=status.endpoint,
        connected_at=live_since,
        uptime_seconds=(now - live_since).total_seconds() if live_since else None,
        latency_ms=None if silent else status.latency_ms,
        reconnect_attempts=status.reconnect_attempts,
        reconnects_total=status.reconnects_total,
        events_received=status.events_received,
        last_event_at=status.last_event_at,
        head=head,
        cursor=cursor,
        lag_blocks=head - cursor if head is not None and cursor is not None else None,
        updated_at=status.updated_at if status.pk else None,
        detail=status.detail,
        halted_since=None if silent else _halted_since(status, now),
    )


def _halted_since(status: ListenerStatus, now: datetime) -> datetime | None:
    """When the chain last grew, if a link that stands says that it did not for long."""
    if status.state != ListenerStatus.State.LIVE or status.head_at is None:
        return None
    still = now - status.head_at
    if still <= HALT:
        return None  # as almost always: no question to the records
    return (
        status.head_at if still > HALT_PACES * (block_times.pace() or HALT / HALT_PACES) else None
    )


def _cursor() -> int | None:
    return Cursor.objects.order_by("-number").values_list("number", flat=True).first()


def _events_in(*within: Period) -> list[int]:
    """How many events have block times in each period: hourly counts, and logs at its edges.

    One query for the hours of all, and two for each edge that is no whole hour.
    """
    split = [split_hours(period) for period in within]
    inside = [Q(hour__gte=hours.start, hour__lt=hours.end) for hours, _edges in split]
    counted = HourlyActivity.objects.filter(reduce(or_, inside)).aggregate(
        **{f"of_{place}": Sum("count", filter=one) for place, one in enumerate(inside)}
    )
    return [
        (counted[f"of_{place}"] or 0) + sum(map(_events_at, edges))
        for place, (_hours, edges) in enumerate(split)
    ]


def _events_at(edge: Period) -> int:
    """How many events have block times in less than an hour, by the logs themselves."""
    blocks = block_times.between(edge.start, edge.end)
    if blocks is None:
        return 0
    logs = Log.objects.filter(block_number__range=blocks, retracted_seq=None)
    return logs.exclude(kind="").count()
