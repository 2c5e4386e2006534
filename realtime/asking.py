"""One question to one node about a range: headers and logs in one batch, checked for truth.

What an answer proves is for others to say: `puller` near the head, `proving` in the past.
"""

import asyncio
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, Final

import msgspec

from pools.segments import RawLog

from . import evidence
from .errors import NoEvidence, TooManyLogs
from .nodes import get_block
from .range_sizes import may_be_cut
from .rpc import LARGEST_ANSWER, Call, RpcClient
from .wire import Block, LogJson, read_logs

_number = attrgetter("block_number")
_ADDRESSES_PER_CALL: Final = 30  # Mezo's limit
_RANGE_SECONDS: Final = 20.0  # a node without a log index reads every block of the range
_LARGEST_BLOCK: Final = 4 * LARGEST_ANSWER  # of a single block's logs, which cannot be split


@dataclass(slots=True)
class Answer:
    """What one node says of a closed range and the logs of some addresses in it.

    `blocks` holds the first, the last and each that has logs. `size` is that of the logs in
    bytes, `seconds` how long the node took.
    """

    client: RpcClient
    addresses: Collection[str]
    first: int
    last: int
    seconds: float
    size: int = 0
    blocks: dict[int, Block] = field(default_factory=dict)
    logs: list[RawLog] = field(default_factory=list)

    @property
    def range(self) -> range:
        """Its blocks' numbers."""
        return range(self.first, self.last + 1)

    @property
    def has_all_headers(self) -> bool:
        return len(self.blocks) == len(self.range)

    def logs_between(self, first: int, last: int) -> list[RawLog]:
        """Those of some of its blocks."""
        start = bisect_left(self.logs, first, key=_number)
        return self.logs[start : bisect_right(self.logs, last, lo=start, key=_number)]

    def logs_of(self, number: int) -> list[RawLog]:
        """Those of one block."""
        return self.logs_between(number, number)

    def put(self, number: int, logs: list[RawLog]) -> None:
        """Let one block have these logs instead, which are known to be true."""
        start = bisect_left(self.logs, number, key=_number)
        self.logs[start : bisect_right(self.logs, number, lo=start, key=_number)] = logs


async def ask(
    client: RpcClient,
    first: int,
    last: int,
    *,
    addresses: Collection[str],
    all_headers: bool = False,
) -> Answer:
    """Ask for the logs of these addresses and for the headers that belong to them.

    Raises RpcError: Refused for what cannot be true, NoEvidence where a block is missing, and
    TooManyLogs where the answer may have been cut at a limit without a word.
    """
    numbers: Sequence[int] = range(first, last + 1) if all_headers else sorted({first, last})
    calls: list[Call[Any]] = [get_block(number) for number in numbers]
    calls += _log_calls(first, last, addresses)
    clock = asyncio.get_running_loop().time
    started = clock()
    results = await client.batch(
        calls,
        time_limit=_RANGE_SECONDS,
        largest=LARGEST_ANSWER if last > first else _LARGEST_BLOCK,
    )
    answer = Answer(client, addresses, first, last, seconds=clock() - started)
    await asyncio.sleep(0)  # others' turn between two long steps
    _take(answer.blocks, numbers, results[: len(numbers)])
    _take_logs(answer, results[len(numbers) :])
    results.clear()  # megabytes of strings
    await complete(answer, evidence.emitters(answer.logs))
    evidence.check_hashes(answer.logs, answer.blocks)
    return answer


async def complete(answer: Answer, numbers: Iterable[int]) -> None:
    """Fetch those headers that the answer lacks. Raises RpcError."""
    missing = sorted(set(numbers) - answer.blocks.keys())
    found = await answer.client.each([get_block(number) for number in missing])
    _take(answer.blocks, missing, found)
    evidence.check_links([answer.blocks[number].header for number in sorted(answer.blocks)])


def _take(blocks: dict[int, Block], numbers: Sequence[int], found: Sequence[Block | None]) -> None:
    for number, block in zip(numbers, found, strict=True):
        if block is None:
            raise NoEvidence(f"the node does not have block {number}")
        evidence.check_block(block, number=number)
        blocks[number] = block


def _take_logs(answer: Answer, parts: Sequence[tuple[list[LogJson], int]]) -> None:
    entries = parts[0][0] if len(parts) == 1 else [entry for part, _ in parts for entry in part]
    answer.logs = evidence.read_logs(
        entries, from_block=answer.first, to_block=answer.last, addresses=answer.addresses
    )
    answer.size = sum(size for _, size in parts)
    if answer.last > answer.first and any(may_be_cut(len(part)) for part, _ in parts):
        message = f"just {len(entries)} logs, at which the answer may have been cut"
        raise TooManyLogs(message, endpoint=answer.client.host)


def _log_calls(
    first: int, last: int, addresses: Collection[str]
) -> list[Call[tuple[list[LogJson], int]]]:
    ordered = sorted(addresses)
    blocks = {"fromBlock": hex(first), "toBlock": hex(last)}
    return [
        Call(
            "eth_getLogs",
            ({**blocks, "address": ordered[start : start + _ADDRESSES_PER_CALL]},),
            _read_sized,
        )
        for start in range(0, len(ordered), _ADDRESSES_PER_CALL)
    ]


def _read_sized(raw: msgspec.Raw) -> tuple[list[LogJson], int]:
    """The logs, and how many bytes they took."""
    return read_logs(raw), memoryview(raw).nbytes
