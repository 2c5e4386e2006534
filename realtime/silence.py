"""When a silent stream has become suspicious: learns how often blocks come.

Pure; times are seconds of the caller's clock.
"""

from collections import deque
from statistics import median
from typing import Final

PATIENCE: Final = 15.0  # seconds after a block was due
LONGEST: Final = 40.0  # leaves 5 s for asking the node before 45 s have passed
_REMEMBERED: Final = 32
MOST_AHEAD: Final = 10_000  # blocks: a head so far above the chain's height is not believed


class Silence:
    """Watches the arrival of heads on one stream."""

    def __init__(self, *, now: float) -> None:
        self._since = now
        self._intervals: deque[float] = deque(maxlen=_REMEMBERED)
        self._heard = False

    @property
    def block_seconds(self) -> float | None:
        """The usual time between two heads, None before two have come."""
        return median(self._intervals) if self._intervals else None

    @property
    def deadline(self) -> float:
        """The moment from which the silence needs an explanation."""
        usual = self.block_seconds
        return self._since + (LONGEST if usual is None else min(usual + PATIENCE, LONGEST))

    def broken(self, *, now: float) -> None:
        """A head came."""
        if self._heard:
            self._intervals.append(now - self._since)
        self._heard = True
        self._since = now

    def explained(self, *, now: float) -> None:
        """The chain itself stands still: wait as long again."""
        self._since = now
        self._heard = False
