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
from django.utils import timezone

from pools import ingest, leases, ranges
from pools.ingest import Contradiction, StaleCursor
from pools.leases import LeaseToken
from pools.models import Contract, CoveredRange, Cursor, HistoricalScan
from pools.segments import BadSegment, Segment

from . import publisher
from .chain import recognise
from .errors import RpcError
from .follower import Follower, ReorganisedTooDeep
from .listener import LEASE, LEASE_SECONDS, Config
from .nodes import Nodes
from .puller import LINKED_BLOCKS, Puller
from .redaction import Redactor
from .rpc import RpcClient, open_session
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


@dataclass(frozen=True, slots=True)
class Task:
    """One closed range of one contract, and the row that keeps account of it."""

    contract: Contract
    scan: HistoricalScan


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
        until: float | None = None,
    ) -> None:
        """Fill every uncovered range between the bounds; stop after the loop time `until`."""
        for found, gap in await self._store.run(
            gaps, self.chain_id, contract=contract, from_block=from_block, to_block=to_block
        ):
            scan = await self._store.run(_new_scan, found, "backfill", gap)
            if not await self._scan(Task(found, scan), until=until):
                return

    async def requested(self, *, until: float | None = None) -> None:
        """Do the scans that somebody asked for by leaving a row."""
        for task in await self._store.run(requested_scans, self.chain_id):
            if not await self._scan(task, until=until):
                return

    async def rescan_recent(self) -> None:
        """Ask for the last blocks once more, of another node if there is one: late logs."""
        first = await self._nodes.best()
        client = await self._nodes.second(first) or first
        sight = await Puller(self._nodes, chain_id=self.chain_id, addresses=()).look(0)
        for contract, cursor in await self._store.run(_contracts, self.chain_id):
            last = min(cursor, sight.head.number)
            start = max(contract.start_block, last - RECENT_BLOCKS + 1)
            if start <= last:
                scan = await self._store.run(_new_scan, contract, "rescan", (start, last))
                await self._scan(Task(contract, scan), client=client)

    async def _scan(
        self, task: Task, *, until: float | None = None, client: RpcClient | None = None
    ) -> bool:
        """Pull and fill one range, piece by piece; False when the time was up before its end."""
        scan = task.scan
        puller = Puller(self._nodes, chain_id=self.chain_id, addresses=[task.contract.address])
        asked = sum(client.requests for client in self._nodes.clients)
        hosts: set[str] = set()
        await self._store.run(_begin, scan)
        at = scan.from_block
        error = ""
        try:
            while at <= scan.to_block:
                if until is not None and asyncio.get_running_loop().time() > until:
                    return False
                segment = await self._pull(puller, scan, at, client)
                hosts.add(segment.endpoint)
                await self._fill(task, segment)
                at = segment.to_block + 1
        except (RpcError, Contradiction, StaleCursor, BadSegment) as failure:
            error = str(failure)
            log.warning("scan_failed", kind=scan.kind, at=at, reason=error)
            raise BackfillFailed(error) from None
        finally:
            scan.error = error[:400]
            scan.requests = sum(client.requests for client in self._nodes.clients) - asked
            scan.retries = puller.retries
            scan.endpoints = ", ".join(sorted(hosts))[:400]
            await self._store.run(_end, scan, done_to=at - 1)
        return True

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


def gaps(
    chain_id: int,
    *,
    contract: str | None = None,
    from_block: int | None = None,
    to_block: int | None = None,
) -> list[tuple[Contract, ranges.Range]]:
    """Closed ranges up to the cursor that no row covers, oldest first within each contract."""
    found: list[tuple[Contract, ranges.Range]] = []
    for row, cursor in _contracts(chain_id):
        if contract is not None and row.address != contract:
            continue
        first = max(row.start_block, from_block or 0)
        last = cursor if to_block is None else min(cursor, to_block)
        covered = CoveredRange.objects.filter(contract=row).values_list("from_block", "to_block")
        found += [(row, gap) for gap in ranges.gaps(first, last, covered)]
    return found


def extent(
    chain_id: int, *, contract: str | None, from_block: int | None, to_block: int | None
) -> ranges.Range:
    """The blocks that a run with these bounds looks at. Raises BackfillFailed before the first."""
    rows = [(row, at) for row, at in _contracts(chain_id) if contract in (None, row.address)]
    if not rows:
        raise BackfillFailed("no block is stored yet: the listener has only just begun")
    first = max(min(row.start_block for row, _ in rows), from_block or 0)
    return first, rows[0][1] if to_block is None else min(rows[0][1], to_block)


def requested_scans(chain_id: int) -> list[Task]:
    """Scans that wait to be done, the part of each that lies below the cursor."""
    tasks = []
    for contract, cursor in _contracts(chain_id):
        waiting = HistoricalScan.objects.filter(
            contract=contract, state=HistoricalScan.State.REQUESTED, to_block__lte=cursor
        )
        tasks += [Task(contract, scan) for scan in waiting.order_by("pk")[:100]]
    return tasks


def work_waits(chain_id: int) -> bool:
    """Whether there is anything to do, asked of the database alone."""
    return bool(gaps(chain_id) or requested_scans(chain_id))


def _contracts(chain_id: int) -> list[tuple[Contract, int]]:
    cursor = Cursor.objects.filter(chain_id=chain_id).first()
    if cursor is None:
        return []
    rows = Contract.objects.filter(chain_id=chain_id).order_by("start_block", "address")
    return [(row, cursor.number) for row in rows]


def _new_scan(contract: Contract, kind: str, blocks: ranges.Range) -> HistoricalScan:
    return HistoricalScan.objects.create(
        contract=contract, kind=kind, from_block=blocks[0], to_block=blocks[1]
    )


def _begin(scan: HistoricalScan) -> None:
    scan.state = HistoricalScan.State.RUNNING
    scan.started_at = timezone.now()
    scan.events_found = 0
    scan.save()


def _end(scan: HistoricalScan, *, done_to: int) -> None:
    """Done as far as it went; the rest is a gap still, and the next run finds it."""
    if scan.error or done_to < scan.from_block:
        scan.state = HistoricalScan.State.FAILED
        scan.error = scan.error or "there was no time left for it"
    else:
        scan.state = HistoricalScan.State.DONE
        scan.to_block = done_to
    scan.finished_at = timezone.now()
    scan.save()


def new_store() -> Store:
    """A database thread for one run."""
    return Store(random=Random())  # noqa: S311 - jitter, nothing secret
