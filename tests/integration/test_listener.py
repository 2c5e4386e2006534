"""The listener follows a real chain: live, after gaps, through reorganisations and restarts."""

import pytest

from pools.models import Log, OutboxRow
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
from tests.waiting import async_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis_server")]


def config_of(chain: AnvilChain, **changes: object):  # type: ignore[no-untyped-def]
    return config_for(
        [chain.http_url], [chain.ws_url], [(chain.address, chain.start_block)], **changes
    )


async def until_equal(chain: AnvilChain, seconds: float = 10) -> None:
    """Wait until the stored logs are the chain's, and the cursor is at its head."""

    async def equal() -> bool:
        keys = await ask(stored_keys)
        return keys == chain_keys(chain.logs()) and await ask(cursor) == chain.block_number()

    await async_until(equal, seconds)


async def test_it_catches_up_and_then_follows_each_block(anvil_chain: AnvilChain) -> None:
    pool = anvil_chain.create_pool("Antes")
    anvil_chain.mine(200)
    anvil_chain.join(pool, anvil_chain.accounts[2], BTC // 10)
    async with listening(config_of(anvil_chain)):
        await until_equal(anvil_chain)
        await until_status("live")
        later = anvil_chain.create_pool("Después")
        anvil_chain.join(later, anvil_chain.accounts[3], BTC // 10)
        await until_equal(anvil_chain, 3)
    row = await until_status("offline")
    assert row.head == anvil_chain.block_number()


async def test_a_restart_goes_on_where_the_last_listener_stopped(anvil_chain: AnvilChain) -> None:
    anvil_chain.create_pool("Uno")
    async with listening(config_of(anvil_chain)):
        await until_equal(anvil_chain)
    anvil_chain.create_pool("Dos")
    anvil_chain.mine(70)
    async with listening(config_of(anvil_chain)):
        await until_equal(anvil_chain)
    seqs = await ask(lambda: list(Log.objects.order_by("seq").values_list("seq", flat=True)))
    assert seqs == list(range(1, len(seqs) + 1))


async def test_without_a_socket_polling_follows_alone(anvil_chain: AnvilChain) -> None:
    config = config_for(
        [anvil_chain.http_url], [], [(anvil_chain.address, anvil_chain.start_block)]
    )
    async with listening(config):
        await until_equal(anvil_chain)
        anvil_chain.create_pool("Sin socket")
        await until_equal(anvil_chain, 4)
        row = await until_status("live")
        assert row.endpoint == anvil_chain.http_url.removeprefix("http://")


@pytest.mark.parametrize("depth", [1, 2, 3, 4, 5])
async def test_a_reorganisation_is_replayed(anvil_chain: AnvilChain, depth: int) -> None:
    async with listening(config_of(anvil_chain)):
        for number in range(5):
            anvil_chain.create_pool(f"Pool {number}")
        await until_equal(anvil_chain)
        anvil_chain.reorg(depth)  # the same height, and empty blocks
        await until_equal(anvil_chain, 6)
        anvil_chain.create_pool("Otra rama")
        await until_equal(anvil_chain, 3)
    kinds = await ask(lambda: list(OutboxRow.objects.values_list("kind", flat=True)))
    assert kinds.count("retraction") == depth


async def test_a_chain_wound_back_is_followed_down(anvil_chain: AnvilChain) -> None:
    async with listening(config_of(anvil_chain)):
        anvil_chain.create_pool("Uno")
        anvil_chain.create_pool("Dos")
        await until_equal(anvil_chain)
        anvil_chain.rollback(1)
        await until_equal(anvil_chain, 20)


async def test_a_reorganisation_below_the_window_stops_loudly(anvil_chain: AnvilChain) -> None:
    async with listening(config_of(anvil_chain, reorg_window=3)):
        anvil_chain.create_pool("Uno")
        anvil_chain.mine(5)
        await until_equal(anvil_chain)
        held = await ask(stored_keys)
        anvil_chain.reorg(5)
        row = await until_status("error", detail="deeper than may be repaired")
        anvil_chain.create_pool("Nunca")
        assert row.detail.endswith("begins a new one")
        assert await ask(stored_keys) == held


async def test_a_node_that_restarts_is_followed_again(anvil_chain: AnvilChain) -> None:
    async with listening(config_of(anvil_chain)):
        anvil_chain.create_pool("Antes")
        await until_equal(anvil_chain)
        anvil_chain.save()
        anvil_chain.stop()
        await until_status("reconnecting")
        anvil_chain.start()
        anvil_chain.create_pool("Después")
        await until_equal(anvil_chain, 10)
        await until_status("live")


async def test_two_listeners_take_turns(
    anvil_chain: AnvilChain, caplog: pytest.LogCaptureFixture
) -> None:
    async with listening(config_of(anvil_chain)) as first:
        await until_equal(anvil_chain)
        async with listening(config_of(anvil_chain)):
            anvil_chain.create_pool("Con dos")
            await until_equal(anvil_chain)
            await async_until(lambda: "listener_stands_by" in caplog.text, 10)
            first.stop()
            anvil_chain.create_pool("Con uno")
            await until_equal(anvil_chain, 6)
    assert caplog.text.count("listener_stands_by") == 1
