"""A long range as pieces that are worked on side by side and come out in order.

Knows nothing of what the work is. At most so many pieces are begun and not yet taken, the first
ones before others, so that what waits in memory is bounded whatever comes out of order.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from typing import Any, Final, Generic, TypeVar

T = TypeVar("T")

_FAILURES: Final = 6
_PATIENCE: Final = 120.0


@dataclass(slots=True)
class Effort:
    """What may still be spent on a piece and on all that it is cut into."""

    failures: int
    seconds: float  # of pauses that nodes ask for

    @classmethod
    def for_blocks(cls, blocks: int) -> "Effort":
        """Enough to find one bad block among so many by halving."""
        return cls(_FAILURES + 2 * blocks.bit_length(), _PATIENCE)

    def fail(self) -> bool:
        """Note a failure; returns whether to go on."""
        self.failures -= 1
        return self.failures > 0

    def wait(self, seconds: float) -> bool:
        """Note a pause that is asked for; returns whether to keep it, or to give up."""
        self.seconds -= seconds
        return self.seconds >= 0


@dataclass(frozen=True, slots=True)
class Cut:
    """Instead of a result: take so many blocks first, then the others.

    `in_doubt` says that something in the piece cannot be proved, and that the parts are to find it.
    """

    blocks: int
    in_doubt: bool = False


@dataclass(slots=True, eq=False)
class Piece(Generic[T]):
    """A closed range of blocks, worked on or not yet. `readings` counts how often it was begun
    afresh because it did not fit to its neighbour.
    """

    first: int
    last: int
    readings: int = 0
    in_doubt: bool = False
    shared: Effort | None = None
    task: "asyncio.Task[T | Cut] | None" = None

    @property
    def blocks(self) -> int:
        """How many they are."""
        return self.last - self.first + 1

    @property
    def effort(self) -> Effort:
        """Its own, or the one shared with the other parts of a piece in doubt."""
        if self.shared is None:
            self.shared = Effort.for_blocks(self.blocks)
        return self.shared

    def cut(self, blocks: int) -> "tuple[Piece[T], Piece[T]]":
        """The first so many blocks, and the others."""
        shared = self.shared if self.in_doubt else None
        lower = replace(self, last=self.first + blocks - 1, shared=shared, task=None)
        return lower, replace(self, first=self.first + blocks, shared=shared, task=None)


class Pieces(Generic[T]):
    """The pieces of one range that are not yet taken, in order."""

    def __init__(
        self, first: int, last: int, work: Callable[[Piece[T]], Coroutine[Any, Any, T | Cut]]
    ) -> None:
        self._work = work
        self._pieces: list[Piece[T]] = [Piece(first, last)] if first <= last else []

    def __bool__(self) -> bool:
        return bool(self._pieces)

    @property
    def first(self) -> int:
        """The first block that is not yet taken."""
        return self._pieces[0].first

    def start(self, places: int, *, blocks: int) -> None:
        """Begin with the first pieces that wait, of at most so many blocks, while there is room.

        The very first is begun in any case, since all others wait for it.
        """
        free = places - sum(piece.task is not None for piece in self._pieces)
        at = 0
        while at < len(self._pieces) and (free > 0 or at == 0):
            piece = self._pieces[at]
            if piece.task is None:
                if piece.blocks > blocks:
                    self._pieces[at : at + 1] = piece.cut(blocks)
                    piece = self._pieces[at]
                piece.task = asyncio.create_task(self._work(piece))
                free -= 1
            at += 1

    async def next(self) -> tuple[Piece[T], T] | None:
        """Take the first piece with its result; None when one was cut, or it has to be begun.

        Raises what the first piece's work raises. Others wait for their turn.
        """
        head = self._pieces[0].task
        if head is None:
            return None
        if not head.done():
            running = [piece.task for piece in self._pieces if piece.task and not piece.task.done()]
            await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        self._cut_up()
        head = self._pieces[0].task
        if head is None or not head.done():
            return None
        result = head.result()
        assert not isinstance(result, Cut)  # noqa: S101 - those have just been cut up
        return self._pieces.pop(0), result

    def put_back(self, first: int, last: int, *, readings: int) -> None:
        """Work on these blocks, which have been taken, once more and before all others."""
        self._pieces.insert(0, Piece(first, last, readings=readings))

    async def stop(self) -> None:
        """Give up what is under way, and wait until it has ended."""
        tasks = [piece.task for piece in self._pieces if piece.task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._pieces.clear()

    def _cut_up(self) -> None:
        for at in range(len(self._pieces) - 1, -1, -1):
            piece = self._pieces[at]
            if piece.task is None or not piece.task.done() or piece.task.cancelled():
                continue
            if piece.task.exception() is None and isinstance(cut := piece.task.result(), Cut):
                piece.in_doubt = piece.in_doubt or cut.in_doubt
                self._pieces[at : at + 1] = piece.cut(cut.blocks)
