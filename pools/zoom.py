"""From any stretch of time to others: into one of its buckets, beside it, and out of it.

Pure: today and the time zone are handed in. Everything it answers can be shown.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from itertools import pairwise
from typing import Final

from pools.buckets import DAY, Buckets
from pools.stretches import FIRST_DAY, MOST_YEARS, Days

MOST_DAYS: Final = MOST_YEARS * 366
_INSTANT: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Around:
    """Where to go from some days; None where there is nothing.

    `earlier` and `later` are as long as the days, `out` is twice as long, around their middle:
    each of them nearer where the first day or today is in the way.
    """

    earlier: Days | None
    later: Days | None
    out: Days | None


def around(days: Days, today: date) -> Around:
    """`days` lie between the first day of any chain and today."""
    length = len(days)
    longer = min(2 * length, MOST_DAYS, (today - FIRST_DAY).days + 1)
    return Around(
        earlier=_placed(days.first - length * DAY, length, today)
        if days.first > FIRST_DAY
        else None,
        later=_placed(days.first + length * DAY, length, today) if days.last < today else None,
        out=_placed(days.first - (longer - length + 1) // 2 * DAY, longer, today)
        if longer > length
        else None,
    )


def days_of(spans: Buckets, zone: tzinfo, today: date) -> list[Days]:
    """The days that each bucket touches, without those to come."""
    return [
        Days(
            max(start.astimezone(zone).date(), FIRST_DAY),
            min((end - _INSTANT).astimezone(zone).date(), today),
        )
        for start, end in pairwise(spans.edges)
    ]


def moment(at: datetime) -> str:
    """A moment in UTC as an address says it: 2026-11-29T04:00Z."""
    return at.isoformat(timespec="minutes").removesuffix("+00:00") + "Z"


def _placed(first: date, length: int, today: date) -> Days:
    """So many days, which begin there if they can."""
    first = max(min(first, today - (length - 1) * DAY), FIRST_DAY)
    return Days(first, first + (length - 1) * DAY)
