"""The bar of a contract's blocks shows every gap and never grows."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from pools.bar import CELLS, Stretch, bar

STATES = st.sampled_from(("new", "reading", "waiting", "unproved"))


def test_without_gaps_it_is_one_stretch() -> None:
    assert bar(100, 999, []) == [Stretch(0, CELLS, "covered")]


def test_without_blocks_there_is_none() -> None:
    assert bar(100, 99, []) == []


def test_a_half_takes_half() -> None:
    assert bar(1, 1000, [(501, 1000, "waiting")]) == [
        Stretch(0, CELLS // 2, "covered"),
        Stretch(CELLS // 2, CELLS // 2, "waiting"),
    ]


def test_a_single_block_among_millions_can_be_seen() -> None:
    stretches = bar(1, 10_000_000, [(7_000_000, 7_000_000, "unproved")])
    assert [stretch.state for stretch in stretches] == ["covered", "unproved", "covered"]
    assert stretches[1].width == 1


def test_the_worst_state_in_a_cell_is_shown() -> None:
    found = bar(0, 10_000_000, [(5, 5, "unproved"), (6, 6, "waiting"), (7, 7, "reading")])
    assert found[0] == Stretch(0, 1, "unproved")


def test_the_newest_block_does_not_make_a_whole_chain_look_torn() -> None:
    assert bar(0, 100_000, [(100_000, 100_000, "new")]) == [Stretch(0, CELLS, "covered")]
    assert bar(0, 3, [(3, 3, "new")])[-1] == Stretch(CELLS * 3 // 4, CELLS // 4, "new")


@given(
    first=st.integers(0, 10**9),
    blocks=st.integers(1, 10**9),
    wishes=st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 10**9), STATES), max_size=30),
)
def test_stretches_tile_the_bar_and_hide_no_gap(
    first: int, blocks: int, wishes: list[tuple[int, int, str]]
) -> None:
    last = first + blocks - 1
    missing = []
    for one, other, state in wishes:
        low, high = sorted((first + one % blocks, first + other % blocks))
        missing.append((low, high, state))
    found = bar(first, last, missing)
    assert sum(stretch.width for stretch in found) == CELLS
    assert found[0].at == 0
    for before, after in pairwise(found):
        assert before.at + before.width == after.at
        assert before.state != after.state
    states = {stretch.state for stretch in found}
    if any(state == "unproved" for *_, state in missing):
        assert "unproved" in states
    if not missing:
        assert states == {"covered"}
