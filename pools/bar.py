"""A contract's blocks as a bar: a few hundred cells, each in the state of what lies behind it.

Pure. However many gaps there are, the bar stays small, and the smallest gap can be seen.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

CELLS: Final = 400
COVERED: Final = "covered"
# Where several states meet in a cell the last of these is shown.
_LOUDNESS: Final = (COVERED, "new", "reading", "waiting", "unproved")


@dataclass(frozen=True, slots=True)
class Stretch:
    """Cells next to each other in one state, from `at`."""

    at: int
    width: int
    state: str


def bar(first: int, last: int, missing: Iterable[tuple[int, int, str]]) -> list[Stretch]:
    """The stretches of the blocks from `first` to `last`; `missing` are closed ranges in states.

    Each of them takes one cell at least, so that it can be seen. Only "new" ones may vanish: there
    is always one. Nothing if there are no blocks.
    """
    blocks = last - first + 1
    if blocks <= 0:
        return []
    cells = [0] * CELLS
    for from_block, to_block, state in missing:
        loudness = _LOUDNESS.index(state)
        begin = (from_block - first) * CELLS
        end = (to_block - first + 1) * CELLS
        if state == "new":
            begin += blocks - 1  # only cells that hold nothing else
            end -= end % blocks
        for cell in range(begin // blocks, min(-(-end // blocks), CELLS)):
            cells[cell] = max(cells[cell], loudness)
    return _stretches(cells)


def _stretches(cells: list[int]) -> list[Stretch]:
    found = []
    at = 0
    for cell in range(1, len(cells) + 1):
        if cell == len(cells) or cells[cell] != cells[at]:
            found.append(Stretch(at, cell - at, _LOUDNESS[cells[at]]))
            at = cell
    return found
