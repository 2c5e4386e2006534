"""A scripted chain with a lively past: pools that people join, leave and close, block by block."""

from collections import defaultdict
from random import Random

from pools.events import Event
from tests.histories import ACCOUNTS, ContractModel
from tests.scripted_chain import ScriptedChain

_ACTIONS = ("create", "join", "join", "join", "leave", "withdraw", "claim", "status", "contract")


def lively_chain(
    blocks: int, *, seed: int = 1, chain: ScriptedChain | None = None
) -> ScriptedChain:
    """`blocks` more blocks, three events in each, the same for the same seed."""
    chain = chain or ScriptedChain()
    random = Random(seed)
    model = ContractModel(blocks_from=chain.head + 1)
    model.act("create", 0, ACCOUNTS[0], 10)
    while len(model.told) < 3 * blocks:
        pool_id = random.randint(1, 1 + len(model.pools) // 2)
        amount = random.choice((7, 10**15, 2 * 10**16))
        model.act(random.choice(_ACTIONS), pool_id, random.choice(ACCOUNTS), amount)
    in_blocks: dict[int, list[Event]] = defaultdict(list)
    for event, (number, _), _ in model.told[: 3 * blocks]:
        in_blocks[number].append(event)
    for number in sorted(in_blocks):
        chain.mine(*in_blocks[number])
    return chain
