"""The steady life of the local chain: a block each so many seconds, and what people do in it.

The loop that `manage.py devchain` runs until it is told to stop.
"""

import logging
import os
import random
import select
import signal
import time
from types import FrameType

from coopsite.devchain.keeper import LocalChain
from coopsite.devchain.rpc import LocalNodeError
from coopsite.devchain.traffic import Traffic

log = logging.getLogger(__name__)


class StopSignal:
    """Becomes true with the first SIGTERM or SIGINT of this process."""

    def __init__(self) -> None:
        self._read, self._write = os.pipe()
        self._told = False
        signal.signal(signal.SIGTERM, self._tell)
        signal.signal(signal.SIGINT, self._tell)

    def __bool__(self) -> bool:
        return self._told

    def wait(self, seconds: float) -> bool:
        """Sleeps so long, or until told; whether it was told."""
        select.select([self._read], [], [], max(seconds, 0))
        return self._told

    def _tell(self, _signal: int, _frame: FrameType | None) -> None:
        self._told = True
        os.write(self._write, b".")


class Pace:
    """How many steps are due, at `rate` a minute on average and as irregular as people are."""

    def __init__(self, rate: float, rng: random.Random) -> None:
        self._per_second = rate / 60
        self._rng = rng
        self._next = 0.0

    def due(self, seconds: float) -> int:
        """The steps that fall into the next so many seconds."""
        steps = 0
        while self._per_second > 0 and self._next <= seconds:
            steps += 1
            self._next += self._rng.expovariate(self._per_second)
        self._next -= seconds
        return steps


def run(
    chain: LocalChain, traffic: Traffic, pace: Pace, *, block_time: int, stop: StopSignal
) -> None:
    """Mines a block whenever the clock shows a multiple of `block_time`, until told to stop.

    A node that died is started again with everything it had. Raises what `LocalChain.start` does.
    """
    while not stop.wait(block_time - time.time() % block_time):
        try:
            traffic.round(pace.due(block_time))
            chain.mine(int(time.time()))
            traffic.settle()
            chain.checkpoint_if_due()
        except LocalNodeError as error:
            log.warning("%s", error)
            _recover(chain, traffic)


def _recover(chain: LocalChain, traffic: Traffic) -> None:
    """Brings a dead node back. One that lives but is slow gets time until the next block."""
    try:
        if not chain.lives:
            log.warning("anvil died at block %d: starting it again", chain.head_number)
            chain.start()
            log.warning("anvil is back at block %d", chain.head_number)
        traffic.remember()
    except LocalNodeError as error:
        log.warning("not yet: %s", error)
