"""Steps at the head: blocks that follow the cursor, and blocks that the chain took back."""

from collections import Counter
from datetime import UTC, datetime

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from pools import coverage, segments, storing
from pools.ingest.retracting import retract_above
from pools.ingest.steps import Committed, StaleCursor, committed, lock
from pools.leases import LeaseToken
from pools.models import (
    Chain,
    Contract,
    Cursor,
    Log,
    OutboxRow,
)
from pools.outbox import LIVE_LOGS, Outbox
from pools.projecting import Projection
from pools.reorg import Header
from pools.segments import Segment
from pools.storing import Batch


@transaction.atomic
def append(segment: Segment, *, lease: LeaseToken, roll_back_to: int | None = None) -> Committed:
    """Store the blocks after the cursor and move it; with `roll_back_to`, retract down to there
    first, in the same transaction, so that no reader sees the state between.

    Raises StaleCursor, LostLease, BadSegment; then nothing is stored.
    """
    segments.check(segment)
    chain = lock(segment.chain_id, lease)
    outbox = Outbox(chain)
    if roll_back_to is not None:
        retract_above(chain, roll_back_to, outbox)
    cursor = Cursor.objects.filter(chain=chain).first()
    first = segment.headers[0]
    if cursor is not None and (
        segment.from_block != cursor.number + 1
        or (first.number == segment.from_block and cursor.hash not in ("", first.parent_hash))
    ):
        raise StaleCursor(
            f"The cursor is at {cursor.number} {cursor.hash}; "
            f"blocks {segment.from_block} to {segment.to_block} do not follow it."
        )
    batch = Batch(segment, _contracts(chain, segment))
    folded = _fold_new(batch)
    first_seq = storing.write(batch, outbox)
    for projection in folded:
        projection.save()
    _cover_new(batch)
    _move_cursor(chain, cursor, segment.headers[-1])
    outbox.tell_logs(first_seq, len(batch), one_by_one=True)
    if cursor is not None:
        _confirm(chain, cursor.number, segment.to_block, outbox)
    return committed(outbox, logs=len(batch), cursor=segment.to_block)


@transaction.atomic
def jump(chain_id: int, header: Header, *, lease: LeaseToken) -> None:
    """Move the cursor up to a block, leaving what lies between to the backfill: a gap.

    Raises StaleCursor when the cursor is there already, or above.
    """
    chain = lock(chain_id, lease)
    cursor = Cursor.objects.filter(chain=chain).first()
    if cursor is not None and cursor.number >= header.number:
        raise StaleCursor(f"The cursor is at {cursor.number} already.")
    _move_cursor(chain, cursor, header)


@transaction.atomic
def roll_back(chain_id: int, to_number: int, *, lease: LeaseToken) -> Committed:
    """Retract every block above `to_number` and set the cursor there."""
    chain = lock(chain_id, lease)
    outbox = Outbox(chain)
    retract_above(chain, to_number, outbox)
    return committed(outbox, logs=0, cursor=to_number)


def _contracts(chain: Chain, segment: Segment) -> dict[str, Contract]:
    """The contracts that the segment tells of; one registered since stays a gap to be filled."""
    found = Contract.objects.filter(
        chain=chain, address__in=segment.addresses, start_block__lte=segment.to_block
    )
    return {contract.address: contract for contract in found}


def _fold_new(batch: Batch) -> list[Projection]:
    """Fold the new events of contracts whose history is whole; returns what is to be saved."""
    segment = batch.segment
    folded, untouched = [], []
    for contract in batch.contracts.values():
        if contract.folded_to + 1 < max(segment.from_block, contract.start_block):
            continue
        indices, taken = batch.of(contract)
        if not taken:
            untouched.append(contract.pk)
            continue
        projection = Projection(contract)
        problems = projection.fold(taken, up_to=segment.to_block)
        batch.problems.update({indices[index]: told for index, told in problems.items()})
        folded.append(projection)
    Contract.objects.filter(pk__in=untouched).update(folded_to=segment.to_block)
    return folded


def _cover_new(batch: Batch) -> None:
    counts = Counter(raw.address for raw in batch.raws)
    for address, contract in batch.contracts.items():
        coverage.extend(contract, batch.segment, logs=counts[address])


def _move_cursor(chain: Chain, held: Cursor | None, head: Header) -> None:
    place = {
        "number": head.number,
        "hash": head.hash,
        "timestamp": datetime.fromtimestamp(head.timestamp, UTC),
    }
    if held is None:
        Cursor.objects.create(chain=chain, **place)
        return
    at = Cursor.objects.filter(chain=chain, number=held.number, hash=held.hash)
    if not at.update(**place, updated_at=timezone.now()):
        raise StaleCursor(f"The cursor left {held.number} {held.hash} while this step was made.")


def _confirm(chain: Chain, old_number: int, new_number: int, outbox: Outbox) -> None:
    """Tell of the stored events that now have CONFIRMATIONS blocks on top."""
    depth = settings.CONFIRMATIONS
    if not depth:
        return
    newly = Log.objects.filter(
        contract__chain=chain,
        retracted_seq=None,
        block_number__gt=old_number - depth,
        block_number__lte=new_number - depth,
    ).order_by("block_number", "log_index")
    logs = list(newly[: LIVE_LOGS + 1])
    if len(logs) > LIVE_LOGS:
        outbox.tell(OutboxRow.Kind.BATCH)
        return
    for log in logs:
        outbox.tell(OutboxRow.Kind.CONFIRMATION, log)
