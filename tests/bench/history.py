"""A hundred thousand events from a node into an empty database, beside what is possible at all.

The raw limit reads and parses the same logs and stores nothing. The naive way is what a first
program with web3.py and Django would do. All on the same machine, one after the other.
`python -m tests.bench.history 10000` takes another number of events.
"""

import sys

from tests.bench.history_world import (
    PER_BLOCK,
    PastChain,
    Ran,
    backfilled,
    empty_databases,
    past_chain,
    side_program,
)
from tests.processes import Stack

EVENTS = 100_000
RAW_RUNS = 5
NAIVE_EVENTS = 10_000  # the naive rate is the same for 40,000


def measure(events: int = EVENTS) -> list[str]:
    """The lines of the report."""
    results = []
    with past_chain(events) as past, empty_databases(past) as databases:
        for name, stack in databases:
            raw = _raw(stack, past)
            results.append((name, raw, backfilled(stack, past)))
        naive = _naive(databases[0][1], past)
    megabytes = results[0][1].said["bytes"] / 1e6
    raw_rates = " and ".join(f"{_rate(raw):,.0f}" for _, raw, _ in results)
    title = (
        f"{events:,} events in {past.blocks:,} blocks from anvil into an empty database, "
        "projections, blocks and evidence included"
    )
    lines = [title, f"  raw limit, {megabytes:.0f} MB read and parsed: {raw_rates} logs/s"]
    lines.append(
        f"  naive way, blocks and logs alone, {naive.said['logs']:,} events on SQLite: "
        f"{_rate(naive):,.0f} events/s"
    )
    for name, raw, ours in results:
        rate = ours.said["events_per_second"]
        lines.append(
            f"  backfill on {name}: {ours.said['seconds']:.2f} s, {rate:,.0f} events/s, "
            f"{rate / _rate(raw):.2f} of the raw limit, {rate / _rate(naive):.0f} times the naive "
            f"way, peak {ours.peak_mib:.0f} MiB"
        )
    lines.append(
        "  (PostgreSQL with fsync and synchronous_commit on; SQLite with WAL, synchronous=NORMAL)"
    )
    return lines


def _raw(stack: Stack, past: PastChain) -> Ran:
    """The middle one of some runs: one takes less than a second, and what is shared varies."""
    runs = [
        side_program(stack, "tests.bench.rawlimit", past, blocks=past.blocks)
        for _ in range(RAW_RUNS)
    ]
    assert all(run.said["logs"] == past.totals.events for run in runs)
    return sorted(runs, key=_rate)[RAW_RUNS // 2]


def _naive(stack: Stack, past: PastChain) -> Ran:
    """Into a database of its own beside the one that the backfill filled."""
    beside = stack.directory / "naive.sqlite3"
    kept = stack.environment.copy()
    stack.environment["DATABASE_URL"] = f"sqlite:///{beside}"
    try:
        stack.manage("migrate", "--verbosity", "0")
        blocks = min(past.blocks, NAIVE_EVENTS // PER_BLOCK)
        return side_program(stack, "tests.bench.naive", past, blocks=blocks)
    finally:
        stack.environment = kept


def _rate(result: Ran) -> float:
    rate: float = result.said["logs"] / result.said["seconds"]
    return rate


if __name__ == "__main__":
    print(*measure(*(int(argument) for argument in sys.argv[1:])), sep="\n")
