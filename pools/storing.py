"""Turns a checked segment into header and log rows. Part of `ingest`, inside its transactions only.

What a log cannot tell is kept raw and marked; folding what it tells is `projecting`'s matter.
"""

from datetime import UTC, datetime

from pools.activity import count_events
from pools.decoding import DecodingError, decode
from pools.events import account_of, pool_id_of
from pools.models import Block, Contract, Log
from pools.outbox import Outbox
from pools.segments import RawLog, Segment


def store(
    segment: Segment,
    contracts: dict[str, Contract],
    outbox: Outbox,
    skip: frozenset[tuple[int, int]] | set[tuple[int, int]] = frozenset(),
) -> list[Log]:
    """Write headers and the logs that are ours and new; returns those, in chain order."""
    raw_logs = sorted(
        (
            raw
            for raw in segment.logs
            if raw.address in contracts
            and raw.block_number >= contracts[raw.address].start_block
            and (raw.block_number, raw.log_index) not in skip
        ),
        key=lambda raw: (raw.block_number, raw.log_index),
    )
    blocks = _store_headers(segment)
    logs = [
        _to_row(raw, contracts[raw.address], blocks[raw.block_number], outbox.take())
        for raw in raw_logs
    ]
    # A block that the chain took back and brought again has its rows already: they stand again.
    Log.objects.bulk_create(
        logs,
        update_conflicts=True,
        unique_fields=["block_number", "log_index", "block"],
        update_fields=["seq", "retracted_seq", "problem"],
        batch_size=1000,
    )
    count_events(logs, +1)
    return logs


def _store_headers(segment: Segment) -> dict[int, Block]:
    blocks = [
        Block(
            chain_id=segment.chain_id,
            number=header.number,
            hash=header.hash,
            parent_hash=header.parent_hash,
            timestamp=datetime.fromtimestamp(header.timestamp, UTC),
            canonical=True,
        )
        for header in segment.headers
    ]
    Block.objects.bulk_create(
        blocks,
        update_conflicts=True,
        unique_fields=["chain", "hash"],
        update_fields=["canonical"],
        batch_size=1000,
    )
    return {block.number: block for block in blocks}


def _to_row(raw: RawLog, contract: Contract, block: Block, seq: int) -> Log:
    row = Log(
        contract=contract,
        block=block,
        block_number=raw.block_number,
        log_index=raw.log_index,
        timestamp=block.timestamp,
        transaction_hash=raw.transaction_hash,
        transaction_index=raw.transaction_index,
        topics=raw.topics,
        data=raw.data,
        seq=seq,
    )
    try:
        event = decode(raw.topics, raw.data)
    except DecodingError as error:
        row.problem = f"not decoded: {error}"[:300]
        return row
    row.kind = event.kind
    row.pool_id = pool_id_of(event)
    row.account = account_of(event) or ""
    return row
