"""The dashboard's charts of one period: what was read, as figures with words."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Final

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from pools import buckets
from pools.buckets import PERIODS, Buckets, Counts
from pools.charts import compared, drawing, shown
from pools.charts.compared import Before
from pools.charts.shown import Chart, Key, Table
from pools.models import Category
from pools.presentation import remembered
from pools.selectors import activity
from pools.selectors.activity import Activity
from pools.stretches import Period
from pools.visits import KEPT_DAYS

DEFAULT: Final = "24h"
SQUARE: Final = 15  # units of the heatmap's canvas for each cell
HEADINGS: Final = 36  # and for the days' names beside them
GROUP_CSS: Final = (
    *("tone-blue", "tone-green", "tone-pink", "tone-amber", "tone-purple", "tone-grey"),
)
SIZE_CSS: Final = (
    *("tone-grey", "tone-blue", "tone-green", "tone-purple", "tone-amber", "tone-pink"),
)
CATEGORIES: Final = 8  # that are told apart; those with fewer pools are put together
REGIONS: Final = 8
MOST_ROWS: Final = 60


def read_period(text: str | None) -> str:
    """The period that an address asks for; what makes no sense is the usual one."""
    return text if text in PERIODS else DEFAULT


def period_words(period: str) -> str:
    return {"24h": _("24 hours"), "7d": _("7 days"), "30d": _("30 days"), "all": _("All")}[period]


def charts(period: Period, now: datetime | None = None) -> list[Chart]:
    """All of them, in the active language. A constant number of queries."""
    read = activity.read(period, now or timezone.now())
    spans = compared.spans_of(period, read)
    counts = buckets.into(read.hours, spans, len(GROUP_CSS))
    names = shown.bucket_names(spans)
    before = compared.before(period, read, spans, len(GROUP_CSS))
    return [
        _pools(read, spans, names, counts, before),
        _activity(spans, names, counts, before),
        _rhythm(read, period),
        _regions(read.regions, period),
        _sizes(read.sizes),
        _categories(read.categories),
    ]


def _pools(
    read: Activity,
    spans: Buckets,
    names: Sequence[str],
    counts: Sequence[Counts],
    before: Before | None,
) -> Chart:
    created = [count[0] for count in counts]
    at_first = max(0, read.pools_total - sum(created))
    totals = buckets.running(at_first, created)
    earlier = [count[0] for count in before.counts] if before else []
    then = buckets.running(max(0, at_first - before.pools_since), earlier) if before else []
    last = max(1, len(spans) - 1)
    graph = drawing.line(
        [(index / last, total) for index, total in enumerate(totals)],
        titles=[
            f"{name}: {_pools_in_words(total)}" for name, total in zip(names, totals, strict=True)
        ],
        times=partial(shown.bucket_time, spans),
        words=shown.short,
        least_step=1,
        before=then,
    )
    return Chart(
        name="chart-pools",
        title=_("Pools over time"),
        hint=shown.unit_words(spans.unit),
        shape="charts/_line.html",
        drawing=graph if totals[-1] else None,
        summary=_("From %(first)s to %(last)s pools.")
        % {"first": shown.count(at_first), "last": shown.count(totals[-1])},
        empty=_("The line begins with the first pool that somebody creates."),
        table=Table(
            (_("Time"), _("Created"), _("Pools")),
            tuple(
                (name, shown.count(new), shown.count(total))
                for name, new, total in zip(names, created, totals, strict=True)
            ),
            compared.table_sums(
                (sum(created), totals[-1]), (sum(earlier), then[-1]) if then else None
            ),
        ),
        compared=_("Created: %(count)s.") % {"count": shown.count(sum(created))}
        + " "
        + compared.sentence(sum(created), before, sum(earlier)),
    )


@remembered
def _pools_in_words(count: int) -> str:
    return ngettext("%(n)s pool", "%(n)s pools", count) % {"n": shown.count(count)}


@remembered
def _events_in_words(count: int) -> str:
    return ngettext("%(n)s event", "%(n)s events", count) % {"n": shown.count(count)}


def _group_words() -> tuple[str, ...]:
    return (
        _("Pools created"),
        _("Joined"),
        _("Left"),
        _("Withdrawn"),
        _("Yield claimed"),
        _("Other"),
    )


def _activity(
    spans: Buckets, names: Sequence[str], counts: Sequence[Counts], before: Before | None
) -> Chart:
    words = _group_words()
    totals = [sum(column) for column in zip(*counts, strict=True)]
    total = sum(totals)
    titles = []
    for name, column in zip(names, counts, strict=True):
        parts = [f"{word} {shown.count(n)}" for word, n in zip(words, column, strict=True) if n]
        titles.append("\n".join([f"{name}: {_events_in_words(sum(column))}", *parts]))
    graph = drawing.bars(
        counts,
        css=GROUP_CSS,
        titles=titles,
        times=partial(shown.bucket_time, spans),
        words=shown.short,
        before=before.totals() if before else (),
    )
    sums = before.sums() if before else None
    keys = [
        Key(css, word, shown.count(n))
        for css, word, n in zip(GROUP_CSS, words, totals, strict=True)
    ]
    return Chart(
        name="chart-activity",
        title=_("Events by kind"),
        hint=shown.unit_words(spans.unit),
        shape="charts/_bars.html",
        drawing=graph if total or (sums and any(sums)) else None,
        summary=_events_in_words(total) + ". " + _summed(keys),
        empty=_("Bars grow here with the first event of this period."),
        keys=compared.keys(keys, totals, before),
        table=Table(
            (_("Time"), *words, _("All")),
            tuple(
                (name, *(shown.count(n) for n in column), shown.count(sum(column)))
                for name, column in zip(names, counts, strict=True)
            ),
            compared.table_sums((*totals, total), (*sums, sum(sums)) if sums else None),
        ),
        compared=compared.sentence(total, before, sum(sums or ())),
    )


def _sizes(counts: Sequence[int]) -> Chart:
    words = [
        f"{low}+" if high is None else str(low) if low == high else f"{low}–{high}"
        for low, high in activity.SIZES
    ]
    return _parts(
        "chart-sizes",
        _("Pool sizes"),
        _("by members, now"),
        (_("Members"), _("Pools")),
        [(css, word, count) for css, word, count in zip(SIZE_CSS, words, counts, strict=True)],
        _("How many members pools have shows here as soon as there is a pool."),
    )


def _categories(counts: Sequence[tuple[Category | None, int]]) -> Chart:
    named = [(each, count) for each, count in counts if each is not None]
    parts = [(f"tone-{each.tone}", each.name, count) for each, count in named[:CATEGORIES]]
    for word, rest in (
        (_("Other"), sum(count for _each, count in named[CATEGORIES:])),
        (_("No category"), sum(count for each, count in counts if each is None)),
    ):
        if rest:
            parts.append(("tone-grey", word, rest))
    return _parts(
        "chart-categories",
        _("Categories"),
        _("of all pools, now"),
        (_("Category"), _("Pools")),
        parts,
        _("What pools save for shows here as soon as there is a pool."),
    )


def _parts(
    name: str,
    title: str,
    hint: str,
    head: tuple[str, str],
    parts: Sequence[tuple[str, str, int]],
    empty: str,
) -> Chart:
    """A donut of pools: (colour, word, count) each."""
    total = sum(count for _css, _word, count in parts)
    keys = tuple(Key(css, word, shown.count(count)) for css, word, count in parts)
    return Chart(
        name=name,
        title=title,
        hint=hint,
        shape="charts/_donut.html",
        drawing={
            "slices": drawing.donut(
                [count for _css, _word, count in parts],
                css=[css for css, _word, _count in parts],
                titles=[
                    f"{word}: {_pools_in_words(count)} ({shown.share(count, total)})"
                    for _css, word, count in parts
                ],
            ),
            "total": shown.short(total),
            "unit": ngettext("pool", "pools", total),
        }
        if total
        else None,
        summary=_summed(keys),
        empty=empty,
        keys=keys,
        table=Table(
            (*head, _("Share")),
            tuple(
                (word, shown.count(count), shown.share(count, total)) for _css, word, count in parts
            ),
        ),
    )


def _rhythm(read: Activity, period: Period) -> Chart:
    week = read.rhythm
    days = [shown.weekday_name(number) for number in range(7)]
    titles = [
        f"{days[index // 24]} {index % 24:02}:00 · {_events_in_words(count)}"
        for index, count in enumerate(week)
    ]
    total = sum(week)
    busiest = titles[week.index(max(week))] if total else ""
    rows = drawing.heat(week, titles, across=24, size=SQUARE)
    return Chart(
        name="chart-rhythm",
        title=_("When things happen"),
        hint=_("last 7 days") if period == "24h" else _("hour by weekday"),
        shape="charts/_heat.html",
        drawing={
            "rows": [
                (day, str(index * SQUARE), cells)
                for index, (day, cells) in enumerate(zip(days, rows, strict=True))
            ],
            "hours": [
                (str(HEADINGS + hour * SQUARE + 7), f"{hour:02}") for hour in range(0, 24, 3)
            ],
        }
        if total
        else None,
        summary=_("Busiest: %(when)s.") % {"when": busiest},
        empty=_("Squares fill with the hours and weekdays at which events come."),
        table=Table(
            (_("Hour"), *days),
            tuple(
                (f"{hour:02}:00", *(shown.count(week[day * 24 + hour]) for day in range(7)))
                for hour in range(24)
            ),
        ),
    )


def _regions(counts: Sequence[tuple[str, int]], period: Period) -> Chart:
    total = sum(count for _zone, count in counts)
    shown_ones = [(_place(zone), count) for zone, count in counts[:REGIONS]]
    if rest := sum(count for _zone, count in counts[REGIONS:]):
        shown_ones.append((_("Elsewhere"), rest))
    values = [shown.count(count) for _place, count in shown_ones]
    names = [name for name, _count in shown_ones]
    bars = drawing.ranks([count for _name, count in shown_ones])
    return Chart(
        name="chart-regions",
        title=_("Where visitors are"),
        hint=(
            _("by time zone, visits a day, the last %(days)s days") % {"days": KEPT_DAYS}
            if period == "all"
            else _("by time zone, visits a day")
        ),
        shape="charts/_ranks.html",
        drawing={
            "rows": list(zip(names, values, bars, strict=True)),
            "height": str(len(bars) * drawing.ROW),
        }
        if total
        else None,
        summary=_summed([Key("", *row) for row in zip(names, values, strict=True)]),
        empty=_("Time zones show here once browsers have told theirs: counted, nothing else kept."),
        table=Table(
            (_("Time zone"), _("Visits"), _("Share")),
            tuple(
                (zone, shown.count(count), shown.share(count, total))
                for zone, count in counts[:MOST_ROWS]
            ),
        ),
    )


def _place(zone: str) -> str:
    """America/La_Paz is La Paz."""
    return zone.rpartition("/")[2].replace("_", " ")


def _summed(keys: Sequence[Key]) -> str:
    return ", ".join(f"{key.label} {key.value}" for key in keys) + "."
