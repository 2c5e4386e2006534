"""Where another branch leaves our chain: asks one node for its headers, downward.

Decides nothing itself: `pools.reorg` says what the headers mean and which one is wanted next.
"""

from typing import Final

from pools.reorg import AskBelow, BrokenBranch, Header, RollBack, TooDeep, Window, common_ancestor

from .errors import NoEvidence
from .nodes import blamed, get_block
from .rpc import RpcClient

_FIRST_STEP: Final = 4  # most reorganisations are shallow
_LONGEST_STEP: Final = 64


async def parting(client: RpcClient, top: Header, window: Window) -> RollBack | TooDeep:
    """What is to be done about the branch that ends in `top`.

    Raises NoEvidence when the node changes its view meanwhile, and is then doubted.
    """
    branch = [top]
    step = _FIRST_STEP
    with blamed(client):
        while isinstance(verdict := _common_ancestor(branch, window), AskBelow):
            numbers = range(verdict.number, max(verdict.number - step, window.first - 1, -1), -1)
            blocks = await client.batch([get_block(number) for number in numbers])
            for number, block in zip(numbers, blocks, strict=True):
                if block is None:
                    raise NoEvidence(f"block {number} has gone meanwhile")
                branch.append(block.header)
            step = min(2 * step, _LONGEST_STEP)
    return verdict


def _common_ancestor(branch: list[Header], window: Window) -> RollBack | AskBelow | TooDeep:
    try:
        return common_ancestor(branch, window)
    except BrokenBranch as error:
        raise NoEvidence(str(error)) from None
