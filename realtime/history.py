"""Reads a past range whole: pieces in order and without holes, each proved or said not to be.

Several questions are under way at once; what comes out is in chain order, each piece linked to the
one before it. What no node can prove comes out as `Unproved` with the reason, as small as it can
be told with a bounded effort, so that it never counts as read. Stores nothing.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict, dataclass
from random import Random
from typing import Final

import structlog

from pools.segments import Segment

from .backoff import full_jitter
from .errors import RangeTooWide, RateLimited, RpcError, TimedOut
from .nodes import Nodes
from .pieces import Cut, Piece, Pieces
from .proving import NoNode, Prover

log = structlog.get_logger(__name__)

_TRIES: Final = 3  # of a whole piece or a single block, before it is cut or given up
_TRIES_WITHOUT_NODE: Final = 5
_FIRST_DELAY: Final = 0.5  # seconds, at most, before something is asked again; then it doubles
_LONGEST_DELAY: Final = 4.0
_SHORTEST_PAUSE: Final = 0.1
_MOST_READINGS: Final = 3
_CALM: Final = 8  # questions that went well, after which one more may be under way at once


@dataclass(frozen=True, slots=True)
class Unproved:
    """A closed range of blocks whose logs no node could prove now, and why not."""

    from_block: int
    to_block: int
    reason: str


Found = list[Segment | Unproved]


class HistoryReader:
    """Reads past ranges of one contract from the nodes of its chain."""

    def __init__(self, nodes: Nodes, *, chain_id: int, address: str, concurrency: int = 4) -> None:
        self._nodes = nodes
        self._prover = Prover(nodes, chain_id=chain_id, address=address)
        self._concurrency = concurrency
        self._places = concurrency
        self._well_since = 0
        self._random = Random()  # noqa: S311 - jitter, nothing secret
        self._asked_before = self._asked()

    @property
    def hosts(self) -> set[str]:
        """The hosts that gave or witnessed what was read."""
        return self._prover.hosts

    @property
    def retries(self) -> int:
        """How often something had to be asked again."""
        return self._prover.retries

    @property
    def requests(self) -> int:
        """How many calls the nodes were sent since this reader was made."""
        return self._asked() - self._asked_before

    async def read(self, first: int, last: int) -> AsyncIterator[Segment | Unproved]:
        """The range from `first` to `last` in ascending pieces that tile it.

        A segment has at most `MOST_LOGS` logs, unless it is a single block, and links to the one
        before it. Close the generator to give up what is under way.
        """
        pieces = Pieces(first, last, self._work)
        seam = _Seam()
        try:
            while pieces:
                # The first answer tells how full the blocks are: until then, ask but one thing.
                places = self._places if self._prover.has_answers else 1
                pieces.start(places, blocks=self._prover.blocks)
                try:
                    taken = await pieces.next()
                except NoNode as error:
                    for part in seam.join(Unproved(pieces.first, last, str(error.__cause__))):
                        yield part
                    return
                if taken is not None:
                    for part in _joined(pieces, *taken, seam):
                        yield part
            for part in seam.rest():
                yield part
        finally:
            await pieces.stop()

    async def _work(self, piece: Piece[Found]) -> Found | Cut:
        """Prove one piece, as often as it is worth trying. Raises NoNode."""
        delays = full_jitter(first=_FIRST_DELAY, longest=_LONGEST_DELAY, random=self._random)
        failures = without_node = 0
        while True:
            try:
                found: Found = [*await self._prover.prove(piece.first, piece.last)]
            except RateLimited as error:
                await self._pause(piece, error, at_least=next(delays))
                continue
            except NoNode:
                without_node += 1
                if without_node >= _TRIES_WITHOUT_NODE:
                    raise
                self._prover.retries += 1
            except RpcError as error:
                failures += 1
                outcome = _outcome(piece, error, failures)
                again = outcome is None or isinstance(outcome, Cut)
                self._prover.retries += again
                log.info(
                    "past_not_proved",
                    from_block=piece.first,
                    to_block=piece.last,
                    reason=str(error),
                    again=again,
                )
                if outcome is not None:
                    return outcome
            else:
                self._well()
                return found
            await asyncio.sleep(next(delays))

    async def _pause(self, piece: Piece[Found], error: RateLimited, *, at_least: float) -> None:
        """Wait as told, and then ask for less at once. Raises NoNode where that takes too long.

        `at_least` so many seconds are waited too when a node says no and asks for no pause.
        """
        self._prover.retries += 1
        self._well_since = 0
        self._places = max(1, self._places // 2)
        seconds = max(_SHORTEST_PAUSE, at_least, self._nodes.pause()) * self._random.uniform(
            1.0, 1.2
        )
        if not piece.effort.wait(seconds):
            raise NoNode from error
        log.info("paused", seconds=round(seconds, 1), reason=str(error))
        await asyncio.sleep(seconds)

    def _well(self) -> None:
        self._well_since += 1
        if self._well_since >= _CALM and self._places < self._concurrency:
            self._well_since = 0
            self._places += 1

    def _asked(self) -> int:
        return sum(client.requests for client in self._nodes.clients)


def _outcome(piece: Piece[Found], error: RpcError, failures: int) -> Found | Cut | None:
    """What becomes of a piece that failed so often: parts, a gap, or None for another try."""
    if piece.blocks > 1 and isinstance(error, RangeTooWide):
        return Cut(error.fitting(piece.first, piece.blocks))
    if piece.blocks > 1 and isinstance(error, TimedOut):
        return Cut(piece.blocks // 2)
    goes_on = piece.effort.fail()
    if goes_on and failures < (1 if piece.in_doubt and piece.blocks > 1 else _TRIES):
        return None
    if goes_on and piece.blocks > 1:
        return Cut(piece.blocks // 2, in_doubt=True)
    return [Unproved(piece.first, piece.last, str(error))]


def _joined(
    pieces: Pieces[Found], piece: Piece[Found], found: Found, seam: "_Seam"
) -> Iterator[Segment | Unproved]:
    """What may be handed out now; parts that do not link are put back to be read again."""
    for part in found:
        unlinked = seam.breaks_at(part)
        if unlinked is None:
            yield from seam.join(part)
            continue
        seam.held = None
        log.warning("parts_do_not_link", again=piece.readings < _MOST_READINGS, **asdict(unlinked))
        if piece.readings < _MOST_READINGS:
            last = found[-1].to_block
            pieces.put_back(unlinked.from_block, last, readings=piece.readings + 1)
            return
        yield unlinked


class _Seam:
    """Holds back the newest segment until what follows is seen to link to it."""

    def __init__(self) -> None:
        self.held: Segment | None = None

    def breaks_at(self, part: Segment | Unproved) -> Unproved | None:
        """That neither is proved, where the part does not link to the one that is held back."""
        held = self.held
        if held is None or isinstance(part, Unproved):
            return None
        if part.headers[0].parent_hash == held.headers[-1].hash:
            return None
        return Unproved(
            held.from_block,
            part.to_block,
            f"block {part.from_block} of {part.endpoint} does not link to block {held.to_block} "
            f"of {held.endpoint}",
        )

    def join(self, part: Segment | Unproved) -> Found:
        """What is handed out once the part follows."""
        released = self.rest()
        if isinstance(part, Segment):
            self.held = part
        else:
            released.append(part)
        return released

    def rest(self) -> Found:
        """What is still held back."""
        held, self.held = self.held, None
        return [] if held is None else [held]
