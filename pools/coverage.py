"""Writes the ledger of covered ranges: which blocks are stored, and on what evidence.

Called by `ingest` inside its transactions only.
"""

from django.db.models import F

from pools.models import Chain, Contract, CoveredRange, HistoricalScan
from pools.segments import Segment


def extend(contract: Contract, segment: Segment, *, logs: int) -> None:
    """Cover the blocks that follow the cursor, growing the contract's newest range there."""
    from_block = max(segment.from_block, contract.start_block)
    touching = CoveredRange.objects.filter(contract=contract, to_block=from_block - 1)
    grown = touching.update(
        to_block=segment.to_block,
        end_hash=segment.headers[-1].hash,
        endpoint=segment.endpoint,
        logs=F("logs") + logs,
        bloom_agrees=segment.bloom_agrees,
    )
    if not grown:
        _create(contract, segment, from_block, logs=logs, scan=None)


def add(contract: Contract, segment: Segment, *, logs: int, scan: HistoricalScan | None) -> None:
    """Cover a past range, where it is not covered yet, and join it with its neighbours.

    `logs` is the number of logs known in the range.
    """
    from_block = max(segment.from_block, contract.start_block)
    held = CoveredRange.objects.filter(contract=contract)
    if held.filter(from_block__lte=from_block, to_block__gte=segment.to_block).exists():
        return
    held.filter(from_block__gte=from_block, to_block__lte=segment.to_block).delete()
    row = _create(contract, segment, from_block, logs=logs, scan=scan)
    below = held.filter(from_block__lt=from_block, to_block__gte=from_block - 1).first()
    above = held.filter(from_block__lte=segment.to_block + 1, to_block__gt=segment.to_block).first()
    if below is not None:
        row.from_block = below.from_block
        row.logs += below.logs
        below.delete()
    if above is not None:
        row.to_block = above.to_block
        row.end_hash = above.end_hash
        row.endpoint = above.endpoint
        row.logs += above.logs
        above.delete()
    row.save()


def cut(chain: Chain, to_block: int, *, end_hash: str) -> None:
    """After a roll-back: nothing above `to_block` is covered any more."""
    held = CoveredRange.objects.filter(contract__chain=chain)
    held.filter(from_block__gt=to_block).delete()
    held.filter(to_block__gt=to_block).update(to_block=to_block, end_hash=end_hash)


def _create(
    contract: Contract,
    segment: Segment,
    from_block: int,
    *,
    logs: int,
    scan: HistoricalScan | None,
) -> CoveredRange:
    return CoveredRange.objects.create(
        contract=contract,
        from_block=from_block,
        to_block=segment.to_block,
        end_hash=segment.headers[-1].hash,
        endpoint=segment.endpoint,
        logs=logs,
        bloom_agrees=segment.bloom_agrees,
        scan=scan,
    )
