"""The records as they are at one block, to be held against what the chain says of it.

All of it is to be read in `moment.one_moment`. `Present` reads pools and members as they are
folded, `Past` folds them anew from the stored logs up to an earlier block. Both hand out pages, so
that any size can be read in bounded memory.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from django.db.models import Q, QuerySet

from pools import loading, ranges
from pools.decoding import decode
from pools.models import (
    Block,
    Contract,
    CoveredRange,
    Cursor,
    Log,
    Membership,
    Pool,
    is_of_kind,
)
from pools.names import clean_name
from pools.projection import FoldingError, Ledger
from pools.states import ContractState, MemberState
from pools.verifying import HeldPool

MEMBERS_AT_ONCE: Final = 2_000
LOGS_AT_ONCE: Final = 5_000

MemberPlace = tuple[int, str]
"""Where a page of members begins: the index of a pool among those asked for, and the account
after which to go on."""

FIRST: Final[MemberPlace] = (0, "")


class NothingStored(Exception):
    """There is no such block in the records; the sentence says which there are."""


@dataclass(frozen=True, slots=True)
class HeldContract:
    """A contract whose folded state belongs to the snapshot's block."""

    key: int
    address: str
    state: ContractState


@dataclass(frozen=True, slots=True)
class Place:
    """The block that the records are at, which contracts are, and a sentence for each that is not.

    `hash` is empty where no header of that block is stored.
    """

    number: int
    hash: str
    contracts: tuple[HeldContract, ...]
    left_out: tuple[str, ...]


class Records(Protocol):
    """Pools and members as the records tell them at one block."""

    def pools(self, contract: HeldContract, *, from_id: int, limit: int) -> list[HeldPool]:
        """The first pools with this number or a higher one, in order of their numbers."""
        ...

    def members(
        self, pools: Sequence[HeldPool], at: MemberPlace
    ) -> tuple[list[MemberState], MemberPlace | None]:
        """A page of these pools' members, who left included, and where the next begins."""
        ...


def present(chain_id: int) -> Place:
    """The cursor's block and the contracts that are folded up to it, of those that have begun."""
    cursor = _cursor(chain_id)
    contracts, left_out = [], []
    for row in Contract.objects.filter(chain_id=chain_id).order_by("address"):
        if row.start_block > cursor.number:
            continue
        if row.folded_to != cursor.number:
            left_out.append(
                f"{row.address} is folded up to block {row.folded_to} only, while its past is read"
            )
        else:
            contracts.append(HeldContract(row.pk, row.address, loading.contract_state(row)))
    return Place(cursor.number, cursor.hash, tuple(contracts), tuple(left_out))


def past(chain_id: int, number: int) -> Place:
    """An earlier block and the contracts whose every log up to it is stored with proof, of those
    that had begun.
    """
    cursor = _cursor(chain_id)
    if number > cursor.number:
        raise NothingStored(f"block {number} is not stored yet: the cursor is at {cursor.number}")
    contracts, left_out = [], []
    for row in Contract.objects.filter(chain_id=chain_id).order_by("address"):
        if row.start_block > number:
            continue
        covered = CoveredRange.objects.filter(contract=row, from_block__lte=number)
        gaps = ranges.gaps(row.start_block, number, covered.values_list("from_block", "to_block"))
        if gaps:
            first, last = gaps[0]
            left_out.append(f"{row.address}: blocks {first} to {last} are not proved")
        else:
            contracts.append(HeldContract(row.pk, row.address, _told_of_itself(row.pk, number)))
    block = Block.objects.filter(chain_id=chain_id, canonical=True, number=number).first()
    return Place(number, block.hash if block else "", tuple(contracts), tuple(left_out))


class Present:
    """What the tables hold; with `chosen`, those pools only (by the contract's key)."""

    def __init__(self, chosen: dict[int, set[int]] | None = None) -> None:
        self._chosen = chosen

    def pools(self, contract: HeldContract, *, from_id: int, limit: int) -> list[HeldPool]:
        found = Pool.objects.filter(contract=contract.key, pool_id__gte=from_id)
        if self._chosen is not None:
            found = found.filter(pool_id__in=self._chosen.get(contract.key, set()))
        return [
            HeldPool(row.pk, loading.pool_state(row), row.name)
            for row in found.order_by("pool_id")[:limit]
        ]

    def members(
        self, pools: Sequence[HeldPool], at: MemberPlace
    ) -> tuple[list[MemberState], MemberPlace | None]:
        page: list[MemberState] = []
        index, after = at
        for pool in pools[index:]:
            room = MEMBERS_AT_ONCE - len(page)
            rows = Membership.objects.filter(pool=pool.key, account__gt=after).order_by("account")
            page += [loading.member_state(pool.state.pool_id, row) for row in rows[:room]]
            if len(page) == MEMBERS_AT_ONCE:
                return page, (index, page[-1].account)
            index, after = index + 1, ""
        return page, None


class Past:
    """What the stored logs up to block `number` amount to."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._created: dict[int, list[int]] = {}
        self._ledger = Ledger()

    def pools(self, contract: HeldContract, *, from_id: int, limit: int) -> list[HeldPool]:
        created = self._ids(contract.key)
        first = bisect_left(created, from_id)
        ids = created[first : first + limit]
        self._ledger = Ledger()
        for pool_id in ids:
            _fold(self._ledger, contract.key, pool_id, self._number)
        states = self._ledger.pools
        return [
            HeldPool(pool_id, states[pool_id], clean_name(states[pool_id].name))
            for pool_id in ids
            if pool_id in states
        ]

    def members(
        self, pools: Sequence[HeldPool], _at: MemberPlace
    ) -> tuple[list[MemberState], MemberPlace | None]:
        """All of them, if the pools are among those last handed out: they are in memory already."""
        wanted = {pool.state.pool_id for pool in pools}
        members = self._ledger.members
        return [members[key] for key in sorted(members) if key[0] in wanted], None

    def _ids(self, key: int) -> list[int]:
        if key not in self._created:
            self._created[key] = sorted(_created(key, self._number))
        return self._created[key]


def _cursor(chain_id: int) -> Cursor:
    cursor = Cursor.objects.filter(chain_id=chain_id).first()
    if cursor is None or not cursor.hash:
        raise NothingStored("no block is stored yet: the listener has to run first")
    return cursor


def _standing(key: int, number: int) -> QuerySet[Log]:
    return Log.objects.filter(contract=key, retracted_seq=None, block_number__lte=number).exclude(
        kind=""
    )


def _created(key: int, number: int) -> set[int]:
    """The numbers of the pools that had been created."""
    told = _standing(key, number).filter(is_of_kind("PoolCreated"))
    return {pool_id for pool_id in told.values_list("pool_id", flat=True) if pool_id is not None}


def _told_of_itself(key: int, number: int) -> ContractState:
    """What a contract had told of itself, and how many pools there were; no other total."""
    ledger = Ledger()
    _fold(ledger, key, None, number)
    ledger.contract.pools_total = len(_created(key, number))
    return ledger.contract


def _fold(ledger: Ledger, key: int, pool_id: int | None, number: int) -> None:
    """Take in a pool's events, or those about the whole contract; leave out what contradicts."""
    for topics, data, block_number, log_index, timestamp in _logs(key, pool_id, number):
        try:
            ledger.fold(
                decode(bytes(topics), bytes(data)),
                at=(block_number, log_index),
                block_time=int(timestamp.timestamp()),
            )
        except FoldingError:
            continue  # marked in the log's row, as it is for the tables


_StoredLog = tuple[bytes | memoryview, bytes | memoryview, int, int, datetime]


def _logs(key: int, pool_id: int | None, number: int) -> Iterator[_StoredLog]:
    """In chain order, page by page."""
    found = _standing(key, number).filter(pool_id=pool_id).order_by("block_number", "log_index")
    rows = found.values_list("topics", "data", "block_number", "log_index", "timestamp")
    page = list(rows[:LOGS_AT_ONCE])
    while page:
        yield from page
        _, _, block_number, log_index, _ = page[-1]
        later = Q(block_number=block_number, log_index__gt=log_index)
        later |= Q(block_number__gt=block_number)
        page = list(rows.filter(later)[:LOGS_AT_ONCE]) if len(page) == LOGS_AT_ONCE else []
