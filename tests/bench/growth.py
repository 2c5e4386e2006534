"""Does a longer history cost more than in proportion? Ten thousand events, ten times, a hundred
times as many, each into an empty SQLite database.

`python -m tests.bench.growth 10000 100000` takes other sizes.
"""

import atexit
import sys
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.bench.history_world import PastChain, Ran, backfilled, past_chain, programs

SIZES = (10_000, 100_000, 1_000_000)


@dataclass(frozen=True, slots=True)
class Grown:
    """A backfill that is done, and the directory with the database that it filled."""

    past: PastChain  # its node has ended
    backfill: Ran
    directory: Path


@cache
def grown(events: int) -> Grown:
    """Backfill so many events. `rebuild` works on what this one leaves, in the same run."""
    scratch = tempfile.TemporaryDirectory(prefix="coopsite-bench-")
    atexit.register(scratch.cleanup)
    directory = Path(scratch.name)
    with past_chain(events) as past, programs(past.chain, directory) as stack:
        stack.manage("migrate", "--verbosity", "0")
        result = backfilled(stack, past)
    return Grown(past, result, directory)


def measure(*sizes: int) -> list[str]:
    """The lines of the report."""
    runs = {events: grown(events) for events in sizes or SIZES}
    lines = ["growth: backfill of longer and longer histories into SQLite"]
    for events, run in runs.items():
        said = run.backfill.said
        lines.append(
            f"  {events:,} events: {said['seconds']:.2f} s, {said['events_per_second']:,.0f} "
            f"events/s, peak {run.backfill.peak_mib:.0f} MiB"
        )
    small, *_, large = runs.values()
    rates = [run.backfill.said["events_per_second"] for run in runs.values()]
    lines.append(
        f"  the slowest rate is {1 - min(rates) / max(rates):.0%} below the fastest; the largest "
        f"takes {large.backfill.peak_mib - small.backfill.peak_mib:+.0f} MiB against the smallest"
    )
    return lines


if __name__ == "__main__":
    print(*measure(*(int(argument) for argument in sys.argv[1:])), sep="\n")
