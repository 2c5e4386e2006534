"""Projections in memory: the states of one contract, folded from its logs, loaded and saved.

Called by `ingest` inside its transactions only. Events that follow what is folded are folded onto
it; where one comes late or was taken back, its pool is folded afresh from the stored logs, so that
the result is always that of one fold in chain order.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice

from django.db.models import QuerySet

from pools import loading, saving
from pools.decoding import decode
from pools.events import (
    Event,
    MemberJoined,
    MemberLeft,
    PartialWithdrawal,
    PoolCreated,
    YieldClaimed,
    pool_id_of,
)
from pools.loading import PoolPlace
from pools.models import Contract, Log
from pools.projection import ContractState, FoldingError, Ledger, Position
from pools.rebuilding import stored_logs
from pools.rebuilding.stored_logs import StoredLog

Taken = tuple[Event, Position, int, str]
"""An event, its place, its block's time in seconds, and its transaction's hash."""

_TOTALS = ("pools_total", "members_total", "total_contributed")
_OF_MEMBERS = (MemberJoined, MemberLeft, PartialWithdrawal, YieldClaimed)
# So many changed members and pools are saved in some 100 ms, during which no other can write.
_SAVED_AT_ONCE = 10_000
_KEPT_IN_MEMORY = 25_000


def event_of(log: Log) -> Event:
    """The typed event of a stored log. Raises DecodingError for one that has no `kind`."""
    return decode(bytes(log.topics), bytes(log.data))


class Projection:
    """What the logs of one contract amount to, up to and with the block `folded_to`.

    Loads what events touch and keeps it, so that a backfill carries one from range to range and
    saves it now and then: until `save`, the tables hold the older state of an older `folded_to`.
    """

    def __init__(self, contract: Contract) -> None:
        self.restart(contract)

    def restart(self, contract: Contract) -> None:
        """Forget everything and go on from what is stored."""
        self.contract_id = contract.pk
        self.folded_to = contract.folded_to
        self.revision = contract.revision
        self.saved_to = contract.folded_to
        self.ledger = Ledger(loading.contract_state(contract))
        self._forget()

    def _forget(self) -> None:
        self._places: dict[int, PoolPlace] = {}
        self._asked: set[int] = set()  # pools that were looked for
        self._stored: set[int] = set()  # those that were there, whose members may be there too
        self._asked_members: set[tuple[int, str]] = set()
        self._on_record: set[tuple[int, str]] = set()

    def discard(self) -> None:
        """Have it begun again before its next use: a step that folded here was not stored."""
        self.revision = -1

    def is_current(self, contract: Contract) -> bool:
        """Whether nobody else has saved this contract's projections since we loaded them."""
        return contract.revision == self.revision

    @property
    def is_heavy(self) -> bool:
        """Whether so much has changed that it should be saved now."""
        changed = len(self.ledger.changed_members) + len(self.ledger.changed_pools)
        return changed >= _SAVED_AT_ONCE

    def fold(self, taken: Sequence[Taken], *, up_to: int) -> dict[int, str]:
        """Fold the events that follow, all of them up to the block `up_to`.

        Returns what is wrong with those that contradict what is known, by their index; these are
        left out.
        """
        self._load(taken)
        problems = {}
        fold = self.ledger.fold
        for index, (event, at, time, transaction) in enumerate(taken):
            try:
                fold(event, at=at, block_time=time)
            except FoldingError as error:
                problems[index] = f"not folded: {error}"[:300]
            else:
                if isinstance(event, PoolCreated):
                    before = self._places.get(event.pool_id)  # if it is folded afresh
                    key = before.key if before else None
                    self._places[event.pool_id] = PoolPlace(*at, transaction, key)
        self.folded_to = up_to
        return problems

    def fold_stored(self, logs: Iterable[Log], *, up_to: int) -> None:
        """Fold stored logs that follow, and mark those that cannot be."""
        self._fold_stored(list(logs))
        self.folded_to = up_to

    def refold(
        self, pool_ids: Collection[int], *, contract_wide: bool, up_to: int | None = None
    ) -> None:
        """Fold these pools afresh from the logs that stand up to `up_to`, and save.

        With `contract_wide` what the contract tells of itself, too.
        """
        if up_to is not None:
            self.folded_to = up_to
        self._load_whole(pool_ids)
        self.ledger.forget_pools(pool_ids)
        if contract_wide:
            whole = self.ledger.contract
            totals = {name: getattr(whole, name) for name in _TOTALS}
            self.ledger.contract = ContractState(**totals)
            self._fold_stored(list(_about_itself(self.contract_id, self.folded_to)))
        for pool_id in pool_ids:
            self._fold_again(stored_logs.standing(self.contract_id, pool_id, up_to=self.folded_to))
        self.save()

    def save(self) -> None:
        """Store what has changed, with the contract's facts and `folded_to`."""
        saving.save(
            self.contract_id, self.ledger, self._places, self._on_record, folded_to=self.folded_to
        )
        self.ledger.changed_pools.clear()
        self.ledger.changed_members.clear()
        self.revision += 1
        self.saved_to = self.folded_to
        if len(self.ledger.members) + len(self.ledger.pools) > _KEPT_IN_MEMORY:
            self.ledger.pools.clear()
            self.ledger.members.clear()
            self._forget()

    def _fold_stored(self, logs: Sequence[Log]) -> None:
        taken = [
            (
                event_of(log),
                (log.block_number, log.log_index),
                int(log.timestamp.timestamp()),
                log.transaction_hash,
            )
            for log in logs
        ]
        problems = self.fold(taken, up_to=self.folded_to)
        marked = []
        for index, log in enumerate(logs):
            problem = problems.get(index, "")
            if log.problem != problem:
                log.problem = problem
                marked.append(log)
        if marked:
            Log.objects.bulk_update(marked, ["problem"], batch_size=500)

    def _fold_again(self, logs: Iterator[StoredLog]) -> None:
        """Fold all logs of a pool, which may be very many, and mark those that cannot be."""
        marked = []
        while page := list(islice(logs, stored_logs.PAGE)):
            taken = [
                (decode(topics, data), (number, index), time, transaction)
                for _, _, number, index, time, transaction, topics, data, *_ in page
            ]
            problems = self.fold(taken, up_to=self.folded_to)
            for at, (key, *_, problem, _) in enumerate(page):
                if problem != problems.get(at, ""):
                    marked.append(Log(pk=key, problem=problems.get(at, "")))
        Log.objects.bulk_update(marked, ["problem"], batch_size=500)

    def _load(self, taken: Sequence[Taken]) -> None:
        """Bring in the stored state of every pool and member that the events name."""
        pool_ids = {pool_id_of(event) for event, _, _, _ in taken} - self._asked
        pool_ids.discard(None)
        if pool_ids:
            self._load_pools([pool_id for pool_id in pool_ids if pool_id is not None])
        if not self._stored:
            return
        members = {
            (event.pool_id, event.member)
            for event, _, _, _ in taken
            if isinstance(event, _OF_MEMBERS) and event.pool_id in self._stored
        }
        unknown = members - self._asked_members
        if unknown:
            self._asked_members |= unknown
            for member in loading.load_members(self._keys(), unknown):
                self.ledger.members[member.pool_id, member.account] = member
                self._on_record.add((member.pool_id, member.account))

    def _load_pools(self, pool_ids: Collection[int]) -> None:
        self._asked.update(pool_ids)
        for state, place in loading.load_pools(self.contract_id, pool_ids):
            self.ledger.pools[state.pool_id] = state
            self._places[state.pool_id] = place
            self._stored.add(state.pool_id)

    def _load_whole(self, pool_ids: Collection[int]) -> None:
        """Bring in these pools with all of their members."""
        self._load_pools([pool_id for pool_id in pool_ids if pool_id not in self._asked])
        keys = {pool_id: key for pool_id, key in self._keys().items() if pool_id in pool_ids}
        for member in loading.load_all_members(keys):
            key = member.pool_id, member.account
            self._asked_members.add(key)
            self._on_record.add(key)
            self.ledger.members.setdefault(key, member)

    def _keys(self) -> dict[int, int]:
        return {
            pool_id: key
            for pool_id in self._stored
            if (key := self._places[pool_id].key) is not None
        }


def _about_itself(contract_id: int, up_to: int) -> QuerySet[Log]:
    """The standing decoded logs up to a block that tell of the contract, in chain order."""
    found = Log.objects.filter(
        contract=contract_id, pool_id=None, retracted_seq=None, block_number__lte=up_to
    )
    return found.exclude(kind="").order_by("block_number", "log_index")


def logs_between(contract_id: int, first: int, last: int, *, limit: int) -> tuple[list[Log], int]:
    """The logs to fold in these blocks, some `limit` of them unless one block has more.

    Returns them with the last block that they are complete up to. Contracts are told apart here:
    asked for one of them, a planner without statistics would sort all of its logs each time.
    """
    blocks = Log.objects.filter(block_number__range=(first, last), retracted_seq=None)
    found = blocks.order_by("block_number", "log_index")
    logs = list(found[: limit + 1])
    up_to = last
    if len(logs) > limit:
        up_to = logs[-1].block_number - 1
        if up_to < logs[0].block_number:
            up_to = logs[0].block_number
            logs = list(found.filter(block_number=up_to))
    return [
        log
        for log in logs
        if log.contract_id == contract_id and log.kind and log.block_number <= up_to
    ], up_to
