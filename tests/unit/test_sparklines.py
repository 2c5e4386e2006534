"""The cards' pictures stay inside their frames and show all that is not nothing."""

import re
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from pools import sparklines
from pools.sparklines import HEIGHT, HOURS, NAMES, WIDTH, Counts, bars, line

COUNTS = st.integers(0, 10**9)
DAY = st.lists(COUNTS, min_size=HOURS, max_size=HOURS).map(tuple)
PART = st.lists(COUNTS, max_size=25).map(tuple)
ALL = st.builds(
    Counts,
    pools=st.lists(COUNTS, min_size=31, max_size=31).map(sorted).map(tuple),
    today=PART,
    yesterday=PART,
    hours=DAY,
    joins=DAY,
    leaves=DAY,
    paid_in=DAY,
    paid_out=DAY,
)
POINT = re.compile(r"[ML](-?[\d.]+) (-?[\d.]+)")
BAR = re.compile(r"M([\d.]+) ([\d.]+)v(-?[\d.]+)h([\d.]+)v(-?[\d.]+)z")


def test_a_line_goes_through_its_values_from_left_to_right() -> None:
    assert line([0, 5, 10], least=0, most=10, places=3) == "M0 31L60 16L120 1"


def test_a_day_that_has_just_begun_reaches_as_far_as_it_is_old() -> None:
    assert line([0, 4], least=0, most=4, places=25) == "M0 31L5 1"


def test_one_value_is_no_line() -> None:
    assert line([3], least=0, most=3, places=25) == ""


def test_bars_stand_on_their_base_and_hang_below_it() -> None:
    assert bars([2, 0, 1], most=2, base=32, room=32) == "M0 32v-32h28v32zM80 32v-16h28v16z"
    assert bars([2], most=2, base=10, room=-22) == "M0 10v22h84v-22z"


@given(PART, st.integers(0, 10**9))
def test_whatever_is_not_nothing_has_a_bar_inside_the_picture(
    values: tuple[int, ...], least: int
) -> None:
    most = max([*values, least])
    drawn = BAR.findall(bars(values, most=most, base=HEIGHT, room=HEIGHT))
    assert len(drawn) == sum(value > 0 for value in values)
    for left, base, up, thick, down in drawn:
        assert float(left) + float(thick) <= WIDTH + 0.1
        assert 0 <= float(base) + float(up) <= HEIGHT - 0.9
        assert float(up) == -float(down)


@given(ALL)
def test_every_picture_fits_its_frame_and_has_words_for_those_who_do_not_see_it(
    counts: Counts,
) -> None:
    for name in NAMES:
        shown = sparklines.picture(counts, name)
        assert shown.alternative
        for _colours, path in shown.paths:
            points = [(float(x), float(y)) for x, y in POINT.findall(path)]
            assert all(0 <= x <= WIDTH + 0.1 and -1 <= y <= HEIGHT + 1 for x, y in points)
            assert all(before[0] <= after[0] for before, after in pairwise(points))


@given(ALL)
def test_today_and_yesterday_are_drawn_by_one_measure(counts: Counts) -> None:
    (_, yesterday), (_, today) = sparklines.picture(counts, "today").paths
    ends = [POINT.findall(path)[-1] for path in (yesterday, today) if path]
    if max(sum(counts.today), sum(counts.yesterday)) > 0:
        assert min(float(y) for _x, y in ends) == 1


def test_the_pictures_words_are_sums_of_what_is_drawn() -> None:
    counts = Counts(
        pools=(3, 4, 9),
        today=(1, 7, 2),
        yesterday=(5,) * 24,
        hours=(0,) * 23 + (1200,),
        joins=(1,) * 24,
        leaves=(0,) * 23 + (2,),
        paid_in=(1,) * 24,
        paid_out=(3,) * 24,
    )
    told = {name: sparklines.picture(counts, name).alternative for name in NAMES}
    assert "From 3 to 9 pools" in told["pools"]
    assert "7 events" in told["today"]
    assert "1,200 events" in told["hour"]
    assert "joined 24, left 2" in told["members"]
    assert "in 24, out 72" in told["btc"]


def test_a_picture_differs_exactly_if_its_counts_do() -> None:
    few = Counts((1,), (1,), (1,), (1,), (1,), (1,), (1,), (1,))
    more = Counts((1,), (2,), (1,), (1,), (1,), (1,), (1,), (1,))
    differing = [n for n in NAMES if sparklines.parts(few, n) != sparklines.parts(more, n)]
    assert differing == ["today"]
