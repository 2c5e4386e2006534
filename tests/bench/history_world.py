"""What the measurements of the past share: a chain with a long history, and programs run on it.

Every run begins with an empty database and ends with a look at what it holds: a wrong result is an
error here, however fast it came.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import psycopg

from coopsite.stack.programs import LEASH
from pools.decoding import checksum
from tests.bench.emitter import BLOCK_SECONDS, Emitter
from tests.bench.history_events import History
from tests.bench.history_totals import Stored, Totals, differences
from tests.chain import AnvilChain
from tests.postgres import postgres_server
from tests.processes import MANAGE, ROOT, Stack
from tests.redis_server import RedisServer

CONTRACT = checksum(bytes.fromhex("c0" * 20))
PER_BLOCK = 100
BACKFILL = (*MANAGE, "backfill", "--json")
_BARE = (sys.executable, "-I", "-S")
_PEAK = Path(__file__).with_name("history_peak.py")
_SECONDS = 1200.0


class WrongResult(Exception):
    """A program finished and the database does not hold what the chain says."""


@dataclass(frozen=True, slots=True)
class PastChain:
    """A node whose chain is a history of `CONTRACT`, from block 1 to `blocks`."""

    chain: AnvilChain
    totals: Totals
    blocks: int


@dataclass(frozen=True, slots=True)
class Ran:
    """What a program printed, how long it took from its start, and the most memory it used."""

    said: dict[str, Any]
    seconds: float
    peak_mib: float


@contextmanager
def past_chain(events: int) -> Iterator[PastChain]:
    """A node with so many events, `PER_BLOCK` in each block; the last block is an hour old."""
    blocks = events // PER_BLOCK
    chain = AnvilChain(automine=False, deploy=False)
    begin = int(time.time()) - BLOCK_SECONDS * blocks - 3600
    chain.options = replace(chain.options, genesis_time=begin)
    with chain:
        chain.address, chain.start_block = CONTRACT, 1
        history = History()
        emitter = Emitter(chain.http_url, CONTRACT)
        emitter.emit(blocks, lambda moment: b"".join(history.block(moment, PER_BLOCK)))
        emitter.close()
        yield PastChain(chain, history.totals(), blocks)


@contextmanager
def programs(chain: AnvilChain, directory: Path) -> Iterator[Stack]:
    """A stack of which nothing runs but Redis, with `directory` for its files."""
    redis = RedisServer(directory)
    redis.start()
    stack = Stack(directory, chain=chain, redis=redis)
    try:
        yield stack
    finally:
        stack.end()
        redis.stop()


@contextmanager
def durable_postgres() -> Iterator[str]:
    """A PostgreSQL as it comes: with fsync, and with commits that wait for the disk."""
    with postgres_server() as create_database:
        url = create_database()
        with psycopg.connect(url) as connection:
            for setting in ("fsync", "synchronous_commit"):
                row = connection.execute(f"SHOW {setting}").fetchone()
                assert row == ("on",), f"{setting} is {row}"
        yield url


@contextmanager
def empty_databases(past: PastChain) -> Iterator[tuple[tuple[str, Stack], ...]]:
    """Each kind of database by its name, migrated and otherwise empty."""
    with (
        tempfile.TemporaryDirectory(prefix="coopsite-bench-") as scratch,
        durable_postgres() as url,
        programs(past.chain, Path(scratch)) as on_sqlite,
        tempfile.TemporaryDirectory(prefix="coopsite-bench-") as other,
        programs(past.chain, Path(other)) as on_postgres,
    ):
        on_postgres.environment["DATABASE_URL"] = url
        for stack in (on_sqlite, on_postgres):
            stack.manage("migrate", "--verbosity", "0")
        yield ("SQLite", on_sqlite), ("PostgreSQL", on_postgres)


def ran(stack: Stack, *command: str) -> Ran:
    """Run a program to its end; the last line it prints is its JSON object."""
    with tempfile.NamedTemporaryFile(prefix="peak-") as file:
        started = time.perf_counter()
        ended = subprocess.run(
            [*_BARE, str(_PEAK), file.name, *_BARE, str(LEASH), *command],
            cwd=ROOT,
            env=stack.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            text=True,
        )
        took = time.perf_counter() - started
        if ended.returncode:
            words = (ended.stdout + ended.stderr)[-3000:]
            raise RuntimeError(f"{' '.join(command[1:])} ended with {ended.returncode}: {words}")
        peak = int(Path(file.name).read_text()) / 2**20
    return Ran(json.loads(ended.stdout.strip().splitlines()[-1]), took, peak)


def backfilled(stack: Stack, past: PastChain) -> Ran:
    """Run the backfill, then look whether it stored all of the history and nothing else."""
    result = ran(stack, *BACKFILL)
    if result.said["events"] != past.totals.events or result.said["gaps_left"]:
        raise WrongResult(f"the backfill says {result.said}")
    check(stack, past)
    return result


def check(stack: Stack, past: PastChain) -> None:
    """Raises WrongResult unless the database holds exactly what was emitted."""
    command = (sys.executable, "-m", "tests.bench.history_check", CONTRACT)
    said = subprocess.run(
        command, cwd=ROOT, env=stack.environment, capture_output=True, check=False
    )
    if said.returncode:
        raise WrongResult(said.stderr.decode()[-3000:])
    found = differences(
        msgspec.json.decode(said.stdout, type=Stored), past.totals, blocks=past.blocks
    )
    if found:
        raise WrongResult("the database is not what the chain says: " + "; ".join(found))


def side_program(stack: Stack, module: str, past: PastChain, *, blocks: int) -> Ran:
    """Run one of the programs of ours that the backfill is compared with."""
    node = past.chain.http_url
    return ran(stack, sys.executable, "-m", module, node, CONTRACT, str(blocks))
