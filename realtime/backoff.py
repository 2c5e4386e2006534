"""Seconds to wait between attempts: full-jitter exponential backoff, as plain values.

No clock and no sleeping here; whoever waits does that, with a random source of their own.
"""

from collections.abc import Iterator
from random import Random


def full_jitter(*, first: float, longest: float, random: Random) -> Iterator[float]:
    """Yield delays in seconds, each drawn evenly between 0 and a ceiling that doubles.

    The ceiling starts at `first` and stops at `longest`. Full jitter spreads clients that
    lost the same node at the same moment (AWS Architecture Blog, "Exponential Backoff And
    Jitter").
    """
    ceiling = first
    while True:
        yield random.uniform(0.0, min(ceiling, longest))
        ceiling = min(ceiling * 2, longest)


class Backoff:
    """A full-jitter sequence that starts afresh only after `healthy_after` seconds of health."""

    def __init__(
        self, *, first: float, longest: float, random: Random, healthy_after: float = 60.0
    ) -> None:
        self._first = first
        self._longest = longest
        self._random = random
        self._healthy_after = healthy_after
        self.attempts = 0
        self._delays = self._fresh()

    def _fresh(self) -> Iterator[float]:
        return full_jitter(first=self._first, longest=self._longest, random=self._random)

    def next_delay(self) -> float:
        """Count one more attempt and return the seconds to wait before it."""
        self.attempts += 1
        return next(self._delays)

    def healthy_for(self, seconds: float) -> None:
        """Start afresh if the connection has been healthy for long enough."""
        if self.attempts and seconds >= self._healthy_after:
            self.attempts = 0
            self._delays = self._fresh()
