"""Steps below the cursor: past ranges are stored, and folded when all below them is there."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction
from django.db.models import F

from pools import coverage, segments, storing
from pools.coverage import BrokenSeam
from pools.events import pool_id_of
from pools.ingest.steps import Committed, StaleCursor, committed, lock
from pools.leases import LeaseToken
from pools.models import Block, Chain, Contract, Cursor, HistoricalScan, Log, OutboxRow
from pools.outbox import Outbox
from pools.projecting import Projection, logs_between
from pools.segments import Segment
from pools.storing import Batch

# So many stored logs are folded in one transaction: some 100 ms, in which no other can write.
FOLDED_AT_ONCE = 5_000


class Contradiction(Exception):
    """A past block that we hold has another hash at this node; nothing was stored."""


def fill(
    segment: Segment,
    contract: Contract,
    *,
    lease: LeaseToken,
    scan: HistoricalScan | None = None,
    projection: Projection | None = None,
) -> Committed:
    """Store what is missing of one contract in a range at or below the cursor.

    Used by backfill and re-scan: logs that are already there are left alone. With `projection`,
    which the caller carries from range to range, what is folded is saved when it has become much;
    call `fold` at the end. Raises Contradiction when a block that we hold has another hash in
    `segment`, or it does not link to what is proved beside it, and as `append` does.
    """
    segments.check(segment)
    with _step(projection):
        return _fill(segment, contract, lease, scan, projection)


def _fill(
    segment: Segment,
    contract: Contract,
    lease: LeaseToken,
    scan: HistoricalScan | None,
    projection: Projection | None,
) -> Committed:
    chain = lock(segment.chain_id, lease)
    if contract.address not in segment.addresses:
        raise segments.BadSegment(f"The node was not asked about {contract.address}.")
    contract = Contract.objects.get(pk=contract.pk)  # what is folded may have moved since
    cursor = Cursor.objects.get(chain=chain)
    if segment.to_block > cursor.number:
        raise StaleCursor(f"Block {segment.to_block} lies above the cursor {cursor.number}.")
    _check_hashes(chain, segment)
    outbox = Outbox(chain)
    held = _held(contract, segment)
    batch = Batch(segment, {contract.address: contract}, skip=held)
    first_seq = _store_past(batch, contract, projection, outbox, some_held=bool(held))
    try:
        coverage.add(contract, segment, logs_in=_blocks_of_logs(segment, held), scan=scan)
    except BrokenSeam as error:
        raise Contradiction(f"{error} (said by {segment.endpoint})") from error
    outbox.tell_logs(first_seq, len(batch), one_by_one=False)
    return committed(
        outbox, logs=len(batch), cursor=cursor.number, surplus=len(_surplus(segment, held))
    )


def fold(contract: Contract, *, lease: LeaseToken, projection: Projection | None = None) -> bool:
    """Fold stored logs that wait, as far as the coverage reaches; returns whether more are left.

    They wait because the history below them was still missing. Raises LostLease.
    """
    with _step(projection):
        return _fold(contract, lease, projection)


def _fold(contract: Contract, lease: LeaseToken, projection: Projection | None) -> bool:
    chain = lock(contract.chain_id, lease)
    contract = Contract.objects.get(pk=contract.pk)
    projection = _current(projection, contract)
    if projection.folded_to > projection.saved_to:
        projection.save()
        _tell_folded(chain)
        return True
    cursor = Cursor.objects.filter(chain=chain).first()
    reach = coverage.reach(contract, projection.folded_to + 1)
    if cursor is None or reach <= projection.folded_to:
        return False
    logs, up_to = logs_between(contract.pk, projection.folded_to + 1, reach, limit=FOLDED_AT_ONCE)
    projection.fold_stored(logs, up_to=up_to)
    projection.save()
    _tell_folded(chain)
    return up_to < reach


def _tell_folded(chain: Chain) -> None:
    """Have browsers read pools and totals again: the messages of their logs came before."""
    outbox = Outbox(chain)
    outbox.tell(OutboxRow.Kind.BATCH)
    outbox.save()


@transaction.atomic
def pass_over(contract: Contract, to_block: int, *, lease: LeaseToken) -> None:
    """Let folding go on behind a gap that nothing proves, which ends at `to_block`.

    It stays a gap. If it is filled one day, the pools concerned are folded afresh.
    """
    lock(contract.chain_id, lease)
    contract = Contract.objects.get(pk=contract.pk)
    if coverage.reach(contract, contract.folded_to + 1) > contract.folded_to:
        raise ValueError(f"Behind block {contract.folded_to} there is no gap: fold first.")
    if contract.folded_to < to_block:
        Contract.objects.filter(pk=contract.pk).update(
            folded_to=to_block, revision=F("revision") + 1
        )


@contextmanager
def _step(carried: Projection | None) -> Iterator[None]:
    """A transaction. If it fails, what was folded in memory for it never happened, either."""
    try:
        with transaction.atomic():
            yield
    except BaseException:
        if carried is not None:
            carried.discard()
        raise


def _store_past(
    batch: Batch,
    contract: Contract,
    carried: Projection | None,
    outbox: Outbox,
    *,
    some_held: bool,
) -> int:
    """Store logs below the cursor and fold them, if it is their turn; returns as `write` does."""
    segment = batch.segment
    first = max(segment.from_block, contract.start_block)
    projection = _current(carried, contract)
    # Where something before them is missing they wait, as those do that lie among waiting ones.
    if projection.folded_to < first - 1 + some_held:
        return storing.write(batch, outbox)
    indices, taken = batch.of(contract)
    if projection.folded_to == first - 1:
        problems = projection.fold(taken, up_to=segment.to_block)
        batch.problems.update({indices[index]: told for index, told in problems.items()})
        first_seq = storing.write(batch, outbox)
        if carried is None or carried.is_heavy:
            projection.save()
        return first_seq
    first_seq = storing.write(batch, outbox)
    if projection.folded_to > projection.saved_to:
        projection.save()
    late = [event for event, at, _, _ in taken if at[0] <= projection.folded_to]
    if late:
        pool_ids = {pool_id_of(event) for event in late}
        projection.refold(
            [pool_id for pool_id in pool_ids if pool_id is not None], contract_wide=None in pool_ids
        )
    return first_seq


def _current(carried: Projection | None, contract: Contract) -> Projection:
    """The carried projection, begun again if somebody else has saved since; or a new one."""
    if carried is None:
        return Projection(contract)
    if not carried.is_current(contract):
        carried.restart(contract)
    return carried


def _held(contract: Contract, segment: Segment) -> set[tuple[int, int]]:
    """The places of the contract's logs that stand in the range.

    The sum keeps a planner without statistics from going through all of the contract's logs
    instead of the range; those of other contracts, of which there may be many, stay where they are.
    """
    stored = Log.objects.alias(owner=F("contract_id") + 0).filter(
        owner=contract.pk,
        retracted_seq=None,
        block_number__range=(segment.from_block, segment.to_block),
    )
    return set(stored.values_list("block_number", "log_index"))


def _surplus(segment: Segment, held: set[tuple[int, int]]) -> set[tuple[int, int]]:
    """What we hold in the range and the answer lacks. Mostly we hold nothing yet."""
    if not held:
        return held
    return held - {(log.block_number, log.log_index) for log in segment.logs}


def _blocks_of_logs(segment: Segment, held: set[tuple[int, int]]) -> list[int]:
    """The block of each log that is known in the range, from the answer or from before."""
    answered = [log.block_number for log in segment.logs]
    return answered + [number for number, _ in _surplus(segment, held)]


def _check_hashes(chain: Chain, segment: Segment) -> None:
    """Raise Contradiction for a header that is not that of the block we hold."""
    held = Block.objects.filter(
        chain=chain, canonical=True, number__range=(segment.from_block, segment.to_block)
    )
    hashes = dict(held.values_list("number", "hash"))
    for header in segment.headers:
        if hashes.get(header.number, header.hash) != header.hash:
            raise Contradiction(
                f"Block {header.number} is {hashes[header.number]} here, "
                f"{header.hash} at {segment.endpoint}."
            )
