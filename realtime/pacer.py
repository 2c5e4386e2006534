"""When to take a step: at the word of the socket, and by the clock when there is none.

A notification only wakes; the follower asks for itself. Polling goes on beside a live socket, so
that a silent one costs seconds, and failures are met with jitter and a cap.
"""

import asyncio
from enum import Enum, auto
from random import Random
from typing import Final

from pools.segments import Segment

from .backoff import Backoff
from .connection import ConnectionManager
from .errors import NoEvidence, RpcError, WrongChain
from .follower import Follower, ReorganisedTooDeep
from .report import Report
from .silence import MOST_AHEAD
from .statistics import State, Statistics
from .wire import LogJson, quantity

POLL_SECONDS: Final = 3.0
POLL_ALONE_SECONDS: Final = 1.0  # without a live socket
FIRST_RETRY_SECONDS: Final = 0.05
LONGEST_RETRY_SECONDS: Final = 5.0
PATIENT_TRIES: Final = 5  # a node that is a moment late is not worth a word
MOST_TRIES: Final = 10  # for a block that was announced: then it is left to the poll


class _Step(Enum):
    NONE = auto()  # nothing was asked: the wake-up told of nothing new
    TAKEN = auto()  # the announced block is stored
    MORE = auto()  # there is more to do at once
    SETTLED = auto()  # the node has shown that there is nothing to do


class Pacer:
    """Has one follower take its steps until it is cancelled."""

    def __init__(
        self,
        follower: Follower,
        *,
        connection: ConnectionManager | None,
        report: Report,
        random: Random,
    ) -> None:
        self.follower = follower
        self._connection = connection
        self._report = report
        self._wake = asyncio.Event()
        self._announced = -1  # the highest block that the socket told of
        self._last_head = -1
        self._last_log = -1  # the highest block of which a log was told
        self._look = False  # something looks odd: ask without waiting for the poll
        self._retries = Backoff(
            first=FIRST_RETRY_SECONDS,
            longest=LONGEST_RETRY_SECONDS,
            random=random,
            healthy_after=0.0,
        )
        if connection is not None:
            connection.subscribe("head", self._on_head)
            connection.subscribe("log", self._on_log)
            connection.subscribe("state", self._on_state)

    async def run(self) -> None:
        """Take steps: at once while there are more, else at a wake-up or when the poll is due."""
        loop = asyncio.get_running_loop()
        next_poll = 0.0
        while True:
            self._wake.clear()
            polling = self._look or loop.time() >= next_poll
            self._look = False
            try:
                step = await self._take(polling=polling)
            except (ReorganisedTooDeep, WrongChain) as error:
                await self._halt(error)
                next_poll = loop.time() + POLL_SECONDS
            except RpcError as error:
                next_poll = loop.time() + self._retries.next_delay()
                if not isinstance(error, NoEvidence) or self._retries.attempts >= PATIENT_TRIES:
                    self._report.trouble(str(error))
            else:
                if step is not _Step.NONE:
                    self._well()
                if step is _Step.MORE:
                    next_poll = 0.0
                    continue
                if step is _Step.SETTLED:
                    next_poll = loop.time() + self._pause()
            await self._sleep_until(next_poll)

    def stored_logs(self, segment: Segment) -> None:
        """Our logs were committed: if the socket told of the block, did it tell of them too?"""
        live = segment.from_block == segment.to_block == self._announced
        if live and self._last_log < segment.to_block and self._connection is not None:
            self._connection.note_unannounced_logs()

    def _on_head(self, number: int) -> None:
        if number <= self._last_head:
            self._look = True  # a height for the second time: perhaps another block
        self._last_head = number
        self._announced = max(self._announced, number)
        self._report.progress.saw_head(number)
        self._wake.set()

    def _on_log(self, entry: LogJson) -> None:
        try:
            number = quantity(entry.block_number)
        except ValueError:
            return  # unreadable: not even a wake-up
        if number > max(self.follower.head or number, self.follower.position.number) + MOST_AHEAD:
            return
        self._look = self._look or entry.removed
        self._last_log = max(self._last_log, number)
        self._announced = max(self._announced, number)
        self._wake.set()

    def _on_state(self, statistics: Statistics) -> None:
        if statistics.state is State.LIVE:
            self._look = True  # whatever came while there was no socket
            self._wake.set()

    async def _take(self, *, polling: bool) -> _Step:
        if await self.follower.take_announced(self._announced):
            return _Step.MORE if self._is_behind() else _Step.TAKEN
        if not polling and not self._is_behind():
            return _Step.NONE
        if await self.follower.advance():
            return _Step.MORE
        if self._is_behind():
            return await self._miss_announced()
        return _Step.SETTLED

    async def _miss_announced(self) -> _Step:
        """The best node does not give what was announced: late, stuck, or the word was false."""
        tries = self._retries.attempts
        if tries >= PATIENT_TRIES and await self.follower.look_elsewhere():
            return _Step.MORE
        if tries >= MOST_TRIES:
            self._announced = self.follower.position.number
        return _Step.SETTLED

    def _is_behind(self) -> bool:
        return self._announced > self.follower.position.number

    def _pause(self) -> float:
        """Seconds until the next look: short while a block was announced that no node gives."""
        if self._is_behind():
            return self._retries.next_delay()
        live = self._connection is not None and self._connection.state is State.LIVE
        return POLL_SECONDS if live else POLL_ALONE_SECONDS

    async def _sleep_until(self, moment: float) -> None:
        delay = moment - asyncio.get_running_loop().time()
        if delay <= 0:
            return
        try:
            async with asyncio.timeout(delay):
                await self._wake.wait()
        except TimeoutError:
            pass  # the poll is due

    def _well(self) -> None:
        """A step went well: nodes answer and the database stores."""
        if not self._is_behind():
            self._retries.healthy_for(0.0)
        if self._connection is not None and self.follower.head is not None:
            self._connection.note_head(self.follower.head)
        self._report.well(head=self.follower.head, endpoint=self.follower.endpoint)

    async def _halt(self, error: ReorganisedTooDeep | WrongChain) -> None:
        """A person has to decide: say so loudly, write nothing, and look again later."""
        self._report.needs_a_person(str(error))
        self._announced = -1
        await self.follower.load()  # an operator may have moved the cursor meanwhile
