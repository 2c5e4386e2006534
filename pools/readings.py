"""What only the contract's views tell of pools: which to ask for, and keeping what they answered.

These rows follow from no log and are no part of folding: only verification and the refreshing of
readings write them, and rebuilding the projections leaves them alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from pools import leases
from pools.contract_views import PoolInfo
from pools.leases import LeaseToken
from pools.models import Block, Contract, Cursor, Pool, PoolReading

# No event tells of yield that is put into a pool: a quiet pool is asked about again after this.
FRESH_FOR: Final = timedelta(hours=1)


def standing() -> QuerySet[PoolReading]:
    """The readings whose block the chain has not taken back since."""
    # A block is found by its chain and hash together; by its hash alone all would be looked at.
    gone = Block.objects.filter(
        chain=OuterRef("contract__chain"), hash=OuterRef("block_hash"), canonical=False
    )
    return PoolReading.objects.filter(~Exists(gone))


def taken_back(chain_id: int, block_hash: str) -> bool:
    """Whether the chain once had this block and no longer has it."""
    return Block.objects.filter(chain=chain_id, hash=block_hash, canonical=False).exists()


@dataclass(frozen=True, slots=True)
class Due:
    """The pools to read, by contract, and the cursor's block, at which to read them."""

    number: int
    hash: str
    pools: list[tuple[Contract, list[int]]]


def wanted(chain_id: int, *, now: datetime, most: int) -> Due:
    """The pools never read, or with events since; then the rest of the `most` from those that
    were read longest ago.
    """
    cursor = Cursor.objects.filter(chain_id=chain_id).exclude(hash="").first()
    if cursor is None:
        return Due(-1, "", [])
    pools = Pool.objects.filter(contract__chain_id=chain_id)
    of_pool = standing().filter(contract=OuterRef("contract"), pool_id=OuterRef("pool_id"))
    unread = pools.filter(~Exists(of_pool.filter(block_number__gte=OuterRef("last_block"))))
    found = list(unread.values_list("contract_id", "pool_id")[:most])
    old = standing().filter(contract__chain_id=chain_id, read_at__lt=now - FRESH_FOR)
    stale = old.order_by("read_at").values_list("contract_id", "pool_id")
    by_contract: dict[int, list[int]] = {}
    for contract_id, pool_id in dict.fromkeys([*found, *stale[: most - len(found)]]):
        by_contract.setdefault(contract_id, []).append(pool_id)
    contracts = Contract.objects.in_bulk(by_contract)
    return Due(
        cursor.number, cursor.hash, [(contracts[key], ids) for key, ids in by_contract.items()]
    )


@transaction.atomic
def store(
    contract_id: int,
    infos: Mapping[int, PoolInfo],
    *,
    number: int,
    block_hash: str,
    lease: LeaseToken,
) -> None:
    """Keep what `getPoolInfo` said of these pools at a block, unless a later block was read.

    Raises LostLease.
    """
    leases.check(lease)
    later = standing().filter(contract=contract_id, pool_id__in=infos, block_number__gt=number)
    newer = set(later.values_list("pool_id", flat=True))
    PoolReading.objects.bulk_create(
        [
            PoolReading(
                contract_id=contract_id,
                pool_id=pool_id,
                max_contribution=info.max_contribution,
                musd_minted=info.total_musd_minted,
                yield_generated=info.total_yield_generated,
                block_number=number,
                block_hash=block_hash,
                read_at=timezone.now(),
            )
            for pool_id, info in infos.items()
            if info.exists and pool_id not in newer
        ],
        update_conflicts=True,
        unique_fields=["contract", "pool_id"],
        update_fields=[
            "max_contribution",
            "musd_minted",
            "yield_generated",
            "block_number",
            "block_hash",
            "read_at",
        ],
        batch_size=500,
    )
