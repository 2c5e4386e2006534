"""Reads a past range and proves that nothing of it is missing, or says why it cannot.

An answer counts when another node that is well says the same; where two differ, the receipts of
the blocks in question decide. With one node alone, or where both say that there is nothing (nodes
of one kind lose the same), the bloom filter of every block has to agree with the logs, and where
filters are left empty, a second reading a moment later.
"""

import asyncio
from collections.abc import Collection, Coroutine
from typing import Any, Final, TypeVar

import structlog

from pools.segments import Segment

from . import evidence
from .asking import Answer, ask, complete
from .errors import NoEvidence, RangeTooWide, RateLimited, RpcError, TimedOut, TooManyLogs
from .nodes import Nodes, blamed, doubt
from .range_sizes import FIRST_LOOK, MOST_LOGS, Density, may_be_cut
from .receipts import Proven, prove
from .rpc import RpcClient
from .wire import Block

T = TypeVar("T")
log = structlog.get_logger(__name__)

_MOST_SETTLED: Final = 16  # blocks of one range whose receipts are asked for
_ASK_AGAIN_SECONDS: Final = 0.1
_SECOND_READING_SECONDS: Final = 0.3


class NoNode(Exception):
    """No node can be asked at all; the cause is why."""


class TooManyDoubts(RangeTooWide):
    """More blocks are in doubt than are settled at once: prove less at a time."""


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
            _tried(self._ask(client, first, last)), _tried(self._ask(witness, first, last))
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

    # With a witness

    async def _together(self, mine: Answer, theirs: Answer) -> list[Segment]:
        doubtful = differences(mine, theirs)
        if not doubtful:
            witness = theirs.client.host
            if mine.logs and not self._against_bloom(mine):
                return await self._segments(mine, witness=witness)
            return await self._alone(mine, witness=witness)
        hosts = [mine.client.host, theirs.client.host]
        log.warning("nodes_differ", endpoints=hosts, blocks=sorted(doubtful)[:8])
        _check_number(doubtful)
        wrong: set[RpcClient] = set()
        for number in sorted(doubtful):
            wrong |= await self._settle(number, mine, theirs)
        # Whoever was wrong here is no witness for the other blocks.
        for answer in (mine, theirs):
            if answer.client not in wrong:
                return await self._alone(answer)
        await self._prove_all(mine, but=doubtful)
        return await self._segments(mine, witness="")

    async def _settle(self, number: int, mine: Answer, theirs: Answer) -> set[RpcClient]:
        """Put into `mine` what a block's receipts say; returns the nodes that said otherwise.

        Raises NoEvidence if they do not decide.
        """
        answers = (mine, theirs)
        for answer in answers:
            with blamed(answer.client):
                await complete(answer, [number])
        hosts = f"{mine.client.host} and {theirs.client.host}"
        if mine.blocks[number].header != theirs.blocks[number].header:
            raise NoEvidence(f"{hosts} have different blocks {number}")
        found = await asyncio.gather(*(_tried(self._proven(answer, number)) for answer in answers))
        proofs = [proven for proven in found if isinstance(proven, Proven)]
        both_prove = len(proofs) == len(answers) and proofs[0].logs == proofs[1].logs
        whole = [proven for proven in proofs if proven.whole]
        if not both_prove and len(whole) != 1:
            raise NoEvidence(f"{hosts} have different logs in block {number}")
        truth = (proofs if both_prove else whole)[0].logs
        wrong = {answer.client for answer in answers if answer.logs_of(number) != truth}
        for client in wrong:
            doubt(client, f"it has other logs in block {number} than the receipts")
        mine.put(number, truth)
        return wrong

    # Alone

    async def _alone(self, answer: Answer, *, witness: str = "") -> list[Segment]:
        client = answer.client
        with blamed(client):
            await complete(answer, answer.range)
        doubtful = self._against_bloom(answer)
        if doubtful:
            log.warning(
                "logs_against_bloom",
                endpoint=client.host,
                blocks=[block.header.number for block in doubtful[:8]],
            )
            answer, witness = await self._once_more(answer, seconds=_ASK_AGAIN_SECONDS), ""
            doubtful = self._against_bloom(answer)
        if doubtful:
            await self._settle_alone(answer, doubtful)
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

    async def _settle_alone(self, answer: Answer, doubtful: list[Block]) -> None:
        """Twice the logs contradict bloom filters: believe the receipts, if they add up."""
        numbers = {block.header.number for block in doubtful}
        _check_number(numbers)
        if await self._put_proven(answer, numbers):
            doubt(answer.client, f"it left out logs of block {min(numbers)}")
            await self._prove_all(answer, but=numbers)

    async def _prove_all(self, answer: Answer, *, but: set[int]) -> None:
        """By receipts, every other block that may have logs: some are known to be left out."""
        with blamed(answer.client):
            await complete(answer, answer.range)
            if not evidence.blooms_speak(answer.blocks.values(), answer.logs):
                raise NoEvidence("logs are left out, and empty bloom filters do not tell where")
        numbers = {block.header.number for block in self._against_bloom(answer)}
        numbers = (numbers | evidence.emitters(answer.logs).keys()) - but
        _check_number(numbers)
        await self._put_proven(answer, numbers)

    async def _put_proven(self, answer: Answer, numbers: set[int]) -> bool:
        """Put in what the blocks' receipts say; returns whether that changed anything."""
        changed = False
        for number in sorted(numbers):
            proven = await self._proven(answer, number)
            if not proven.whole:
                with blamed(answer.client):
                    raise NoEvidence(f"the receipts of block {number} do not add up to its bloom")
            if proven.logs != answer.logs_of(number):
                answer.put(number, proven.logs)
                changed = True
        return changed

    # Both

    def _against_bloom(self, answer: Answer) -> list[Block]:
        """Blocks whose bloom contradicts the logs, or whose logs may have been cut at a limit."""
        blocks = answer.blocks.values()
        if len(answer.range) == 1 and may_be_cut(len(answer.logs)):
            return list(blocks)
        return evidence.blooms_disagree(blocks, answer.logs, self._addresses)

    async def _proven(self, answer: Answer, number: int) -> Proven:
        self.retries += 1
        with blamed(answer.client):
            return await prove(answer.client, answer.blocks[number], self._addresses)

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


async def _tried(work: Coroutine[Any, Any, T]) -> T | RpcError:
    try:
        return await work
    except RpcError as error:
        return error


def differences(one: Answer, other: Answer) -> set[int]:
    """The blocks of which two answers to the same question do not say the same."""
    found = {
        number
        for number in one.blocks.keys() & other.blocks.keys()
        if one.blocks[number].header != other.blocks[number].header
    }
    if one.logs != other.logs:
        numbers = evidence.emitters(one.logs).keys() | evidence.emitters(other.logs).keys()
        found |= {number for number in numbers if one.logs_of(number) != other.logs_of(number)}
    return found


def _check_number(doubtful: Collection[int]) -> None:
    if len(doubtful) > _MOST_SETTLED:
        raise TooManyDoubts(f"{len(doubtful)} blocks are in doubt")
