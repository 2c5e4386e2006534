"""A backfill that is killed goes on where it was, and ends where one ends that was left alone."""

import asyncio
import multiprocessing
from collections.abc import Iterator
from multiprocessing.connection import Connection
from typing import Any

import pytest
from django.core.management import call_command

from coopsite.environment import PoolContract
from pools import ingest, leases
from realtime.backfill import CATCH_UP_BLOCKS
from tests.chaos.claims import assert_claims_hold
from tests.chaos.dying import dying
from tests.integration.test_ingest import assert_messages_tile, fresh_index, tables
from tests.node import SimulatedNode
from tests.pasts import lively_chain
from tests.scripted_chain import CHAIN_ID, ScriptedChain

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis_server")]

BLOCKS = CATCH_UP_BLOCKS + 132  # far enough for a gap of half of them


def serve(node: SimulatedNode, port: Connection) -> None:
    """Be the node's process until killed."""

    async def run() -> None:
        await node.start()
        port.send(node.http_url)
        await asyncio.Event().wait()

    asyncio.run(run())


@pytest.fixture
def chain(settings: Any) -> Iterator[ScriptedChain]:
    """The chain of a node in a process of its own that gives a few blocks at a time."""
    node = SimulatedNode(lively_chain(BLOCKS))
    node.max_range = 40
    context = multiprocessing.get_context("fork")
    port, other_end = context.Pipe()
    process = context.Process(target=serve, args=(node, other_end), daemon=True)
    process.start()
    settings.CHAIN_HTTP_URLS = [port.recv()]
    settings.CHAIN_WS_URLS = []
    settings.POOL_CONTRACTS = [PoolContract(*contract) for contract in node.contracts]
    yield node.chain
    process.kill()
    process.join()
    process.close()


def backfill() -> None:
    call_command("backfill", json=True)


def empty() -> None:
    call_command("flush", interactive=False, verbosity=0)


@pytest.fixture(scope="module")
def indexes() -> dict[str, object]:
    """What fresh indexes of chains hold, by the hash of each chain's head."""
    return {}


@pytest.fixture
def expected(chain: ScriptedChain, indexes: dict[str, object]) -> object:
    """What a fresh index of the chain holds; the chain is the same each time."""
    head = chain.blocks[-1].header.hash
    if head not in indexes:
        ingest.register(CHAIN_ID, [(chain.contract, 1)], anchor=chain.blocks[0].header)
        lease = leases.acquire("listener", holder="test", seconds=60)
        assert lease is not None
        indexes[head] = fresh_index(chain, lease)
        empty()
    return indexes[head]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("moment", ["before", "after"])
def test_killed_at_each_commit_it_ends_as_if_nothing_had_been(
    chain: ScriptedChain, expected: object, moment: str
) -> None:
    at = 1
    while dying(at=at, moment=moment, work=backfill):
        assert_claims_hold(chain)
        backfill()
        assert_claims_hold(chain)
        assert_messages_tile()
        assert tables() == expected, f"killed {moment} commit {at}"
        empty()
        at += 1
    assert at > 12, "it was not killed often enough to mean anything"


def test_killed_again_and_again_it_gets_on_each_time(
    chain: ScriptedChain, expected: object
) -> None:
    turns = 0
    while dying(at=6, moment="after", work=backfill):
        assert_claims_hold(chain)
        turns += 1
        assert turns < 50, "it does not get on"
    assert turns > 1
    assert_messages_tile()
    assert tables() == expected
