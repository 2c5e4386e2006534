"""Which hours a chart covers and into which buckets they fall: hours, days, weeks or months.

Pure: the clock and the time zone are handed in. Counts are kept by UTC hour; where a zone's days
begin at a half, an hour belongs to the day in which it begins.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final

from pools.periods import HOUR

PERIODS: Final = ("24h", "7d", "30d", "all")
DAY: Final = timedelta(days=1)
WEEK: Final = timedelta(days=7)
# The whole past: days while there are few, then weeks, then months.
MOST_DAYS: Final = 45
MOST_WEEKS: Final = 60

# How far back the API tells of each.
LATEST: Final = {"hour": 168, "day": 90, "week": 104}

Counts = tuple[int, ...]
"""How many events of each group."""
Hour = tuple[datetime, Counts]
"""What happened in an hour, or a longer time, that begins then."""


@dataclass(frozen=True, slots=True)
class Buckets:
    """Stretches of time side by side: `edges` has one moment more than there are buckets."""

    unit: str  # "hour", "day", "week" or "month"
    edges: tuple[datetime, ...]  # in UTC, rising

    @property
    def starts(self) -> tuple[datetime, ...]:
        return self.edges[:-1]

    def __len__(self) -> int:
        return len(self.edges) - 1

    def place(self, moment: datetime) -> int | None:
        """The bucket that a moment falls into; None outside of all."""
        index = bisect_right(self.edges, moment) - 1
        return index if 0 <= index < len(self) else None


def buckets(period: str, now: datetime, zone: tzinfo, first: datetime | None = None) -> Buckets:
    """The buckets of a period that ends with the hour or day that is now.

    `first` is when the whole past begins; only "all" asks for it.
    """
    if period == "24h":
        last = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        return Buckets("hour", tuple(last + HOUR * step for step in range(-23, 2)))
    today = now.astimezone(zone).date()
    if period == "7d":
        return _days(today - 6 * DAY, today, zone)
    if period == "30d":
        return _days(today - 29 * DAY, today, zone)
    begin = min(today, first.astimezone(zone).date()) if first else today
    if (today - begin).days < MOST_DAYS:
        return _days(min(begin, today - 6 * DAY), today, zone)
    if (today - begin).days < MOST_WEEKS * 7:
        monday = begin - timedelta(days=begin.weekday())
        weeks = (today - monday).days // 7 + 1
        return _from_dates("week", [monday + WEEK * step for step in range(weeks + 1)], zone)
    months = (today.year - begin.year) * 12 + today.month - begin.month + 1
    month = begin.year * 12 + begin.month - 1
    firsts = [date((month + n) // 12, (month + n) % 12 + 1, 1) for n in range(months + 1)]
    return _from_dates("month", firsts, zone)


def latest(unit: str, now: datetime, zone: tzinfo) -> Buckets:
    """The last `LATEST[unit]` hours, days or weeks (from Monday on), with the one that is now."""
    if unit == "hour":
        last = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        return Buckets("hour", tuple(last + HOUR * step for step in range(1 - LATEST["hour"], 2)))
    today = now.astimezone(zone).date()
    if unit == "day":
        return _days(today - (LATEST["day"] - 1) * DAY, today, zone)
    first = today - timedelta(days=today.weekday()) - (LATEST["week"] - 1) * WEEK
    return _from_dates("week", [first + WEEK * step for step in range(LATEST["week"] + 1)], zone)


def into(hours: Iterable[Hour], buckets: Buckets, groups: int) -> list[Counts]:
    """The counts of each bucket. Hours outside of them are left aside."""
    sums = [[0] * groups for _ in range(len(buckets))]
    for start, counts in hours:
        place = buckets.place(start)
        if place is not None:
            row = sums[place]
            for group, count in enumerate(counts):
                row[group] += count
    return [tuple(row) for row in sums]


def rhythm(hours: Iterable[Hour], zone: tzinfo) -> list[int]:
    """How much happened by weekday (Monday first) and hour of the day: 7 times 24 counts."""
    week = [0] * 168
    for start, counts in hours:
        local = start.astimezone(zone)
        week[local.weekday() * 24 + local.hour] += sum(counts)
    return week


def by_day(hours: Iterable[Hour], zone: tzinfo) -> list[Hour]:
    """The hours put together to days of this zone, in the order in which they come."""
    days: dict[date, list[int]] = {}
    for start, counts in hours:
        row = days.setdefault(start.astimezone(zone).date(), [0] * len(counts))
        for group, count in enumerate(counts):
            row[group] += count
    return [(_midnight(day, zone), tuple(row)) for day, row in days.items()]


def running(before: int, added: Sequence[int]) -> list[int]:
    """The total after each step."""
    totals = []
    for step in added:
        before += step
        totals.append(before)
    return totals


def _days(first: date, last: date, zone: tzinfo) -> Buckets:
    days = (last - first).days + 1
    return _from_dates("day", [first + DAY * step for step in range(days + 1)], zone)


def _from_dates(unit: str, dates: Iterable[date], zone: tzinfo) -> Buckets:
    return Buckets(unit, tuple(_midnight(day, zone) for day in dates))


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC)
