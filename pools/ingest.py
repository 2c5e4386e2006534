"""The only writer of chain-derived rows: each function is one transaction, all or nothing.

A step stores blocks, logs, projections, hourly counts, coverage, cursor and messages together,
under the chain row's lock and with the worker's fencing token checked, so that a reader who has
seen sequence number N has seen everything below it, and a crash at any point leaves a whole step
or none. What to store is decided elsewhere (`realtime.puller`); telling others comes after.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef
from django.utils import timezone

from pools import coverage, leases, segments, storing
from pools.activity import count_events
from pools.coverage import BrokenSeam
from pools.events import pool_id_of
from pools.leases import LeaseToken
from pools.models import (
    Block,
    Chain,
    Contract,
    CoveredRange,
    Cursor,
    HistoricalScan,
    Log,
    OutboxRow,
)
from pools.outbox import LIVE_LOGS, Outbox
from pools.projecting import Projection, logs_between
from pools.reorg import Header
from pools.segments import Segment
from pools.storing import Batch

# So many stored logs are folded in one transaction: some 100 ms, in which no other can write.
FOLDED_AT_ONCE = 5_000


class StaleCursor(Exception):
    """The cursor is not where the caller believed; read it again and pull from there."""


class Contradiction(Exception):
    """A past block that we hold has another hash at this node; nothing was stored."""


class WrongChain(Exception):
    """The node follows another chain than this database, or the chain was reset."""


@dataclass(frozen=True, slots=True)
class Committed:
    """What one step did.

    Its messages are numbered `first_seq` to `last_seq`, both included; there are none when
    `first_seq` is `last_seq + 1`. `logs` counts those that became part of the chain, `surplus`
    those that we hold in the range although the answer lacks them.
    """

    first_seq: int
    last_seq: int
    logs: int
    cursor: int
    surplus: int = 0


@transaction.atomic
def register(chain_id: int, contracts: Iterable[tuple[str, int]], *, anchor: Header) -> Chain:
    """Pin the chain at its first sight and list the contracts `(address, start block)`.

    `anchor` is an early block as the node gives it now; the one pinned first must have that hash.
    Raises WrongChain when this database belongs to another chain, or the chain was reset.
    """
    chain = Chain.objects.select_for_update().first()
    if chain is None:
        chain = Chain.objects.create(
            chain_id=chain_id, anchor_number=anchor.number, anchor_hash=anchor.hash
        )
    if chain.chain_id != chain_id:
        raise WrongChain(
            f"This database follows chain {chain.chain_id}, but the node serves chain {chain_id}. "
            "Point CHAIN_WS_URLS and CHAIN_HTTP_URLS at the right node, or DATABASE_URL elsewhere."
        )
    if (chain.anchor_number, chain.anchor_hash) != (anchor.number, anchor.hash):
        raise WrongChain(
            f"Block {chain.anchor_number} of chain {chain_id} was {chain.anchor_hash}, but the "
            f"node says {anchor.hash}: the chain was reset. A reset chain needs a new database."
        )
    for address, start_block in contracts:
        contract, _ = Contract.objects.get_or_create(
            chain=chain,
            address=address,
            defaults={"start_block": start_block, "folded_to": start_block - 1},
        )
        if contract.start_block != start_block:
            _move_start(contract, start_block)
    return chain


@transaction.atomic
def append(segment: Segment, *, lease: LeaseToken, roll_back_to: int | None = None) -> Committed:
    """Store the blocks after the cursor and move it; with `roll_back_to`, retract down to there
    first, in the same transaction, so that no reader sees the state between.

    Raises StaleCursor, LostLease, BadSegment; then nothing is stored.
    """
    segments.check(segment)
    chain = _lock(segment.chain_id, lease)
    outbox = Outbox(chain)
    if roll_back_to is not None:
        _retract_above(chain, roll_back_to, outbox)
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
    return _committed(outbox, logs=len(batch), cursor=segment.to_block)


@transaction.atomic
def jump(chain_id: int, header: Header, *, lease: LeaseToken) -> None:
    """Move the cursor up to a block, leaving what lies between to the backfill: a gap.

    Raises StaleCursor when the cursor is there already, or above.
    """
    chain = _lock(chain_id, lease)
    cursor = Cursor.objects.filter(chain=chain).first()
    if cursor is not None and cursor.number >= header.number:
        raise StaleCursor(f"The cursor is at {cursor.number} already.")
    _move_cursor(chain, cursor, header)


@transaction.atomic
def roll_back(chain_id: int, to_number: int, *, lease: LeaseToken) -> Committed:
    """Retract every block above `to_number` and set the cursor there."""
    chain = _lock(chain_id, lease)
    outbox = Outbox(chain)
    _retract_above(chain, to_number, outbox)
    return _committed(outbox, logs=0, cursor=to_number)


@transaction.atomic
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
    chain = _lock(segment.chain_id, lease)
    if contract.address not in segment.addresses:
        raise segments.BadSegment(f"The node was not asked about {contract.address}.")
    contract = Contract.objects.get(pk=contract.pk)  # what is folded may have moved since
    cursor = Cursor.objects.get(chain=chain)
    if segment.to_block > cursor.number:
        raise StaleCursor(f"Block {segment.to_block} lies above the cursor {cursor.number}.")
    _check_hashes(chain, segment)
    outbox = Outbox(chain)
    held = set(
        Log.objects.filter(
            contract=contract,
            retracted_seq=None,
            block_number__range=(segment.from_block, segment.to_block),
        ).values_list("block_number", "log_index")
    )
    answered = {(log.block_number, log.log_index) for log in segment.logs}
    batch = Batch(segment, {contract.address: contract}, skip=held)
    first_seq = _store_past(batch, contract, projection, outbox)
    try:
        coverage.add(contract, segment, held=held | answered, scan=scan)
    except BrokenSeam as error:
        raise Contradiction(f"{error} (said by {segment.endpoint})") from error
    outbox.tell_logs(first_seq, len(batch), one_by_one=False)
    return _committed(outbox, logs=len(batch), cursor=cursor.number, surplus=len(held - answered))


@transaction.atomic
def fold(contract: Contract, *, lease: LeaseToken, projection: Projection | None = None) -> bool:
    """Fold stored logs that wait, as far as the coverage reaches; returns whether more are left.

    They wait because the history below them was still missing. Raises LostLease.
    """
    chain = _lock(contract.chain_id, lease)
    contract = Contract.objects.get(pk=contract.pk)
    projection = _current(projection, contract)
    if projection.folded_to > projection.saved_to:
        projection.save()
        return True
    cursor = Cursor.objects.filter(chain=chain).first()
    reach = coverage.reach(contract, projection.folded_to + 1)
    if cursor is None or reach <= projection.folded_to:
        return False
    logs, up_to = logs_between(contract.pk, projection.folded_to + 1, reach, limit=FOLDED_AT_ONCE)
    projection.fold_stored(logs, up_to=up_to)
    projection.save()
    outbox = Outbox(chain)
    outbox.tell(OutboxRow.Kind.BATCH)
    outbox.save()
    return up_to < reach


@transaction.atomic
def pass_over(contract: Contract, to_block: int, *, lease: LeaseToken) -> None:
    """Let folding go on behind a gap that nothing proves, which ends at `to_block`.

    It stays a gap. If it is filled one day, the pools concerned are folded afresh.
    """
    _lock(contract.chain_id, lease)
    contract = Contract.objects.get(pk=contract.pk)
    if coverage.reach(contract, contract.folded_to + 1) > contract.folded_to:
        raise ValueError(f"Behind block {contract.folded_to} there is no gap: fold first.")
    if contract.folded_to < to_block:
        Contract.objects.filter(pk=contract.pk).update(
            folded_to=to_block, revision=F("revision") + 1
        )


@transaction.atomic
def prune(*, keep_messages: int, keep_blocks: int) -> None:
    """Forget messages that no browser resumes from, and old headers that carry no log."""
    for chain in Chain.objects.select_for_update():
        OutboxRow.objects.filter(seq__lte=chain.last_seq - keep_messages).delete()
        cursor = Cursor.objects.filter(chain=chain).first()
        if cursor is not None:
            old = Block.objects.filter(chain=chain, number__lt=cursor.number - keep_blocks)
            logs = Log.objects.filter(block_number=OuterRef("number"), block=OuterRef("pk"))
            old.filter(~Exists(logs)).delete()


def _lock(chain_id: int, lease: LeaseToken) -> Chain:
    chain = Chain.objects.select_for_update().get(pk=chain_id)
    leases.check(lease)
    return chain


def _contracts(chain: Chain, segment: Segment) -> dict[str, Contract]:
    """The contracts that the segment tells of; one registered since stays a gap to be filled."""
    found = Contract.objects.filter(
        chain=chain, address__in=segment.addresses, start_block__lte=segment.to_block
    )
    return {contract.address: contract for contract in found}


def _move_start(contract: Contract, start_block: int) -> None:
    """Another start block in the settings: what lies lower is a gap, what lies below it is left."""
    contract.start_block = start_block
    if not CoveredRange.objects.filter(contract=contract).exists():
        contract.folded_to = start_block - 1
    contract.folded_to = max(contract.folded_to, start_block - 1)
    contract.save(update_fields=["start_block", "folded_to"])


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


def _store_past(
    batch: Batch, contract: Contract, carried: Projection | None, outbox: Outbox
) -> int:
    """Store logs below the cursor and fold them, if it is their turn; returns as `write` does."""
    segment = batch.segment
    first = max(segment.from_block, contract.start_block)
    projection = _current(carried, contract)
    if projection.folded_to < first - 1:  # something before them is missing: they wait
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


def _retract_above(chain: Chain, to_number: int, outbox: Outbox) -> None:
    """Mark blocks above `to_number` as no longer canonical, newest log first, and the cursor."""
    above = Block.objects.filter(chain=chain, canonical=True, number__gt=to_number)
    logs = list(
        Log.objects.filter(
            block__in=above, block_number__gt=to_number, retracted_seq=None
        ).order_by("-block_number", "-log_index")
    )
    for log in logs:
        log.retracted_seq = outbox.tell(OutboxRow.Kind.RETRACTION, log)
    Log.objects.bulk_update(logs, ["retracted_seq"], batch_size=500)
    above.update(canonical=False)
    decoded = [log for log in logs if log.kind]
    counts = Counter((log.contract_id, int(log.timestamp.timestamp()), log.kind) for log in decoded)
    count_events({key: -count for key, count in counts.items()})
    for contract in Contract.objects.filter(chain=chain):
        _unfold(contract, [log for log in decoded if log.contract_id == contract.pk], to_number)
    base = Block.objects.filter(chain=chain, canonical=True, number=to_number).first()
    coverage.cut(chain, to_number, end_hash=base.hash if base else "")
    Cursor.objects.filter(chain=chain).update(
        number=to_number,
        hash=base.hash if base else "",
        timestamp=base.timestamp if base else None,
    )


def _unfold(contract: Contract, retracted: list[Log], to_number: int) -> None:
    """Take the contract's projections back to `to_number`, if they were beyond."""
    if contract.folded_to <= to_number:
        # A backfill may have folded further in memory: let it see that the chain has changed.
        Contract.objects.filter(pk=contract.pk).update(revision=F("revision") + 1)
        return
    folded = [log for log in retracted if log.block_number <= contract.folded_to]
    Projection(contract).refold(
        {log.pool_id for log in folded if log.pool_id is not None},
        contract_wide=any(log.pool_id is None for log in folded),
        up_to=to_number,
    )


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


def _committed(outbox: Outbox, *, logs: int, cursor: int, surplus: int = 0) -> Committed:
    outbox.save()
    return Committed(outbox.first_seq, outbox.last_seq, logs, cursor, surplus)
