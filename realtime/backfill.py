"""Closes gaps in the past: pulls uncovered ranges, requested scans and the last blocks once more.

Runs as a Celery task and as a command, under a lease of its own, beside the listener and never in
its way: everything here is at or below the cursor. Stores through `ingest` only, in small steps
that can be cut off anywhere: what is left to do is read from the records each time.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import groupby
from random import Random
from typing import Final, TypeVar

import structlog
from django.utils import timezone

from pools import bulk, ingest, leases
from pools.leases import LeaseToken, LostLease
from pools.models import Contract, HistoricalScan
from pools.projecting import Projection
from pools.redaction import Redactor
from pools.selectors.coverage import BACKFILL_LEASE

from . import scans
from .account import Account
from .chain import recognise
from .companions import accompanied, keep_lease
from .configuration import Config
from .endpoint_records import load_endpoints, save_endpoints
from .errors import RpcError
from .filling import Filling, Tally, Workplace
from .follower import Follower
from .history import Unproved
from .listener import LEASE, LEASE_SECONDS
from .nodes import Nodes
from .planning import Task, may_try, recent_blocks, requested_scans, tasks_for_gaps, unfolded
from .puller import Puller
from .rescanning import MOST_BLOCKS, Rescan
from .rpc import open_session
from .store import Store

__all__ = ["BACKFILL_LEASE", "Backfill", "Tally", "new_store", "working"]

log = structlog.get_logger(__name__)
T = TypeVar("T")

BACKFILL_SECONDS: Final = 60.0
LOOK_FOR_LEASE_SECONDS: Final = 0.5
# Beside a busy thread the database thread gets the interpreter back only after this time.
SWITCH_SECONDS: Final = 0.0005
# Above this distance the backfill, which is the faster reader, takes what lies below the head.
CATCH_UP_BLOCKS: Final = 128


class Backfill:
    """One run of the backfill, with its nodes and its lease. `working` makes it.

    `failures` are the ranges that no node could prove.
    """

    def __init__(self, place: Workplace, *, addresses: list[str], reorg_window: int) -> None:
        self.chain_id = place.chain_id
        self.tally = place.tally
        self.failures: list[Unproved] = []
        self._place = place
        self._store = place.store
        self._lease = place.lease
        self._addresses = addresses
        self._reorg_window = reorg_window
        self._began_at = timezone.now()
        self._until: float | None = None

    @property
    def complaint(self) -> str:
        """One sentence about what could not be proved; empty if everything could."""
        if not self.failures:
            return ""
        first, others = self.failures[0], len(self.failures) - 1
        more = f" (and {others} ranges more)" if others else ""
        return f"blocks {first.from_block} to {first.to_block}: {first.reason}{more}"

    async def catch_up(self) -> bool:
        """Where no listener is at work, do its work: follow up to the head, or jump towards it.

        Returns whether it jumped: then fill what was left out, and come again. Raises RpcError,
        ReorganisedTooDeep of `follower`, and what the store raises.
        """
        lease = await self._store.run(
            leases.acquire, LEASE, holder=leases.holder(), seconds=LEASE_SECONDS
        )
        if lease is None:
            return False
        follower = Follower(
            chain_id=self.chain_id,
            nodes=self._place.nodes,
            puller=Puller(self._place.nodes, chain_id=self.chain_id, addresses=self._addresses),
            store=self._store,
            lease=lease,
            reorg_window=self._reorg_window,
            on_commit=lambda segment, committed: self.tally.count(segment, committed.logs),
            jump_blocks=CATCH_UP_BLOCKS,
        )

        async def follow() -> None:
            await follower.load()
            while await follower.advance() and not follower.jumped:
                pass

        try:
            await accompanied(follow(), keep_lease(self._store, lease, seconds=LEASE_SECONDS))
        except LostLease as lost:
            log.info("listener_took_over", reason=str(lost))
        finally:
            await self._store.run(leases.release, lease)
        return follower.jumped

    async def close_gaps(
        self,
        *,
        contract: str | None = None,
        from_block: int | None = None,
        to_block: int | None = None,
    ) -> None:
        """Fill every uncovered range between the bounds, what failed before last."""
        tasks = await self._store.run(
            tasks_for_gaps,
            self.chain_id,
            contract=contract,
            from_block=from_block,
            to_block=to_block,
        )
        await self._do(tasks)

    async def take_turn(self, *, seconds: float) -> bool:
        """The last blocks again, gaps, and scans that were asked for; for so long at most.

        What failed lately may wait for a later turn. Returns whether time was up before the end.
        """
        self._until = asyncio.get_running_loop().time() + seconds
        requested = await self._store.run(requested_scans, self.chain_id)
        await self._do(await self._store.run(recent_blocks, self.chain_id))
        missing = await self._store.run(tasks_for_gaps, self.chain_id)
        await self._do([task for task in (*missing, *requested) if may_try(task)])
        return self._out_of_time()

    async def _do(self, tasks: list[Task]) -> None:
        """One after the other, whatever becomes of each; begin none when the time is up."""
        self.tally.expected += sum(task.blocks for task in tasks)
        for contract, own in groupby(tasks, key=lambda task: task.contract):
            projection = Projection(contract)
            for task in own:
                if self._out_of_time():
                    break
                await self._work_on(task, projection)
                await self._fold(contract, projection)
        for contract in await self._store.run(unfolded, self.chain_id):
            await self._fold(contract, Projection(contract))
        await self._store.run(scans.resolve_closed_gaps, self.chain_id)

    async def _work_on(self, task: Task, projection: Projection) -> None:
        work: Rescan | Filling
        if task.scan.kind == HistoricalScan.Kind.BACKFILL:
            work = Filling(self._place, task, projection)
        elif task.blocks <= MOST_BLOCKS:
            work = Rescan(self._place, task)
        else:
            work = Filling(self._place, task, None)
        await work.run(out_of_time=self._out_of_time)
        self.failures += work.failures

    async def _fold(self, contract: Contract, projection: Projection) -> None:
        """Fold what is stored, and go on behind gaps that are given up."""
        run = self._store.run
        while True:
            while await run(ingest.fold, contract, lease=self._lease, projection=projection):
                if self._out_of_time():  # what is folded is saved; the next turn goes on
                    return
            end = await run(scans.given_up, contract.pk, since=self._began_at)
            if end is None:
                return
            log.warning("gap_passed_over", contract=contract.address, to_block=end)
            await run(ingest.pass_over, contract, end, lease=self._lease)

    def _out_of_time(self) -> bool:
        return self._until is not None and asyncio.get_running_loop().time() > self._until


async def working(
    config: Config,
    store: Store,
    work: Callable[[Backfill], Awaitable[T]],
    *,
    progress: Callable[[Tally], None] = lambda _: None,
    patience: float = 0.0,
    waits: Callable[[], None] = lambda: None,
) -> T | None:
    """Do work with a backfill that has the lease; None if another keeps it for `patience` seconds.

    `waits` is called once if it has to be waited for.
    Raises Misconfigured and RpcError when the chain cannot be recognised, LostLease, what the
    store raises and what `work` raises.
    """
    lease = await _acquired(store, patience, waits)
    if lease is None:
        return None
    account = Account(store)

    async def begin() -> T:
        async with _backfill(config, store, lease, account, Tally(progress)) as backfill:
            return await work(backfill)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_SECONDS)
    try:
        keeper = keep_lease(store, lease, seconds=BACKFILL_SECONDS)
        return await accompanied(begin(), keeper, account.run())
    finally:
        sys.setswitchinterval(interval)
        await store.run(leases.release, lease)
        await account.tell()


async def _acquired(store: Store, patience: float, waits: Callable[[], None]) -> LeaseToken | None:
    until = asyncio.get_running_loop().time() + patience
    waiting = False
    while True:
        lease = await store.run(
            leases.acquire, BACKFILL_LEASE, holder=leases.holder(), seconds=BACKFILL_SECONDS
        )
        if lease is not None or asyncio.get_running_loop().time() >= until:
            return lease
        if not waiting:
            waits()
        waiting = True
        await asyncio.sleep(LOOK_FOR_LEASE_SECONDS)


@asynccontextmanager
async def _backfill(
    config: Config, store: Store, lease: LeaseToken, account: Account, tally: Tally
) -> AsyncIterator[Backfill]:
    async def not_waiting(error: RpcError) -> None:
        raise error

    redact = Redactor([*config.http_urls, *config.ws_urls])
    async with open_session() as session:
        nodes = Nodes(config.http_urls, session=session, redact=redact)
        await store.run(load_endpoints, nodes.pool)
        chain_id, addresses = await recognise(
            nodes,
            store,
            chain_id=config.chain_id,
            contracts=config.contracts,
            reorg_window=config.reorg_window,
            waits=not_waiting,
        )
        await store.run(bulk.expect_much)
        await store.run(scans.settle_interrupted, chain_id)
        place = Workplace(chain_id, nodes, store, lease, account, tally)
        try:
            yield Backfill(place, addresses=addresses, reorg_window=config.reorg_window)
        finally:
            await store.run(save_endpoints, nodes.pool)


def new_store() -> Store:
    """A database thread for one run."""
    return Store(random=Random())  # noqa: S311 - jitter, nothing secret
