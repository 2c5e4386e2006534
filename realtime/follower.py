"""Follows the head: one step at a time from what a node shows to what is committed.

Each step looks, has `pools.reorg` judge, pulls a checked segment and hands it to `ingest`. It
never rolls back on one word, and stops writing where a person has to decide. When to take a step
is `pacer`'s part.
"""

import asyncio
from collections.abc import Callable
from typing import Final

import structlog

from pools import ingest
from pools.ingest import Committed
from pools.leases import LeaseToken
from pools.reorg import (
    AlreadyKnown,
    Append,
    FetchGap,
    Header,
    TooDeep,
    Verdict,
    Window,
    judge,
)
from pools.segments import BadSegment, Segment

from .errors import NoEvidence, RpcError
from .landing import landing
from .nodes import Nodes, blamed
from .parting import parting
from .puller import LINKED_BLOCKS, Puller, Sight
from .store import Position, Store, position

log = structlog.get_logger(__name__)

# More blocks than this between cursor and head are the backfill's to read: what is new comes first.
JUMP_BLOCKS: Final = 5_000
# A head that stays below the cursor, the same for so long at every node, is a chain wound back.
WOUND_BACK_SECONDS: Final = 8.0
WOUND_BACK_READINGS: Final = 3
# A head that stands still for so long is asked of another node too.
STILL_SECONDS: Final = 6.0


class ReorganisedTooDeep(Exception):
    """The chain parts from ours below everything we may repair by ourselves."""


class Follower:
    """The cursor of one chain, and the steps that move it."""

    def __init__(
        self,
        *,
        chain_id: int,
        nodes: Nodes,
        puller: Puller,
        store: Store,
        lease: LeaseToken,
        reorg_window: int,
        on_commit: Callable[[Segment, Committed], None],
        jump_blocks: int = JUMP_BLOCKS,
    ) -> None:
        self._chain_id = chain_id
        self._nodes = nodes
        self._puller = puller
        self._store = store
        self._lease = lease
        self._limit = reorg_window + 1  # the block that both branches share is among them
        self._on_commit = on_commit
        self._jump_blocks = jump_blocks
        self._behind: tuple[Header, float, int] | None = None
        self._moved_at = 0.0  # when the cursor moved, or another node said that it is at the head
        self.position = Position(number=-1, hash="", window=Window(0, ()))
        self.head: int | None = None
        self.endpoint = ""
        self.jumped = False

    async def load(self) -> None:
        """Read the cursor, at the start and whenever it is not where we thought."""
        self.position = await self._store.run(position, self._chain_id, limit=self._limit)
        log.info(
            "cursor_loaded", block=self.position.number, hashes=len(self.position.window.hashes)
        )

    async def take_announced(self, number: int) -> bool:
        """The short way: the next block was announced, so ask for it and its logs at once.

        Returns whether it was committed; if not, `advance` finds out why.
        """
        if number != self.position.number + 1:
            return False
        segment = await self._puller.linked(number, number)
        if not self._continues(segment):
            return False
        self.head = max(number, self.head or 0)
        return await self._commit(segment)

    async def advance(self) -> bool:
        """Look at the chain and take one step towards it; returns whether there may be more.

        Raises RpcError when no node gives a usable answer, ReorganisedTooDeep when a person has
        to decide, and whatever `ingest` and the store raise.
        """
        sight = await self._puller.look(self.position.number)
        self.endpoint = sight.client.host
        top, verdict = self._judge(sight)
        if isinstance(verdict, AlreadyKnown):
            self.head = sight.head.number
            if sight.head.number < self.position.number:
                return await self._look_behind(sight)
            self._behind = None
            return await self._stand_still(sight)
        if not isinstance(verdict, Append | FetchGap):
            return await self._reorganise(sight, top)
        if self._is_far(sight):
            await self._jump(sight)
            return True
        segment = await self._next(sight)
        if not self._continues(segment):
            with blamed(sight.client):
                raise NoEvidence(f"block {segment.from_block} does not follow its parent there")
        self.head = sight.head.number
        await self._commit(segment)
        return self.position.number < sight.head.number

    def _judge(self, sight: Sight) -> tuple[Header, Verdict]:
        """The lowest header seen that is not on our branch, else the head; and what it means."""
        window = self.position.window
        verdict = judge(sight.head, window)
        if sight.at_cursor is not None:
            at_cursor = judge(sight.at_cursor, window)
            if not isinstance(at_cursor, AlreadyKnown):
                return sight.at_cursor, at_cursor
        return sight.head, verdict

    def _continues(self, segment: Segment) -> bool:
        return judge(segment.headers[0], self.position.window) == Append()

    async def look_elsewhere(self) -> bool:
        """The best node does not give the block after the cursor: does another one?

        Then the first is doubted, and the next step is taken with the other.
        """
        number = self.position.number
        sight = await self._puller.look(number)
        return sight.head.number > number or await self._puller.overtaken(sight, number + 1)

    async def _stand_still(self, sight: Sight) -> bool:
        now = asyncio.get_running_loop().time()
        if now - self._moved_at < STILL_SECONDS:
            return False
        self._moved_at = now
        return await self._puller.overtaken(sight, self.position.number + 1)

    def _is_far(self, sight: Sight) -> bool:
        """Whether the head is so far above that the past shall wait, and our last block stands.

        What lies between cursor and head has not been seen, so a branch that begins there is
        found by the cursor's own block: a node that does not show it settles nothing.
        """
        at_cursor = sight.at_cursor.hash if sight.at_cursor else ""
        distance = sight.head.number - self.position.number
        return distance > self._jump_blocks + self._limit and self.position.hash in ("", at_cursor)

    async def _jump(self, sight: Sight) -> None:
        """Go on just below every reorganisation that may come. What is left out is a gap."""
        number = sight.head.number - self._limit
        header = await landing(self._nodes, sight, number)
        log.info("jumped", from_block=self.position.number, to_block=number, head=sight.head.number)
        try:
            await self._store.run(ingest.jump, self._chain_id, header, lease=self._lease)
        except ingest.StaleCursor as error:
            log.warning("stale_cursor", reason=str(error))
            await self.load()
            return
        self.jumped = True
        self.position = Position(number, header.hash, Window(number, (header.hash,)))
        self._moved_at = asyncio.get_running_loop().time()

    async def _next(self, sight: Sight) -> Segment:
        """Linked blocks near the head, so that the window is without holes; else a wide range."""
        first = self.position.number + 1
        missing = sight.head.number - first + 1
        if missing > max(LINKED_BLOCKS, self._limit):
            return await self._puller.span(
                first, sight.head.number - self._limit, client=sight.client
            )
        return await self._puller.linked(first, sight.head.number, client=sight.client)

    async def _reorganise(self, sight: Sight, top: Header) -> bool:
        """`top` stands where we hold another block: find where the branches part and replay."""
        at = self.position
        log.warning(
            "branch_seen",
            block=top.number,
            endpoint=sight.client.host,
            theirs=top.hash,
            ours=at.hash,
        )
        if not await self._puller.agrees(sight, top, ours=at.window.hash_of(top.number)):
            raise NoEvidence(
                f"two readings of block {top.number} differ; nothing is rolled back on one of them",
                endpoint=sight.client.host,
            )
        verdict = await parting(sight.client, top, at.window)
        if isinstance(verdict, TooDeep):
            raise self._too_deep(verdict)
        return await self._replay(sight, verdict.to_number)

    async def _replay(self, sight: Sight, to_number: int) -> bool:
        first = to_number + 1
        if sight.head.number < first:
            await self._wind_back(to_number)
            return True
        segment = await self._puller.linked(first, sight.head.number, client=sight.client)
        if segment.headers[0].parent_hash != self.position.window.hash_of(to_number):
            with blamed(sight.client):
                raise NoEvidence("the branch changed meanwhile")
        depth = self.position.number - to_number
        log.warning("reorganised", depth=depth, to_block=to_number, new_head=segment.to_block)
        await self._commit(segment, roll_back_to=to_number)
        return True

    async def _look_behind(self, sight: Sight) -> bool:
        """The head is below our cursor: a node that is late, or a chain that was wound back."""
        if await self._puller.overtaken(sight, self.position.number):
            return True
        ours = self.position.window.hash_of(sight.head.number)
        now = asyncio.get_running_loop().time()
        if self._behind is None or self._behind[0] != sight.head:
            self._behind = (sight.head, now, 0)
        head, since, readings = self._behind
        self._behind = (head, since, readings + 1)
        if ours is None or readings < WOUND_BACK_READINGS or now - since < WOUND_BACK_SECONDS:
            return False
        if await self._puller.agrees(sight, sight.head, ours=None) and (
            await self._puller.lacks(sight, self.position.number)
        ):
            await self._wind_back(sight.head.number)
        return False

    async def _wind_back(self, to_number: int) -> None:
        log.warning("wound_back", from_block=self.position.number, to_block=to_number)
        committed = await self._store.run(
            ingest.roll_back, self._chain_id, to_number, lease=self._lease
        )
        window = self.position.window.roll_back(to_number)
        self.position = Position(to_number, window.hash_of(to_number) or "", window)
        self._behind = None
        empty = Segment(self._chain_id, to_number + 1, to_number, (), (), frozenset(), "")
        self._on_commit(empty, committed)

    async def _commit(self, segment: Segment, *, roll_back_to: int | None = None) -> bool:
        try:
            committed = await self._store.run(
                ingest.append, segment, lease=self._lease, roll_back_to=roll_back_to
            )
        except ingest.StaleCursor as error:
            log.warning("stale_cursor", reason=str(error))
            await self.load()
            return False
        except BadSegment as error:
            raise RpcError(f"the answer contradicts itself: {error}") from error
        window = self.position.window
        if roll_back_to is not None:
            window = window.roll_back(roll_back_to)
        last = segment.headers[-1]
        self.position = Position(last.number, last.hash, self._grown(window, segment))
        self._behind = None
        self._moved_at = asyncio.get_running_loop().time()
        self._on_commit(segment, committed)
        return True

    def _grown(self, window: Window, segment: Segment) -> Window:
        """The window after a segment; it starts afresh above every block whose hash is missing."""
        for header in segment.headers[-self._limit :]:
            if header.number != window.last + 1:
                window = Window(header.number, ())
            window = window.append(header, limit=self._limit)
        return window

    def _too_deep(self, verdict: TooDeep) -> ReorganisedTooDeep:
        return ReorganisedTooDeep(
            f"the chain was reorganised by more than {verdict.depth - 1} blocks below block "
            f"{self.position.number}, deeper than may be repaired unasked (REORG_WINDOW); nothing "
            "is written until an operator has rolled the database back, or begins a new one"
        )
