"""Writes the ledger of covered ranges: which blocks are stored, and on what evidence.

Called by `ingest` inside its transactions only. Ranges that lie side by side stay apart, so that
what each of them was proved with is kept; readers see them as one.
"""

from collections.abc import Iterable, Sequence

from django.db.models import F, QuerySet

from pools import ranges
from pools.models import Block, Chain, Contract, CoveredRange, HistoricalScan, Log
from pools.segments import Segment

# Live blocks grow one range up to this many: enough to keep rows few, one piece of evidence still,
# as all its headers link, all blooms agree and one node answered.
LONGEST_LIVE_RANGE = 1_000


class BrokenSeam(Exception):
    """The range does not link to the one beside it: one of the two is of another chain."""


def extend(contract: Contract, segment: Segment, *, logs: int) -> None:
    """Cover the blocks that follow the cursor, growing the contract's newest range if it can."""
    first = segment.headers[0]
    grown = 0
    if first.number == segment.from_block > contract.start_block and is_linked(segment):
        grown = CoveredRange.objects.filter(
            contract=contract,
            to_block=segment.from_block - 1,
            from_block__gt=segment.to_block - LONGEST_LIVE_RANGE,
            end_hash=first.parent_hash,
            endpoint=segment.endpoint,
            witness=segment.witness,
            linked=True,
            bloom_agrees=segment.bloom_agrees,
        ).update(
            to_block=segment.to_block, end_hash=segment.headers[-1].hash, logs=F("logs") + logs
        )
    if not grown:
        from_block = max(segment.from_block, contract.start_block)
        _create(contract, segment, (from_block, segment.to_block), logs=logs, scan=None)


def add(
    contract: Contract, segment: Segment, *, logs_in: list[int], scan: HistoricalScan | None
) -> None:
    """Cover what is not covered yet of a past range; `logs_in` names the block of each of its logs.

    Raises BrokenSeam where it does not link to a neighbour.
    """
    first = max(segment.from_block, contract.start_block)
    covered = [
        *_beginning_below(contract, first),
        *_beginning_in(contract, first, segment.to_block),
    ]
    for hole in ranges.gaps(first, segment.to_block, [(row[0], row[1]) for row in covered]):
        logs = sum(hole[0] <= number <= hole[1] for number in logs_in)
        row = _create(contract, segment, hole, logs=logs, scan=scan)
        for from_block, to_block, parent_hash, end_hash in covered:
            if to_block == hole[0] - 1:
                _check_seam(end_hash, row.parent_hash, hole[0])
            elif from_block == hole[1] + 1:
                _check_seam(row.end_hash, parent_hash, from_block)


def cut(chain: Chain, to_block: int, *, end_hash: str, retracted: Sequence[Log]) -> None:
    """After a roll-back: nothing above `to_block` is covered any more, nor any log counted there.

    `retracted` are the logs that were taken back.
    """
    for contract in Contract.objects.filter(chain=chain):
        CoveredRange.objects.filter(contract=contract, from_block__gt=to_block).delete()
        row = _nearest(contract, from_block__lte=to_block).first()
        if row is None or row.to_block <= to_block:
            continue
        gone = sum(
            log.contract_id == row.contract_id and log.block_number <= row.to_block
            for log in retracted
        )
        row.logs = max(0, row.logs - gone)  # one that had come late was not counted
        row.to_block, row.end_hash = to_block, end_hash
        row.save(update_fields=["to_block", "end_hash", "logs"])


def reach(contract: Contract, from_block: int) -> int:
    """The last block of the unbroken coverage that begins at `from_block`, or the one below it."""
    last = from_block - 1
    for _, end, _, _ in _beginning_below(contract, from_block):
        last = max(last, end)
    above = CoveredRange.objects.filter(contract=contract, from_block__gte=from_block)
    for first, end in above.order_by("from_block").values_list("from_block", "to_block").iterator():
        if first > last + 1:
            break
        last = end
    return last


def is_linked(segment: Segment) -> bool:
    """Whether the header of every block was seen; `segments.check` has seen that they link."""
    return len(segment.headers) == segment.to_block - segment.from_block + 1


# As ranges never overlap, only the nearest one that begins lower can touch: the older ones, which
# become many, are not looked at.

Piece = tuple[int, int, str, str]
"""First and last block, and the hashes before and at the end."""


def _beginning_below(contract: Contract, block: int) -> list[Piece]:
    return list(_pieces(_nearest(contract, from_block__lt=block)))


def _nearest(contract: Contract, **bound: int) -> QuerySet[CoveredRange]:
    """The one that begins highest within the bound, or none."""
    below = CoveredRange.objects.filter(contract=contract, **bound)
    return below.order_by("-from_block")[:1]


def _beginning_in(contract: Contract, first: int, last: int) -> list[Piece]:
    """Those in the blocks, and one that begins right behind them."""
    return list(
        _pieces(CoveredRange.objects.filter(contract=contract, from_block__range=(first, last + 1)))
    )


def _pieces(rows: QuerySet[CoveredRange]) -> Iterable[Piece]:
    return rows.values_list("from_block", "to_block", "parent_hash", "end_hash")


def _check_seam(end_hash: str, parent_hash: str, block: int) -> None:
    if end_hash and parent_hash and end_hash != parent_hash:
        raise BrokenSeam(
            f"Block {block} has the parent {parent_hash}, but the range below ends in {end_hash}."
        )


def _create(
    contract: Contract,
    segment: Segment,
    blocks: ranges.Range,
    *,
    logs: int,
    scan: HistoricalScan | None,
) -> CoveredRange:
    first, last = blocks
    headers = {header.number: header for header in segment.headers}
    return CoveredRange.objects.create(
        contract=contract,
        from_block=first,
        to_block=last,
        parent_hash=headers[first].parent_hash if first in headers else "",
        end_hash=headers[last].hash if last in headers else _stored_hash(contract, last),
        endpoint=segment.endpoint,
        witness=segment.witness,
        logs=logs,
        linked=is_linked(segment),
        bloom_agrees=segment.bloom_agrees,
        scan=scan,
    )


def _stored_hash(contract: Contract, number: int) -> str:
    found = Block.objects.filter(chain=contract.chain_id, number=number, canonical=True)
    return found.values_list("hash", flat=True).first() or ""
