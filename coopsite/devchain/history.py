"""The past of a new local chain: a few days in which its pools came to be what they are.

The same seed makes the same history; only its times follow the clock.
"""

import math
import random

from coopsite.devchain.keeper import LocalChain
from coopsite.devchain.traffic import Traffic, open_first_pools

HISTORY_SECONDS = 3 * 24 * 3600
STEPS_PER_POOL = 30
STEPS_PER_BLOCK = 2


def make_history(chain: LocalChain, traffic: Traffic, *, until: int) -> None:
    """Mines the past from the chain's head up to `until`, when all wanted pools are there.

    A third of them is there from the start. People are awake by day, so blocks lie closer
    together then.
    """
    pools = traffic.wanted_pools
    first = min(pools, max(3, pools // 3))
    open_first_pools(traffic, first)
    _mine(chain, traffic, chain.head_time + 1)
    blocks = pools * STEPS_PER_POOL // STEPS_PER_BLOCK
    times = _waking_times(blocks, chain.head_time + 60, until, traffic.rng)
    for place, at in enumerate(times, start=1):
        traffic.wanted_pools = first + (pools - first) * place // blocks
        traffic.round(STEPS_PER_BLOCK)
        _mine(chain, traffic, at)


def _mine(chain: LocalChain, traffic: Traffic, at: int) -> None:
    chain.mine(at)
    traffic.settle()


def _waking_times(number: int, begin: int, end: int, rng: random.Random) -> list[int]:
    """Ascending times between the two, most of them by day (UTC)."""
    times: list[int] = []
    while len(times) < number:
        at = rng.randrange(begin, max(end, begin + 1))
        hour = at % 86_400 / 3_600
        if rng.random() < 0.35 + 0.3 * (1 - math.cos(2 * math.pi * (hour - 4) / 24)):
            times.append(at)
    return sorted(times)
