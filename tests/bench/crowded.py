"""A contract with a million events is added to a running stack: do live events still come through?

The history of the second contract is fetched by the backfill beside the listener, while people go
on with the first one and a browser watches.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.bench.history_world import (
    BACKFILL,
    CONTRACT,
    PastChain,
    WrongResult,
    check,
    past_chain,
    programs,
    ran,
)
from tests.bench.watching import Heads, blocks_by_row, seen_rows, summary, watched_page
from tests.chain import BTC, AnvilChain
from tests.processes import Stack

EVENTS = 1_000_000
PER_SECOND = 5
QUIET_ROWS = 50


def measure(events: int = EVENTS) -> list[str]:
    """The lines of the report."""
    with (
        past_chain(events) as past,
        tempfile.TemporaryDirectory(prefix="coopsite-bench-") as scratch,
    ):
        _open_for_people(past.chain)
        with programs(past.chain, Path(scratch)) as stack:
            for command in ("migrate", "collectstatic"):
                stack.manage(command, "--no-input", "--verbosity", "0")
            stack.start("listener", "web")
            return _watched(stack, past)


class Visitors:
    """People who put coins into one pool of the first contract, at an even pace."""

    def __init__(self, chain: AnvilChain) -> None:
        self._chain = chain
        self._pool = chain.create_pool("Los de siempre", max_members=100)

    def act_until(self, enough: Callable[[int], bool]) -> dict[str, str]:
        """Go on until `enough` of the number of rows so far; those rows with their blocks."""
        blocks: dict[str, str] = {}
        due = time.monotonic()
        while not enough(len(blocks)):
            due += 1 / PER_SECOND
            time.sleep(max(0.0, due - time.monotonic()))
            member = self._chain.accounts[2 + len(blocks) % 8]
            sent = self._chain.join(self._pool, member, BTC // 500)
            blocks |= blocks_by_row(self._chain.receipt(sent))
        return blocks


def _open_for_people(chain: AnvilChain) -> None:
    """From now on the chain tells today's time, mines at once, and has a contract that is used."""
    chain.node.call("evm_setNextBlockTimestamp", int(time.time()))
    chain.deploy()
    chain.set_automine(True)


def _watched(stack: Stack, past: PastChain) -> list[str]:
    heads = Heads(stack.chain)
    visitors = Visitors(stack.chain)
    with watched_page(stack) as page, ThreadPoolExecutor(1) as pool:
        quiet = visitors.act_until(lambda rows: rows >= QUIET_ROWS)
        stack.environment["POOL_CONTRACTS"] += f",{CONTRACT}:1"
        stack.stop("listener")
        stack.start("listener")
        stack.wait_until_ready()
        backfill = pool.submit(ran, stack, *BACKFILL)
        busy = visitors.act_until(lambda rows: rows > 0 and backfill.done())
        result = backfill.result()
        seen = seen_rows(page, busy)
    if result.said["gaps_left"]:
        raise WrongResult(f"the backfill says {result.said}")
    check(stack, past)
    title = f"{past.totals.events:,} events of another contract backfilled beside live ones"
    rate = f"{result.said['seconds']:.0f} s, {result.said['events_per_second']:,.0f} events/s"
    return [
        f"{title}, {PER_SECOND} a second",
        summary("log emitted → row in the DOM, before", seen["stored"], heads.at, quiet),
        summary("while the backfill runs", seen["stored"], heads.at, busy),
        f"  the backfill: {rate}, peak {result.peak_mib:.0f} MiB",
    ]


if __name__ == "__main__":
    print(*measure(*(int(argument) for argument in sys.argv[1:])), sep="\n")
