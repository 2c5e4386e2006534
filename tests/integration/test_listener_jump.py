"""A listener far behind goes on near the head at once; the backfill closes what it left out."""

import pytest
from asgiref.sync import sync_to_async

from coopsite.environment import PoolContract
from pools.models import Contract, CoveredRange, Cursor, ListenerStatus, Pool
from realtime import tasks
from realtime.follower import JUMP_BLOCKS
from realtime.planning import gaps
from tests.chain import BTC, AnvilChain
from tests.following import (
    ask,
    chain_keys,
    config_for,
    cursor,
    listening,
    stored_keys,
    until_status,
)
from tests.node import SimulatedNode
from tests.scripted_chain import CHAIN_ID, ScriptedChain
from tests.waiting import async_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis_server")]

WINDOW = 64  # of `config_for`
FAR = JUMP_BLOCKS + 2 * WINDOW


def config_of(chain: AnvilChain):  # type: ignore[no-untyped-def]
    return config_for([chain.http_url], [chain.ws_url], [(chain.address, chain.start_block)])


@pytest.fixture(autouse=True)
def _backfill_follows(settings: object, anvil_chain: AnvilChain) -> None:
    settings.CHAIN_HTTP_URLS = [anvil_chain.http_url]  # type: ignore[attr-defined]
    settings.CHAIN_WS_URLS = []  # type: ignore[attr-defined]
    settings.POOL_CONTRACTS = [  # type: ignore[attr-defined]
        PoolContract(anvil_chain.address, anvil_chain.start_block)
    ]


async def until_at_head(chain: AnvilChain, seconds: float = 10) -> None:
    await async_until(lambda: ask(lambda: cursor() == chain.block_number()), seconds)


async def test_on_an_empty_database_it_is_live_at_once_and_the_past_follows(
    anvil_chain: AnvilChain,
) -> None:
    pool = anvil_chain.create_pool("Antes")
    anvil_chain.mine(FAR)
    async with listening(config_of(anvil_chain)):
        await until_at_head(anvil_chain)
        start = await ask(lambda: CoveredRange.objects.order_by("from_block")[0].from_block)
        assert start == anvil_chain.block_number() - WINDOW
        anvil_chain.join(pool, anvil_chain.accounts[2], BTC // 10)
        await async_until(lambda: ask(lambda: len(stored_keys()) == 2), 3)
        assert await ask(Pool.objects.count) == 0  # it was created in the past
        await sync_to_async(tasks.backfill_gaps)()
        assert await ask(lambda: gaps(CHAIN_ID)) == []
        held = await ask(Pool.objects.get)
        assert (held.name, held.total_contributed) == ("Antes", BTC // 10)
        assert await ask(stored_keys) == chain_keys(anvil_chain.logs())
        # What comes now is folded by the listener itself again.
        anvil_chain.create_pool("Después")
        await async_until(lambda: ask(lambda: Pool.objects.count() == 2), 3)
        await until_at_head(anvil_chain)
        assert await ask(lambda: Contract.objects.get().folded_to == cursor())


async def test_after_a_long_absence_it_goes_on_near_the_head(anvil_chain: AnvilChain) -> None:
    anvil_chain.create_pool("Uno")
    async with listening(config_of(anvil_chain)):
        await until_at_head(anvil_chain)
    left_at = await ask(cursor)
    anvil_chain.create_pool("Entretanto")
    head = anvil_chain.mine(FAR)
    async with listening(config_of(anvil_chain)):
        await until_at_head(anvil_chain)
        ((_, gap),) = await ask(lambda: gaps(CHAIN_ID))
        assert gap == (left_at + 1, head - WINDOW - 1)
        await sync_to_async(tasks.backfill_gaps)()
    assert await ask(stored_keys) == chain_keys(anvil_chain.logs())
    assert await ask(Pool.objects.count) == 2


async def test_it_does_not_jump_away_from_a_branch_that_is_no_more(
    anvil_chain: AnvilChain,
) -> None:
    anvil_chain.mine(80)
    async with listening(config_of(anvil_chain)):
        await until_at_head(anvil_chain)
    left_at = await ask(cursor)
    anvil_chain.reorg(70)  # below all that may be repaired
    anvil_chain.mine(FAR)
    async with listening(config_of(anvil_chain)):
        await until_status("error", detail="deeper than may be repaired")
        assert await ask(cursor) == left_at


async def test_a_reorganisation_right_after_the_jump_is_repaired(anvil_chain: AnvilChain) -> None:
    anvil_chain.mine(FAR)
    anvil_chain.create_pool("Corto")
    async with listening(config_of(anvil_chain)):
        await until_at_head(anvil_chain)
        anvil_chain.reorg(WINDOW - 1)
        anvil_chain.create_pool("Otra")
        near = chain_keys(anvil_chain.logs(FAR))
        assert len(near) == 1
        await async_until(lambda: ask(lambda: stored_keys() == near), 10)


def far_chain() -> ScriptedChain:
    chain = ScriptedChain()
    for _ in range(FAR):
        chain.mine()
    return chain


def branch_of(chain: ScriptedChain, depth: int) -> ScriptedChain:
    other = ScriptedChain()
    other.blocks = list(chain.blocks)
    other.drop(depth)
    for _ in range(depth):
        other.mine()
    return other


async def test_it_does_not_jump_where_two_nodes_see_two_branches() -> None:
    chain = far_chain()
    async with SimulatedNode(chain) as one, SimulatedNode(branch_of(chain, 200)) as other:
        config = config_for([one.http_url, other.http_url], [], one.contracts)
        async with listening(config):
            row = await until_status("reconnecting", detail="two readings of block")
            assert row.head is None
            assert await ask(cursor) == -1
            # When they agree again it goes on.
            other.chain = chain
            await async_until(lambda: ask(lambda: cursor() == chain.head), 20)


async def test_a_second_node_that_lags_does_not_hold_it_up() -> None:
    chain = far_chain()
    async with SimulatedNode(chain) as one, SimulatedNode(chain) as other:
        other.behind = FAR // 2
        async with listening(config_for([one.http_url, other.http_url], [], one.contracts)):
            await async_until(lambda: ask(lambda: cursor() == chain.head), 10)
        assert await ask(lambda: Cursor.objects.count() == 1)
        assert await ask(lambda: ListenerStatus.objects.get().state == "offline")
