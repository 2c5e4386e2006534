"""Ledgers to build for tests: pieces of covered blocks and scans, as backfill and listener leave
them, without a chain behind them.
"""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from pools.models import Chain, Contract, CoveredRange, Cursor, HistoricalScan, Lease
from pools.selectors.coverage import BACKFILL_LEASE
from tests.factories import CHAIN_ID

NODE, OTHER_NODE = "node.example", "other.example"
CURSOR = 1000


def block_hash(number: int) -> str:
    return f"0x{number:064x}"


def followed(address: str, start_block: int = 100) -> Contract:
    """A contract that is followed up to the cursor, nothing of it covered or folded yet."""
    chain, new = Chain.objects.get_or_create(
        chain_id=CHAIN_ID, defaults={"anchor_number": 0, "anchor_hash": block_hash(0)}
    )
    if new:
        Cursor.objects.create(chain=chain, number=CURSOR, hash=block_hash(CURSOR))
    return Contract.objects.create(
        chain=chain, address=address, start_block=start_block, folded_to=start_block - 1
    )


def cover(contract: Contract, first: int, last: int, **values: Any) -> CoveredRange:
    """A piece of the ledger; its seams hold unless told otherwise."""
    evidence = {
        "parent_hash": block_hash(first - 1),
        "end_hash": block_hash(last),
        "endpoint": NODE,
        "logs": 1,
        **values,
    }
    return CoveredRange.objects.create(
        contract=contract, from_block=first, to_block=last, **evidence
    )


def scan(contract: Contract, first: int, last: int, **values: Any) -> HistoricalScan:
    """A scan of the past; one that failed unless told otherwise."""
    return HistoricalScan.objects.create(
        **{
            "contract": contract,
            "kind": HistoricalScan.Kind.BACKFILL,
            "state": HistoricalScan.State.FAILED,
            "from_block": first,
            "to_block": last,
            **values,
        }
    )


def hold_the_lease() -> None:
    """Somebody is at work on the scans that say so."""
    Lease.objects.create(
        name=BACKFILL_LEASE,
        holder="somebody:1",
        expires_at=timezone.now() + timedelta(minutes=1),
    )
