"""The dashboard's charts of when things happened: pools, events by kind, hours of the week.

What was read, as figures with words; reads nothing.
"""

from collections.abc import Sequence
from typing import Final

from django.utils.translation import gettext as _

from pools import buckets
from pools.buckets import Buckets, Counts
from pools.charts import compared, drawing, shown
from pools.charts.compared import Before
from pools.charts.shown import Chart, Key, Table
from pools.charts.titles import title
from pools.selectors.activity import Activity
from pools.stretches import Period

SQUARE: Final = 15  # units of the heatmap's canvas for each cell
HEADINGS: Final = 36  # and for the days' names beside them
GROUP_CSS: Final = (
    *("tone-blue", "tone-green", "tone-pink", "tone-amber", "tone-purple", "tone-grey"),
)


def pools(
    read: Activity,
    spans: Buckets,
    names: Sequence[str],
    links: tuple[str, ...],
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
            f"{name}: {shown.pools_in_words(total)}"
            for name, total in zip(names, totals, strict=True)
        ],
        times=shown.bucket_times(spans),
        words=shown.short,
        least_step=1,
        before=then,
    )
    return Chart(
        name="chart-pools",
        title=title("pools"),
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
            links,
        ),
        compared=_("Created: %(count)s.") % {"count": shown.count(sum(created))}
        + " "
        + compared.sentence(sum(created), before, sum(earlier)),
    )


def group_words() -> tuple[str, ...]:
    """The groups of kinds, in their order."""
    return (
        _("Pools created"),
        _("Joined"),
        _("Left"),
        _("Withdrawn"),
        _("Yield claimed"),
        _("Other"),
    )


def activity(
    spans: Buckets,
    names: Sequence[str],
    links: tuple[str, ...],
    counts: Sequence[Counts],
    before: Before | None,
) -> Chart:
    words = group_words()
    totals = [sum(column) for column in zip(*counts, strict=True)]
    total = sum(totals)
    titles = []
    for name, column in zip(names, counts, strict=True):
        parts = [f"{word} {shown.count(n)}" for word, n in zip(words, column, strict=True) if n]
        titles.append("\n".join([f"{name}: {shown.events_in_words(sum(column))}", *parts]))
    graph = drawing.bars(
        counts,
        css=GROUP_CSS,
        titles=titles,
        times=shown.bucket_times(spans, middles=True),
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
        title=title("activity"),
        hint=shown.unit_words(spans.unit),
        shape="charts/_bars.html",
        drawing=graph if total or (sums and any(sums)) else None,
        summary=shown.events_in_words(total) + ". " + shown.summed(keys),
        empty=_("Bars grow here with the first event of this period."),
        keys=compared.keys(keys, totals, before),
        table=Table(
            (_("Time"), *words, _("All")),
            tuple(
                (name, *(shown.count(n) for n in column), shown.count(sum(column)))
                for name, column in zip(names, counts, strict=True)
            ),
            compared.table_sums((*totals, total), (*sums, sum(sums)) if sums else None),
            links,
        ),
        compared=compared.sentence(total, before, sum(sums or ())),
    )


def rhythm(read: Activity, period: Period) -> Chart:
    week = read.rhythm
    days = [shown.weekday_name(number) for number in range(7)]
    titles = [
        f"{days[index // 24]} {index % 24:02}:00 · {shown.events_in_words(count)}"
        for index, count in enumerate(week)
    ]
    total = sum(week)
    busiest = titles[week.index(max(week))] if total else ""
    rows = drawing.heat(week, titles, across=24, size=SQUARE)
    return Chart(
        name="chart-rhythm",
        title=title("rhythm"),
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
