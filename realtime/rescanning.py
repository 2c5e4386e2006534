"""Reads blocks that are stored already once more, through another node, and settles differences.

Every header is asked for, so that each bloom filter is heard. Logs that came late are stored; logs
that we hold and the other node lacks are looked up in the receipts of both. Nothing is deleted:
what the chain does not know is said loudly, since only a person can find out which node has lied.
"""

from collections.abc import Callable
from typing import Final

import structlog

from pools import ingest
from pools.models import HistoricalScan
from pools.segments import Segment

from . import differences, scans
from .differences import Held
from .errors import NoEvidence, RpcError
from .filling import MISFITS, Workplace
from .history import Unproved
from .nodes import doubt, get_block
from .planning import Task
from .puller import LINKED_BLOCKS, Puller
from .receipts import prove
from .rpc import RpcClient

log = structlog.get_logger(__name__)

# Of more blocks than this the headers are not all asked for: they are read as the past is.
MOST_BLOCKS: Final = 1_000


class Rescan:
    """One range of one contract, compared block by block. `run` it once."""

    def __init__(self, place: Workplace, task: Task) -> None:
        self._place = place
        self._contract = task.contract
        self._scan = task.scan
        self._puller = Puller(
            place.nodes, chain_id=place.chain_id, addresses=[task.contract.address]
        )
        self._asked_before = sum(client.requests for client in place.nodes.clients)
        self._late = False
        self._surplus: list[Held] = []
        self.hosts: set[str] = set()
        self.failures: list[Unproved] = []

    @property
    def requests(self) -> int:
        """How many calls the nodes were sent since this was made."""
        return sum(client.requests for client in self._place.nodes.clients) - self._asked_before

    @property
    def retries(self) -> int:
        """How often something had to be asked again."""
        return self._puller.retries

    async def run(self, *, out_of_time: Callable[[], bool]) -> None:
        """Compare the range; stop after a piece when time is up. What failed is in `failures`."""
        scan, store = self._scan, self._place.store
        await store.run(scans.begin, scan)
        self._place.account.open(scan, self)
        at, end = scan.from_block, scan.to_block
        failure = None
        try:
            while at <= end:
                at = await self._compare(at) + 1
                if out_of_time():
                    break
        except (RpcError, *MISFITS) as error:
            failure = Unproved(at, end, str(error))
        if failure is None and self._surplus:
            reason = f"{len(self._surplus)} stored logs are in no receipt of their blocks"
            failure = Unproved(scan.from_block, at - 1, reason)
        self._place.account.close()
        rest: HistoricalScan | None = scan
        if failure is None and not self._late:
            await store.run(differences.resolve_late, self._contract)
        if failure is not None:
            log.warning(
                "rescan_failed",
                from_block=failure.from_block,
                to_block=failure.to_block,
                reason=failure.reason,
            )
            self.failures.append(failure)
            rest = await store.run(scans.fail, scan, failure)
        if rest is not None:
            await store.run(scans.finish, rest, done_to=at - 1)

    async def _compare(self, at: int) -> int:
        """Read some blocks from `at` on, store what is new; returns the last of them.

        Raises RpcError when no node gives them, or when what they say could not be settled.
        """
        store, contract = self._place.store, self._contract
        known = await store.run(differences.evidence_at, contract, at)
        last = min(self._scan.to_block, at + LINKED_BLOCKS - 1, known.to_block)
        first_teller = self._client(known.endpoint)
        segment = await self._read(at, last, first_teller)
        self.hosts.add(segment.endpoint)
        found = await store.run(differences.between, contract, segment)
        gone = [held for held in found.surplus if await self._is_gone(segment, first_teller, held)]
        if found.late:
            self._late = True
            await store.run(
                differences.report_late, contract, segment, found.late, first=known.endpoint
            )
        filled = await store.run(
            ingest.fill, segment, contract, lease=self._place.lease, scan=self._scan
        )
        self._place.account.stored(
            up_to=segment.to_block, events=filled.logs, last_seq=filled.last_seq
        )
        self._place.tally.count(segment, filled.logs)
        self._surplus += gone
        await store.run(differences.report_surplus, contract, segment, surplus=gone)
        return segment.to_block

    def _client(self, host: str) -> RpcClient | None:
        """The node that is in the ledger, if it is still configured."""
        return next((one for one in self._place.nodes.clients if one.host == host), None)

    async def _read(self, first: int, last: int, teller: RpcClient | None) -> Segment:
        """From another node than the one that told it first, if one can say it."""
        nodes = self._place.nodes
        other = await nodes.second(teller) if teller else await nodes.best()
        if other is not None:
            try:
                return await self._puller.linked(first, last, client=other)
            except RpcError as error:
                log.info("no_second_reading", endpoint=other.host, reason=str(error))
        return await self._puller.linked(first, last)

    async def _is_gone(self, segment: Segment, teller: RpcClient | None, held: Held) -> bool:
        """Whether the chain really lacks a log that we hold, by the receipts of both nodes.

        Raises RpcError when one of them cannot say: then nothing is settled.
        """
        asked = (self._client(segment.endpoint), teller)
        for client in dict.fromkeys(filter(None, asked)):
            (block,) = await client.batch([get_block(held.block_number)])
            if block is None:
                raise NoEvidence(f"no block {held.block_number}", endpoint=client.host)
            if block.header.hash != held.block_hash:
                continue  # `ingest` says so; to act on it is the follower's part
            proven = await prove(client, block, [self._contract.address])
            if any(entry.log_index == held.log_index for entry in proven.logs):
                if client.host == segment.endpoint:
                    doubt(client, f"it left out a log of block {held.block_number}")
                return False
        return True
