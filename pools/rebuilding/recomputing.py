"""Computes every projection once more from the stored logs, beside the live rows.

Reads in small pieces while the listener goes on, so each piece is of another moment. What has been
touched since is therefore computed again until little is left, and that little under the writer's
lock, by `swapping`. Writes nothing; what differs from the live rows is kept aside.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

from pools import bulk
from pools.loading import PoolPlace
from pools.models import HourlyActivity
from pools.rebuilding import held_rows, hourly, lines, stored_logs, touched
from pools.rebuilding.held_rows import HeldPool
from pools.rebuilding.hourly import HOUR
from pools.rebuilding.refolding import Amendments, Refold, Refolded
from pools.rebuilding.staging import Staging
from pools.rebuilding.stored_logs import StoredLog, number
from pools.rebuilding.touched import Mark, PoolOrWhole
from pools.states import ContractState

# What can be computed under the lock in some 100 ms.
_FEW_POOLS: Final = 200
_FEW_LOGS: Final = 5_000
_FEW_HOURS: Final = 10
# Pools are compared with their rows when there are so many of them, or so many members.
_POOLS_AT_ONCE: Final = 500
_MEMBERS_AT_ONCE: Final = 5_000
_ABSENT: Final = Refolded(None, PoolPlace(0, 0, ""), [])


class Recomputed:
    """What the tables should hold where they do not.

    `staging` has the pools, `wholes` the contracts' own facts (without totals) and `amendments`
    the log rows, both by contract; `hours` are those whose counts are not those of their logs.
    """

    def __init__(self, chain_id: int, *, during: Callable[[int], None]) -> None:
        """`during` is called for each page of logs, outside of transactions, with the number of
        those that were counted so far.
        """
        self.chain_id = chain_id
        self.staging = Staging()
        self.wholes: dict[int, ContractState] = {}
        self.amendments: defaultdict[int, Amendments] = defaultdict(Amendments)
        self.hours: set[int] = set()
        self.logs = 0
        self._during = during
        self._mark = Mark()
        self._doubtful: set[int] = set()  # hours that have to be looked at

    def begin(self) -> None:
        """Compute everything."""
        self._mark = Mark.now(self.chain_id)
        for contract_id, folded_to in self._mark.folded_to.items():
            counts: Counter[tuple[str, int]] = Counter()
            self._refold_whole(contract_id, folded_to, counts)
            self._refold_pools(contract_id, folded_to, counts)
            self._compare_hours(contract_id, counts)

    def catch_up(self) -> bool:
        """Compute again what was touched since; returns whether that was little."""
        # Read before asking what was touched: what comes between counts twice, and not never.
        mark = Mark.now(self.chain_id)
        todo, hours = touched.between(self._mark, mark)
        todo |= self._unsettled()
        little = _is_little(todo) and len(hours) <= _FEW_HOURS
        self._refold(todo, mark, during=self._during)
        self._look_at(hours | self._doubtful)
        self._doubtful = set()
        self._mark = mark
        return little

    def finish(self, *, however_long: bool) -> bool:
        """Under the writer's lock: compute the rest; returns False if that would be much."""
        mark = Mark.now(self.chain_id)
        todo, hours = touched.between(self._mark, mark)
        self.hours |= hours
        todo |= self._unsettled()
        while todo:
            if not (however_long or _is_little(todo)):
                return False
            self._refold(todo, mark, during=lambda _logs: None)
            todo = self._unsettled()
        return True

    def close(self) -> None:
        self.staging.close()

    def _refold_whole(
        self, contract_id: int, folded_to: int, counts: Counter[tuple[str, int]]
    ) -> None:
        whole = self._refold_of(contract_id, None, None, folded_to)
        for page in self._counted(stored_logs.of_pool(contract_id, None), counts):
            whole.take(page)
        self.wholes[contract_id] = whole.ledger.contract

    def _refold_pools(
        self, contract_id: int, folded_to: int, counts: Counter[tuple[str, int]]
    ) -> None:
        """Each pool of a contract, and the rows of pools of which no log tells."""
        group: list[Refold] = []
        members, below = 0, None  # of those but the last; the last that is settled
        for page in self._counted(stored_logs.by_pool(contract_id), counts):
            for spelled, logs in groupby(page, key=itemgetter(1)):
                if group and group[-1].spelled == spelled:  # the page before ended within it
                    group[-1].take(logs)
                    continue
                members += len(group[-1].ledger.members) if group else 0
                if len(group) >= _POOLS_AT_ONCE or members >= _MEMBERS_AT_ONCE:
                    last = group[-1].pool_id
                    self._settle(contract_id, group, held_rows.between(contract_id, below, last))
                    group, members, below = [], 0, last
                refold = self._refold_of(contract_id, number(spelled), spelled, folded_to)
                refold.take(logs)
                group.append(refold)
        self._settle(contract_id, group, held_rows.between(contract_id, below, None))

    def _refold(
        self, todo: Collection[PoolOrWhole], mark: Mark, *, during: Callable[[int], None]
    ) -> None:
        """These pools and contracts once more, each from its first log on."""
        by_contract: defaultdict[int, set[int | None]] = defaultdict(set)
        for contract_id, pool_id in todo:
            by_contract[contract_id].add(pool_id)
        for contract_id, pool_ids in by_contract.items():
            self.amendments[contract_id].unsettled -= pool_ids
            group: list[Refold] = []
            for pool_id in pool_ids:
                spelled = None if pool_id is None else bulk.spelling().uint256(pool_id)
                up_to = mark.folded_to[contract_id]
                refold = self._refold_of(contract_id, pool_id, spelled, up_to)
                for page in self._logs_of(contract_id, pool_id):
                    refold.take(page)
                    during(self.logs)
                if pool_id is None:
                    self.wholes[contract_id] = refold.ledger.contract
                else:
                    group.append(refold)
                if len(group) >= _FEW_POOLS:
                    self._settle_these(contract_id, group)
                    group = []
            self._settle_these(contract_id, group)

    def _refold_of(self, contract_id: int, pool_id: int | None, spelled: Any, up_to: int) -> Refold:
        amendments = self.amendments[contract_id]
        return Refold(pool_id, spelled, up_to=up_to, amendments=amendments)

    def _logs_of(self, contract_id: int, pool_id: int | None) -> Iterator[list[StoredLog]]:
        """The pool's logs in chain order, those included that its rows have elsewhere."""
        moved = self.amendments[contract_id].moved.get(pool_id)
        pages = stored_logs.of_pool(contract_id, pool_id)
        if not moved:
            yield from pages
            return
        logs = [log for page in pages for log in page]
        known = {log[0] for log in logs}
        logs += [log for log in stored_logs.of_keys(moved) if log[0] not in known]
        yield sorted(logs, key=itemgetter(2, 3, 0))

    def _settle_these(self, contract_id: int, group: Iterable[Refold]) -> None:
        pool_ids = [refold.pool_id for refold in group if refold.pool_id is not None]
        self._settle(contract_id, group, held_rows.of_pools(contract_id, pool_ids))

    def _settle(self, contract_id: int, group: Iterable[Refold], held: dict[int, HeldPool]) -> None:
        """Compare with the rows that stand there, and keep what differs."""
        for refold in group:
            assert refold.pool_id is not None  # noqa: S101 - those without are no rows
            key, result = (contract_id, refold.pool_id), refold.result()
            if is_held(result, held.pop(refold.pool_id, None)):
                self.staging.drop(key)
            else:
                self.staging.keep(key, result)
        for pool_id in held:
            self.staging.keep((contract_id, pool_id), _ABSENT)

    def _counted(
        self, pages: Iterable[list[StoredLog]], counts: Counter[tuple[str, int]]
    ) -> Iterator[list[StoredLog]]:
        """The same pages; what stands in them is counted by kind and time."""
        for page in pages:
            standing = [(log[8], log[4] // HOUR) for log in page if log[11]]
            counts.update(standing)
            self.logs += len(standing)
            self._during(self.logs)
            yield page

    def _compare_hours(self, contract_id: int, counts: Counter[tuple[str, int]]) -> None:
        """Note the hours whose counts are others than those by kind and hour."""
        counted = {(kind, hour * HOUR, logs) for (kind, hour), logs in counts.items() if kind}
        rows = HourlyActivity.objects.filter(contract=contract_id)
        held = {
            (kind, int(hour.timestamp()), logs)
            for kind, hour, logs in rows.values_list("kind", "hour", "count").iterator()
        }
        self._doubtful |= {second - second % HOUR for _, second, _ in counted ^ held}

    def _look_at(self, hours: Iterable[int]) -> None:
        """Count these hours' logs, and keep those whose rows say otherwise."""
        for hour in hours:
            self._during(self.logs)
            if hourly.is_right(hour):
                self.hours.discard(hour)
            else:
                self.hours.add(hour)

    def _unsettled(self) -> set[PoolOrWhole]:
        return {
            (contract_id, pool_id)
            for contract_id, amendments in self.amendments.items()
            for pool_id in amendments.unsettled
        }


def is_held(right: Refolded, held: HeldPool | None) -> bool:
    """Whether the rows of a pool hold what they should."""
    if right.state is None or held is None:
        return right.state is None and held is None
    return (
        lines.of_pool(right.state, right.place) == held.line
        and set(map(lines.of_member, right.members)) == held.members
    )


def _is_little(todo: set[PoolOrWhole]) -> bool:
    return len(todo) <= _FEW_POOLS and touched.logs_of(todo) <= _FEW_LOGS
