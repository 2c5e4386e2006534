"""Finds the blocks that are in doubt in answers about a range, and settles them by receipts.

Every node whose answer turns out to be false on the way is doubted.
"""

import asyncio
from collections.abc import Collection, Coroutine
from typing import Any, Final, TypeVar

from . import evidence
from .asking import Answer, complete
from .errors import NoEvidence, RangeTooWide, RpcError
from .nodes import blamed, doubt
from .range_sizes import may_be_cut
from .receipts import Proven, prove
from .rpc import RpcClient

T = TypeVar("T")

MOST_SETTLED: Final = 16  # blocks of one range whose receipts are asked for


class TooManyDoubts(RangeTooWide):
    """More blocks are in doubt than are settled at once: prove less at a time."""


class Disputed(NoEvidence):
    """Two nodes say different things, and nothing that they say decides between them."""


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


def against_bloom(answer: Answer) -> set[int]:
    """Blocks whose bloom contradicts the logs, or whose logs may have been cut at a limit."""
    blocks = answer.blocks.values()
    if len(answer.range) == 1 and may_be_cut(len(answer.logs)):
        return {answer.first}
    doubtful = evidence.blooms_disagree(blocks, answer.logs, answer.addresses)
    return {block.header.number for block in doubtful}


def check_number(doubtful: Collection[int]) -> None:
    """Raise TooManyDoubts unless so few are in doubt that they can be settled."""
    if len(doubtful) > MOST_SETTLED:
        raise TooManyDoubts(f"{len(doubtful)} blocks are in doubt")


async def settle(number: int, mine: Answer, theirs: Answer) -> set[RpcClient]:
    """Put into `mine` what a block's receipts say; returns the nodes that had said otherwise.

    Where the nodes give different receipts, those count that add up. Raises Disputed.
    """
    answers = (mine, theirs)
    for answer in answers:
        with blamed(answer.client):
            await complete(answer, [number])
    hosts = f"{mine.client.host} and {theirs.client.host}"
    if mine.blocks[number].header != theirs.blocks[number].header:
        raise Disputed(f"{hosts} have different blocks {number}")
    found = await asyncio.gather(*(tried(_proven(answer, number)) for answer in answers))
    proofs = [proven for proven in found if isinstance(proven, Proven)]
    both_prove = len(proofs) == len(answers) and proofs[0].logs == proofs[1].logs
    whole = [proven for proven in proofs if proven.whole]
    if not both_prove and len(whole) != 1:
        raise Disputed(f"{hosts} have different logs in block {number}")
    truth = (proofs if both_prove else whole)[0].logs
    wrong = {answer.client for answer in answers if answer.logs_of(number) != truth}
    for client in wrong:
        doubt(client, f"it has other logs in block {number} than the receipts")
    mine.put(number, truth)
    return wrong


async def settle_alone(answer: Answer, doubtful: set[int]) -> None:
    """Put in what these blocks' receipts say. If it left out logs, prove all that it gave.

    Raises NoEvidence where receipts are missing or do not add up.
    """
    check_number(doubtful)
    if await _put_proven(answer, doubtful):
        doubt(answer.client, f"it left out logs of block {min(doubtful)}")
        await prove_all(answer, but=doubtful)


async def prove_all(answer: Answer, *, but: set[int]) -> None:
    """By receipts, every other block that may have logs: some are known to be left out.

    Raises as `settle_alone` does, and where blooms do not tell which blocks these are.
    """
    with blamed(answer.client):
        await complete(answer, answer.range)
        if not evidence.blooms_speak(answer.blocks.values(), answer.logs):
            raise NoEvidence("logs are left out, and empty bloom filters do not tell where")
    numbers = (against_bloom(answer) | evidence.emitters(answer.logs).keys()) - but
    check_number(numbers)
    await _put_proven(answer, numbers)


async def tried(work: Coroutine[Any, Any, T]) -> T | RpcError:
    """What the work returns, or the RpcError that it raises."""
    try:
        return await work
    except RpcError as error:
        return error


async def _put_proven(answer: Answer, numbers: set[int]) -> bool:
    """Put in what the blocks' receipts say; returns whether that changed anything."""
    changed = False
    for number in sorted(numbers):
        proven = await _proven(answer, number)
        if not proven.whole:
            with blamed(answer.client):
                raise NoEvidence(f"the receipts of block {number} do not add up to its bloom")
        if proven.logs != answer.logs_of(number):
            answer.put(number, proven.logs)
            changed = True
    return changed


async def _proven(answer: Answer, number: int) -> Proven:
    with blamed(answer.client):
        return await prove(answer.client, answer.blocks[number], answer.addresses)
