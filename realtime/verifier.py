"""Comparing the records with the contracts' views at one block, and noting what was found.

Ours are read in a transaction that is held open, so that they belong to the block whatever the
listener stores meanwhile; the node is asked at that block's hash. The work itself is `comparing`'s.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from types import TracebackType
from typing import Final, ParamSpec, Self, TypeVar

import structlog
from django.db import Error, connection

from pools import contract_views, leases, readings, snapshot, verdicts
from pools.contract_views import PoolInfo
from pools.leases import LeaseToken, LostLease
from pools.moment import one_moment
from pools.snapshot import HeldContract, NothingStored, Past, Place, Present
from pools.verdicts import Report

from .comparing import Comparison, Progress
from .errors import NoEvidence, RpcError
from .nodes import Nodes
from .store import Store
from .viewing import AnotherBlock, NoState, Viewing

P = ParamSpec("P")
T = TypeVar("T")
log = structlog.get_logger(__name__)

LEASE_SECONDS: Final = 120.0
PAUSE: Final = 2.0
STEP_SECONDS: Final = 120.0

Choice = Callable[[Sequence[HeldContract]], dict[int, set[int]]]


class CouldNotVerify(Exception):
    """Nothing was compared; the sentence says why."""


class NothingToVerify(CouldNotVerify):
    """The records are not at any block yet: there is nothing wrong with that."""


class Frozen:
    """A thread whose connection holds one reading transaction open, from `async with` to its end.

    Nothing is tried again in it: a connection that is lost takes the moment with it.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="snapshot")
        self._moment = one_moment()

    async def __aenter__(self) -> Self:
        await self.run(self._moment.__enter__)
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        ended = asyncio.get_running_loop().run_in_executor(self._thread, self._end)
        self._thread.shutdown(wait=False)
        await asyncio.wait({ended}, timeout=STEP_SECONDS)

    def _end(self) -> None:
        try:
            self._moment.__exit__(None, None, None)
        except Error as error:
            log.warning("snapshot_lost", reason=" ".join(str(error).split()))
        finally:
            connection.close()

    async def run(self, work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(STEP_SECONDS):
                return await loop.run_in_executor(self._thread, lambda: work(*args, **kwargs))
        except (Error, TimeoutError) as error:
            reason = " ".join(str(error).split()) or f"no answer within {STEP_SECONDS:g} s"
            raise CouldNotVerify(f"the database cannot be read: {reason}") from None


class Verifier:
    """Compares as long as it holds its lease. Make it with `verification.opened`.

    `progress` is told the pools and the members compared so far.
    """

    def __init__(
        self,
        *,
        chain_id: int,
        nodes: Nodes,
        store: Store,
        lease: LeaseToken,
        progress: Progress = lambda *_: None,
    ) -> None:
        self.chain_id = chain_id
        self._nodes = nodes
        self._store = store
        self._lease = lease
        self._progress = progress
        self._renewed_at = 0.0

    async def verify(
        self, *, block: int | None = None, choose: Choice | None = None, most_members: int = 2**63
    ) -> Report:
        """Compare everything at the cursor, or at an earlier `block`; or the pools that `choose`
        picks, with at most so many of their members.

        Where the node cannot answer for the cursor's block it is tried once more where the cursor
        is then. Raises CouldNotVerify, RpcError, LostLease and what the store raises.
        """
        for tries_left in (1, 0):
            try:
                return await self._noted(block, choose, most_members)
            except (NoState, AnotherBlock, NoEvidence) as error:
                if block is not None or not tries_left:
                    raise
                log.info("verification_tried_again", reason=str(error))
                await asyncio.sleep(PAUSE)
        raise AssertionError("unreachable")

    async def refresh_readings(self, *, now: datetime, most: int) -> int:
        """Ask at the cursor's block for what only the views tell of at most so many pools that
        are due; returns how many. Raises RpcError, LostLease and what the store raises.
        """
        due = await self._store.run(readings.wanted, self.chain_id, now=now, most=most)
        if not due.pools:
            return 0
        viewing = Viewing(
            self._nodes, number=due.number, block_hash=due.hash, address=due.pools[0][0].address
        )
        for contract, pool_ids in due.pools:
            views = [contract_views.pool_info(pool_id) for pool_id in pool_ids]
            answers = await viewing.ask_each(contract.address, views)
            infos = {
                pool_id: answer
                for pool_id, answer in zip(pool_ids, answers, strict=True)
                if isinstance(answer, PoolInfo)
            }
            await self._keep(viewing, contract.pk, infos)
        return sum(len(pool_ids) for _, pool_ids in due.pools)

    async def _noted(self, block: int | None, choose: Choice | None, most_members: int) -> Report:
        """One try, with its row."""
        async with Frozen() as frozen:
            place = await self._place(frozen, block)
            row = await self._store.run(verdicts.begin, block=place.number, whole=choose is None)
            try:
                report = await self._compare(frozen, place, block, choose, most_members)
            except (CouldNotVerify, LostLease, RpcError, asyncio.CancelledError) as error:
                await self._store.run(verdicts.fail, row, str(error) or "it was stopped")
                raise
        await self._store.run(verdicts.finish, row, report, lease=self._lease)
        return report

    async def _place(self, frozen: Frozen, block: int | None) -> Place:
        try:
            if block is None:
                place = await frozen.run(snapshot.present, self.chain_id)
            else:
                place = await frozen.run(snapshot.past, self.chain_id, block)
        except NothingStored as error:
            raise NothingToVerify(str(error)) from None
        if not place.contracts:
            raise NothingToVerify(
                "; ".join(place.left_out) or f"no contract had begun at block {place.number}"
            )
        return place

    async def _compare(
        self,
        frozen: Frozen,
        place: Place,
        block: int | None,
        choose: Choice | None,
        most_members: int,
    ) -> Report:
        chosen = await frozen.run(choose, place.contracts) if choose else None
        viewing = Viewing(
            self._nodes,
            number=place.number,
            block_hash=place.hash,
            address=place.contracts[0].address,
        )

        async def read(work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
            await self._hold()
            return await frozen.run(work, *args, **kwargs)

        async def keep(contract: HeldContract, infos: dict[int, PoolInfo]) -> None:
            await self._keep(viewing, contract.key, infos)

        report = Report(
            block=place.number,
            whole=choose is None,
            past=block is not None,
            remarks=list(place.left_out),
            endpoints=viewing.hosts,
        )
        comparison = Comparison(
            place,
            Past(place.number) if block is not None else Present(chosen),
            viewing,
            report,
            read=read,
            keep=keep,
            progress=self._progress,
            most_members=most_members,
        )
        await comparison.run()
        return report

    async def _hold(self) -> None:
        """Renew the lease now and then, as long as there is work."""
        now = asyncio.get_running_loop().time()
        if now > self._renewed_at + LEASE_SECONDS / 4:
            await self._store.run(leases.renew, self._lease, seconds=LEASE_SECONDS)
            self._renewed_at = now

    async def _keep(self, viewing: Viewing, contract_id: int, infos: dict[int, PoolInfo]) -> None:
        await self._store.run(
            readings.store,
            contract_id,
            infos,
            number=viewing.number,
            block_hash=viewing.block_hash,
            lease=self._lease,
        )
