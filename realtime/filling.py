"""Reads one past range and stores it piece by piece, with its account.

Reading goes on while the database thread writes. What cannot be proved, or contradicts what is
stored, becomes a failure of exactly that range, and the rest goes on.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

import structlog

from pools import ingest
from pools.ingest import Committed, Contradiction, StaleCursor
from pools.leases import LeaseToken
from pools.models import HistoricalScan
from pools.projecting import Projection
from pools.segments import BadSegment, Segment, decoded

from . import differences, scans
from .account import Account
from .history import HistoryReader, Unproved
from .nodes import Nodes
from .planning import Task
from .store import Store

log = structlog.get_logger(__name__)

Piece = Segment | Unproved
# What the store says of a piece that does not fit: perhaps the chain was reorganised meanwhile.
MISFITS: Final = (Contradiction, StaleCursor, BadSegment)
READ_AHEAD: Final = 1  # pieces that wait to be sent, beside those that the reader holds
IN_LINE: Final = 1  # pieces sent behind the one that is written: the thread goes on at once
_ONCE_MORE_SECONDS: Final = 2.0


@dataclass(slots=True)
class Tally:
    """What one run has done, and how many blocks it knows that it has to do."""

    tell: Callable[["Tally"], None]
    blocks: int = 0
    events: int = 0
    expected: int = 0

    def count(self, segment: Segment, events: int) -> None:
        """The segment is stored, with so many events that were new."""
        self.blocks += segment.to_block - segment.from_block + 1
        self.events += events
        self.tell(self)


@dataclass(frozen=True, slots=True)
class Workplace:
    """What all that one run does has in common."""

    chain_id: int
    nodes: Nodes
    store: Store
    lease: LeaseToken
    account: Account
    tally: Tally


class Filling:
    """One range of one contract. `run` it once."""

    def __init__(self, place: Workplace, task: Task, projection: Projection | None) -> None:
        self._place = place
        self._contract = task.contract
        self._scan: HistoricalScan | None = task.scan
        self._range = task.scan.from_block, task.scan.to_block
        self._projection = projection
        self._compares = task.scan.kind == HistoricalScan.Kind.RESCAN
        self._reader = HistoryReader(
            place.nodes, chain_id=place.chain_id, address=task.contract.address
        )
        self._at = task.scan.from_block  # everything below is settled
        self._sent: deque[tuple[Segment, asyncio.Task[Committed]]] = deque()
        self._failure: Unproved | None = None
        self.failures: list[Unproved] = []

    async def run(self, *, out_of_time: Callable[[], bool]) -> None:
        """Fill the range; stop after a piece when time is up. What failed is in `failures`.

        Raises what the store raises and LostLease. Whatever ends it leaves the row as RUNNING:
        whoever holds the lease next takes it up.
        """
        await self._begin()
        try:
            async with aclosing(read_ahead(self._reader.read(*self._range))) as pieces:
                async for piece in pieces:
                    await self._take(piece)
                    if out_of_time():
                        break
            await self._settle_all()
        finally:
            await self._give_up_sent()
        await self._settle_failure()
        if self._scan is not None:
            self._place.account.close()
            await self._place.store.run(scans.finish, self._scan, done_to=self._at - 1)

    async def _begin(self) -> None:
        assert self._scan is not None  # noqa: S101 - it has just been given
        await self._place.store.run(scans.begin, self._scan)
        self._place.account.open(self._scan, self._reader)

    async def _take(self, piece: Piece) -> None:
        if isinstance(piece, Unproved):
            await self._settle_all()
            self._note(piece)
            return
        if self._failure is not None:
            await self._settle_all()
            await self._settle_failure()
        if self._compares:
            await self._report_late(piece)
        self._sent.append((piece, asyncio.create_task(self._fill(piece))))
        while len(self._sent) > IN_LINE:
            await self._settle_next()

    def _note(self, failure: Unproved) -> None:
        """Neighbours that fail are one failure, told with the reason of the first."""
        before = self._failure
        if before is not None:
            failure = Unproved(before.from_block, failure.to_block, before.reason)
        self._failure = failure
        self._at = failure.to_block + 1

    async def _settle_failure(self) -> None:
        """Write down what failed below the present piece, and go on in a new row."""
        failure, self._failure = self._failure, None
        if failure is None or self._scan is None:
            return
        log.warning(
            "range_unproved",
            contract=self._contract.address,
            from_block=failure.from_block,
            to_block=failure.to_block,
            reason=failure.reason,
        )
        self.failures.append(failure)
        self._place.account.close()
        self._scan = await self._place.store.run(scans.fail, self._scan, failure)
        if self._scan is not None:
            self._place.account.open(self._scan, self._reader)

    async def _settle_all(self) -> None:
        while self._sent:
            await self._settle_next()

    async def _settle_next(self) -> None:
        """Wait for the piece that was sent first; one that does not fit is read once more."""
        segment, filling = self._sent.popleft()
        try:
            filled = await filling
        except MISFITS as misfit:
            log.info("range_read_again", from_block=segment.from_block, reason=str(misfit))
            await self._read_again(segment)
        else:
            await self._stored(segment, filled)

    async def _give_up_sent(self) -> None:
        """After a failure of another kind: nothing may be written behind our back."""
        left = [filling for _, filling in self._sent]
        self._sent.clear()
        for filling in left:
            filling.cancel()
        if left:
            await asyncio.wait(left)

    async def _read_again(self, segment: Segment) -> None:
        await asyncio.sleep(_ONCE_MORE_SECONDS)
        at, last = segment.from_block, segment.to_block
        try:
            async for piece in self._reader.read(at, last):
                at = piece.from_block
                if isinstance(piece, Unproved):
                    self._note(Unproved(at, last, piece.reason))
                    return
                await self._stored(piece, await self._fill(piece))
        except MISFITS as misfit:
            self._note(Unproved(at, last, str(misfit)))

    async def _fill(self, segment: Segment) -> Committed:
        place = self._place
        return await place.store.run(
            ingest.fill,
            segment,
            self._contract,
            lease=place.lease,
            scan=self._scan,
            projection=self._projection,
        )

    async def _stored(self, segment: Segment, filled: Committed) -> None:
        await self._settle_failure()
        place = self._place
        self._at = segment.to_block + 1
        place.account.stored(up_to=segment.to_block, events=filled.logs, last_seq=filled.last_seq)
        place.tally.count(segment, filled.logs)
        if filled.surplus:
            await place.store.run(scans.request_closer_look, self._contract, segment)

    async def _report_late(self, segment: Segment) -> None:
        found = await self._place.store.run(differences.between, self._contract, segment)
        if found.late:
            first = await self._place.store.run(
                differences.evidence_at, self._contract, found.late[0][0]
            )
            await self._place.store.run(
                differences.report_late, self._contract, segment, found.late, first=first.endpoint
            )


async def read_ahead(pieces: AsyncIterator[Piece]) -> AsyncGenerator[Piece]:
    """The same pieces, decoded, with reading going on while the last one is worked on."""
    queue: asyncio.Queue[Piece | BaseException | None] = asyncio.Queue(READ_AHEAD)

    async def read() -> None:
        try:
            async for piece in pieces:
                await queue.put(piece if isinstance(piece, Unproved) else decoded(piece))
        except Exception as error:  # noqa: BLE001 - raised again where the pieces are wanted
            await queue.put(error)
        else:
            await queue.put(None)

    reading = asyncio.create_task(read(), name="reading")
    try:
        while (got := await queue.get()) is not None:
            if isinstance(got, BaseException):
                raise got
            yield got
    finally:
        reading.cancel()
        await asyncio.wait({reading})
        if isinstance(pieces, AsyncGenerator):
            await pieces.aclose()
