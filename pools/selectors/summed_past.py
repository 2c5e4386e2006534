"""The whole past of the dashboard's charts: summed once, kept while the counts stand still.

Held by the process, as years of hours take a quarter of a second to add up. What is kept is exact:
whoever changes the count of a past hour draws a new `activity_mark`.
"""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Final

from pools import buckets, stretches
from pools.buckets import Hour
from pools.selectors.hours import hours
from pools.stretches import Clock

# A backfill changes past hours all the time. While adding them up takes long, it is done again
# after so many times as long, and this many seconds at most.
WORTH_KEEPING: Final = 0.1
REST: Final = 40
LONGEST_REST: Final = 10.0


@dataclass(frozen=True, slots=True)
class Past:
    """All hours before `until`, by a zone's days, by weekday and hour, and by day and hour."""

    until: datetime
    zone: tzinfo
    first: datetime | None
    days: Sequence[Hour]
    rhythm: Sequence[int]
    clock: Clock
    mark: int | None
    good_until: float  # by the monotonic clock, also when the mark is another already


_one_at_a_time = threading.Lock()
_kept: list[Past] = []


def summed_past(now: datetime, zone: tzinfo, mark: int | None) -> Past:
    """Everything before yesterday (UTC): the clocks of writers and readers may differ by a day.

    `mark` is the chain's, read before: whatever changes since then, changes it once more.
    """
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    until = midnight - buckets.DAY
    with _one_at_a_time:
        for past in _kept:
            if (past.until, past.zone) == (until, zone) and (
                past.mark == mark or time.monotonic() < past.good_until
            ):
                return past
        past = _sum(until, zone, mark)
        _kept[:] = [] if mark is None else [past]
    return past


def _sum(until: datetime, zone: tzinfo, mark: int | None) -> Past:
    began = time.thread_time()  # work, not waiting: that others are busy is no reason to rest
    found = hours(until=until)
    days, rhythm = buckets.by_day(found, zone), buckets.rhythm(found, zone)
    clock = stretches.clock_of(found, zone)
    took = time.thread_time() - began
    rest = min(LONGEST_REST, REST * took) if took > WORTH_KEEPING else 0.0
    first = found[0][0] if found else None
    return Past(until, zone, first, days, rhythm, clock, mark, time.monotonic() + rest)
