"""How many blocks to ask for in one question: what a node takes, and what an answer should hold.

Pure. `RangeSize` learns the first of an endpoint, from refusals, time-outs and its pace;
`Density` learns the second of a contract, from the answers about it.
"""

from dataclasses import dataclass
from typing import Final

FIRST_RANGE: Final = 2_000
WIDEST_RANGE: Final = 10_000
MOST_LOGS: Final = 5_000  # in one commit: a moment, in which no other can write
MOST_BYTES: Final = 4 * 1024 * 1024  # in one answer, as far as it can be foreseen
FIRST_LOOK: Final = 64  # blocks: few enough for an answer about a busy contract
ROUND: Final = 1_000

_TARGET_SECONDS: Final = 2.0
_PATIENCE: Final = 8
_MOST_PATIENCE: Final = 512
_FASTEST_GROWTH: Final = 4


@dataclass(slots=True)
class RangeSize:
    """The most blocks that one endpoint answers well; `blocks` is what to ask for next.

    It shrinks at once and grows by a quarter after eight full ranges that went well. Each refusal
    doubles that patience, so that a fixed limit is soon left alone.
    """

    blocks: int = FIRST_RANGE
    _good: int = 0
    _last_good: int = 0
    _patience: int = _PATIENCE

    def answered(self, blocks: int, *, seconds: float = 0.0) -> None:
        """Note a range that was answered, and how long that took."""
        self._last_good = max(self._last_good, blocks)
        if seconds > _TARGET_SECONDS:
            slower = max(blocks // 2, int(blocks * _TARGET_SECONDS / seconds), 1)
            self.blocks = min(self.blocks, slower)
            self._good = 0
        elif blocks >= self.blocks and seconds < _TARGET_SECONDS / 2:
            self._good += 1
            if self._good >= self._patience:
                self._good = 0
                self.blocks = min(WIDEST_RANGE, self.blocks + self.blocks // 4 + 1)

    def refused(self, blocks: int, *, fits: int) -> None:
        """Note a range that was too wide; at least `fits` blocks may be asked for next."""
        self._patience = min(_MOST_PATIENCE, 2 * self._patience)
        self._good = 0
        if self._last_good >= blocks:
            self._last_good = 0
        # What went well lately is wider than half, where we had just begun to grow.
        self.blocks = min(self.blocks, max(1, fits, self._last_good))

    def timed_out(self, blocks: int) -> None:
        """Note a range that took too long to be answered at all."""
        self._good = 0
        self._last_good = 0
        self.blocks = max(1, min(self.blocks, blocks // 2))


@dataclass(slots=True)
class Density:
    """How full the blocks of a contract are, and how many of them make one good answer."""

    blocks: int = FIRST_LOOK
    _logs_per_block: float = 0.0
    _share: float = 0.0  # of a full answer, that one block brings

    def answered(self, blocks: int, *, logs: int, size: int) -> None:
        """Note an answer of so many logs in `size` bytes."""
        share = max(logs / MOST_LOGS, size / MOST_BYTES) / blocks
        # Rises at once and falls slowly: an answer that is too large is thrown away.
        self._share = max(share, self._share / 2)
        self._logs_per_block = logs / blocks
        self.blocks = min(WIDEST_RANGE, max(self.blocks, _FASTEST_GROWTH * blocks))
        if self._share:
            self.blocks = max(1, min(self.blocks, int(1 / self._share)))
        if may_be_cut(round(self.blocks * self._logs_per_block)) and self.blocks > 1:
            self.blocks -= 1

    def too_many(self, blocks: int, *, fits: int) -> None:
        """Note a question whose answer was too large; `fits` blocks may be asked for next."""
        self._share = max(self._share, 1 / max(1, fits))
        self.blocks = max(1, min(self.blocks, fits, blocks // 2))


def may_be_cut(logs: int) -> bool:
    """Whether an answer with so many logs may end at a node's limit, which it does not mention.

    Such limits are round numbers (1,000, 5,000, 10,000, …).
    """
    return logs > 0 and logs % ROUND == 0
