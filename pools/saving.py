"""Changed states of pools, members and contracts into rows. The way in is `loading`'s matter.

Called by `projecting` and `ingest`, in their transactions. In bulk, past the ORM: a backfill
changes tens of thousands of members a second. A pool's category is given with its row and left
alone from then on.
"""

from collections.abc import Mapping
from typing import Any

from django.db.models import F

from pools import bulk, categories
from pools.bulk import Table
from pools.loading import ADDRESSES, CONTRACT_FACTS, PoolPlace, number
from pools.models import Contract, Membership, Pool
from pools.names import clean_name
from pools.projection import ContractState, Ledger

_POOLS = Table(
    "pools_pool",
    {
        "contract_id": "int8",
        "pool_id": "numeric",
        "name": "varchar",
        "name_raw": "bytea",
        "creator": "varchar",
        "status": "int2",
        "min_contribution": "numeric",
        "max_members": "numeric",
        "member_count": "int8",
        "total_contributed": "numeric",
        "created_at": "timestamptz",
        "closed_at": "timestamptz",
        "events": "int8",
        "last_event_at": "timestamptz",
        "last_block": "int8",
        "last_log_index": "int4",
        "created_block": "int8",
        "created_log_index": "int4",
        "created_tx": "varchar",
        "category": "varchar",
    },
)
_POOL_KEY = ("contract_id", "pool_id")
_OF_POOLS = tuple(name for name in _POOLS.columns if name not in (*_POOL_KEY, "category"))
_MEMBERS = Table(
    "pools_membership",
    {
        "pool_id": "int8",
        "account": "varchar",
        "contribution": "numeric",
        "shares": "numeric",
        "active": "bool",
        "joined_at": "timestamptz",
        "left_at": "timestamptz",
        "yield_claimed": "numeric",
    },
)
_MEMBER_KEY = ("pool_id", "account")
_OF_MEMBERS = tuple(name for name in _MEMBERS.columns if name not in _MEMBER_KEY)


def save(
    contract_id: int,
    ledger: Ledger,
    places: Mapping[int, PoolPlace],
    on_record: set[tuple[int, str]],
    *,
    folded_to: int,
) -> None:
    """Write the ledger's changed pools and members, and the contract's facts.

    `on_record` names the members that have rows, and afterwards those written now, too.
    """
    save_rows(contract_id, ledger, places, on_record)
    Contract.objects.filter(pk=contract_id).update(
        **facts_of(ledger.contract), folded_to=folded_to, revision=F("revision") + 1
    )


def save_rows(
    contract_id: int,
    ledger: Ledger,
    places: Mapping[int, PoolPlace],
    on_record: set[tuple[int, str]],
) -> None:
    """Write the ledger's changed pools and members alone."""
    if ledger.changed_pools or ledger.changed_members:
        _delete_gone(contract_id, ledger, on_record)
        _save_pools(contract_id, ledger, places)
        _save_members(ledger, places, on_record)


def facts_of(whole: ContractState) -> dict[str, Any]:
    """The facts and totals as the contract's row holds them, by column."""
    facts = {name: getattr(whole, name) for name in CONTRACT_FACTS}
    for name in ADDRESSES:
        facts[name] = facts[name] or ""
    return facts


def _delete_gone(contract_id: int, ledger: Ledger, on_record: set[tuple[int, str]]) -> None:
    gone = ledger.changed_pools - ledger.pools.keys()
    if gone:
        Pool.objects.filter(contract=contract_id, pool_id__in=gone).delete()
    for pool_id, account in ledger.changed_members - ledger.members.keys():
        on_record.discard((pool_id, account))
        if pool_id not in gone:
            Membership.objects.filter(
                pool__contract=contract_id, pool__pool_id=pool_id, account=account
            ).delete()


def _save_pools(contract_id: int, ledger: Ledger, places: Mapping[int, PoolPlace]) -> None:
    spelled = bulk.spelling()
    uint256, moment = spelled.uint256, spelled.moment
    rows = []
    changed = sorted(ledger.changed_pools & ledger.pools.keys())
    names = {pool_id: clean_name(ledger.pools[pool_id].name) for pool_id in changed}
    category_of = _categories(contract_id, names, places)
    for pool_id in changed:
        pool, place = ledger.pools[pool_id], places[pool_id]
        rows.append(
            (
                contract_id,
                uint256(pool_id),
                names[pool_id],
                pool.name,
                pool.creator,
                int(pool.status),
                uint256(pool.min_contribution),
                uint256(pool.max_members),
                pool.member_count,
                uint256(pool.total_contributed),
                moment(pool.created_at),
                None if pool.closed_at is None else moment(pool.closed_at),
                pool.events,
                moment(pool.last_event_at),
                *pool.last_position,
                place.created_block,
                place.created_log_index,
                place.created_tx,
                category_of.get(pool_id),
            )
        )
    stored = bulk.upsert(_POOLS, rows, key=_POOL_KEY, update=_OF_POOLS, returning=("id", "pool_id"))
    for key, pool_id in stored:
        places[number(pool_id)].key = key


def _categories(
    contract_id: int, names: Mapping[int, str], places: Mapping[int, PoolPlace]
) -> dict[int, str | None]:
    """The category of those of the pools that have no row yet."""
    new = {pool_id: name for pool_id, name in names.items() if places[pool_id].key is None}
    return categories.decided(contract_id, new, categories.rules_in_force()) if new else {}


def _save_members(
    ledger: Ledger, places: Mapping[int, PoolPlace], on_record: set[tuple[int, str]]
) -> None:
    spelled = bulk.spelling()
    uint256, moment = spelled.uint256, spelled.moment
    new: list[bulk.Row] = []
    known: list[bulk.Row] = []
    for key in sorted(ledger.changed_members & ledger.members.keys()):
        member = ledger.members[key]
        (known if key in on_record else new).append(
            (
                places[member.pool_id].key,
                member.account,
                uint256(member.contribution),
                uint256(member.shares),
                member.active,
                moment(member.joined_at),
                None if member.left_at is None else moment(member.left_at),
                uint256(member.yield_claimed),
            )
        )
    bulk.insert(_MEMBERS, new)
    bulk.upsert(_MEMBERS, known, key=_MEMBER_KEY, update=_OF_MEMBERS)
    on_record |= ledger.changed_members & ledger.members.keys()
