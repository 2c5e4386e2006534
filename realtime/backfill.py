"""Closes gaps in the past: pulls uncovered ranges, requested scans and the last blocks once more.

Runs as a Celery task and as a command, under a lease of its own, beside the listener and never in
its way: everything here is at or below the cursor. Stores through `ingest.fill` only.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from random import Random
from typing import Final

import structlog

from pools import ingest, leases
from pools.ingest import Contradiction, StaleCursor
from pools.leases import LeaseToken
from pools.models import HistoricalScan
from pools.segments import BadSegment, Segment

from . import publisher
from .chain import recognise
from .configuration import Config
from .errors import RpcError
from .follower import Follower, ReorganisedTooDeep
from .listener import LEASE, LEASE_SECONDS
from .nodes import Nodes
from .puller import LINKED_BLOCKS, Puller
from .redaction import Redactor
from .rpc import RpcClient, open_session
from .scans import Task, begin, due_for_rescan, end, requested_scans, tasks_for_gaps
from .store import Store

log = structlog.get_logger(__name__)

BACKFILL_LEASE: Final = "backfill"
BACKFILL_SECONDS: Final = 120.0
RECENT_BLOCKS: Final = 100

Progress = Callable[[int, int, int], None]


class BackfillFailed(Exception):
    """The work could not be finished; the sentence says why. What was stored stays."""


@dataclass(slots=True)
class Totals:
    """What one run did."""

    blocks: int = 0
    events: int = 0


class Backfill:
    """One run of the backfill, with its nodes and its lease. Make it with `opened`."""

    def __init__(
        self,
        *,
        chain_id: int,
        nodes: Nodes,
        store: Store,
        lease: LeaseToken,
        progress: Progress,
        addresses: list[str],
        reorg_window: int,
    ) -> None:
        self.chain_id = chain_id
        self.totals = Totals()
        self._nodes = nodes
        self._store = store
        self._lease = lease
        self._progress = progress
        self._addresses = addresses
        self._reorg_window = reorg_window

    async def catch_up(self) -> None:
        """Where no listener is at work, do its work up to the head: a gap above the cursor.

        Raises RpcError, ReorganisedTooDeep and what the store raises.
        """
        lease = await self._store.run(
            leases.acquire, LEASE, holder=leases.holder(), seconds=LEASE_SECONDS
        )
        if lease is None:
            return
        follower = Follower(
            chain_id=self.chain_id,
            puller=Puller(self._nodes, chain_id=self.chain_id, addresses=self._addresses),
            store=self._store,
            lease=lease,
            reorg_window=self._reorg_window,
            on_commit=lambda segment, committed: self._count(segment, committed.logs),
        )
        try:
            await follower.load()
            while await follower.advance():
                await self._store.run(leases.renew, lease, seconds=LEASE_SECONDS)
        finally:
            await self._store.run(leases.release, lease)

    async def close_gaps(
        self,
        *,
        contract: str | None = None,
        from_block: int | None = None,
        to_block: int | None = None,
    ) -> None:
        """Fill every uncovered range between the bounds. Raises BackfillFailed after the last."""
        await self._scan_each(
            await self._store.run(
                tasks_for_gaps,
                self.chain_id,
                contract=contract,
                from_block=from_block,
                to_block=to_block,
            )
        )

    async def fill_past(self, *, until: float) -> None:
        """Close gaps and do the scans that were asked for; stop after the loop time `until`.

        Gaps that failed last time come last. Raises BackfillFailed at the end.
        """
        found = await self._store.run(tasks_for_gaps, self.chain_id)
        requested = await self._store.run(requested_scans, self.chain_id)
        fresh = [task for task in found if not task.failed_before]
        failed = [task for task in found if task.failed_before]
        await self._scan_each([*fresh, *requested, *failed], until=until)

    async def rescan_recent(self) -> None:
        """Once an hour, ask for the last blocks again, of another node if there is one: late logs.

        Raises BackfillFailed.
        """
        due = await self._store.run(due_for_rescan, self.chain_id)
        if not due:
            return
        try:
            first = await self._nodes.best()
            client = await self._nodes.second(first) or first
            sight = await Puller(self._nodes, chain_id=self.chain_id, addresses=()).look(0)
        except RpcError as error:
            raise BackfillFailed(str(error)) from None
        tasks = []
        for contract, cursor in due:
            last = min(cursor, sight.head.number)
            start = max(contract.start_block, last - RECENT_BLOCKS + 1)
            if start <= last:
                scan = HistoricalScan(
                    contract=contract,
                    kind=HistoricalScan.Kind.RESCAN,
                    from_block=start,
                    to_block=last,
                )
                tasks.append(Task(contract, scan))
        await self._scan_each(tasks, client=client)

    async def _scan_each(
        self, tasks: list[Task], *, until: float | None = None, client: RpcClient | None = None
    ) -> None:
        """One after the other, whatever becomes of each; begin none when the time is up."""
        failures = []
        for task in tasks:
            if _is_past(until):
                break
            if error := await self._scan(task, until=until, client=client):
                failures.append(f"blocks {task.scan.from_block} to {task.scan.to_block}: {error}")
        if failures:
            others = f" (and {len(failures) - 1} ranges more)" if len(failures) > 1 else ""
            raise BackfillFailed(failures[0] + others)

    async def _scan(self, task: Task, *, until: float | None, client: RpcClient | None) -> str:
        """Pull and fill one range, piece by piece; returns why it failed, if it did.

        Whatever else ends it (a lost lease, the end of the process) leaves the row as RUNNING:
        whoever holds the lease next takes it up.
        """
        scan = task.scan
        puller = Puller(self._nodes, chain_id=self.chain_id, addresses=[task.contract.address])
        asked = sum(client.requests for client in self._nodes.clients)
        hosts: set[str] = set()
        await self._store.run(begin, scan)
        at = scan.from_block
        error = ""
        try:
            while at <= scan.to_block:
                segment = await self._pull(puller, scan, at, client)
                hosts.add(segment.endpoint)
                await self._fill(task, segment)
                at = segment.to_block + 1
                if _is_past(until):
                    break
        except (RpcError, Contradiction, StaleCursor, BadSegment) as failure:
            error = str(failure)
            log.warning("scan_failed", kind=str(scan.kind), at=at, reason=error)
        scan.error = error[:400]
        scan.requests = sum(client.requests for client in self._nodes.clients) - asked
        scan.retries = puller.retries
        scan.endpoints = ", ".join(sorted(hosts))[:400]
        await self._store.run(end, scan, done_to=at - 1)
        return error

    async def _pull(
        self, puller: Puller, scan: HistoricalScan, at: int, client: RpcClient | None
    ) -> Segment:
        """Wide ranges for the past; for a re-scan every header, so that each bloom is heard."""
        if scan.kind == HistoricalScan.Kind.RESCAN:
            last = min(scan.to_block, at + LINKED_BLOCKS - 1)
            return await puller.linked(at, last, client=client)
        return await puller.span(at, scan.to_block, client=client)

    async def _fill(self, task: Task, segment: Segment) -> None:
        await self._store.run(leases.renew, self._lease, seconds=BACKFILL_SECONDS)
        filled = await self._store.run(
            ingest.fill, segment, task.contract, lease=self._lease, scan=task.scan
        )
        task.scan.events_found += filled.logs
        if filled.logs:
            await publisher.announce_sequence(filled.last_seq)
        if filled.surplus:
            log.error(
                "logs_that_the_node_does_not_know",
                endpoint=segment.endpoint,
                from_block=segment.from_block,
                to_block=segment.to_block,
                logs=filled.surplus,
            )
        if task.scan.kind == HistoricalScan.Kind.RESCAN and filled.logs:
            log.warning("late_logs", logs=filled.logs, to_block=segment.to_block)
        self._count(segment, filled.logs)

    def _count(self, segment: Segment, logs: int) -> None:
        self.totals.blocks += segment.to_block - segment.from_block + 1
        self.totals.events += logs
        self._progress(segment.to_block, self.totals.blocks, self.totals.events)


@asynccontextmanager
async def opened(
    config: Config, store: Store, *, progress: Progress = lambda *_: None
) -> AsyncIterator[Backfill | None]:
    """A backfill with its lease; None while another one is running.

    Raises Misconfigured and RpcError when the chain cannot be recognised.
    """

    async def not_waiting(error: RpcError) -> None:
        raise error

    redact = Redactor([*config.http_urls, *config.ws_urls])
    async with open_session() as session:
        nodes = Nodes(config.http_urls, session=session, redact=redact)
        lease = await store.run(
            leases.acquire, BACKFILL_LEASE, holder=leases.holder(), seconds=BACKFILL_SECONDS
        )
        if lease is None:
            yield None
            return
        try:
            chain_id, addresses = await recognise(
                nodes,
                store,
                chain_id=config.chain_id,
                contracts=config.contracts,
                reorg_window=config.reorg_window,
                waits=not_waiting,
            )
            yield Backfill(
                chain_id=chain_id,
                nodes=nodes,
                store=store,
                lease=lease,
                progress=progress,
                addresses=addresses,
                reorg_window=config.reorg_window,
            )
        except ReorganisedTooDeep as error:
            raise BackfillFailed(str(error)) from None
        finally:
            await store.run(leases.release, lease)


def _is_past(until: float | None) -> bool:
    return until is not None and asyncio.get_running_loop().time() > until


def new_store() -> Store:
    """A database thread for one run."""
    return Store(random=Random())  # noqa: S311 - jitter, nothing secret
