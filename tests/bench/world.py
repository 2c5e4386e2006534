"""A whole Coopsite for a measurement: its own chain, Redis, database and processes."""

import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from tests.chain import AnvilChain
from tests.processes import MANAGE, ROOT, Stack
from tests.redis_server import RedisServer

SERVERS_NICE = 10


@contextmanager
def world(*, block_time: int | None = None) -> Iterator[Stack]:
    """A `Stack` whose chain and Redis run; `block_time` in seconds, else a block a transaction."""
    with tempfile.TemporaryDirectory(prefix="coopsite-bench-") as scratch:
        directory = Path(scratch)
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "coopsite.settings",
            "VAR_DIR": str(directory),
            "ENV_FILE": os.devnull,
        }
        for command in ("migrate", "collectstatic"):
            subprocess.run(
                [*MANAGE, command, "--no-input", "--verbosity", "0"],
                cwd=ROOT,
                env=environment,
                check=True,
            )
        redis = RedisServer(directory)
        redis.start()
        try:
            with AnvilChain(block_time=block_time) as chain:
                stack = Stack(directory, chain=chain, redis=redis)
                try:
                    yield stack
                finally:
                    stack.end()
        finally:
            redis.stop()
            shutil.rmtree(directory / "static", ignore_errors=True)


def give_way() -> None:
    """Have what was started so far, a node and our programs, give way to what comes: a browser,
    which on people's own machines shares its cores with none of them.
    """
    with suppress(OSError):  # of our session as a whole, where Linux weighs them so (sched(7))
        Path("/proc/self/autogroup").write_text(str(SERVERS_NICE))
    for process in psutil.Process().children(recursive=True):
        for thread in process.threads():
            os.setpriority(os.PRIO_PROCESS, thread.id, SERVERS_NICE)


def worker_of(stack: Stack, name: str) -> psutil.Process:
    """The program itself, below the leash that ends it with us."""
    process = psutil.Process(stack.pid(name))
    children = process.children(recursive=True)
    return max([process, *children], key=lambda one: one.memory_info().rss)


def percentile(values: Sequence[float], percent: float) -> float:
    """The value that `percent` of the values do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, min(len(ordered) - 1, round(percent / 100 * len(ordered)) - 1))]


def machine() -> str:
    """The machine a figure belongs to."""
    memory = psutil.virtual_memory().total / 2**30
    return (
        f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}"
    )
