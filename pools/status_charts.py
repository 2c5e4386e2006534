"""The chart of latency: a line for the average, a shade above it up to the worst.

Puts words to what was read; asks no records. Where nothing was measured the line has a hole.
"""

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Final

from django.utils.translation import gettext as _

from pools.charts import drawing, shown
from pools.charts.drawing import BOTTOM, LEFT, RIGHT, Graph, Label, Mark, number
from pools.charts.shown import Chart, Key, Table
from pools.status_rows import Bucket, Latency

UNKNOWN: Final = "–"

Dot = tuple[float, float, float]
"""A bucket on the canvas: across, its average and its worst."""


def latency(read: Latency) -> Chart:
    """The node's answers; what lies between a block's head and its commit is in the table."""
    measured = [each for each in read.buckets if each.average is not None]
    worst = max((each.worst or 0 for each in measured), default=0)
    return Chart(
        name="status-latency",
        title=_("Latency"),
        hint="",
        shape="charts/_line.html",
        drawing=_graph(read, measured) if measured else None,
        summary=_("At most %(most)s.") % {"most": milliseconds(worst)},
        empty=_("The line begins when a minute of measurements is over."),
        keys=(Key("tone-blue", _("Average")), Key("tone-shade", _("Up to the worst"))),
        table=Table(
            (_("From"), _("Average"), _("Worst"), _("Block to database"), _("Worst of it")),
            tuple(_row(each) for each in reversed(read.buckets)),
        ),
    )


def milliseconds(value: float | None) -> str:
    if value is None:
        return UNKNOWN
    return f"{shown.short(round(value, 1) if value < 10 else round(value))} ms"


def _row(each: Bucket) -> tuple[str, ...]:
    values = (each.average, each.worst, each.store_average, each.store_worst)
    return (shown.full(each.at), *(milliseconds(value) for value in values))


def _graph(read: Latency, measured: Sequence[Bucket]) -> Graph:
    step = timedelta(minutes=read.minutes)
    count = timedelta(days=1 if read.period == "24h" else 7) / step
    room = (RIGHT - LEFT) / (count + 1)
    sized = drawing.scale(0, max(each.worst or 0 for each in measured))
    dots = [
        (
            LEFT + room * ((each.at - read.start) / step + 0.5),
            sized.y(each.average or 0),
            sized.y(each.worst or 0),
        )
        for each in measured
    ]
    runs = _runs(dots, measured, step)
    return Graph(
        up=tuple(Label(number(sized.y(each)), shown.short(each)) for each in sized.values()),
        along=drawing.along(shown.moment_times(read.start, read.start + step * count)),
        marks=tuple(
            Mark(number(x - room / 2), number(room), _title(each))
            for (x, _average, _worst), each in zip(dots, measured, strict=True)
        ),
        line="".join(_line(run, room) for run in runs),
        area="".join(_shade(run, room) for run in runs),
        dot=(number(dots[-1][0]), number(dots[-1][1])),
    )


def _runs(dots: Sequence[Dot], measured: Sequence[Bucket], step: timedelta) -> list[list[Dot]]:
    """Buckets next to each other, so that no line is drawn over what nobody measured."""
    runs = [[dots[0]]]
    for dot, (before, after) in zip(dots[1:], pairwise(measured), strict=True):
        if after.at - before.at > step:
            runs.append([])
        runs[-1].append(dot)
    return runs


def _line(run: Sequence[Dot], room: float) -> str:
    (first, y, _worst), rest = run[0], run[1:]
    drawn = f"M{number(first)} {number(y)}"
    if not rest:  # a bucket alone would not be seen
        return f"M{number(first - room / 2)} {number(y)}H{number(first + room / 2)}"
    return drawn + "".join(f"L{number(x)} {number(average)}" for x, average, _worst in rest)


def _shade(run: Sequence[Dot], room: float) -> str:
    """Down to the axis: the line lies within it."""
    edges = [(run[0][0] - room / 2, run[0][2]), *((x, worst) for x, _average, worst in run)]
    edges.append((run[-1][0] + room / 2, run[-1][2]))
    upper = "L".join(f"{number(x)} {number(y)}" for x, y in edges)
    return f"M{upper}V{BOTTOM}H{number(edges[0][0])}z"


def _title(each: Bucket) -> str:
    return _("%(time)s: %(average)s on average, %(worst)s at worst") % {
        "time": shown.full(each.at),
        "average": milliseconds(each.average),
        "worst": milliseconds(each.worst),
    }
