"""Reads of what only the contract's views told of pools."""

from collections.abc import Iterable

from django.db.models import BigIntegerField, Q

from pools import readings
from pools.compiled import CompiledQuery
from pools.fields import UInt256Field
from pools.models import Pool, PoolReading

_OF_POOL = CompiledQuery(
    lambda contract, pool_id, since: PoolReading.objects.filter(
        contract=contract, pool_id=pool_id, block_number__gte=since
    ),
    contract=BigIntegerField(),
    pool_id=UInt256Field(),
    since=BigIntegerField(),
)


def reading(pool: Pool) -> PoolReading | None:
    """What the views last said of the pool, None before they were asked; as `readings_of`.

    A second query where there is one: asked in one, what most pools have not cost thrice as much.
    """
    found_of = _OF_POOL.rows(
        contract=pool.contract_id, pool_id=pool.pool_id, since=pool.created_block
    )
    for found in found_of:
        if not readings.taken_back(pool.contract.chain_id, found.block_hash):
            return found
    return None


def readings_of(pools: Iterable[Pool]) -> dict[int, PoolReading]:
    """The same of many pools in one query, by the pools' keys.

    What was read before the pool was created, or of a block that the chain took back, is of
    another pool that had its number.
    """
    by_place = {(pool.contract_id, pool.pool_id): pool for pool in pools}
    wanted: dict[int, list[int]] = {}
    for contract_id, pool_id in by_place:
        wanted.setdefault(contract_id, []).append(pool_id)
    if not wanted:
        return {}
    any_of = Q()
    for contract_id, ids in wanted.items():
        any_of |= Q(contract=contract_id, pool_id__in=ids)
    found = {}
    for row in readings.standing().filter(any_of):
        pool = by_place[row.contract_id, row.pool_id]
        if row.block_number >= pool.created_block:
            found[pool.pk] = row
    return found
