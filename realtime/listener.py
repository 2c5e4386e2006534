"""The listener worker: recognises the chain, takes the lease, follows, tells what was committed.

Owns the process's life: a second listener stands by; lease and status row are kept; it stops in
order. When to take a step is `pacer`'s part, the steps are `follower`'s, data come by `puller`.
"""

import asyncio
from random import Random
from typing import Final

import structlog
from django.db import DatabaseError

from pools import leases, turns
from pools.ingest import Committed
from pools.leases import LeaseToken, LostLease
from pools.redaction import Redactor
from pools.segments import Segment

from . import status
from .announcer import Announcer
from .backoff import Backoff
from .books import Books
from .chain import recognise
from .configuration import Config
from .connection import ConnectionManager
from .errors import RpcError
from .follower import Follower
from .nodes import Nodes
from .optimistic import Hints
from .pacer import Pacer
from .puller import Puller
from .report import Report
from .rpc import open_session
from .statistics import State, Statistics
from .store import DatabaseAway, Store, last_seq
from .stream import Connector, open_socket
from .wire import LogJson

log = structlog.get_logger(__name__)

LEASE: Final = "listener"
LEASE_SECONDS: Final = 15.0
UPKEEP_SECONDS: Final = 5.0
STANDBY_SECONDS: Final = 2.0
NODE_AWAY_SECONDS: Final = 3.0
QUIET_SECONDS: Final = 1.0  # the least time between two status rows


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
        self._stands_by = False  # said once, not at each look
        self._report = Report()
        self._announcer = Announcer()
        self._store = Store(random=self._random, turn=turns.going_first)
        self._nodes: Nodes
        self._chain_id: int
        self._connection: ConnectionManager | None = None
        self._hints: Hints | None = None
        self._follower: Follower | None = None
        self._pacer: Pacer | None = None
        self._books: Books

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
            addresses: list[str] | None = None
            backoff = Backoff(first=1.0, longest=30.0, random=self._random)
            loop = asyncio.get_running_loop()
            while not self._stopping.is_set():
                started = loop.time()
                try:
                    if addresses is None:
                        addresses = await self._recognise()
                    await self._take_turn(addresses)
                except DatabaseAway as error:
                    backoff.healthy_for(loop.time() - started)
                    await self._say_database_is_away(error)
                    await asyncio.sleep(backoff.next_delay())

    async def _recognise(self) -> list[str]:
        self._chain_id, addresses = await recognise(
            self._nodes,
            self._store,
            chain_id=self._config.chain_id,
            contracts=self._config.contracts,
            reorg_window=self._config.reorg_window,
            waits=self._wait_for_node,
        )
        return addresses

    async def _wait_for_node(self, error: RpcError) -> None:
        self._report.trouble(str(error))
        await self._store.run(status.write, self._describe())
        await asyncio.sleep(self._random.uniform(0.5, 1.0) * NODE_AWAY_SECONDS)

    async def _say_database_is_away(self, error: DatabaseAway) -> None:
        """To the log, and to the status row in case that writing still works (a full disk)."""
        self._report.cannot_store(str(error))
        try:
            await self._store.run(status.write, self._describe())
        except DatabaseAway:
            pass  # then the row grows old, and its readers know what that means

    async def _take_turn(self, addresses: list[str]) -> None:
        """Stand by until the lease is free, then lead until it is lost."""
        who = leases.holder()
        lease = await self._store.run(leases.acquire, LEASE, holder=who, seconds=LEASE_SECONDS)
        if lease is None:
            if not self._stands_by:
                log.info("listener_stands_by", holder=who, why="another listener has the lease")
            self._stands_by = True
            await asyncio.sleep(self._random.uniform(0.5, 1.0) * STANDBY_SECONDS)
            return
        self._stands_by = False
        log.info("listener_leads", holder=who, token=lease.token)
        away = ""
        try:
            await self._lead(lease, addresses)
        except* LostLease as lost:
            log.warning("listener_stands_back", reason=str(lost.exceptions[0]))
        except* DatabaseAway as group:
            # Before Python 3.11.4 (gh-103590) what is raised in here is wrapped in a group.
            away = str(group.exceptions[0])
        finally:
            await self._step_down(lease)
        if away:
            raise DatabaseAway(away)

    async def _lead(self, lease: LeaseToken, addresses: list[str]) -> None:
        pacer = self._prepare(lease, addresses)
        self._books = Books(lease)
        await pacer.follower.load()
        # What was committed but not told before a crash is told now.
        self._announcer.sequence(await self._store.run(last_seq, self._chain_id))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._announcer.run(), name="announcer")
            tasks.create_task(self._keep_lease(lease), name="lease")
            tasks.create_task(self._keep_status(self._books), name="status")
            if self._connection is not None:
                tasks.create_task(self._connection.run(), name="connection")
            if self._hints is not None:
                tasks.create_task(self._keep_hints(self._hints), name="hints")
            tasks.create_task(pacer.run(), name="follower")

    def _prepare(self, lease: LeaseToken, addresses: list[str]) -> Pacer:
        """Everything afresh for the time of this lease: nothing is known of what others wrote."""
        puller = Puller(self._nodes, chain_id=self._chain_id, addresses=addresses)
        self._follower = Follower(
            chain_id=self._chain_id,
            nodes=self._nodes,
            puller=puller,
            store=self._store,
            lease=lease,
            reorg_window=self._config.reorg_window,
            on_commit=self._committed,
        )
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
            self._connection.subscribe("log", self._on_log)
            self._connection.subscribe("state", self._on_state)
        self._pacer = Pacer(
            self._follower, connection=self._connection, report=self._report, random=self._random
        )
        return self._pacer

    async def _step_down(self, lease: LeaseToken) -> None:
        """Give the lease back and say that we are gone; a dead database may keep both."""
        try:
            async with asyncio.timeout(2.0):
                if self._stopping.is_set():
                    await self._announcer.flush()
                    last = status.offline(self._describe())
                    await self._store.run(self._books.keep, last, self._report.taken_delays())
                await self._store.run(leases.release, lease)
                if self._stopping.is_set():
                    self._announcer.status()
                    await self._announcer.flush()
        except (DatabaseAway, DatabaseError, LostLease, TimeoutError) as error:
            log.warning("lease_not_released", reason=str(error))

    def _on_log(self, entry: LogJson) -> None:
        if self._hints is not None and self._follower is not None:
            now = asyncio.get_running_loop().time()
            self._hints.heard(entry, window=self._follower.position.window, now=now)

    def _on_state(self, statistics: Statistics) -> None:
        if statistics.state is State.LIVE:
            # A new connection may be to another node than before, or to a chain begun anew.
            self._nodes.distrust()
        self._report.changed.set()

    def _committed(self, segment: Segment, committed: Committed) -> None:
        if committed.last_seq >= committed.first_seq:
            self._announcer.sequence(committed.last_seq)
        if self._hints is not None:
            self._hints.committed(segment)
        self._report.stored(committed.logs, up_to=segment.to_block)
        if committed.logs and self._pacer is not None:
            self._pacer.stored_logs(segment)

    # Upkeep

    async def _keep_lease(self, lease: LeaseToken) -> None:
        while True:
            await asyncio.sleep(UPKEEP_SECONDS)
            await self._store.run(leases.renew, lease, seconds=LEASE_SECONDS)

    async def _keep_status(self, books: Books) -> None:
        while True:
            self._report.changed.clear()
            await self._store.run(books.keep, self._describe(), self._report.taken_delays())
            self._announcer.status()
            await asyncio.sleep(QUIET_SECONDS)
            try:
                async with asyncio.timeout(UPKEEP_SECONDS - QUIET_SECONDS):
                    await self._report.changed.wait()
            except TimeoutError:
                pass  # once in a while without a change, to show that we are there

    async def _keep_hints(self, hints: Hints) -> None:
        while True:
            await asyncio.sleep(1.0)
            hints.expire(now=asyncio.get_running_loop().time())

    def _describe(self) -> status.StatusRow:
        now = asyncio.get_running_loop().time()
        return status.describe(
            self._report.progress,
            self._connection.statistics() if self._connection is not None else None,
            latency=self._nodes.pool.best(now=now).latency,
            most_attempts=self._config.timing.max_reconnect_attempts,
        )
