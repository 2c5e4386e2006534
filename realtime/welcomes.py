"""What a browser is given when it comes: made once for all who come at the same time.

Two things: a snapshot for those who were away too long, and how things stand for everyone. Both are
read in the hub's thread and kept for as long as somebody of that audience is here.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import Any, NamedTuple

from realtime import metrics
from realtime.frames import Audience, Frame, Ring
from realtime.source import Snapshot, Source

LONGEST_CATCH_UP = 32  # frames that may follow a snapshot made for somebody else

InThread = Callable[[Callable[[], Any]], Awaitable[Any]]


class Standing(NamedTuple):
    """How things stood when everything up to `as_of` had been told."""

    as_of: int
    text: str


class Welcomes:
    """Snapshots and standings of one hub, by audience."""

    def __init__(self, source: Source, ring: Ring, in_thread: InThread) -> None:
        self._source = source
        self._ring = ring
        self._in_thread = in_thread
        self._snapshots: dict[Audience, Snapshot] = {}
        self._standings: dict[tuple[Audience, bool], Standing] = {}
        self._making = asyncio.Lock()  # whoever waited for it finds the thing made

    async def snapshot(self, audience: Audience) -> Snapshot:
        """The lists as of a number from which the ring goes on, perhaps after one more look."""
        async with self._making:
            snapshot = self._snapshots.get(audience)
            missed = self._ring.since(snapshot.seq) if snapshot else None
            if snapshot is None or missed is None or len(missed) > LONGEST_CATCH_UP:
                snapshot = await self._in_thread(partial(self._source.snapshot, audience))
                self._snapshots[audience] = snapshot
            metrics.SNAPSHOTS.inc()
            return snapshot

    def standing(self, audience: Audience, *, more: bool, seen: int) -> Standing | None:
        """What was made already, unless it is older than what this browser has seen.

        With `more` it holds the lists of which the frames missed tell only a part.
        """
        standing = self._standings.get((audience, more))
        return standing if standing is not None and standing.as_of >= seen else None

    async def make_standing(self, audience: Audience, *, more: bool) -> None:
        async with self._making:
            as_of = self._ring.last_seq
            if self.standing(audience, more=more, seen=as_of) is None:
                make = partial(self._source.standing, audience, as_of=as_of, with_lists=more)
                # It may be newer than `as_of`, never older: the frames after `as_of` follow it.
                self._standings[audience, more] = Standing(as_of, await self._in_thread(make))

    def forget(self, audience: Audience) -> None:
        """Nobody of this audience is left."""
        self._snapshots.pop(audience, None)
        self._standings.pop((audience, False), None)
        self._standings.pop((audience, True), None)

    def forget_standings(self) -> None:
        """How things stand has changed without a frame."""
        self._standings.clear()

    def forget_all(self) -> None:
        self._snapshots.clear()
        self._standings.clear()


def replay(missed: Iterable[Frame], audience: Audience, standing: Standing) -> list[str]:
    """The texts of the missed frames, with how things stand put in where it belongs."""
    texts: list[str] = []
    told = False
    for frame in missed:
        if frame.last_seq > standing.as_of and not told:
            texts.append(standing.text)
            told = True
        texts.append(frame.text(audience))
    return texts if told else [*texts, standing.text]
