"""Charts of a browser's own making: what they read, and figures with words of it.

Speaks the active language. At most four queries a chart, of a bounded number of rows.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from pools import buckets, presentation, stretches
from pools.buckets import Buckets, Counts
from pools.charts import compared, drawing, links, shown
from pools.charts.compared import Before
from pools.charts.dashboard import period_words
from pools.charts.over_time import GROUP_CSS, group_words
from pools.charts.shown import Chart, Key, Table
from pools.own_charts import EVERYTHING, LETTERS, PAGE, Definition, Subject
from pools.periods import HOUR
from pools.presentation import WEI_PER_BTC
from pools.selectors import activity
from pools.selectors.activity import Activity
from pools.selectors.hours import GROUPS
from pools.selectors.subjects import happened
from pools.stretches import Period

NAME: Final = "chart-own-"  # before a definition: the id of its element


@dataclass(frozen=True, slots=True)
class Found:
    """What was read for a chart; `cut_at` and `name` are those of `subjects.Happened`."""

    activity: Activity
    cut_at: datetime | None = None
    name: str | None = None


class Reader:
    """Reads for charts of one period; what several of them need, once."""

    def __init__(self, period: Period, now: datetime) -> None:
        self._period, self._now = period, now

    def read(self, of: Definition) -> Found:
        if of.subject == EVERYTHING and not of.amounts:
            return Found(self._everything)
        since, until = self._ends()
        groups = [LETTERS.index(letter) for letter in of.letters]
        found = happened(of.subject, since=since, until=until, groups=groups, amounts=of.amounts)
        first = found.hours[0][0] if found.hours else None
        read = Activity(self._now, first, found.hours, (), 0, (), (), ())
        return Found(read, found.cut_at, found.name)

    @cached_property
    def _everything(self) -> Activity:
        return activity.read(self._period, self._now, of={"activity"})

    def _ends(self) -> tuple[datetime | None, datetime | None]:
        """From the beginning of the period before, to the end of days of one's own."""
        shift = stretches.shift_of(self._period)
        if shift is None:
            return None, None
        nothing = Activity(self._now, None, (), (), 0, (), (), ())
        spans = compared.spans_of(self._period, nothing)
        begin = stretches.before(spans, shift, self._now, shown.zone()).edges[0]
        return begin, spans.edges[-1] if isinstance(self._period, stretches.Days) else None


def title(subject: Subject, letters: str, *, amounts: bool, name: str | None) -> str:
    """What a chart is called by what it shows."""
    words = _("All events") if letters == LETTERS else ", ".join(_words(letters))
    if amounts:
        words = _("BTC: %(kinds)s") % {"kinds": words}
    if subject == EVERYTHING:
        return words
    if subject.pool_id is None:
        return f"{words} · {presentation.short_address(subject.address)}"
    return f"{words} · {presentation.pool_title(name, subject.pool_id)}"


def chart(of: Definition, period: Period, found: Found) -> Chart:
    """A period that it has of its own is `period`, too."""
    say = _btc if of.amounts else shown.count
    everything = compared.spans_of(period, found.activity)
    spans = _whole(everything, found.cut_at) if found.cut_at else everything
    cut = spans != everything
    names = shown.bucket_names(spans)
    places = [LETTERS.index(letter) for letter in of.letters]
    groups = len(LETTERS)
    counts = _columns(buckets.into(found.activity.hours, spans, groups), places)
    before = None if found.cut_at else compared.before(period, found.activity, spans, groups)
    if before is not None:
        before = Before(_columns(before.counts, places), before.days, before.pools_since)
    sums = before.sums() if before else None
    words = _words(of.letters)
    totals = [sum(column) for column in zip(*counts, strict=True)]
    total, then = sum(totals), sum(sums or ())
    css = [GROUP_CSS[place] for place in places]
    keys = [Key(*each) for each in zip(css, words, map(say, totals), strict=True)]
    called = title(of.subject, of.letters, amounts=of.amounts, name=found.name)
    in_words = _in_btc if of.amounts else shown.events_in_words
    shape, drawn = _drawn(of, spans, counts, before, css, _titles(names, words, counts, in_words))
    compare = compared.sentence(total, before, then, in_words if of.amounts else say)
    plain = of.shape == "line" or len(keys) == 1  # without a legend
    if plain and of.shape != "sum":
        compare = f"{_('Sum')}: {in_words(total)}. {compare}"
    if cut:  # beside the numbers, which change while the page is open
        compare = f"{_since(spans)} {compare}".strip()
    return Chart(
        name=f"{NAME}{of}",
        title=called,
        hint=_hint(of, spans),
        shape=shape,
        drawing=drawn if total or then else None,
        summary=f"{in_words(total)}. {shown.summed(keys)}",
        empty=_("Too many events to add all of them up: a shorter period may have fewer.")
        if cut
        else _("Nothing of this in this period. It shows here as soon as the chain has it."),
        keys=() if plain else compared.keys(keys, totals, before, say),
        table=Table(
            (_("Time"), *words, *([_("All")] if len(words) > 1 else [])),
            tuple(
                (name, *map(say, _with_sum(column)))
                for name, column in zip(names, counts, strict=True)
            ),
            compared.table_sums(_with_sum(totals), _with_sum(sums) if sums else None, say),
            _links(of, spans) if _has_begun(spans, found.activity.now) else (),
        ),
        compared=compare,
    )


def _has_begun(spans: Buckets, now: datetime) -> bool:
    """Not so where events of this very hour are too many: what follows it may be nothing."""
    return spans.edges[0] < min(now, spans.edges[-1])


def _links(of: Definition, spans: Buckets) -> tuple[str, ...]:
    """As the dashboard's charts have them; what has a period of its own does not follow the page,
    so it leads to the events.
    """
    kind = dict(zip(LETTERS, GROUPS, strict=False)).get(of.letters)  # of several none is chosen
    events = {"kind": kind} if kind else {}
    if of.subject.pool_id is not None:
        events |= {"contract": of.subject.address, "pool_id": str(of.subject.pool_id)}
    elif of.subject.address:
        events["account"] = of.subject.address
    if of.period == PAGE:
        return links.narrower(spans, events)
    return links.to_events(spans, events)


def _whole(spans: Buckets, oldest: datetime) -> Buckets:
    """Those that begin after the hour of the oldest event that was read: in it and before there
    were others. If that was in the last one, what of it comes after that hour; perhaps nothing.
    """
    edges = [edge for edge in spans.edges if edge > oldest]
    end = spans.edges[-1]
    return Buckets(spans.unit, tuple(edges) if len(edges) > 1 else (min(oldest + HOUR, end), end))


def _drawn(
    of: Definition,
    spans: Buckets,
    counts: Sequence[Counts],
    before: Before | None,
    css: Sequence[str],
    titles: Sequence[str],
) -> tuple[str, Any]:
    """The partial that draws it, and what it draws."""
    totals = [sum(column) for column in counts]
    earlier = before.totals() if before else []
    words = _axis_in_btc if of.amounts else shown.short
    if of.shape == "sum":
        total = sum(totals)
        return "charts/_sum.html", {
            "value": _btc(total) if of.amounts else shown.count(total),
            "unit": "BTC" if of.amounts else ngettext("event", "events", total),
        }
    if of.shape == "line":
        last = max(1, len(spans) - 1)
        points = [(place / last, float(value)) for place, value in enumerate(totals)]
        return "charts/_line.html", drawing.line(
            points,
            titles=titles,
            times=shown.bucket_times(spans),
            words=words,
            least_step=1,
            before=earlier,
        )
    return "charts/_bars.html", drawing.bars(
        counts,
        css=css,
        titles=titles,
        times=shown.bucket_times(spans, middles=True),
        words=words,
        before=earlier,
    )


def _titles(
    names: Sequence[str],
    words: Sequence[str],
    counts: Sequence[Counts],
    in_words: Callable[[int], str],
) -> list[str]:
    """What a pointer finds: a line for all, and one for each kind if there are several."""
    told = []
    for name, column in zip(names, counts, strict=True):
        parts = [f"{word}: {in_words(n)}" for word, n in zip(words, column, strict=True) if n]
        rest = parts if len(words) > 1 else []
        told.append("\n".join([f"{name}: {in_words(sum(column))}", *rest]))
    return told


def _hint(of: Definition, spans: Buckets) -> str:
    parts = [] if of.period == PAGE else [period_words(of.period)]
    if of.period == "all":
        parts = [_("since the beginning")]
    if of.shape != "sum":
        parts.append(shown.unit_words(spans.unit))
    return ", ".join(parts)


def _since(spans: Buckets) -> str:
    begin, clock = spans.edges[0], shown.clock_time(spans.edges[0])
    at = f", {clock}" if spans.unit == "hour" or clock != "00:00" else ""
    return _("Only since %(when)s: there are too many events.") % {"when": shown.day(begin) + at}


def _words(letters: str) -> list[str]:
    words = group_words()
    return [words[LETTERS.index(letter)] for letter in letters]


def _columns(counts: Sequence[Counts], places: Sequence[int]) -> list[Counts]:
    return [tuple(row[place] for place in places) for row in counts]


def _with_sum(column: Sequence[int]) -> list[int]:
    return [*column, sum(column)] if len(column) > 1 else list(column)


def _btc(wei: int) -> str:
    return presentation.btc(wei)


def _in_btc(wei: int) -> str:
    return f"{presentation.btc(wei)} BTC"


def _axis_in_btc(wei: float) -> str:
    return shown.short(wei / WEI_PER_BTC)
