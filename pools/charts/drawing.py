"""Numbers into shapes: scales, paths and marks of an SVG, as text that a template writes down.

Pure. All charts with axes share one canvas; every shape lies within it. Words are handed in.
"""

import math
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from pools import ticks

WIDTH: Final = 400
HEIGHT: Final = 190
LEFT: Final = 46  # room for the numbers of the axis
RIGHT: Final = 394
TOP: Final = 12
BOTTOM: Final = 162  # below it the times
LABELS: Final = ticks.MOST  # along the bottom
ROW: Final = 23  # the height of a lying bar with its name before it and its value behind
BESIDE: Final = 110
VALUE: Final = 50
STEPS: Final = 4  # at most, up the side

Words = Callable[[float], str]
"""What the axis says of a value."""
Ticks = Sequence[tuple[float, str]]
"""Words at places from 0 to 1 along it."""
Times = Callable[[int], str] | Ticks
"""What it says along the bottom: of any point or bucket, by its number, of which only as many are
asked for as there is room for; or a few words with their places.
"""


@dataclass(frozen=True, slots=True)
class Label:
    """A word beside an axis, at a distance along it."""

    at: str
    text: str


@dataclass(frozen=True, slots=True)
class Mark:
    """What a pointer finds: a strip of the canvas and what it tells."""

    x: str
    width: str
    title: str


@dataclass(frozen=True, slots=True)
class Stack:
    """All bars of one group as one path; `css` names its colour."""

    css: str
    path: str


@dataclass(frozen=True, slots=True)
class Graph:
    """A chart with axes: either a line with the area below it, or bars.

    `before` is the outline of another period on the same scale.
    """

    up: tuple[Label, ...]
    along: tuple[Label, ...]
    marks: tuple[Mark, ...]
    line: str = ""
    area: str = ""
    dot: tuple[str, str] | None = None
    stacks: tuple[Stack, ...] = ()
    before: str = ""


@dataclass(frozen=True, slots=True)
class Slice:
    """An arc of a donut, as dash and gap along a circle of the circumference 100."""

    css: str
    dash: str
    offset: str
    title: str


@dataclass(frozen=True, slots=True)
class Rank:
    """A bar that lies: where its row begins, how long it is, and where its value stands."""

    y: str
    width: str
    value_x: str


@dataclass(frozen=True, slots=True)
class Cell:
    """A square of the heatmap: `level` is 0 (nothing) to 4."""

    x: str
    level: int
    title: str


@dataclass(frozen=True, slots=True)
class Scale:
    """From `low` to `high`, both multiples of `step`."""

    low: float
    high: float
    step: float

    def y(self, value: float) -> float:
        return BOTTOM - (value - self.low) / (self.high - self.low) * (BOTTOM - TOP)

    def values(self) -> list[float]:
        count = round((self.high - self.low) / self.step)
        return [self.low + self.step * index for index in range(count + 1)]


def scale(low: float, high: float, *, least_step: float = 0.0) -> Scale:
    """Round values around those given; from zero, unless they lie far above it."""
    if low < high * 0.75 or low >= high:
        low = min(low, 0)
    step = max(_round_step((high - low) / STEPS), least_step)
    bottom, top = math.floor(low / step) * step, math.ceil(high / step) * step
    return Scale(bottom, max(top, bottom + step), step)


def _round_step(rough: float) -> float:
    """1, 2 or 5 times a power of ten, at least `rough`."""
    if rough <= 0:
        return 1
    power = 10.0 ** math.floor(math.log10(rough))
    for factor in (1, 2, 5):
        if factor * power >= rough * (1 - 1e-9):
            return factor * power
    return 10 * power


def line(
    points: Sequence[tuple[float, float]],
    *,
    titles: Sequence[str],
    times: Times,
    words: Words,
    least_step: float = 0.0,
    stepped: bool = False,
    before: Sequence[float] = (),
) -> Graph:
    """A line through (place from 0 to 1, value), each point with its title and time.

    Stepped, each value holds until the next. Places rise. `before` has values for the same places.
    """
    values = [value for _, value in points]
    sized = scale(min((*values, *before)), max((*values, *before)), least_step=least_step)
    xs = [LEFT + place * (RIGHT - LEFT) for place, _ in points]
    ys = [sized.y(value) for value in values]
    drawn = f"M{number(xs[0])} {number(ys[0])}"
    for x, y in zip(xs[1:], ys[1:], strict=True):
        drawn += f"H{number(x)}V{number(y)}" if stepped else f"L{number(x)} {number(y)}"
    edges = [LEFT, *((left + right) / 2 for left, right in pairwise(xs)), RIGHT]
    return Graph(
        up=_up(sized, words),
        along=_named(xs, times),
        marks=_marks(edges, titles),
        line=drawn,
        area=f"{drawn}V{BOTTOM}H{number(xs[0])}z",
        dot=(number(xs[-1]), number(ys[-1])),
        before=_outline(xs, [sized.y(value) for value in before]),
    )


def bars(
    columns: Sequence[Sequence[int]],
    *,
    css: Sequence[str],
    titles: Sequence[str],
    times: Times,
    words: Words,
    before: Sequence[int] = (),
) -> Graph:
    """Stacked bars: a column of counts for each bucket, one colour for each group.

    `before` is how high each column was in another period: a line that steps from one to the next.
    """
    highest = max((*map(sum, columns), *before), default=0)
    sized = scale(0, highest, least_step=1)
    room = (RIGHT - LEFT) / max(1, len(columns))
    gap = min(room * 0.28, 6)
    paths = [""] * len(css)
    for index, column in enumerate(columns):
        x, below = LEFT + room * index + gap / 2, 0
        for group, count in enumerate(column):
            if count:
                top, bottom = sized.y(below + count), sized.y(below)
                # Down to a shared edge, so that rounding leaves no slit between two colours.
                left, right = number(x), number(x + room - gap)
                paths[group] += f"M{left} {number(bottom)}V{number(top)}H{right}V{number(bottom)}z"
                below += count
    edges = [LEFT + room * index for index in range(len(columns) + 1)]
    middles = [edge + room / 2 for edge in edges[:-1]]
    return Graph(
        up=_up(sized, words),
        along=_named(middles, times),
        marks=_marks(edges, titles),
        stacks=tuple(Stack(name, path) for name, path in zip(css, paths, strict=True) if path),
        before=_steps(edges, [sized.y(count) for count in before]),
    )


def donut(counts: Sequence[int], *, css: Sequence[str], titles: Sequence[str]) -> list[Slice]:
    """Arcs that go once around; groups of nothing have none."""
    total, before = sum(counts), 0
    slices = []
    for count, name, title in zip(counts, css, titles, strict=True):
        if count:
            slices.append(
                Slice(
                    css=name,
                    dash=f"{number(count * 100 / total)} 100",
                    offset=number(-before * 100 / total),
                    title=title,
                )
            )
            before += count
    return slices


def ranks(counts: Sequence[int]) -> list[Rank]:
    """Bars from left to right below each other, the longest for the most."""
    most = max(counts, default=0) or 1
    widths = [max(1.0, count / most * (WIDTH - BESIDE - VALUE)) for count in counts]
    return [
        Rank(y=str(place * ROW), width=number(width), value_x=number(BESIDE + width + 6))
        for place, width in enumerate(widths)
    ]


def heat(
    counts: Sequence[int], titles: Sequence[str], *, across: int, size: int
) -> list[list[Cell]]:
    """Rows of squares. Only those of nothing have level 0; the others differ by their rank.

    So a single crowded hour does not make all the others look alike.
    """
    ranked = sorted(count for count in counts if count)
    cells = [
        Cell(
            x=str(index % across * size),
            level=1 + 4 * bisect_left(ranked, count) // len(ranked) if count else 0,
            title=titles[index],
        )
        for index, count in enumerate(counts)
    ]
    return [cells[row : row + across] for row in range(0, len(cells), across)]


def number(value: float) -> str:
    """A coordinate with a tenth's precision, in as few digits as that takes."""
    return f"{value:.1f}".removesuffix(".0").replace("-0.0", "0")


def _outline(xs: Sequence[float], ys: Sequence[float]) -> str:
    points = (f"{number(x)} {number(y)}" for x, y in zip(xs, ys, strict=False))
    return "M" + "L".join(points) if ys else ""


def _steps(edges: Sequence[float], ys: Sequence[float]) -> str:
    steps = (f"V{number(y)}H{number(right)}" for y, right in zip(ys, edges[1:], strict=False))
    return f"M{number(edges[0])} {BOTTOM}" + "".join(steps) if ys else ""


def _up(sized: Scale, words: Words) -> tuple[Label, ...]:
    return tuple(Label(number(sized.y(value)), words(value)) for value in sized.values())


def along(words: Ticks) -> tuple[Label, ...]:
    return tuple(Label(number(LEFT + place * (RIGHT - LEFT)), word) for place, word in words)


def _named(xs: Sequence[float], times: Times) -> tuple[Label, ...]:
    """As many of the times as there is room for, the newest among them; points may lie close."""
    if not callable(times):
        return along(times)
    apart = (RIGHT - LEFT) / (LABELS - 0.5) - 0.1  # a tenth is what coordinates are told to
    shown: list[int] = []
    for place in reversed(range(len(xs))):
        if not shown or xs[shown[-1]] - xs[place] >= apart:
            shown.append(place)
    return tuple(Label(number(xs[place]), times(place)) for place in reversed(shown))


def _marks(edges: Sequence[float], titles: Sequence[str]) -> tuple[Mark, ...]:
    return tuple(
        Mark(number(left), number(right - left), title)
        for (left, right), title in zip(pairwise(edges), titles, strict=True)
    )
