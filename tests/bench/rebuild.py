"""Everything that follows from the stored logs, computed again without a node.

On the databases that `growth` left, or on such of its own. `python -m tests.bench.rebuild 10000
100000` takes other sizes.
"""

import sys

from tests.bench.growth import SIZES, grown
from tests.bench.history_world import Ran, WrongResult, check, programs, ran
from tests.processes import MANAGE


def measure(*sizes: int) -> list[str]:
    """The lines of the report."""
    runs = {events: _rebuilt(events) for events in sizes or (SIZES[0], SIZES[-1])}
    lines = ["rebuild from the stored logs, without a node (SQLite)"]
    for events, run in runs.items():
        rate = run.said["logs"] / run.said["seconds"]
        lines.append(
            f"  {events:,} logs: {run.said['seconds']:.2f} s, {rate:,.0f} logs/s, "
            f"peak {run.peak_mib:.0f} MiB"
        )
    small, *_, large = runs.values()
    lines.append(
        f"  the largest takes {large.peak_mib - small.peak_mib:+.0f} MiB against the smallest"
    )
    return lines


def _rebuilt(events: int) -> Ran:
    """Rebuild, then look whether the same totals stand there again."""
    left = grown(events)
    with programs(left.past.chain, left.directory) as stack:
        result = ran(stack, *MANAGE, "rebuild", "--json")
        said = result.said
        if said["logs"] != events or said["digest_before"] != said["digest_after"]:
            raise WrongResult(f"the rebuild says {said}")
        check(stack, left.past)
    return result


if __name__ == "__main__":
    print(*measure(*(int(argument) for argument in sys.argv[1:])), sep="\n")
