"""Delays grow to their ceiling, are spread by chance, and start afresh only after real health."""

from itertools import islice
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from realtime.backoff import Backoff, full_jitter


class Highest(Random):
    """A chance that always draws the ceiling."""

    def uniform(self, a: float, b: float) -> float:
        return max(a, b)


def test_the_ceiling_doubles_up_to_the_longest() -> None:
    delays = full_jitter(first=1.0, longest=30.0, random=Highest())
    assert list(islice(delays, 7)) == [1, 2, 4, 8, 16, 30, 30]


@given(st.integers(), st.integers(1, 40))
def test_every_delay_lies_between_nothing_and_its_ceiling(seed: int, count: int) -> None:
    delays = list(islice(full_jitter(first=1.0, longest=30.0, random=Random(seed)), count))
    assert all(0 <= delay <= min(2.0**n, 30.0) for n, delay in enumerate(delays))


def test_a_short_life_does_not_start_afresh_but_a_minute_does() -> None:
    backoff = Backoff(first=1.0, longest=30.0, random=Highest())
    assert [backoff.next_delay() for _ in range(3)] == [1, 2, 4]
    backoff.healthy_for(59.9)
    assert (backoff.next_delay(), backoff.attempts) == (8, 4)
    backoff.healthy_for(60.0)
    assert (backoff.attempts, backoff.next_delay()) == (0, 1)
