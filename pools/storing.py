"""Turns a checked segment into header and log rows. Part of `ingest`, inside its transactions only.

Straight from what was read to rows, past the ORM: history is millions of logs. What a log cannot
tell is kept raw and marked; folding what it tells is `projecting`'s matter.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from itertools import groupby
from operator import attrgetter

from pools import bulk, segments
from pools.activity import count_events
from pools.bulk import Table
from pools.events import (
    Event,
    MemberJoined,
    MemberLeft,
    PartialWithdrawal,
    PoolCreated,
    YieldClaimed,
)
from pools.models import COMMONEST_KIND, Contract, Log, OutboxRow
from pools.outbox import Outbox
from pools.projecting import Taken
from pools.segments import RawLog, Segment

_ACCOUNT = {
    PoolCreated: attrgetter("creator"),
    **dict.fromkeys(
        (MemberJoined, MemberLeft, PartialWithdrawal, YieldClaimed), attrgetter("member")
    ),
}
_BLOCKS = Table(
    "pools_block",
    {
        "chain_id": "int8",
        "number": "int8",
        "hash": "varchar",
        "parent_hash": "varchar",
        "timestamp": "timestamptz",
        "canonical": "bool",
    },
)
_LOGS = Table(
    "pools_log",
    {
        "block_number": "int8",
        "log_index": "int4",
        "block_id": "int8",
        "contract_id": "int8",
        "timestamp": "timestamptz",
        "transaction_hash": "varchar",
        "transaction_index": "int4",
        "topics": "bytea",
        "data": "bytea",
        "kind": "varchar",
        "uncommon_kind": "varchar",
        "pool_id": "numeric",
        "account": "varchar",
        "problem": "varchar",
        "seq": "int8",
        "retracted_seq": "int8",
    },
)


class Batch:
    """The logs of a segment that are ours and new, in chain order, with what each one tells."""

    def __init__(
        self,
        segment: Segment,
        contracts: dict[str, Contract],
        *,
        skip: Collection[tuple[int, int]] = (),
    ) -> None:
        self.segment = segment
        self.contracts = contracts
        self.times = {header.number: header.timestamp for header in segment.headers}
        self.raws: list[RawLog] = []
        self.events: list[Event | None] = []
        self.problems: dict[int, str] = {}  # by index
        told = segment.events or segments.decoded(segment).events or ()
        for raw, event in zip(segment.logs, told, strict=True):
            contract = contracts.get(raw.address)
            number = raw.block_number
            if contract is None or number < contract.start_block:
                continue
            if skip and (number, raw.log_index) in skip:
                continue
            if isinstance(event, str):
                self.problems[len(self.raws)] = event
            self.raws.append(raw)
            self.events.append(None if isinstance(event, str) else event)

    def __len__(self) -> int:
        return len(self.raws)

    def of(self, contract: Contract) -> tuple[list[int], list[Taken]]:
        """The events of one contract as `Projection.fold` takes them, and their indices here."""
        address, times = contract.address, self.times
        indices: list[int] = []
        taken: list[Taken] = []
        for index, (raw, event) in enumerate(zip(self.raws, self.events, strict=True)):
            if event is not None and raw.address == address:
                number = raw.block_number
                indices.append(index)
                taken.append((event, (number, raw.log_index), times[number], raw.transaction_hash))
        return indices, taken


def write(batch: Batch, outbox: Outbox) -> int:
    """Write headers and logs and count the events; returns the first log's sequence number."""
    blocks = _write_headers(batch.segment)
    first_seq = outbox.take(len(batch))
    if not batch.raws:
        return first_seq
    returned = _let_stand_again(batch, blocks, first_seq)
    rows = list(_rows(batch, blocks, first_seq))
    if returned:
        rows = [row for index, row in enumerate(rows) if index not in returned]
    bulk.insert(_LOGS, rows)
    _count(batch)
    return first_seq


def _let_stand_again(batch: Batch, blocks: dict[int, int], first_seq: int) -> set[int]:
    """Blocks that the chain took back and has brought again have their logs: these stand again.

    Returns the indices of those logs. They have new numbers now, and old messages name them so.
    """
    numbers = batch.raws[0].block_number, batch.raws[-1].block_number
    stored = Log.objects.filter(block_number__range=numbers, retracted_seq__isnull=False)
    places = {
        (block, index): seq
        for block, index, seq in stored.values_list("block_id", "log_index", "seq")
    }
    returned = set()
    for index, raw in enumerate(batch.raws if places else ()):
        old_seq = places.get((blocks[raw.block_number], raw.log_index))
        if old_seq is not None:
            returned.add(index)
            Log.objects.filter(seq=old_seq).update(
                seq=first_seq + index, retracted_seq=None, problem=batch.problems.get(index, "")
            )
            OutboxRow.objects.filter(log=old_seq).update(log=first_seq + index)
    return returned


def _write_headers(segment: Segment) -> dict[int, int]:
    """Write what is new of them; returns the blocks' keys by number."""
    moment = bulk.spelling().moment
    rows = [
        (
            segment.chain_id,
            header.number,
            header.hash,
            header.parent_hash,
            moment(header.timestamp),
            True,
        )
        for header in segment.headers
    ]
    return dict(
        bulk.upsert(
            _BLOCKS,
            rows,
            key=("chain_id", "hash"),
            update=("canonical",),
            returning=("number", "id"),
        )
    )


def _rows(batch: Batch, blocks: dict[int, int], first_seq: int) -> Iterable[bulk.Row]:
    spelled = bulk.spelling()
    uint256, moment = spelled.uint256, spelled.moment
    keys = {address: contract.pk for address, contract in batch.contracts.items()}
    times = {number: moment(seconds) for number, seconds in batch.times.items()}
    problems = batch.problems
    for index, (raw, event) in enumerate(zip(batch.raws, batch.events, strict=True)):
        account = _ACCOUNT.get(type(event)) if event is not None else None
        pool_id = getattr(event, "pool_id", None)
        number = raw.block_number
        kind = "" if event is None else event.kind
        yield (
            number,
            raw.log_index,
            blocks[number],
            keys[raw.address],
            times[number],
            raw.transaction_hash,
            raw.transaction_index,
            raw.topics,
            raw.data,
            kind,
            None if kind == COMMONEST_KIND else kind,
            None if pool_id is None else uint256(pool_id),
            "" if account is None else account(event),
            problems.get(index, "") if problems else "",
            first_seq + index,
            None,
        )


def _count(batch: Batch) -> None:
    """Add the decoded logs to their hours and to their contracts' totals."""
    counts: Counter[tuple[int, int, str]] = Counter()
    at = 0
    for (number, address), run in groupby(batch.raws, key=attrgetter("block_number", "address")):
        end = at + sum(1 for _ in run)
        for event_type, count in Counter(map(type, batch.events[at:end])).items():
            if kind := getattr(event_type, "kind", ""):  # none was decoded: NoneType has none
                counts[batch.contracts[address].pk, batch.times[number], kind] += count
        at = end
    count_events(counts)
