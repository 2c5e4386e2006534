"""A segment of too many logs is cut between blocks, never within one."""

import pytest

from pools import segments
from pools.events import Paused
from realtime.puller import shortened
from tests.scripted_chain import ScriptedChain, account


def chain_of(*counts: int) -> ScriptedChain:
    """A genesis, then blocks with so many logs each."""
    chain = ScriptedChain()
    for count in counts:
        chain.mine(*[Paused(account(1))] * count)
    return chain


@pytest.mark.parametrize(
    ("counts", "most", "last", "logs"),
    [
        ((2, 2, 2), 4, 2, 4),
        ((2, 2, 2), 5, 2, 4),
        ((0, 3, 0, 3), 3, 2, 3),
        ((9, 1), 3, 1, 9),
        ((1, 9), 3, 1, 1),
        ((3, 3), 2, 1, 3),
    ],
)
def test_whole_blocks_are_kept(counts: tuple[int, ...], most: int, last: int, logs: int) -> None:
    cut = shortened(chain_of(*counts).segment(1), most)
    assert (cut.from_block, cut.to_block, len(cut.logs)) == (1, last, logs)
    segments.check(cut)
