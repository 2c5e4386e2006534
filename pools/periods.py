"""Which moments "today", "yesterday at this time" and "this hour" mean, and how trends are told.

Pure: the clock and the time zone are handed in. Knows nothing of records.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Period:
    """From `start` up to, not including, `end`; both aware, in UTC."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Periods:
    today: Period
    yesterday_same_time: Period
    this_hour: Period


def periods(now: datetime, zone: tzinfo) -> Periods:
    """The periods around an aware moment, by the wall clock of a time zone.

    Today and this hour run to their ends, not to `now`: a block's time may be a little ahead of
    our clock. Yesterday ends at the same wall-clock time as now, also when a day had 23 hours;
    at the jump, if it is a time that clocks skipped.
    """
    local = now.astimezone(zone)
    yesterday = local.date() - timedelta(days=1)
    same_time = datetime.combine(yesterday, local.time(), tzinfo=zone)
    hour = local.replace(minute=0, second=0, microsecond=0).astimezone(UTC)
    if now >= hour + HOUR:  # where clocks go back by half an hour, that one lasts longer
        hour += HOUR
    midnight = _midnight(local, zone)
    return Periods(
        today=Period(midnight, _midnight(local + timedelta(days=1), zone)),
        yesterday_same_time=Period(
            datetime.combine(yesterday, time.min, tzinfo=zone).astimezone(UTC),
            _moment(same_time, zone),
        ),
        this_hour=Period(hour, hour + HOUR),
    )


def split_hours(period: Period) -> tuple[Period, list[Period]]:
    """The whole UTC hours inside a period, and the less than an hour long pieces at its edges."""
    first, last = next_hour(period.start), whole_hour(period.end)
    if first > last:  # inside one hour
        return Period(first, first), [period]
    edges = [Period(period.start, first), Period(last, period.end)]
    return Period(first, last), [edge for edge in edges if edge.start < edge.end]


def whole_hour(moment: datetime) -> datetime:
    """When the UTC hour of this moment began."""
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def next_hour(moment: datetime) -> datetime:
    """When the first UTC hour begins that does so at this moment or later."""
    hour = whole_hour(moment)
    return hour if hour == moment else hour + HOUR


def trend_percent(now: int, before: int) -> float | None:
    """By how many percent `now` is above `before` (below: negative); None where that was 0."""
    return round((now - before) * 100 / before, 1) if before else None


def _midnight(local: datetime, zone: tzinfo) -> datetime:
    return datetime.combine(local.date(), time.min, tzinfo=zone).astimezone(UTC)


def _moment(local: datetime, zone: tzinfo) -> datetime:
    """When a wall clock shows this; when it jumped, if it never did."""
    moment = local.astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None):
        return moment
    before = local.utcoffset()
    jump = local.replace(second=0, microsecond=0, fold=1).astimezone(UTC)  # or earlier than it
    while jump.astimezone(zone).utcoffset() == before:
        jump += MINUTE
    return jump
