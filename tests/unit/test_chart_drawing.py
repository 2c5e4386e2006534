"""Shapes stay on the canvas and tell the truth, whatever the numbers are."""

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pools.charts import drawing
from pools.charts.drawing import BOTTOM, LEFT, RIGHT, TOP

VALUES = st.lists(st.integers(0, 2**256) | st.floats(0, 1e60), min_size=1, max_size=60)
COLUMNS = st.lists(st.tuples(*[st.integers(0, 10**7)] * 3), max_size=120)
COMMAND = re.compile(r"([MLHVz])([-\d.]*) ?([-\d.]*)")


def corners(path: str) -> list[tuple[float, float]]:
    """The points that a path of ours visits."""
    x = y = 0.0
    found = []
    for letter, first, second in COMMAND.findall(path):
        if letter in "ML":
            x, y = float(first), float(second)
        elif letter == "H":
            x = float(first)
        elif letter == "V":
            y = float(first)
        found.append((x, y))
    return found


def inside(path: str) -> bool:
    return all(
        LEFT - 0.1 <= x <= RIGHT + 0.1 and TOP - 0.1 <= y <= BOTTOM + 0.1 for x, y in corners(path)
    )


def line(values: list[float], *, stepped: bool = False) -> drawing.Graph:
    last = max(1, len(values) - 1)
    names = [str(value) for value in values]
    return drawing.line(
        [(index / last, value) for index, value in enumerate(values)],
        titles=names,
        times=names.__getitem__,
        words=str,
        stepped=stepped,
    )


@given(values=VALUES, stepped=st.booleans())
def test_a_line_and_its_area_lie_on_the_canvas(values: list[float], stepped: bool) -> None:
    graph = line(values, stepped=stepped)
    assert inside(graph.line)
    assert inside(graph.area)
    assert len(graph.marks) == len(values)
    assert len(graph.along) <= drawing.LABELS
    places = [float(label.at) for label in graph.along]
    assert all(right - left > 70 for left, right in pairwise(places)), "words lie on each other"
    assert all(TOP <= float(label.at) <= BOTTOM for label in graph.up)
    assert 2 <= len(graph.up) <= drawing.STEPS + 2


@given(columns=COLUMNS)
def test_bars_lie_on_the_canvas_and_are_as_high_as_their_counts(
    columns: list[tuple[int, int, int]],
) -> None:
    names = [str(index) for index in range(len(columns))]
    graph = drawing.bars(
        columns, css=["a", "b", "c"], titles=names, times=names.__getitem__, words=str
    )
    assert all(inside(stack.path) for stack in graph.stacks)
    drawn = {stack.css for stack in graph.stacks}
    sums = dict(zip("abc", map(sum, zip(*columns, strict=True)), strict=False))
    assert drawn == {name for name, total in sums.items() if total}
    if not drawn:
        return
    tops = [y for stack in graph.stacks for _x, y in corners(stack.path)]
    sized = drawing.scale(0, max(map(sum, columns)), least_step=1)
    assert min(tops) == pytest.approx(sized.y(max(map(sum, columns))), abs=0.06)


def test_the_axis_begins_at_zero_unless_the_values_lie_far_above_it() -> None:
    assert [float(label.text) for label in line([3, 10]).up] == [0, 5, 10]
    assert float(line([40_000, 40_009]).up[0].text) == 40_000


def test_a_single_value_is_a_dot_on_a_scale_from_zero() -> None:
    graph = line([5])
    assert float(graph.up[0].text) == 0
    assert graph.dot == (str(LEFT), drawing.number(drawing.scale(5, 5).y(5)))


def test_a_stepped_line_holds_each_value_until_the_next() -> None:
    assert corners(line([0, 10], stepped=True).line) == [
        (LEFT, BOTTOM),
        (RIGHT, BOTTOM),
        (RIGHT, TOP),
    ]


@given(counts=st.lists(st.integers(0, 10**9), min_size=1, max_size=9))
def test_a_donut_goes_once_around(counts: list[int]) -> None:
    names = [str(index) for index in range(len(counts))]
    slices = drawing.donut(counts, css=names, titles=names)
    assert [part.css for part in slices] == [str(i) for i, count in enumerate(counts) if count]
    if slices:
        around = sum(float(part.dash.split()[0]) for part in slices)
        assert around == pytest.approx(100, abs=0.06 * len(slices))


def test_one_crowded_hour_does_not_make_all_others_look_alike() -> None:
    row = drawing.heat([0, 2, 4, 6, 900], list("abcde"), across=5, size=10)[0]
    assert [cell.level for cell in row] == [0, 1, 2, 3, 4]
    assert [cell.x for cell in row] == ["0", "10", "20", "30", "40"]


@given(counts=st.lists(st.integers(0, 99), min_size=6, max_size=6))
def test_more_is_never_shown_paler(counts: list[int]) -> None:
    rows = drawing.heat(counts, [""] * 6, across=3, size=1)
    levels = [cell.level for row in rows for cell in row]
    assert all((level == 0) == (count == 0) for level, count in zip(levels, counts, strict=True))
    ranked = sorted(zip(counts, levels, strict=True))
    assert [level for _count, level in ranked] == sorted(levels)


@pytest.mark.parametrize("points", range(2, 61))
def test_points_at_even_distances_are_named_at_even_distances(points: int) -> None:
    places = [float(label.at) for label in line([1] * points).along]
    steps = [right - left for left, right in pairwise(places)]
    assert max(steps, default=0) - min(steps, default=0) <= 0.21
