"""Rows of pools, members and contracts into states. The way back is `saving`'s matter.

Called by `projecting` and `snapshot`. Members are read in bulk, past the ORM: a backfill looks up
tens of thousands a second.
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal

import msgspec

from pools import bulk
from pools.models import Contract, Membership, Pool
from pools.projection import ContractState, MemberState, PoolState

# What a contract-wide event tells, and the totals that follow from the pools.
CONTRACT_FACTS = (
    "paused",
    "emergency_mode",
    "performance_fee",
    "fee_collector",
    "owner",
    "implementation",
    "initialized_version",
    "fees_collected",
    "pools_total",
    "members_total",
    "total_contributed",
)
ADDRESSES = ("fee_collector", "owner", "implementation")  # kept as "" while unknown
_LOADED_AT_ONCE = 500


class PoolPlace(msgspec.Struct):
    """Where a pool was created, and the key of its row, None before there is one."""

    created_block: int
    created_log_index: int
    created_tx: str
    key: int | None = None


def contract_state(contract: Contract) -> ContractState:
    """The facts and totals that are stored of the contract."""
    facts = {name: getattr(contract, name) for name in CONTRACT_FACTS}
    for name in ADDRESSES:
        facts[name] = facts[name] or None
    return ContractState(**facts)


def load_pools(
    contract_id: int, pool_ids: Collection[int]
) -> Iterator[tuple[PoolState, PoolPlace]]:
    """The stored states of those of the pools that are there."""
    wanted = list(pool_ids)
    for at in range(0, len(wanted), _LOADED_AT_ONCE):
        part = wanted[at : at + _LOADED_AT_ONCE]
        for row in Pool.objects.filter(contract=contract_id, pool_id__in=part):
            created = row.created_block, row.created_log_index, row.created_tx
            yield pool_state(row), PoolPlace(*created, row.pk)


def load_members(
    keys: Mapping[int, int], wanted: Collection[tuple[int, str]]
) -> Iterator[MemberState]:
    """Those of the wanted members (pool id, account) that are stored; `keys` of their pools."""
    pool_ids = {key: pool_id for pool_id, key in keys.items()}
    query = (
        "SELECT m.pool_id, m.account, m.contribution, m.shares, m.active, m.joined_at, m.left_at, "
        "m.yield_claimed FROM ({values}) AS wanted "
        "JOIN pools_membership m ON m.pool_id = wanted.column1 AND m.account = wanted.column2"
    )
    for row in bulk.matching(
        query, sorted((keys[pool_id], account) for pool_id, account in wanted)
    ):
        key, account, contribution, shares, active, joined_at, left_at, claimed = row
        yield MemberState(
            pool_ids[key],
            account,
            number(contribution),
            number(shares),
            bool(active),
            _seconds(joined_at),
            None if left_at is None else _seconds(left_at),
            number(claimed),
        )


def load_all_members(keys: Mapping[int, int]) -> Iterator[MemberState]:
    """Every stored member of the pools with these ids and keys."""
    pool_ids = {key: pool_id for pool_id, key in keys.items()}
    for row in Membership.objects.filter(pool__in=pool_ids).iterator():
        yield member_state(pool_ids[row.pool_id], row)


def member_state(pool_id: int, row: Membership) -> MemberState:
    """What a row tells of a member of the pool with this id."""
    return MemberState(
        pool_id,
        row.account,
        row.contribution,
        row.shares,
        row.active,
        _seconds(row.joined_at),
        None if row.left_at is None else _seconds(row.left_at),
        row.yield_claimed,
    )


def pool_state(row: Pool) -> PoolState:
    """What a row tells of a pool."""
    return PoolState(
        pool_id=row.pool_id,
        name=bytes(row.name_raw),
        creator=row.creator,
        status=row.status,
        min_contribution=row.min_contribution,
        max_members=row.max_members,
        member_count=row.member_count,
        total_contributed=row.total_contributed,
        created_at=_seconds(row.created_at),
        last_event_at=_seconds(row.last_event_at),
        events=row.events,
        closed_at=None if row.closed_at is None else _seconds(row.closed_at),
        last_position=(row.last_block, row.last_log_index),
    )


def number(stored: str | Decimal | int) -> int:
    """A `UInt256Field` as the driver gives it."""
    return int(stored[2:]) if isinstance(stored, str) else int(stored)


def _seconds(stored: str | datetime) -> int:
    """A time as the driver gives it, in seconds; SQLite keeps UTC without saying so."""
    if isinstance(stored, str):
        stored = datetime.fromisoformat(stored)
    return int((stored if stored.tzinfo else stored.replace(tzinfo=UTC)).timestamp())
