"""The listener worker: wakes up, has the follower take its steps, and tells what was committed.

Owns the process's life: recognising the chain, the lease (a second listener stands by), upkeep,
the status row, and stopping in order. Steps themselves are `follower`'s, data come by `puller`.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Final

import structlog
from django.db import DatabaseError

from pools import leases
from pools.ingest import Committed
from pools.leases import LeaseToken, LostLease
from pools.segments import Segment

from . import status
from .announcer import Announcer
from .backoff import Backoff
from .chain import ContractSetting, recognise
from .connection import ConnectionManager, State, Statistics, Timing
from .errors import NoEvidence, RpcError, WrongChain
from .follower import Follower, ReorganisedTooDeep
from .nodes import Nodes
from .optimistic import Hints
from .puller import Puller
from .redaction import Redactor
from .rpc import open_session
from .store import DatabaseAway, Store, last_seq
from .stream import Connector, open_socket
from .wire import LogJson, quantity

log = structlog.get_logger(__name__)

LEASE: Final = "listener"
LEASE_SECONDS: Final = 15.0
UPKEEP_SECONDS: Final = 5.0
STANDBY_SECONDS: Final = 2.0
POLL_SECONDS: Final = 3.0
POLL_ALONE_SECONDS: Final = 1.0  # without a live socket
QUIET_SECONDS: Final = 1.0  # the least time between two status rows
FIRST_RETRY_SECONDS: Final = 0.05
LONGEST_RETRY_SECONDS: Final = 5.0
PATIENT_TRIES: Final = 5


@dataclass(frozen=True, slots=True)
class Config:
    """What the listener takes from the settings."""

    chain_id: int | None
    http_urls: Sequence[str]
    ws_urls: Sequence[str]
    contracts: Sequence[ContractSetting]
    reorg_window: int
    optimistic: bool
    timing: Timing


class Listener:
    """One listener process. `run` until `stop`."""

    def __init__(
        self, config: Config, *, random: Random | None = None, connector: Connector = open_socket
    ) -> None:
        self._config = config
        self._random = random or Random()  # noqa: S311 - jitter, nothing secret
        self._connector = connector
        self._redact = Redactor([*config.http_urls, *config.ws_urls])
        self._stopping = asyncio.Event()
        self._wake = asyncio.Event()
        self._changed = asyncio.Event()
        self._announced = -1
        self._last_head = -1
        self._look = False
        self._notified = -1
        self._progress = status.Progress()
        self._announcer = Announcer()
        self._store = Store(random=self._random)
        self._nodes: Nodes
        self._chain_id: int
        self._connection: ConnectionManager | None = None
        self._hints: Hints | None = None
        self._follower: Follower | None = None

    def stop(self) -> None:
        """Finish the step that is being written, give the lease back, and return from `run`."""
        self._stopping.set()

    async def run(self) -> None:
        """Follow the chain until `stop`. Raises Misconfigured or WrongChain at the start."""
        work = asyncio.create_task(self._work(), name="listener")
        stop = asyncio.create_task(self._stopping.wait(), name="listener-stop")
        try:
            await asyncio.wait({work, stop}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._stopping.set()
            stop.cancel()
            work.cancel()
            await asyncio.wait({work})
            await self._store.close()
        if not work.cancelled():
            work.result()
        log.info("listener_stopped")

    async def _work(self) -> None:
        async with open_session() as session:
            self._nodes = Nodes(self._config.http_urls, session=session, redact=self._redact)
            self._chain_id, addresses = await recognise(
                self._nodes,
                self._store,
                chain_id=self._config.chain_id,
                contracts=self._config.contracts,
                waits=self._wait_for_node,
            )
            backoff = Backoff(first=1.0, longest=30.0, random=self._random)
            while not self._stopping.is_set():
                try:
                    await self._take_turn(addresses)
                except DatabaseAway as error:
                    delay = backoff.next_delay()
                    log.error("listener_without_database", reason=str(error), seconds=delay)
                    await asyncio.sleep(delay)

    async def _wait_for_node(self, error: RpcError) -> None:
        self._progress.failed_polls += 1
        self._progress.problem = str(error)
        await self._store.run(status.write, self._describe())
        await asyncio.sleep(self._random.uniform(0.5, 1.0) * POLL_SECONDS)

    async def _take_turn(self, addresses: list[str]) -> None:
        """Stand by until the lease is free, then lead until it is lost."""
        who = leases.holder()
        lease = await self._store.run(leases.acquire, LEASE, holder=who, seconds=LEASE_SECONDS)
        if lease is None:
            await asyncio.sleep(self._random.uniform(0.5, 1.0) * STANDBY_SECONDS)
            return
        log.info("listener_leads", holder=who, token=lease.token)
        try:
            await self._lead(lease, addresses)
        except* LostLease as lost:
            log.warning("listener_stands_back", reason=str(lost.exceptions[0]))
        except* DatabaseAway as away:
            raise DatabaseAway(str(away.exceptions[0])) from None
        finally:
            await self._step_down(lease)

    async def _lead(self, lease: LeaseToken, addresses: list[str]) -> None:
        self._prepare(lease, addresses)
        assert self._follower is not None  # noqa: S101 - just prepared
        await self._follower.load()
        # What was committed but not told before a crash is told now.
        self._announcer.sequence(await self._store.run(last_seq, self._chain_id))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._announcer.run(), name="announcer")
            tasks.create_task(self._keep_lease(lease), name="lease")
            tasks.create_task(self._keep_status(), name="status")
            if self._connection is not None:
                tasks.create_task(self._connection.run(), name="connection")
            if self._hints is not None:
                tasks.create_task(self._keep_hints(self._hints), name="hints")
            tasks.create_task(self._follow(), name="follower")

    def _prepare(self, lease: LeaseToken, addresses: list[str]) -> None:
        puller = Puller(self._nodes, chain_id=self._chain_id, addresses=addresses)
        self._follower = Follower(
            chain_id=self._chain_id,
            puller=puller,
            store=self._store,
            lease=lease,
            reorg_window=self._config.reorg_window,
            on_commit=self._committed,
        )
        self._announced = -1
        self._hints = None
        self._connection = None
        if self._config.optimistic:
            self._hints = Hints(
                addresses=addresses, announce=self._announcer.hint, retract=self._announcer.unhint
            )
        if self._config.ws_urls:
            self._connection = ConnectionManager(
                self._config.ws_urls,
                addresses=addresses,
                redact=self._redact,
                timing=self._config.timing,
                random=self._random,
                connector=self._connector,
            )
            self._connection.chain_id = self._chain_id
            self._connection.subscribe("head", self._on_head)
            self._connection.subscribe("log", self._on_log)
            self._connection.subscribe("state", self._on_state)

    async def _step_down(self, lease: LeaseToken) -> None:
        """Give the lease back and say that we are gone; a dead database may keep both."""
        try:
            async with asyncio.timeout(2.0):
                if self._stopping.is_set():
                    await self._announcer.flush()
                    await self._store.run(status.write, status.offline(self._describe()))
                await self._store.run(leases.release, lease)
                if self._stopping.is_set():
                    self._announcer.status()
                    await self._announcer.flush()
        except (DatabaseAway, DatabaseError, TimeoutError) as error:
            log.warning("lease_not_released", reason=str(error))

    # What the socket says: wake-ups and hints

    def _on_head(self, number: int) -> None:
        if number <= self._last_head:
            self._look = True  # a height for the second time: perhaps another block
        self._last_head = number
        self._announced = max(self._announced, number)
        self._progress.saw_head(number)
        self._wake.set()

    def _on_log(self, entry: LogJson) -> None:
        follower = self._follower
        if self._hints is not None and follower is not None:
            now = asyncio.get_running_loop().time()
            self._hints.heard(entry, window=follower.position.window, now=now)
        try:
            self._notified = max(self._notified, quantity(entry.block_number))
        except ValueError:
            return  # unreadable: not even a wake-up
        self._look = self._look or entry.removed
        self._announced = max(self._announced, self._notified)
        self._wake.set()

    def _on_state(self, statistics: Statistics) -> None:
        if statistics.state is State.LIVE:
            # A new connection may be to another node than before, or to a chain begun anew.
            self._nodes.distrust()
            self._wake.set()
        self._changed.set()

    # Following

    async def _follow(self) -> None:
        """Take steps for ever: at once while there are more, else at a wake-up or the poll."""
        retries = Backoff(
            first=FIRST_RETRY_SECONDS,
            longest=LONGEST_RETRY_SECONDS,
            random=self._random,
            healthy_after=0.0,
        )
        loop = asyncio.get_running_loop()
        next_poll = 0.0
        while True:
            self._wake.clear()
            try:
                polling = self._look or loop.time() >= next_poll
                self._look = False
                more = await self._step(polling=polling)
            except (ReorganisedTooDeep, WrongChain) as error:
                await self._halt(error)
                next_poll = loop.time() + POLL_SECONDS
            except RpcError as error:
                next_poll = loop.time() + retries.next_delay()
                self._trouble(error, tries=retries.attempts)
            else:
                self._well()
                if more is None:
                    retries.healthy_for(0.0)
                elif more:
                    next_poll = 0.0
                    retries.healthy_for(0.0)
                    continue
                else:
                    next_poll = loop.time() + self._pause(retries)
            await self._sleep_until(next_poll)

    async def _step(self, *, polling: bool) -> bool | None:
        """One step: True if there is more to do, False after a look, None without one."""
        assert self._follower is not None  # noqa: S101 - prepared before the tasks start
        if await self._follower.take_announced(self._announced):
            return None if self._announced <= self._follower.position.number else True
        if not polling and self._announced <= self._follower.position.number:
            return None
        return await self._follower.advance()

    def _pause(self, retries: Backoff) -> float:
        """Seconds until the next look: short while a block was announced that no node gives."""
        assert self._follower is not None  # noqa: S101 - prepared before the tasks start
        if self._announced > self._follower.position.number:
            return retries.next_delay()
        retries.healthy_for(0.0)
        live = self._connection is not None and (self._connection.statistics().state is State.LIVE)
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

    def _committed(self, segment: Segment, committed: Committed) -> None:
        if committed.last_seq >= committed.first_seq:
            self._announcer.sequence(committed.last_seq)
        if self._hints is not None:
            self._hints.committed(segment)
        self._progress.saw_head(segment.to_block)
        if not committed.logs:
            return
        self._progress.events += committed.logs
        self._progress.last_event_at = datetime.now(UTC)
        live = segment.from_block == segment.to_block == self._announced
        if live and self._notified < segment.to_block and self._connection is not None:
            self._connection.note_unannounced_logs()

    # How it goes

    def _well(self) -> None:
        """A step went well: nodes answer and the database stores."""
        assert self._follower is not None  # noqa: S101 - prepared before the tasks start
        if self._follower.head is not None:
            self._progress.saw_head(self._follower.head)
            if self._connection is not None:
                self._connection.note_head(self._follower.head)
        self._progress.polling = self._follower.endpoint
        if self._progress.polling_since is None:
            self._progress.polling_since = datetime.now(UTC)
            self._changed.set()
        self._progress.failed_polls = 0
        if self._progress.problem:
            log.info("listener_well_again", after=self._progress.problem)
            self._progress.problem = ""
            self._progress.stopped = False
            self._changed.set()

    def _trouble(self, error: RpcError, *, tries: int) -> None:
        """No usable answer this time. A node that is a moment late is not worth a word."""
        if isinstance(error, NoEvidence) and tries < PATIENT_TRIES:
            return
        self._progress.failed_polls += 1
        self._progress.polling_since = None
        self._say(str(error), stopped=False)

    async def _halt(self, error: ReorganisedTooDeep | WrongChain) -> None:
        """A person has to decide: say so loudly, write nothing, and look again later."""
        assert self._follower is not None  # noqa: S101 - prepared before the tasks start
        self._say(str(error), stopped=True)
        self._announced = -1
        await self._follower.load()  # an operator may have moved the cursor meanwhile

    def _say(self, sentence: str, *, stopped: bool) -> None:
        if (sentence, stopped) == (self._progress.problem, self._progress.stopped):
            return
        self._progress.problem = sentence
        self._progress.stopped = stopped
        if stopped:
            log.critical("listener_needs_a_person", reason=sentence)
        else:
            log.warning("listener_in_trouble", reason=sentence)
        self._changed.set()

    # Upkeep

    async def _keep_lease(self, lease: LeaseToken) -> None:
        while True:
            await asyncio.sleep(UPKEEP_SECONDS)
            await self._store.run(leases.renew, lease, seconds=LEASE_SECONDS)

    async def _keep_status(self) -> None:
        while True:
            self._changed.clear()
            await self._store.run(status.write, self._describe())
            self._announcer.status()
            await asyncio.sleep(QUIET_SECONDS)
            try:
                async with asyncio.timeout(UPKEEP_SECONDS - QUIET_SECONDS):
                    await self._changed.wait()
            except TimeoutError:
                pass  # once in a while without a change, to show that we are there

    async def _keep_hints(self, hints: Hints) -> None:
        while True:
            await asyncio.sleep(1.0)
            hints.expire(now=asyncio.get_running_loop().time())

    def _describe(self) -> status.StatusRow:
        now = asyncio.get_running_loop().time()
        return status.describe(
            self._progress,
            self._connection.statistics() if self._connection is not None else None,
            latency=self._nodes.pool.best(now=now).latency,
            most_attempts=self._config.timing.max_reconnect_attempts,
        )
