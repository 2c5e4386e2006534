"""Pulls a piece of the chain from a node and hands it on only when it is whole.

Asks for headers and logs in one batch, which one node answers; checks links, hashes and bloom
filters; where they disagree it asks again, elsewhere, and in the end for the receipts. Writes
nothing and decides nothing about reorganisations, which is `follower`'s part; but a node that
is late or tells an untruth is noted, so that another one is asked first.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import structlog

from pools.reorg import Header
from pools.segments import RawLog, Segment

from . import evidence
from .asking import Answer, ask
from .errors import BatchTooLong, NoEvidence, RangeTooWide, RpcError, TimedOut
from .nodes import Nodes, blamed, doubt, get_block, latest_block
from .range_sizes import MOST_LOGS
from .receipts import prove
from .rpc import Call, RpcClient
from .wire import Block

log = structlog.get_logger(__name__)

LINKED_BLOCKS: Final = 64  # the most headers asked for in one batch
_ASK_AGAIN_SECONDS: Final = 0.1
_SECOND_READING_SECONDS: Final = 0.3


@dataclass(frozen=True, slots=True)
class Sight:
    """What one node sees at one moment: its newest block, and what it has at our cursor."""

    client: RpcClient
    head: Header
    at_cursor: Header | None


class Puller:
    """Fetches segments of one chain for a set of contract addresses."""

    def __init__(self, nodes: Nodes, *, chain_id: int, addresses: Iterable[str]) -> None:
        self._nodes = nodes
        self._chain_id = chain_id
        self._addresses = frozenset(addresses)
        self.retries = 0

    async def look(self, cursor: int) -> Sight:
        """Ask the best node for its head and for the block at `cursor`. Raises RpcError."""
        client = await self._nodes.best()
        calls: list[Call[Any]] = [latest_block()]
        if cursor >= 0:
            calls.append(get_block(cursor))
        head, *rest = await client.batch(calls)
        if head is None:
            with blamed(client):
                raise NoEvidence("the node has no newest block")
        at_cursor = rest[0] if rest else None
        if at_cursor is not None:
            with blamed(client):
                evidence.check_block(at_cursor, number=cursor)
        return Sight(client, head.header, at_cursor.header if at_cursor else None)

    async def agrees(self, sight: Sight, header: Header, *, ours: str | None) -> bool:
        """A second reading: does another node (or the same one, a moment later) say so too?

        Where it holds `ours` instead, the first stands alone and is doubted.
        """
        client = await self._another(sight)
        (block,) = await client.batch([get_block(header.number)])
        read = None if block is None else block.header.hash
        same = read == header.hash
        log.info("second_reading", endpoint=client.host, block=header.number, agrees=same)
        if read is not None and read == ours:
            doubt(sight.client, f"block {header.number} is another one at {client.host} and here")
        return same

    async def overtaken(self, sight: Sight, number: int) -> bool:
        """Whether another node has this block, which the first lacks and is then doubted for."""
        other = await self._nodes.second(sight.client)
        if other is None:
            return False
        try:
            (block,) = await other.batch([get_block(number)])
        except RpcError as error:
            log.info("no_second_reading", reason=str(error))
            return False
        if block is None or block.header.number != number:
            return False
        doubt(sight.client, f"{other.host} has block {number} already")
        return True

    async def lacks(self, sight: Sight, number: int) -> bool:
        """A second reading: does another node (or the same one) not have this block either?"""
        client = await self._another(sight)
        (block,) = await client.batch([get_block(number)])
        return block is None

    async def _another(self, sight: Sight) -> RpcClient:
        client = await self._nodes.second(sight.client)
        if client is None:
            await asyncio.sleep(_SECOND_READING_SECONDS)
        return client or sight.client

    async def linked(self, first: int, last: int, *, client: RpcClient | None = None) -> Segment:
        """A segment with the header of every block from `first` towards `last`.

        At most `LINKED_BLOCKS` of them, or as many as the node takes. Raises as `span` does.
        """
        last = min(last, first + LINKED_BLOCKS - 1)
        return await self._fitting(first, last, client, linked=True)

    async def span(self, first: int, last: int, *, client: RpcClient | None = None) -> Segment:
        """A segment from `first` towards `last`, as wide as the node and one commit take it.

        Raises RangeTooWide when not even a single block is answered, and TimedOut when the node
        that was named in `client` takes too long: less is asked of it next time.
        """
        return await self._fitting(first, last, client, linked=False)

    async def _fitting(
        self, first: int, last: int, client: RpcClient | None, *, linked: bool
    ) -> Segment:
        while True:
            asked = client or await self._nodes.best()
            endpoint = asked.endpoint
            size = min(endpoint.ranges.blocks, last - first + 1)
            if linked:
                size = min(size, endpoint.most_calls - 1)
            try:
                segment = await self._pull(asked, first, first + size - 1, linked=linked)
            except BatchTooLong:
                if not linked or size <= endpoint.most_calls - 1:
                    raise
                self.retries += 1
            except (RangeTooWide, TimedOut) as error:
                if size == 1:
                    raise
                self.retries += 1
                log.info("range_narrowed", endpoint=asked.host, blocks=size, reason=str(error))
                if isinstance(error, RangeTooWide):
                    endpoint.ranges.refused(size, fits=error.fitting(first, size))
                    continue
                endpoint.ranges.timed_out(size)
                if client is not None:
                    raise
            else:
                if segment.to_block < first + size - 1:  # more logs than one commit takes
                    endpoint.ranges.refused(size, fits=size // 2)
                else:
                    endpoint.ranges.answered(size)
                return segment

    async def _pull(self, client: RpcClient, first: int, last: int, *, linked: bool) -> Segment:
        answer = await self._ask(client, first, last, linked=linked)
        if doubtful := self._doubtful(answer):
            answer = await self._settle(answer, doubtful, linked=linked)
        blocks = [answer.blocks[number] for number in sorted(answer.blocks)]
        segment = Segment(
            chain_id=self._chain_id,
            from_block=first,
            to_block=last,
            headers=tuple(block.header for block in blocks),
            logs=tuple(answer.logs),
            addresses=self._addresses,
            endpoint=answer.client.host,
            bloom_agrees=_blooms_agree(blocks, answer.logs) if len(blocks) > last - first else None,
        )
        return segment if len(segment.logs) <= MOST_LOGS else shortened(segment, MOST_LOGS)

    async def _settle(self, answer: Answer, doubtful: list[Block], *, linked: bool) -> Answer:
        """Logs and bloom contradict each other: ask again, then elsewhere, then for receipts."""
        second = await self._nodes.second(answer.client)
        for client in (answer.client, second or answer.client):
            numbers = [block.header.number for block in doubtful]
            log.warning("logs_against_bloom", endpoint=answer.client.host, blocks=numbers[:8])
            self.retries += 1
            await asyncio.sleep(_ASK_AGAIN_SECONDS)
            answer = await self._ask(client, answer.first, answer.last, linked=linked)
            doubtful = self._doubtful(answer)
            if not doubtful:
                return answer
        for block in doubtful:
            with blamed(answer.client):
                await self._put_proven(answer, block)
        return answer

    async def _put_proven(self, answer: Answer, block: Block) -> None:
        number = block.header.number
        proven = await prove(answer.client, block, self._addresses)
        # Receipts that are not whole may lack the same logs: then the filter still shows them.
        if not proven.whole and evidence.blooms_disagree([block], proven.logs, self._addresses):
            raise NoEvidence(f"the receipts of block {number} do not add up to its bloom")
        answer.put(number, proven.logs)

    async def _ask(self, client: RpcClient, first: int, last: int, *, linked: bool) -> Answer:
        with blamed(client):
            return await ask(client, first, last, addresses=self._addresses, all_headers=linked)

    def _doubtful(self, answer: Answer) -> list[Block]:
        """The blocks whose bloom contradicts the logs."""
        return evidence.blooms_disagree(answer.blocks.values(), answer.logs, self._addresses)


def shortened(segment: Segment, most_logs: int) -> Segment:
    """The beginning of a segment: whole blocks of at most so many logs, or one block of more."""
    last = segment.logs[0].block_number
    for entry, following in zip(segment.logs, segment.logs[1 : most_logs + 1], strict=False):
        if following.block_number > entry.block_number:
            last = entry.block_number
    return replace(
        segment,
        to_block=last,
        headers=tuple(header for header in segment.headers if header.number <= last),
        logs=tuple(entry for entry in segment.logs if entry.block_number <= last),
    )


def _blooms_agree(blocks: Sequence[Block], logs: Sequence[RawLog]) -> bool | None:
    """Of a segment with all its headers: True, or None where a block with logs has an empty filter.

    Blooms that contradict the logs never come so far.
    """
    with_logs = {entry.block_number for entry in logs}
    silent = (block for block in blocks if not any(block.bloom))
    return None if any(block.header.number in with_logs for block in silent) else True
