"""Announcing never fails, never waits long, and says once that nobody listens."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import AsyncIterator

import pytest
from channels.layers import channel_layers, get_channel_layer
from django.conf import LazySettings

from realtime import metrics, publisher
from realtime.wakeups import GROUP
from tests.live import layers_at
from tests.redis_server import RedisServer


@pytest.fixture
async def layer(own_redis: RedisServer, settings: LazySettings) -> AsyncIterator[RedisServer]:
    """The channel layer is at this test's own Redis, and the last failure is long ago."""
    settings.CHANNEL_LAYERS = layers_at(own_redis.url)
    publisher._line = publisher._Line()
    yield own_redis
    for backend in channel_layers.backends.values():
        await backend.close_pools()


def lost() -> float:
    return metrics.LOST_ANNOUNCEMENTS._value.get()


async def test_whoever_is_in_the_group_hears_it(layer: RedisServer) -> None:
    channel = await get_channel_layer().new_channel()
    await get_channel_layer().group_add(GROUP, channel)
    await publisher.announce_hint({"block_hash": "0xaa"})
    await publisher.retract_hint("0xaa:1", "not there")
    await publisher.announce_sequence(7)
    await publisher.announce_status()
    heard = [await get_channel_layer().receive(channel) for _ in range(4)]
    assert heard == [
        {"type": "live.hint", "hint": {"block_hash": "0xaa"}},
        {"type": "live.unhint", "key": "0xaa:1", "reason": "not there"},
        {"type": "live.sequence", "seq": 7},
        {"type": "live.status"},
    ]


async def test_without_redis_it_goes_on_at_once_and_says_so_once(
    layer: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    layer.stop()
    before, began = lost(), time.monotonic()
    for seq in range(100):
        await publisher.announce_sequence(seq)
    assert time.monotonic() - began < 3
    assert lost() - before == 100
    assert caplog.text.count("takes no announcements") == 1
    layer.start()
    await asyncio.sleep(publisher.REST)
    await publisher.announce_sequence(100)
    assert lost() - before == 100
    assert caplog.text.count("takes no announcements") == 1


async def test_a_redis_that_hangs_costs_a_second_and_no_more(layer: RedisServer) -> None:
    assert layer._process is not None
    await publisher.announce_sequence(1)
    os.kill(layer._process.pid, signal.SIGSTOP)
    try:
        before, began = lost(), time.monotonic()
        for seq in range(20):
            await publisher.announce_sequence(seq)
        assert time.monotonic() - began < publisher.LIMIT + 1
        assert lost() - before == 20
    finally:
        os.kill(layer._process.pid, signal.SIGCONT)


async def test_a_cancellation_that_the_channel_layer_swallows_is_not_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Swallowing:
        """As `asyncio.wait_for` does before Python 3.12 when what it waits for has just ended."""

        async def group_send(self, *_message: object) -> None:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(10)

    monkeypatch.setattr(publisher, "get_channel_layer", Swallowing)
    monkeypatch.setattr(publisher, "_line", publisher._Line())
    telling = asyncio.create_task(publisher.announce_status())
    await asyncio.sleep(0)
    telling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await telling
