"""A period beside the one before it: how much more or less, in words and for the drawings.

Speaks the active language; reads nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from pools import buckets, periods, stretches
from pools.buckets import Buckets, Counts
from pools.charts import shown
from pools.charts.shown import Key
from pools.presentation import whole
from pools.selectors.activity import Activity
from pools.stretches import Days, Period

MINUS: Final = "−"
Say = Callable[[int], str]
"""How a number is told."""


@dataclass(frozen=True, slots=True)
class Before:
    """The period before: its counts for each bucket and group, and which days it was.

    `pools_since` is how many pools were created from its beginning to that of the period.
    """

    counts: Sequence[Counts]
    days: str
    pools_since: int

    def sums(self) -> tuple[int, ...]:
        return tuple(sum(column) for column in zip(*self.counts, strict=True))

    def totals(self) -> list[int]:
        return [sum(column) for column in self.counts]


def spans_of(period: Period, read: Activity) -> Buckets:
    if isinstance(period, Days):
        return stretches.buckets_of(period, shown.zone(), read.now)
    return buckets.buckets(period, read.now, shown.zone(), read.first)


def before(period: Period, read: Activity, spans: Buckets, groups: int) -> Before | None:
    """None for the whole past, which has nothing before it."""
    shift = stretches.shift_of(period)
    if shift is None:
        return None
    earlier = stretches.before(spans, shift, read.now, shown.zone())
    since = (
        counts[0] for start, counts in read.hours if earlier.edges[0] <= start < spans.edges[0]
    )
    return Before(buckets.into(read.hours, earlier, groups), _days(earlier), sum(since))


def change(now: int, then: int) -> str:
    """+12 %, −3 %, ±0 %; nothing where there was nothing before."""
    percent = periods.trend_percent(now, then)
    if percent is None:
        return ""
    rounded = round(percent)
    sign = "+" if rounded > 0 else MINUS if rounded < 0 else "±"
    return f"{sign}{whole(abs(rounded))}\u202f%"


def sentence(now: int, before: Before | None, then: int, say: Say = shown.count) -> str:
    """What a chart says of the period before."""
    if before is None:
        return ""
    words = {"days": before.days, "count": say(then), "change": change(now, then)}
    if not then:
        return _("Nothing in the period before (%(days)s).") % words
    return _("%(change)s against the period before (%(days)s): %(count)s.") % words


def keys(
    of: Sequence[Key], counts: Sequence[int], before: Before | None, say: Say = shown.count
) -> tuple[Key, ...]:
    """The legend, each line with its change, and the period before as its last line."""
    if before is None:
        return tuple(of)
    sums = before.sums()
    changed = (
        Key(key.css, key.label, key.value, change(now, then))
        for key, now, then in zip(of, counts, sums, strict=True)
    )
    return (*changed, Key("tone-before", _("The period before"), say(sum(sums))))


def table_sums(
    counts: Sequence[int], sums: Sequence[int] | None, say: Say = shown.count
) -> tuple[tuple[str, ...], ...]:
    """The rows below a table: the sums, those of the period before, and the changes."""
    now = (_("Sum"), *map(say, counts))
    if sums is None:
        return (now,)
    pairs = zip(counts, sums, strict=True)
    return (
        now,
        (_("The period before"), *map(say, sums)),
        (pgettext("of a number", "Change"), *(change(count, then) or "–" for count, then in pairs)),
    )


def _days(spans: Buckets) -> str:
    """5 Nov – 11 Nov; by the hour also at which it began and ended."""
    first, last = spans.edges[0], spans.edges[-1] - timedelta(microseconds=1)
    begin, end = shown.day(first), shown.day(last)
    if spans.unit == "hour":
        ends = shown.clock_time(spans.edges[-1])
        return f"{begin}, {shown.clock_time(first)} – {shown.day(spans.edges[-1])}, {ends}"
    return begin if begin == end else f"{begin} – {end}"
