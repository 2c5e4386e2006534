"""What listener and web process cost while nothing happens but blocks."""

import time

from tests.bench.world import worker_of, world

SECONDS = 30


def measure() -> list[str]:
    """The lines of the report."""
    with world(block_time=2) as stack:
        stack.start("listener", "web")
        stack.status("/")
        time.sleep(8)
        processes = {name: worker_of(stack, name) for name in ("listener", "web")}
        before = {name: sum(one.cpu_times()[:2]) for name, one in processes.items()}
        time.sleep(SECONDS)
        lines = [f"idle for {SECONDS} s, a block every 2 s"]
        for name, one in processes.items():
            used = sum(one.cpu_times()[:2]) - before[name]
            memory = one.memory_info().rss / 2**20
            lines.append(f"  {name}: {100 * used / SECONDS:.2f} % CPU, {memory:.0f} MiB RSS")
    return lines
