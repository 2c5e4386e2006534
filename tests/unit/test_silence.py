"""A stream may be silent for 15 s after a block was due, and never for more than 45."""

from realtime.silence import LONGEST, Silence


def heads(*, every: float, count: int) -> Silence:
    silence = Silence(now=0.0)
    for number in range(count):
        silence.broken(now=number * every)
    return silence


def test_before_two_heads_have_come_the_longest_silence_is_allowed() -> None:
    assert Silence(now=100.0).deadline == 100.0 + LONGEST
    assert heads(every=3.0, count=1).deadline == LONGEST


def test_the_usual_interval_is_learned() -> None:
    silence = heads(every=3.0, count=10)
    assert silence.block_seconds == 3.0
    assert silence.deadline == 27.0 + 3.0 + 15.0


def test_one_late_block_does_not_change_what_is_usual() -> None:
    silence = heads(every=3.0, count=10)
    silence.broken(now=60.0)
    assert silence.deadline == 60.0 + 18.0


def test_a_slow_chain_is_still_looked_after_within_45_seconds() -> None:
    assert heads(every=600.0, count=3).deadline == 1200.0 + LONGEST


def test_a_chain_that_stands_still_teaches_nothing() -> None:
    silence = heads(every=3.0, count=10)
    silence.explained(now=100.0)
    assert silence.deadline == 118.0
    silence.broken(now=5000.0)
    assert silence.block_seconds == 3.0
