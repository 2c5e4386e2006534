"""Ledgers to build for tests: pieces of covered blocks and scans, as backfill and listener leave
them, without a chain behind them.
"""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from pools.alerts import acknowledge, raise_alert
from pools.models import (
    Alert,
    Chain,
    Contract,
    CoveredRange,
    Cursor,
    EndpointRecord,
    HistoricalScan,
    Lease,
    Verification,
)
from pools.selectors.coverage import BACKFILL_LEASE
from tests.factories import CHAIN_ID, address

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


def troubled_history() -> Contract:
    """A contract with everything that the status page can show of one, half of its history read."""
    now = timezone.now()
    contract = followed(address("one with a past"), start_block=1)
    cursor = Cursor.objects.get().number
    hold_the_lease()
    done = scan(
        contract,
        1,
        40,
        state="done",
        events_found=4100,
        requests=9,
        endpoints=NODE,
        finished_at=now,
    )
    for first in range(1, 41):
        cover(contract, first, first, scan=done, witness=OTHER_NODE if first % 2 else "")
    reason = f"{NODE}: the header of block 41 did not come with its logs, five times in a row"
    scan(contract, 41, 41, error=reason, retries=5, endpoints=NODE, finished_at=now)
    cover(contract, 42, 50, endpoint=OTHER_NODE)
    cover(contract, 51, 60, endpoint=OTHER_NODE, parent_hash=block_hash(7))
    cover(contract, 91, cursor, linked=True, bloom_agrees=True)
    scan(contract, 61, 80, state="running", done_to=65, started_at=now, endpoints=OTHER_NODE)
    scan(contract, 91, 95, state="requested", kind="rescan")
    Contract.objects.filter(pk=contract.pk).update(folded_to=40)
    EndpointRecord.objects.create(fingerprint="1", host=NODE, range_size=2000, latency_ms=81.0)
    EndpointRecord.objects.create(
        fingerprint="2", host=OTHER_NODE, range_size=1, problem="429 Too Many Requests"
    )
    raise_alert("mismatch", "mismatch:1", "Pool 12 has 3,000 here and 2,000 on the chain")
    acknowledge(Alert.objects.all(), at=now)
    raise_alert("gap", "gap:41", f"No node proves block 41: {reason}")
    Verification.objects.create(block_number=90, whole=True, pools_checked=9, finished_at=now)
    Verification.objects.create(
        block_number=95, whole=False, mismatches=[{"field": "total"}], finished_at=now
    )
    Verification.objects.create(block_number=96, whole=False, error="the node has no such block")
    return contract
