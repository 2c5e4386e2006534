"""Reads a past range and proves that nothing of it is missing, or says why it cannot.

An answer counts when another node that is well says the same; where two differ, the receipts of
the blocks in question decide. With one node alone, or where both say that there is nothing (nodes
of one kind lose the same), the bloom filter of every block has to agree with the logs, and where
filters are left empty, a second reading a moment later.
"""

import asyncio
from typing import Final

import structlog

from pools.segments import Segment

from . import evidence
from .asking import Answer, ask, complete
from .errors import NoEvidence, RangeTooWide, RateLimited, RpcError, TimedOut, TooManyLogs
from .nodes import Nodes, blamed, doubt
from .range_sizes import FIRST_LOOK, MOST_LOGS, Density
from .rpc import RpcClient
from .settling import (
    Disputed,
    against_bloom,
    check_number,
    differences,
    prove_all,
    settle,
    settle_alone,
    tried,
)

log = structlog.get_logger(__name__)

_ASK_AGAIN_SECONDS: Final = 0.1
_SECOND_READING_SECONDS: Final = 0.3


class NoNode(Exception):
    """No node can be asked at all; the cause is why."""


class Prover:
    """Proves ranges of one contract. What it learns of its nodes and blocks sets `blocks`."""

    def __init__(self, nodes: Nodes, *, chain_id: int, address: str) -> None:
        self._nodes = nodes
        self._chain_id = chain_id
        self._addresses = frozenset({address})
        self._density = Density()
        self.has_answers = False
        self.retries = 0
        self.hosts: set[str] = set()

    @property
    def blocks(self) -> int:
        """How many blocks to ask for next."""
        return min(self._density.blocks, self._nodes.range_size())

    async def prove(self, first: int, last: int) -> list[Segment]:
        """The range as segments of at most `MOST_LOGS` logs, or of one block.

        Raises RangeTooWide or TimedOut where less should be asked for, NoNode, and any other
        RpcError where nothing is proved now.
        """
        try:
            client = await self._nodes.best()
        except RateLimited:
            raise
        except RpcError as error:
            raise NoNode from error
        witness = await self._nodes.witness(client)
        if witness is None:
            return await self._alone(await self._ask(client, first, last))
        mine, theirs = await asyncio.gather(
            tried(self._ask(client, first, last)), tried(self._ask(witness, first, last))
        )
        for result in (mine, theirs):
            if isinstance(result, RangeTooWide):
                raise result
        if isinstance(mine, RpcError):
            if isinstance(theirs, RpcError):
                raise mine
            return await self._alone(theirs)
        if isinstance(theirs, RpcError):
            return await self._alone(mine)
        return await self._together(mine, theirs)

    async def _ask(self, client: RpcClient, first: int, last: int) -> Answer:
        """Ask one node, and learn from how it answers."""
        blocks = last - first + 1
        ranges = client.endpoint.ranges
        try:
            with blamed(client):
                answer = await ask(
                    client,
                    first,
                    last,
                    addresses=self._addresses,
                    all_headers=blocks <= min(FIRST_LOOK, client.endpoint.most_calls - 1),
                )
        except TooManyLogs as error:
            self._density.too_many(blocks, fits=error.fitting(first, blocks))
            raise
        except RangeTooWide as error:
            ranges.refused(blocks, fits=error.fitting(first, blocks))
            raise
        except TimedOut:
            ranges.timed_out(blocks)
            raise
        self.has_answers = True
        ranges.answered(blocks, seconds=answer.seconds)
        self._density.answered(blocks, logs=len(answer.logs), size=answer.size)
        return answer

    async def _together(self, mine: Answer, theirs: Answer) -> list[Segment]:
        doubtful = differences(mine, theirs)
        if not doubtful:
            witness = theirs.client.host
            if mine.logs and not against_bloom(mine):
                return await self._segments(mine, witness=witness)
            return await self._alone(mine, witness=witness)
        hosts = [mine.client.host, theirs.client.host]
        log.warning("nodes_differ", endpoints=hosts, blocks=sorted(doubtful)[:8])
        check_number(doubtful)
        self.retries += len(doubtful)
        wrong: set[RpcClient] = set()
        try:
            for number in sorted(doubtful):
                wrong |= await settle(number, mine, theirs)
        except Disputed as dispute:
            return await self._by_majority(mine, theirs, dispute)
        # Whoever was wrong here is no witness for the other blocks.
        for answer in (mine, theirs):
            if answer.client not in wrong:
                return await self._alone(answer)
        await prove_all(mine, but=doubtful)
        return await self._segments(mine, witness="")

    async def _by_majority(self, mine: Answer, theirs: Answer, dispute: Disputed) -> list[Segment]:
        """A third node that says the same as one of the two decides."""
        third = await self._nodes.witness(mine.client, theirs.client)
        if third is None:
            raise dispute
        self.retries += 1
        answer = await self._ask(third, mine.first, mine.last)
        for one, other in ((mine, theirs), (theirs, mine)):
            if not differences(one, answer):
                doubt(other.client, f"{one.client.host} and {third.host} say otherwise")
                return await self._together(one, answer)
        raise dispute

    async def _alone(self, answer: Answer, *, witness: str = "") -> list[Segment]:
        client = answer.client
        with blamed(client):
            await complete(answer, answer.range)
        doubtful = against_bloom(answer)
        if doubtful:
            log.warning("logs_against_bloom", endpoint=client.host, blocks=sorted(doubtful)[:8])
            answer, witness = await self._once_more(answer, seconds=_ASK_AGAIN_SECONDS), ""
            doubtful = against_bloom(answer)
        if doubtful:
            self.retries += len(doubtful)
            await settle_alone(answer, doubtful)
        elif not evidence.blooms_speak(answer.blocks.values(), answer.logs):
            again = await self._once_more(answer, seconds=_SECOND_READING_SECONDS)
            if differences(answer, again):
                with blamed(client):
                    raise NoEvidence("two readings of these blocks differ")
        return await self._segments(answer, witness=witness)

    async def _once_more(self, answer: Answer, *, seconds: float) -> Answer:
        self.retries += 1
        await asyncio.sleep(seconds)
        again = await self._ask(answer.client, answer.first, answer.last)
        with blamed(answer.client):
            await complete(again, again.range)
        return again

    async def _segments(self, answer: Answer, *, witness: str) -> list[Segment]:
        speak = answer.has_all_headers and evidence.blooms_speak(
            answer.blocks.values(), answer.logs
        )
        ends = evidence.cuts(answer.logs, first=answer.first, last=answer.last, most=MOST_LOGS)
        starts = [answer.first, *(end + 1 for end in ends[:-1])]
        await complete(answer, starts)
        wanted = {*starts, *ends, *evidence.emitters(answer.logs)}
        self.hosts |= {answer.client.host, witness} - {""}
        return [
            Segment(
                chain_id=self._chain_id,
                from_block=start,
                to_block=end,
                headers=tuple(
                    answer.blocks[number].header
                    for number in range(start, end + 1)
                    if number in wanted
                ),
                logs=tuple(answer.logs_between(start, end)),
                addresses=self._addresses,
                endpoint=answer.client.host,
                bloom_agrees=True if speak else None,
                witness=witness,
            )
            for start, end in zip(starts, ends, strict=True)
        ]
