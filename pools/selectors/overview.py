"""Reads of the whole: the dashboard's numbers and the listener's connection.

None of them grows with the number of events: totals are kept by `ingest`, days are summed from
hourly counts. The clock is handed in by tests. Nothing is written.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from pools import block_times
from pools.compiled import CompiledQuery
from pools.models import Chain, ConnectionSpell, Contract, Cursor, ListenerStatus, Log, Pool
from pools.periods import Period, periods, split_hours, trend_percent, whole_hour
from pools.rows import Connection, Stats
from pools.selectors import hours
from pools.selectors.hours import ByHour
from pools.selectors.lists import newest_pools

# The listener writes its status every 5 s; after four missed ones it is taken for gone.
SILENCE = timedelta(seconds=20)
# A chain that brings no block for so long stands still, unless it is a slow one: then for so many
# times as long as its blocks usually take.
HALT = timedelta(minutes=2)
HALT_PACES = 10
PATIENCE = timedelta(seconds=3)  # without a link before a banner says so


def current_seq() -> int:
    """The newest sequence number that was given out; 0 before the first."""
    return Chain.objects.order_by("-last_seq").values_list("last_seq", flat=True).first() or 0


_CONTRACTS = CompiledQuery(
    lambda: Contract.objects.select_related("chain__cursor").order_by("start_block", "address")
)
_STATUS = CompiledQuery(lambda: ListenerStatus.objects.order_by("-updated_at")[:1])


def contracts() -> list[Contract]:
    """All of them, each with its chain and that chain's cursor at hand."""
    return _CONTRACTS.rows()


def stats(now: datetime | None = None) -> Stats:
    """The dashboard's numbers, days and hours by the site's time zone and block time."""
    now = now or timezone.now()
    found = contracts()
    return stats_of(found, newest_pools(1, found), hours.recent(now), now=now)


def stats_of(
    contracts: Sequence[Contract], newest: Sequence[Pool], recent: ByHour, *, now: datetime
) -> Stats:
    """As `stats`, of what has been read: the contracts first, for their chain's sequence number
    has to be no newer than anything else.
    """
    times = periods(now, timezone.get_default_timezone())
    today = _events_in(times.today, recent)
    yesterday = _events_in(times.yesterday_same_time, recent)
    return Stats(
        **_totals(contracts),
        events_today=today,
        events_yesterday_same_time=yesterday,
        events_this_hour=_events_in(times.this_hour, recent),
        trend_percent=trend_percent(today, yesterday),
        latest_pool=next(iter(newest), None),
        seq=max(one.chain.last_seq for one in contracts) if contracts else current_seq(),
        connection=connection(now, contracts),
    )


def recounted(before: Stats, now: datetime | None = None) -> Stats:
    """The numbers that each event changes, read anew; yesterday, latest pool and connection stay.

    For the way of a live event to the screen, where every query delays it.
    """
    seq = current_seq()
    times = periods(now or timezone.now(), timezone.get_default_timezone())
    recent = hours.counted_since(min(times.today.start, times.this_hour.start))
    today = _events_in(times.today, recent)
    return replace(
        before,
        **_totals(Contract.objects.all()),
        events_today=today,
        events_this_hour=_events_in(times.this_hour, recent),
        trend_percent=trend_percent(today, before.events_yesterday_same_time),
        seq=seq,
    )


def _totals(contracts: Iterable[Contract]) -> dict[str, Any]:
    """The sums that `ingest` keeps with each contract, over all of them."""
    each = list(contracts)
    names = ("pools_total", "members_total", "total_contributed", "events_total")
    return {name: sum(getattr(contract, name) for contract in each) for name in names}


def connection(now: datetime | None = None, contracts: Sequence[Contract] = ()) -> Connection:
    """What the listener last said, and how far its cursor is behind the head it heard of.

    `contracts`, as `contracts` reads them, have the cursor at hand.
    """
    now = now or timezone.now()
    status = next(iter(_STATUS.rows()), None)
    cursor = _cursor(contracts)
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
        broken_since=_broken_since(status, now, silent=silent),
    )


def _broken_since(status: ListenerStatus, now: datetime, *, silent: bool) -> datetime | None:
    """When the link that does not stand was last known to; None for the first moments."""
    states = ListenerStatus.State
    if status.pk is None or (not silent and status.state in (states.LIVE, states.CONNECTING)):
        return None
    if silent or status.state == states.OFFLINE:
        since: datetime | None = status.updated_at
    else:
        spells = ConnectionSpell.objects.order_by("-pk")
        stood = spells.filter(state=states.LIVE).values_list("until", flat=True).first()
        since = stood or spells.order_by("pk").values_list("since", flat=True).first()
    return since if since is not None and now - since >= PATIENCE else None


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


def _cursor(contracts: Sequence[Contract]) -> int | None:
    if contracts:
        cursors = [getattr(one.chain, "cursor", None) for one in contracts]
        return max((cursor.number for cursor in cursors if cursor), default=None)
    return Cursor.objects.order_by("-number").values_list("number", flat=True).first()


def _events_in(period: Period, by_hour: ByHour) -> int:
    """How many events have block times in the period: the counts of its hours, and logs at its
    edges, of which nobody asks where their hour has none.
    """
    within, edges = split_hours(period)
    counted = sum(
        sum(kinds.values()) for hour, kinds in by_hour.items() if within.start <= hour < within.end
    )
    return counted + sum(
        _events_at(edge) for edge in edges if any(by_hour.get(whole_hour(edge.start), {}).values())
    )


def _events_at(edge: Period) -> int:
    """How many events have block times in less than an hour, by the logs themselves."""
    blocks = block_times.between(edge.start, edge.end)
    if blocks is None:
        return 0
    logs = Log.objects.filter(block_number__range=blocks, retracted_seq=None)
    return logs.exclude(kind="").count()
