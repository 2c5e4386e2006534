"""Reads of what happened on days that somebody chose, and in as many before them.

Two days are read by the index of hours; more are put together of the days that `summed_past`
keeps, so that a decade costs no more queries than a week.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Final

from pools import stretches
from pools.buckets import Buckets, Hour
from pools.selectors.hours import hours
from pools.selectors.summed_past import summed_past
from pools.stretches import Clock, Days

LONGEST_DAY: Final = timedelta(hours=25)


@dataclass(frozen=True, slots=True)
class Happened:
    """`hours` cover the days and those before them; `pools_after` were created since their end."""

    hours: Sequence[Hour]
    rhythm: Sequence[int]
    pools_after: int


def read(days: Days, now: datetime, zone: tzinfo, mark: int | None) -> Happened:
    """What `spans` and the period before them hold; `mark` is the chain's, read before."""
    spans = stretches.buckets_of(days, zone, now)
    before = stretches.before(spans, len(days), now, zone)
    past = summed_past(now, zone, mark)
    recent = hours(since=past.until)
    everything = [*past.days, *recent]
    if spans.unit == "hour":
        happened: Sequence[Hour] = hours(since=before.edges[0], until=spans.edges[-1])
    else:
        happened = _cut(everything, before, past.until)
    return Happened(
        hours=happened,
        rhythm=_rhythm(days, [past.clock, stretches.clock_of(recent, zone)]),
        pools_after=sum(counts[0] for start, counts in everything if start >= spans.edges[-1]),
    )


def before(
    spans: Buckets, shift: int, now: datetime, zone: tzinfo, mark: int | None
) -> Sequence[Hour]:
    """What happened in the period before these days, and from there up to them."""
    earlier = stretches.before(spans, shift, now, zone)
    past = summed_past(now, zone, mark)
    kept = [day for day in past.days if earlier.edges[0] <= day[0] < spans.edges[0]]
    return _cut(kept, earlier, spans.edges[0])


def _cut(found: Sequence[Hour], before: Buckets, until: datetime) -> Sequence[Hour]:
    """With the hours of a kept day that the period before ends within, instead of that day."""
    end = before.edges[-1]
    kept = [start for start, _counts in found if start < until]
    within = [start for start in kept if start < end]
    if not within or not within[-1] < end < within[-1] + LONGEST_DAY:
        return found
    day = within[-1]
    following = kept[len(within)] if len(within) < len(kept) else until
    return [*(hour for hour in found if hour[0] != day), *hours(since=day, until=following)]


def _rhythm(days: Days, clocks: Sequence[Clock]) -> list[int]:
    week = [0] * 168
    for clock in clocks:
        for day, counts in clock.items():
            if days.first <= day <= days.last:
                begin = day.weekday() * 24
                for hour, count in enumerate(counts, start=begin):
                    week[hour] += count
    return week
