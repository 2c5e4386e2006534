"""The only writer of chain-derived rows: each function is one transaction, all or nothing.

A step stores blocks, logs, projections, hourly counts, coverage, cursor and messages together,
under the chain row's lock and with the worker's fencing token checked, so that a reader who has
seen sequence number N has seen everything below it, and a crash at any point leaves a whole step
or none. What to store is decided elsewhere (`realtime.puller`); telling others comes after.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from pools import coverage, leases, projecting, segments, storing
from pools.activity import count_events
from pools.leases import LeaseToken
from pools.models import Block, Chain, Contract, Cursor, HistoricalScan, Log, OutboxRow
from pools.outbox import Outbox
from pools.reorg import Header
from pools.segments import Segment

# A step of more logs than this is told as one "read again" instead of message by message.
LIVE_LOGS = 100


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
        Contract.objects.update_or_create(
            chain=chain, address=address, defaults={"start_block": start_block}
        )
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
    contracts = _contracts(chain, segment)
    logs = storing.store(segment, contracts, outbox)
    projecting.apply(logs)
    for contract in contracts.values():
        coverage.extend(contract, segment, logs=sum(log.contract_id == contract.pk for log in logs))
    _move_cursor(chain, cursor, segment.headers[-1])
    _announce(outbox, logs, one_by_one=len(logs) <= LIVE_LOGS)
    if cursor is not None:
        _confirm(chain, cursor.number, segment.to_block, outbox)
    return _committed(outbox, logs=len(logs), cursor=segment.to_block)


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
) -> Committed:
    """Store what is missing of one contract in a range at or below the cursor.

    Used by backfill and re-scan: logs that are already there are left alone. Raises Contradiction
    when a block that we hold has another hash in `segment`, and as `append` does.
    """
    segments.check(segment)
    chain = _lock(segment.chain_id, lease)
    if contract.address not in segment.addresses:
        raise segments.BadSegment(f"The node was not asked about {contract.address}.")
    contract = Contract.objects.get(pk=contract.pk)  # its totals may have moved since it was read
    cursor = Cursor.objects.get(chain=chain)
    if segment.to_block > cursor.number:
        raise StaleCursor(f"Block {segment.to_block} lies above the cursor {cursor.number}.")
    held_hashes = dict(
        Block.objects.filter(
            chain=chain, canonical=True, number__in=[h.number for h in segment.headers]
        ).values_list("number", "hash")
    )
    for header in segment.headers:
        if held_hashes.get(header.number, header.hash) != header.hash:
            raise Contradiction(
                f"Block {header.number} is {held_hashes[header.number]} here, "
                f"{header.hash} at {segment.endpoint}."
            )
    outbox = Outbox(chain)
    held = set(
        Log.objects.filter(
            contract=contract,
            retracted_seq=None,
            block_number__range=(segment.from_block, segment.to_block),
        ).values_list("block_number", "log_index")
    )
    answered = {(log.block_number, log.log_index) for log in segment.logs}
    logs = storing.store(segment, {contract.address: contract}, outbox, skip=held)
    projecting.insert(logs)
    coverage.add(contract, segment, logs=len(held | answered), scan=scan)
    _announce(outbox, logs, one_by_one=False)
    return _committed(outbox, logs=len(logs), cursor=cursor.number, surplus=len(held - answered))


@transaction.atomic
def prune(*, keep_messages: int, keep_blocks: int) -> None:
    """Forget messages that no browser resumes from, and old headers that carry no log."""
    for chain in Chain.objects.select_for_update():
        OutboxRow.objects.filter(seq__lte=chain.last_seq - keep_messages).delete()
        cursor = Cursor.objects.filter(chain=chain).first()
        if cursor is not None:
            old = Block.objects.filter(chain=chain, number__lt=cursor.number - keep_blocks)
            old.filter(log=None).delete()


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


def _retract_above(chain: Chain, to_number: int, outbox: Outbox) -> None:
    """Mark blocks above `to_number` as no longer canonical, newest log first, and the cursor."""
    above = Block.objects.filter(chain=chain, canonical=True, number__gt=to_number)
    logs = list(
        Log.objects.filter(block__in=above, retracted_seq=None)
        .select_related("contract")
        .order_by("-block_number", "-log_index")
    )
    for log in logs:
        log.retracted_seq = outbox.tell(OutboxRow.Kind.RETRACTION, log)
    Log.objects.bulk_update(logs, ["retracted_seq"], batch_size=500)
    above.update(canonical=False)
    count_events(logs, -1)
    projecting.remove(logs)
    base = Block.objects.filter(chain=chain, canonical=True, number=to_number).first()
    coverage.cut(chain, to_number, end_hash=base.hash if base else "")
    Cursor.objects.filter(chain=chain).update(
        number=to_number,
        hash=base.hash if base else "",
        timestamp=base.timestamp if base else None,
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


def _announce(outbox: Outbox, logs: Sequence[Log], *, one_by_one: bool) -> None:
    """One message for each log, or a single one over all their numbers."""
    if one_by_one:
        for log in logs:
            outbox.add(OutboxRow(seq=log.seq, first_seq=log.seq, kind="event", log=log))
    elif logs:
        outbox.add(OutboxRow(seq=logs[-1].seq, first_seq=logs[0].seq, kind="batch"))


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
