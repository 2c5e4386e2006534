"""How a scan of the past goes: how far it is, how fast, and how long it will take.

Figures only; words for them are `presentation`'s matter. Reads no records.
"""

from datetime import datetime

from pools.models import HistoricalScan

SHORTEST = 1.0  # seconds that a scan must have been at work before its speed means anything


def blocks(scan: HistoricalScan) -> int:
    """How many blocks it is about."""
    return scan.to_block - scan.from_block + 1


def blocks_done(scan: HistoricalScan) -> int:
    """How many of them are proved."""
    return 0 if scan.done_to is None else max(0, scan.done_to - scan.from_block + 1)


def percent_done(scan: HistoricalScan) -> int:
    """Rounded down."""
    return blocks_done(scan) * 100 // blocks(scan)


def seconds(scan: HistoricalScan, *, now: datetime) -> float:
    """How long it has been at work, or was; 0 before it began."""
    if scan.started_at is None:
        return 0.0
    return max(0.0, ((scan.finished_at or now) - scan.started_at).total_seconds())


def events_per_second(scan: HistoricalScan, *, now: datetime) -> int | None:
    """Rounded; None while it is too early to say."""
    took = seconds(scan, now=now)
    return round(scan.events_found / took) if took >= SHORTEST else None


def seconds_left(scan: HistoricalScan, *, now: datetime) -> float | None:
    """At the pace so far; None while nothing is done."""
    done = blocks_done(scan)
    return seconds(scan, now=now) * (blocks(scan) - done) / done if done else None
