"""Whether an answer about a block range can be true and is whole: checks without any I/O.

`Refused` means the answer contradicts itself or the question, so nothing of it is used; where
bloom filter and logs of a block disagree, only asking again, or its receipts, can settle it.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import pairwise

from pools import bloom
from pools.reorg import Header
from pools.segments import RawLog

from .errors import Refused
from .wire import Block, LogJson, to_raw_log


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
    logs: Iterable[LogJson], *, from_block: int, to_block: int, addresses: Collection[str]
) -> list[RawLog]:
    """The logs in chain order. Raises Refused for one that was not asked for.

    A wrong address, a height outside the range, `removed`, an index twice or two hashes for
    one height: the whole answer is refused, since whoever lies once is not believed twice.
    """
    read: list[RawLog] = []
    hashes: dict[int, str] = {}
    for json in logs:
        try:
            log = to_raw_log(json)
        except ValueError as error:
            raise Refused(f"a log out of form: {error}") from None
        if json.removed:
            raise Refused(f"a removed log of block {log.block_number}")
        if log.address not in addresses:
            raise Refused(f"a log of {log.address}, which was not asked for")
        if not from_block <= log.block_number <= to_block:
            raise Refused(f"a log of block {log.block_number}, which was not asked for")
        if hashes.setdefault(log.block_number, log.block_hash) != log.block_hash:
            raise Refused(f"two hashes for block {log.block_number}")
        read.append(log)
    read.sort(key=lambda log: (log.block_number, log.log_index))
    for lower, upper in pairwise(read):
        if (lower.block_number, lower.log_index) == (upper.block_number, upper.log_index):
            raise Refused(f"index {upper.log_index} of block {upper.block_number} twice")
    return read


def check_hashes(logs: Iterable[RawLog], blocks: Mapping[int, Block]) -> None:
    """Raise Refused for a log whose block hash is not its block's."""
    for log in logs:
        if log.block_hash != blocks[log.block_number].header.hash:
            raise Refused(f"a log of block {log.block_number} names another block hash")


def blooms_disagree(
    blocks: Iterable[Block], logs: Iterable[RawLog], addresses: Collection[str]
) -> list[Block]:
    """The blocks whose bloom filter and logs contradict each other; none when all is well.

    A filter never misses what is in the block, but may show what is not (yellow paper 4.3.1).
    One of nothing but zeros says nothing where there are logs: some nodes leave it empty.
    """
    emitters: dict[int, set[str]] = {}
    for log in logs:
        emitters.setdefault(log.block_number, set()).add(log.address)
    doubtful = []
    for block in blocks:
        if not any(block.bloom):
            continue
        seen = emitters.get(block.header.number, set())
        shown = {a for a in addresses if bloom.may_contain(block.bloom, bytes.fromhex(a[2:]))}
        if shown != seen:
            doubtful.append(block)
    return doubtful
