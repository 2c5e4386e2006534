"""The work of one comparison: pages of pools and members, each against the contract's views.

Holds the numbers of the run. Which block, and where our side of it comes from, is handed in, and
so is what becomes of the readings: nothing is written here.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from pools import contract_views, verifying
from pools.contract_views import PoolInfo, View
from pools.snapshot import FIRST, HeldContract, MemberPlace, Place, Records
from pools.states import MemberState
from pools.verdicts import Report
from pools.verifying import ContractFacts, HeldPool, Roll, Sums

from .viewing import MOST_CALLS, Declined, Viewing

POOLS_AT_ONCE: Final = 2 * MOST_CALLS
MOST_MISSING: Final = 1_000  # pools of the chain that we lack: so many are told of one by one
MOST_MISMATCHES: Final = 10_000  # then nobody reads on, and something else is wrong

Read = Callable[..., Awaitable[Any]]
KeepReadings = Callable[[HeldContract, dict[int, PoolInfo]], Awaitable[None]]
Progress = Callable[[int, int], None]


class Comparison:
    """Compares page by page and gathers what it finds in `report`.

    `read` runs a function in the snapshot that `records` are read from; `keep` is given what each
    page of pools answered. At most `most_members` members are asked about.
    """

    def __init__(
        self,
        place: Place,
        records: Records,
        viewing: Viewing,
        report: Report,
        *,
        read: Read,
        keep: KeepReadings,
        progress: Progress,
        most_members: int,
    ) -> None:
        self.report = report
        self._place = place
        self._records = records
        self._viewing = viewing
        self._read = read
        self._keep = keep
        self._progress = progress
        self._members_left = most_members

    async def run(self) -> None:
        """Compare every contract of the place. Raises RpcError and what `read` and `keep` raise."""
        for contract in self._place.contracts:
            await self._contract(contract)
            if self._too_many():
                return

    def _too_many(self) -> bool:
        if len(self.report.mismatches) <= MOST_MISMATCHES:
            return False
        if not self.report.broken_off:
            self.report.broken_off = True
            self.report.remarks.append(f"more than {MOST_MISMATCHES} fields differ: broken off")
        return True

    async def _contract(self, contract: HeldContract) -> None:
        facts = await self._facts(contract)
        report = self.report
        report.compared[contract.address] = contract.key
        report.mismatches += verifying.compare_contract(contract.address, contract.state, facts)
        sums = Sums()
        missing_left = MOST_MISSING
        next_id = 0
        more = True
        while more:
            pools: list[HeldPool] = await self._read(
                self._records.pools, contract, from_id=next_id, limit=POOLS_AT_ONCE
            )
            more = len(pools) == POOLS_AT_ONCE
            missing: list[int] = []
            if report.whole:
                held = [pool.state.pool_id for pool in pools]
                up_to = min(facts.pool_counter, held[-1]) if more else facts.pool_counter
                # Pools are numbered from 1.
                first = max(next_id, 1)
                missing = verifying.missing_ids(held, first=first, up_to=up_to, most=missing_left)
                missing_left -= len(missing)
            await self._pools(contract, pools, missing, sums)
            if self._too_many():
                return
            next_id = pools[-1].state.pool_id + 1 if pools else next_id
        if not missing_left:
            report.remarks.append(
                f"{contract.address}: more than {MOST_MISSING} pools are missing here"
            )
        if report.whole and not report.past:
            report.mismatches += verifying.compare_totals(contract.address, contract.state, sums)

    async def _facts(self, contract: HeldContract) -> ContractFacts:
        views: list[View[Any]] = [
            contract_views.pool_counter(),
            contract_views.paused(),
            contract_views.emergency_mode(),
            contract_views.performance_fee(),
        ]
        return ContractFacts(*await self._viewing.ask(contract.address, views))

    async def _pools(
        self, contract: HeldContract, pools: Sequence[HeldPool], missing: Sequence[int], sums: Sums
    ) -> None:
        """Compare these pools with all their members, and look for those that we lack."""
        address, found = contract.address, self.report.mismatches
        ids = [pool.state.pool_id for pool in pools]
        infos = await self._viewing.ask(
            address, [contract_views.pool_info(pool_id) for pool_id in (*ids, *missing)]
        )
        by_id = dict(zip((*ids, *missing), infos, strict=True))
        for pool in pools:
            found += verifying.compare_pool(address, pool, by_id[pool.state.pool_id])
            sums.add(pool.state, by_id[pool.state.pool_id])
        for pool_id in missing:
            found += verifying.missing_pool(address, pool_id, by_id[pool_id])
            sums.add(None, by_id[pool_id])
        self.report.pools += len(by_id)
        await self._members(contract, [pool for pool in pools if by_id[pool.state.pool_id].exists])
        await self._keep(contract, {pool_id: by_id[pool_id] for pool_id in ids})
        self._progress(self.report.pools, self.report.members)

    async def _members(self, contract: HeldContract, pools: Sequence[HeldPool]) -> None:
        address = contract.address
        ids = [pool.state.pool_id for pool in pools]
        shares = await self._viewing.ask(address, [contract_views.total_shares(i) for i in ids])
        lists = await self._viewing.ask_each(address, [contract_views.pool_members(i) for i in ids])
        rolls = {}
        for pool_id, listed in zip(ids, lists, strict=True):
            if isinstance(listed, Declined):
                self.report.remarks.append(f"members of pool {pool_id}: {listed.reason}")
                rolls[pool_id] = Roll(address, pool_id, None)
            else:
                rolls[pool_id] = Roll(address, pool_id, set(listed))
        place: MemberPlace | None = FIRST
        while place is not None:
            page, place = await self._read(self._records.members, pools, place)
            await self._page_of_members(address, page, rolls)
        for (pool_id, roll), total in zip(rolls.items(), shares, strict=True):
            self.report.mismatches += roll.mismatches(total)
            if roll.complete and not self.report.whole:
                self.report.checked.add((address, pool_id))

    async def _page_of_members(
        self, address: str, page: Sequence[MemberState], rolls: dict[int, Roll]
    ) -> None:
        asked: list[MemberState] = []
        for member in page:
            roll = rolls[member.pool_id]
            roll.check_off(member)
            if roll.lacks(member.account):
                self.report.mismatches.append(verifying.unlisted_member(address, member))
            elif self._members_left:
                self._members_left -= 1
                asked.append(member)
            else:
                roll.complete = False
        infos = await self._viewing.ask(
            address, [contract_views.member_info(one.pool_id, one.account) for one in asked]
        )
        for member, info in zip(asked, infos, strict=True):
            self.report.mismatches += verifying.compare_member(address, member, info)
        self.report.members += len(asked)
