"""The real backfill, killed at random while it stores a long past, alone and beside a listener."""

import json
import operator
import random
import signal
import sqlite3
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from coopsite.stack.programs import ROOT
from tests.bench.history_world import BACKFILL, PastChain, check, past_chain, programs
from tests.chain import BTC
from tests.processes import Stack
from tests.traffic import Traffic, events_in_api, events_on_chain
from tests.waiting import until

EVENTS = 30_000


@pytest.fixture(scope="module")
def past() -> Iterator[PastChain]:
    with past_chain(EVENTS) as chain:
        yield chain


@pytest.fixture
def stack_of_past(past: PastChain, tmp_path: Path) -> Iterator[Stack]:
    """Nothing but a chain with a long past, Redis, and an empty database."""
    with programs(past.chain, tmp_path) as stack:
        stack.manage("migrate", "--no-input", "--verbosity", "0")
        yield stack


def killed(stack: Stack, *, after: float) -> bool:
    """Run the backfill and kill it some seconds after it has begun; False if it ended by then."""
    said = stack.log(f"backfill-{uuid.uuid4().hex}")
    with said.open("wb") as log:
        process = subprocess.Popen([*BACKFILL], cwd=ROOT, env=stack.environment, stderr=log)
        until(lambda: process.poll() is not None or b"chain_recognised" in said.read_bytes(), 60)
        try:
            code = process.wait(after)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)
            return True
    assert code == 0, said.read_text()[-3000:]
    return False


def progress(stack: Stack) -> tuple[int, int]:
    """How many blocks the records call proved, and up to which one they are folded.

    Asked without the start of another command after each kill.
    """
    url = stack.environment.get("DATABASE_URL")
    records = stack.directory / "coopsite.sqlite3"
    with closing(psycopg.connect(url) if url else sqlite3.connect(records)) as connection:
        cursor = connection.cursor()
        cursor.execute(
            "SELECT (SELECT SUM(to_block - from_block + 1) FROM pools_coveredrange),"
            " (SELECT MIN(folded_to) FROM pools_contract)"
        )
        proved, folded = cursor.fetchone()
    return int(proved or 0), int(folded)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_killed_at_random_it_ends_with_what_the_chain_says(
    past: PastChain, stack_of_past: Stack, database: str, request: pytest.FixtureRequest
) -> None:
    stack = stack_of_past
    if database == "postgresql":
        stack.environment["DATABASE_URL"] = request.getfixturevalue("postgres_url")
        stack.manage("migrate", "--no-input", "--verbosity", "0")
    chance = random.Random(11)
    before = (0, 0)
    kills = 0
    # What is done cannot be killed any more: then it has only to find that nothing is left.
    while before != (past.blocks, past.blocks) and killed(stack, after=chance.uniform(0.0, 1.0)):
        kills += 1
        assert kills < 60, "it does not get on"
        now = progress(stack)
        assert all(map(operator.ge, now, before)), "what was proved or folded is so no more"
        before = now
    assert kills > 0
    assert not killed(stack, after=60)
    check(stack, past)
    (found,) = json.loads(stack.manage("coverage", "--json"))["contracts"]
    assert (found["covered_blocks"], found["gaps"]) == (past.blocks, [])
    assert progress(stack) == (past.blocks, past.blocks)


def test_ctrl_c_ends_it_in_order(past: PastChain, stack_of_past: Stack) -> None:
    said = stack_of_past.log("backfill")
    with said.open("wb") as log:
        process = subprocess.Popen(
            [*BACKFILL],
            cwd=ROOT,
            env=stack_of_past.environment,
            stderr=log,
            # A shell's background job ignores Ctrl-C, and so do all that it starts.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
        # Early: a quick machine does the rest in a second.
        until(lambda: b"chain_recognised" in said.read_bytes(), 60, every=0.005)
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130
    assert said.read_text().splitlines()[-1].startswith("CommandError: stopped; what is stored")
    assert not killed(stack_of_past, after=60)  # which need not wait for the lease
    check(stack_of_past, past)


@pytest.mark.timeout(300)
def test_a_contract_that_is_added_is_filled_beside_live_traffic_whatever_is_killed(
    stack: Stack,
) -> None:
    chain = stack.chain
    first, first_start = chain.address, chain.start_block
    for number in range(30):
        pool = chain.create_pool(f"Pool {number}")
        chain.join(pool, chain.accounts[2 + number % 5], BTC // 50)
        chain.mine(20)
    earlier = events_on_chain(chain)
    chain.deploy()
    second = f"{chain.address}:{chain.start_block}"
    stack.environment["POOL_CONTRACTS"] = second
    stack.start("listener", "web")
    chance = random.Random(5)
    with Traffic(chain, pause=0.05):
        until(lambda: stack.api("stats")["events_total"] > 10)
        stack.stop("listener")
        stack.environment["POOL_CONTRACTS"] = f"{first}:{first_start},{second}"
        stack.start("listener", ready=False)
        for _ in range(4):
            killed(stack, after=chance.uniform(0.0, 1.0))
            stack.kill("listener")
            stack.start("listener", ready=False)
        time.sleep(1.0)  # some traffic after the last kill
    report = json.loads(stack.manage("backfill", "--json", seconds=120))
    assert report["gaps_left"] == 0
    expected = [*earlier, *events_on_chain(chain)]
    try:
        until(lambda: len(events_in_api(stack)) >= len(expected), 30, every=0.5)
    finally:
        assert events_in_api(stack) == expected
    answer = json.loads(stack.manage("coverage", "--json"))
    assert [(one["contract"], one["gaps"]) for one in answer["contracts"]] == [
        (first, []),
        (chain.address, []),
    ]
