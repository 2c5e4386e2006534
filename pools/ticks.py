"""Where an axis of time is named: at round minutes and hours, at midnights, at months' beginnings.

Pure: the time zone is handed in.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo
from typing import Final

from pools.buckets import DAY
from pools.periods import MINUTE

MOST: Final = 5  # words along the bottom: they stay readable on a phone
# Of minutes those that divide a day, so that midnight is always among them.
MINUTES: Final = (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720)
DAYS: Final = (1, 2, 4, 7, 14)
MONTHS: Final = (1, 2, 3, 6, 12, 24, 60, 120)
MONTH: Final = 30 * DAY


@dataclass(frozen=True, slots=True)
class Tick:
    """A round moment: `at` by the wall clock; `unit`, "minute", "day" or "month", is what it
    begins. At midnight that is a day.
    """

    at: datetime
    unit: str


def ticks(
    start: datetime, end: datetime, zone: tzinfo, least: timedelta = MINUTE
) -> Iterator[Tick]:
    """Round moments from `start` to `end`, both included, `MOST` at most, as close as that allows.

    None is nearer to the next than `least`.
    """
    room = (end - start) / (MOST - 0.5)
    first, last = (_wall_clock(moment, zone) for moment in (start, end))
    for at, unit in _rising(first, last, max(room, least)):
        moment = at.replace(tzinfo=zone)
        if start <= moment <= end:  # the clock may have been changed meanwhile
            yield Tick(moment, unit)


def _rising(first: datetime, last: datetime, apart: timedelta) -> Iterator[tuple[datetime, str]]:
    midnight = datetime.combine(first, time.min)
    for minutes in MINUTES:
        if (step := minutes * MINUTE) >= apart:
            at = midnight - (midnight - first) // step * step
            while at <= last:
                yield at, "minute" if at.time() > time.min else "day"
                at += step
            return
    day = midnight if midnight == first else midnight + DAY
    for days in DAYS:
        if days * DAY >= apart:
            day += -(day.toordinal() - 1) % days * DAY  # of seven, Mondays
            while day <= last:
                yield day, "day"
                day += days * DAY
            return
    months = next((each for each in MONTHS if each * MONTH >= apart), MONTHS[-1])
    month = day.year * 12 + day.month - 1 + (day.day > 1)
    month += -month % months
    while (at := datetime(month // 12, month % 12 + 1, 1)) <= last:  # noqa: DTZ001 - by the wall
        yield at, "month"
        month += months


def _wall_clock(moment: datetime, zone: tzinfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None, fold=0)
