"""Stretches of days that somebody chose, and the period before any: buckets of the same length.

Pure: the clock and the time zone are handed in.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, tzinfo
from itertools import accumulate
from typing import Final

from pools.buckets import DAY, MOST_DAYS, MOST_WEEKS, Buckets, Hour
from pools.periods import HOUR

HOURLY: Final = 2  # so many days are still shown by the hour
MOST_YEARS: Final = 10
FIRST_DAY: Final = date(2009, 1, 3)  # no chain is older: that day began the first of all
SHIFTS: Final = {"24h": 1, "7d": 7, "30d": 30}  # days; "all" has no period before it


@dataclass(frozen=True, slots=True)
class Days:
    """From the first to the last day, both included, by the site's time zone."""

    first: date
    last: date

    def __len__(self) -> int:
        return (self.last - self.first).days + 1

    def up_to(self, day: date) -> "Days":
        """Without what comes after that day."""
        return Days(self.first, min(self.last, day))


Period = str | Days
"""One of `buckets.PERIODS`, or days of one's own."""
Clock = dict[date, list[int]]
"""How much happened on each day, by the hour of the day: 24 counts each."""


def shift_of(period: Period) -> int | None:
    """By how many days the period before lies earlier; None where there is none."""
    return len(period) if isinstance(period, Days) else SHIFTS.get(period)


def buckets_of(days: Days, zone: tzinfo, now: datetime) -> Buckets:
    """Hours of two days at most, else days, weeks or months; the outer ones end with the days, but
    hours with the one that is now.
    """
    begin, end = _midnight(days.first, zone), _midnight(days.last + DAY, zone)
    if len(days) <= HOURLY:
        hours = int((end - begin) / HOUR)
        # Some clocks change by half an hour: the last bucket takes what is left of the day.
        edges = (*(begin + HOUR * step for step in range(hours)), end)
        return Buckets("hour", edges[: max(1, bisect_right(edges, now)) + 1])
    if len(days) <= MOST_DAYS:
        unit, starts = "day", [days.first + DAY * step for step in range(len(days))]
    elif len(days) <= MOST_WEEKS * 7:
        each = (days.first + DAY * step for step in range(len(days)))
        unit, starts = "week", [day for day in each if day == days.first or day.weekday() == 0]
    else:
        each = (days.first + DAY * step for step in range(len(days)))
        unit, starts = "month", [day for day in each if day == days.first or day.day == 1]
    return Buckets(unit, (*(_midnight(day, zone) for day in starts), end))


def before(spans: Buckets, shift: int, now: datetime, zone: tzinfo) -> Buckets:
    """As many buckets, each so many days earlier by the wall clock.

    What is now has not ended: so the period before goes up to the same hour, this one included.
    """
    # Where clocks change, a wall clock shows an hour twice, or never.
    edges = list(accumulate((_earlier(edge, shift, zone) for edge in spans.edges), max))
    if now < spans.edges[-1]:
        hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        end = _earlier(hour + HOUR, shift, zone)
        edges = [min(edge, end) for edge in edges]
    return Buckets(spans.unit, tuple(edges))


def clock_of(hours: Iterable[Hour], zone: tzinfo) -> Clock:
    days: Clock = {}
    for start, counts in hours:
        local = start.astimezone(zone)
        days.setdefault(local.date(), [0] * 24)[local.hour] += sum(counts)
    return days


def _earlier(moment: datetime, shift: int, zone: tzinfo) -> datetime:
    return (moment.astimezone(zone) - DAY * shift).astimezone(UTC)


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC)
