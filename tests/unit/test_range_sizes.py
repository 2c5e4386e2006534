"""How many blocks are asked for next follows from what was answered before."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from realtime.range_sizes import (
    FIRST_LOOK,
    FIRST_RANGE,
    MOST_BYTES,
    MOST_LOGS,
    WIDEST_RANGE,
    Density,
    RangeSize,
    may_be_cut,
)


def asked_of_a_node_that_takes(limit: int, *, times: int) -> list[int]:
    """The sizes that such a node is asked for, one after the other."""
    ranges = RangeSize()
    asked = []
    for _ in range(times):
        blocks = ranges.blocks
        asked.append(blocks)
        if blocks > limit:
            ranges.refused(blocks, fits=max(1, blocks // 2))
        else:
            ranges.answered(blocks)
    return asked


def test_a_range_begins_at_two_thousand_blocks_and_grows_slowly() -> None:
    asked = asked_of_a_node_that_takes(10**9, times=400)
    assert asked[:9] == [FIRST_RANGE] * 8 + [2_501]
    assert max(asked) == WIDEST_RANGE
    assert all(wider <= narrower * 5 / 4 + 1 for narrower, wider in itertools.pairwise(asked))


@given(st.integers(1, WIDEST_RANGE))
def test_a_limit_is_found_and_then_left_alone(limit: int) -> None:
    asked = asked_of_a_node_that_takes(limit, times=1_000)
    refused = [blocks for blocks in asked if blocks > limit]
    assert len(refused) <= 11 + 7  # halving from 2,000; then with twice the patience each time
    good = [blocks for blocks in asked[100:] if blocks <= limit]
    assert min(good) >= limit / 2.6


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 12_000), st.floats(0, 60)), max_size=60))
def test_whatever_happens_at_least_one_block_and_never_too_many_are_asked_for(
    events: list[tuple[bool, int, float]],
) -> None:
    ranges = RangeSize()
    for good, blocks, seconds in events:
        before = ranges.blocks
        if good:
            ranges.answered(blocks, seconds=seconds)
        elif seconds < 30:
            ranges.refused(blocks, fits=max(1, blocks // 3))
            assert ranges.blocks <= before
        else:
            ranges.timed_out(blocks)
            assert ranges.blocks <= max(1, blocks // 2)
        assert 1 <= ranges.blocks <= WIDEST_RANGE


def test_what_a_node_says_it_takes_is_taken() -> None:
    ranges = RangeSize()
    ranges.refused(2_000, fits=1_024)
    assert ranges.blocks == 1_024


def test_after_growing_too_far_it_goes_back_to_what_went_well() -> None:
    ranges = RangeSize()
    for _ in range(8):
        ranges.answered(ranges.blocks)
    assert ranges.blocks == 2_501
    ranges.refused(2_501, fits=1_250)
    assert ranges.blocks == 2_000
    # Here is more in the blocks: what went well elsewhere is no measure any more.
    ranges.refused(2_000, fits=1_000)
    assert ranges.blocks == 1_000


def test_a_slow_answer_narrows_in_proportion_but_never_below_half() -> None:
    ranges = RangeSize()
    ranges.answered(2_000, seconds=2.5)
    assert ranges.blocks == 1_600
    ranges.answered(1_600, seconds=30)
    assert ranges.blocks == 800
    for _ in range(50):
        ranges.answered(800, seconds=1.5)  # well, but nothing to grow on
    assert ranges.blocks == 800
    ranges.timed_out(800)
    assert ranges.blocks == 400


def test_one_block_is_never_narrowed() -> None:
    ranges = RangeSize(1)
    ranges.answered(1, seconds=30)
    ranges.timed_out(1)
    ranges.refused(1, fits=1)
    assert ranges.blocks == 1


def test_the_first_look_is_short_and_an_empty_answer_lets_the_next_be_four_times_as_long() -> None:
    density = Density()
    assert density.blocks == FIRST_LOOK
    density.answered(64, logs=0, size=2)
    assert density.blocks == 256
    density.answered(256, logs=0, size=2)
    density.answered(10, logs=0, size=2)  # a short one says nothing against it
    assert density.blocks == 1_024


def test_busy_blocks_are_asked_for_by_what_one_answer_should_hold() -> None:
    by_logs, by_bytes = Density(), Density()
    by_logs.answered(64, logs=64 * 99, size=64 * 99)
    assert by_logs.blocks == MOST_LOGS // 99
    by_bytes.answered(64, logs=64, size=64 * 100_000)
    assert by_bytes.blocks == MOST_BYTES // 100_000


def test_a_hundred_logs_in_each_block_are_not_asked_for_in_round_numbers() -> None:
    density = Density()
    density.answered(64, logs=6_400, size=6_400 * 770)
    assert density.blocks == 49
    assert not may_be_cut(density.blocks * 100)


def test_it_narrows_at_once_and_widens_slowly() -> None:
    density = Density()
    for _ in range(5):
        density.answered(density.blocks, logs=0, size=2)
    density.answered(100, logs=5_000, size=5_000)
    assert density.blocks <= 100
    density.answered(100, logs=0, size=2)
    assert density.blocks <= 200
    density.answered(200, logs=0, size=2)
    assert density.blocks <= 400


def test_an_answer_that_was_too_large_is_not_asked_for_again() -> None:
    density = Density()
    for _ in range(4):
        density.answered(density.blocks, logs=0, size=2)
    assert density.blocks == WIDEST_RANGE
    density.too_many(10_000, fits=2_500)
    assert density.blocks == 2_500
    density.too_many(1, fits=1)
    assert density.blocks == 1


def test_round_numbers_may_be_a_limit() -> None:
    assert [
        count for count in (0, 1, 999, 1_000, 1_001, 5_000, 10_000, 20_000) if may_be_cut(count)
    ] == [
        1_000,
        5_000,
        10_000,
        20_000,
    ]
