"""Whether an answer about a block range can be true and is whole: checks without any I/O.

`Refused` means the answer contradicts itself or the question, so nothing of it is used; where
bloom filter and logs of a block disagree, only asking again, or its receipts, can settle it.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import pairwise
from operator import attrgetter

from pools import bloom
from pools.reorg import Header
from pools.segments import RawLog

from .errors import Refused
from .wire import Block, LogJson, to_raw_logs


def check_block(block: Block, *, number: int) -> None:
    """Raise Refused when the node answered with another block than the one asked for."""
    if block.header.number != number:
        raise Refused(f"asked for block {number}, got block {block.header.number}")


def check_links(headers: Sequence[Header]) -> None:
    """Raise Refused where neighbouring headers do not link (they came from different views)."""
    for lower, upper in pairwise(headers):
        if upper.number == lower.number + 1 and upper.parent_hash != lower.hash:
            raise Refused(f"block {upper.number} does not link to block {lower.number}")


def read_logs(
    entries: Sequence[LogJson], *, from_block: int, to_block: int, addresses: Collection[str]
) -> list[RawLog]:
    """The logs in chain order. Raises Refused for one that was not asked for.

    A wrong address, a height outside the range, `removed`, an index twice or two hashes for
    one height: the whole answer is refused, since whoever lies once is not believed twice.
    """
    try:
        read = to_raw_logs(entries)
    except ValueError as error:
        raise Refused(f"a log out of form: {error}") from None
    if True in [entry.removed for entry in entries]:
        raise Refused("a removed log")
    hashes: dict[int, str] = {}
    ordered = True
    number, index, block_hash, address = -1, -1, "", ""
    for log in read:
        # Neighbours of one block share its hash as the same object, so most are done with here.
        if log.block_hash is not block_hash or log.address is not address:
            if log.address not in addresses:
                raise Refused(f"a log of {log.address}, which was not asked for")
            if not from_block <= log.block_number <= to_block:
                raise Refused(f"a log of block {log.block_number}, which was not asked for")
            if hashes.setdefault(log.block_number, log.block_hash) != log.block_hash:
                raise Refused(f"two hashes for block {log.block_number}")
            if log.block_number != number:
                ordered = ordered and log.block_number > number
                index = -1
            number, block_hash, address = log.block_number, log.block_hash, log.address
        if log.log_index <= index:
            ordered = False
        index = log.log_index
    return read if ordered else _ordered(read)


def _ordered(logs: list[RawLog]) -> list[RawLog]:
    logs.sort(key=lambda log: (log.block_number, log.log_index))
    for lower, upper in pairwise(logs):
        if (lower.block_number, lower.log_index) == (upper.block_number, upper.log_index):
            raise Refused(f"index {upper.log_index} of block {upper.block_number} twice")
    return logs


def check_hashes(logs: Iterable[RawLog], blocks: Mapping[int, Block]) -> None:
    """Raise Refused for a log whose block hash is not its block's."""
    right = ""
    for log in logs:
        if log.block_hash is right:
            continue
        right = log.block_hash
        if right != blocks[log.block_number].header.hash:
            raise Refused(f"a log of block {log.block_number} names another block hash")


def emitters(logs: Iterable[RawLog]) -> dict[int, set[str]]:
    """The addresses that have logs in each block that has any."""
    found: dict[int, set[str]] = {}
    block_hash = address = ""
    for log in logs:
        if log.block_hash is block_hash and log.address is address:
            continue
        block_hash, address = log.block_hash, log.address
        found.setdefault(log.block_number, set()).add(address)
    return found


def blooms_speak(blocks: Collection[Block], logs: Iterable[RawLog]) -> bool:
    """Whether the node fills in bloom filters here: those of nothing but zeros prove nothing."""
    silent = {block.header.number for block in blocks if not any(block.bloom)}
    found = emitters(logs).keys()
    return len(silent) < len(blocks) and not found & silent


def cuts(logs: Sequence[RawLog], *, first: int, last: int, most: int) -> list[int]:
    """Where the parts of a range end, so that none has more logs unless it is a single block."""
    number = attrgetter("block_number")
    ends: list[int] = []
    begin, at = first, 0  # of the next part: its first block, its first log
    while len(logs) - at > most:
        full = logs[at + most].block_number  # the first block that does not fit wholly
        following = bisect_left(logs, full, lo=at, key=number)
        if following > at:
            ends.append(logs[following - 1].block_number)
        else:
            if begin < full:
                ends.append(full - 1)
            ends.append(full)
            following = bisect_right(logs, full, lo=at, key=number)
        begin, at = ends[-1] + 1, following
    return ends if ends and ends[-1] == last else [*ends, last]


def blooms_disagree(
    blocks: Iterable[Block], logs: Iterable[RawLog], addresses: Collection[str]
) -> list[Block]:
    """The blocks whose bloom filter and logs contradict each other; none when all is well.

    A filter never misses what is in the block, but may show what is not (yellow paper 4.3.1).
    One of nothing but zeros says nothing where there are logs: some nodes leave it empty.
    """
    found = emitters(logs)
    octets = {address: bytes.fromhex(address[2:]) for address in addresses}
    doubtful = []
    for block in blocks:
        if not any(block.bloom):
            continue
        shown = {a for a, item in octets.items() if bloom.may_contain(block.bloom, item)}
        if shown != found.get(block.header.number, set()):
            doubtful.append(block)
    return doubtful
