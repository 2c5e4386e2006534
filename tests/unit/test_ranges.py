"""Closed-interval arithmetic, held against sets of block numbers."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pools.ranges import Range, gaps, merge, subtract, total

ranges = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 12)).map(lambda it: (it[0], it[0] + it[1])),
    max_size=12,
)


def blocks(of: list[Range]) -> set[int]:
    return {number for first, last in of for number in range(first, last + 1)}


def is_in_fewest_ranges(of: list[Range]) -> bool:
    return all(first <= last for first, last in of) and all(
        lower[1] + 1 < upper[0] for lower, upper in pairwise(of)
    )


@given(ranges)
def test_merging_keeps_the_blocks_in_the_fewest_ranges(some: list[Range]) -> None:
    assert blocks(merge(some)) == blocks(some)
    assert is_in_fewest_ranges(merge(some))


@given(ranges, ranges)
def test_subtracting_leaves_what_only_the_first_has(some: list[Range], others: list[Range]) -> None:
    left = subtract(some, others)
    assert blocks(left) == blocks(some) - blocks(others)
    assert is_in_fewest_ranges(left)


@given(st.integers(0, 60), st.integers(0, 60), ranges)
def test_gaps_are_the_blocks_not_covered(first: int, last: int, covered: list[Range]) -> None:
    found = gaps(first, last, covered)
    assert blocks(found) == set(range(first, last + 1)) - blocks(covered)
    assert is_in_fewest_ranges(found)


@given(ranges)
def test_the_total_counts_each_block_once(some: list[Range]) -> None:
    assert total(some) == len(blocks(some))


def test_neighbours_become_one() -> None:
    assert merge([(4, 6), (1, 3), (8, 9)]) == [(1, 6), (8, 9)]


def test_a_gap_may_be_one_block_at_either_end() -> None:
    assert gaps(1, 9, [(2, 4), (6, 8)]) == [(1, 1), (5, 5), (9, 9)]
    assert gaps(1, 9, [(0, 100)]) == []
    assert gaps(5, 4, []) == []


def test_a_range_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(ValueError, match=r"5\.\.4"):
        merge([(5, 4)])
