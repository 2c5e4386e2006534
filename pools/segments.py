"""What the puller hands to `ingest`: a checked piece of the chain, as plain values."""

from dataclasses import dataclass, replace

import msgspec

from pools.decoding import DecodingError, decode
from pools.events import Event
from pools.reorg import Header


# A struct instead of a dataclass: making one costs a fifth, and history is millions of them.
class RawLog(msgspec.Struct, frozen=True, gc=False):
    """One log of one of our contracts, undecoded. Addresses EIP-55, hashes lower-case hex.

    `topics` are 32 bytes each, one after the other.
    """

    address: str
    block_number: int
    block_hash: str
    log_index: int
    transaction_hash: str
    transaction_index: int
    topics: bytes
    data: bytes


@dataclass(frozen=True, slots=True)
class Segment:
    """The logs of a closed block range, with the evidence that they are all of them.

    `headers` ascend and hold at least the range's last block and every block that has logs; `logs`
    are in chain order.
    `addresses` are the contracts that the node was asked about: of any other, nothing is known.
    `endpoint` is the host that answered, `witness` another that was asked and says the same.
    `bloom_agrees` is None where not every block's filter was looked at, or one says nothing.
    `events` are the decoded logs, if somebody has had time for it: see `decoded`.
    """

    chain_id: int
    from_block: int
    to_block: int
    headers: tuple[Header, ...]
    logs: tuple[RawLog, ...]
    addresses: frozenset[str]
    endpoint: str
    bloom_agrees: bool | None = None
    witness: str = ""
    events: tuple[Event | str, ...] | None = None


def decoded(segment: Segment) -> Segment:
    """The segment with what each log tells, or in words why it tells nothing.

    It needs no database, so that a backfill does it while the writer writes the range before.
    """
    return replace(segment, events=tuple(map(_told, segment.logs)))


def _told(log: RawLog) -> Event | str:
    try:
        return decode(log.topics, log.data)
    except DecodingError as error:
        return f"not decoded: {error}"[:300]


class BadSegment(ValueError):
    """The piece contradicts itself; nothing of it is stored."""


def check(segment: Segment) -> None:
    """Raise BadSegment unless the headers link and each log lies in one of the blocks.

    The puller has asked the same before; the writer asks again, since a wrong row stays.
    """
    if not segment.headers or segment.headers[-1].number != segment.to_block:
        raise BadSegment(f"No header of block {segment.to_block}, the range's last.")
    previous: Header | None = None
    for header in segment.headers:
        if not segment.from_block <= header.number <= segment.to_block:
            raise BadSegment(f"Header {header.number} lies outside the range.")
        if previous is not None:
            if header.number <= previous.number:
                raise BadSegment(f"Header {header.number} does not ascend.")
            if header.number == previous.number + 1 and header.parent_hash != previous.hash:
                raise BadSegment(f"Block {header.number} does not link to {previous.number}.")
        previous = header
    hashes = {header.number: header.hash for header in segment.headers}
    before = (-1, -1)
    for log in segment.logs:
        place = log.block_number, log.log_index
        if hashes.get(log.block_number) != log.block_hash:
            raise BadSegment(f"A log of block {log.block_number} names another block hash.")
        if log.address not in segment.addresses:
            raise BadSegment(f"A log is of {log.address}, which was not asked about.")
        if place <= before:
            raise BadSegment(f"Log {place[1]} of block {place[0]} comes twice, or out of order.")
        before = place
