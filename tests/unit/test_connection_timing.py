"""The connection manager's hours and minutes, in virtual time: the real code, a jumping clock."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import pairwise
from random import Random
from typing import Any

from pools.redaction import Redactor
from realtime.connection import ConnectionManager
from realtime.statistics import State, Timing
from tests.unit.test_backoff import Highest
from tests.virtual_time import run_virtually

URL = "wss://node.example/key"


def now() -> float:
    return asyncio.get_running_loop().time()


class ScriptedSocket:
    """Answers calls at once and streams heads while `streams`, one each `block_seconds`."""

    def __init__(self, block_seconds: float) -> None:
        self.block_seconds = block_seconds
        self.streams = True
        self.opened = now()
        self.asked: list[tuple[float, str]] = []
        self._inbox: asyncio.Queue[str | None] = asyncio.Queue()
        self._miner: asyncio.Task[None] | None = None

    async def send(self, message: str, /) -> None:
        call = json.loads(message)
        self.asked.append((now(), call["method"]))
        if call["method"] == "eth_subscribe":
            result = call["params"][0]
            if result == "newHeads":
                self._miner = asyncio.create_task(self._mine())
        else:
            result = hex(self.height) if call["method"] == "eth_blockNumber" else "0x1"
        await self._inbox.put(json.dumps({"id": call["id"], "result": result}))

    async def recv(self) -> str | bytes:
        message = await self._inbox.get()
        if message is None:
            raise EOFError("cut")
        return message

    async def close(self) -> None:
        if self._miner is not None:
            self._miner.cancel()

    @property
    def height(self) -> int:
        return int(now() // self.block_seconds)

    def cut(self) -> None:
        """End the connection from the other side."""
        self._inbox.put_nowait(None)

    async def tell_head(self, number: int) -> None:
        """Stream a head, whatever the chain says."""
        params = {"subscription": "newHeads", "result": {"number": hex(number)}}
        await self._inbox.put(json.dumps({"method": "eth_subscription", "params": params}))

    async def _mine(self) -> None:
        while True:
            await asyncio.sleep(self.block_seconds - now() % self.block_seconds)
            if self.streams:
                await self.tell_head(self.height)


class Network:
    """Opens scripted sockets, or refuses to."""

    def __init__(self, block_seconds: float = 3.0) -> None:
        self.block_seconds = block_seconds
        self.up = True
        self.attempts: list[float] = []
        self.sockets: list[ScriptedSocket] = []

    async def connect(self, _url: str) -> ScriptedSocket:
        self.attempts.append(now())
        if not self.up:
            raise ConnectionRefusedError("refused")
        self.sockets.append(ScriptedSocket(self.block_seconds))
        return self.sockets[-1]


@asynccontextmanager
async def managed(network: Network, **changes: Any) -> AsyncIterator[ConnectionManager]:
    manager = ConnectionManager(
        [URL],
        addresses=[],
        redact=Redactor([URL]),
        connector=network.connect,
        **({"timing": Timing(), "random": Highest()} | changes),
    )
    manager.chain_id = 1
    task = asyncio.create_task(manager.run())
    try:
        yield manager
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(probe: Callable[[], bool]) -> float:
    while True:
        if probe():
            return now()
        await asyncio.sleep(0.25)


def test_ten_attempts_wait_longer_and_longer_and_then_it_is_an_error_for_good() -> None:
    async def story() -> None:
        network = Network()
        network.up = False
        async with managed(network) as manager:
            failed_at = await until(lambda: manager.state is State.ERROR)
            assert failed_at < 182
            await asyncio.sleep(120)
            assert manager.state is State.ERROR
        waits = [b - a for a, b in zip(network.attempts, network.attempts[1:], strict=False)]
        assert waits[:10] == [1, 2, 4, 8, 16, 30, 30, 30, 30, 30]
        assert set(waits[10:]) == {30}

    run_virtually(story())


def test_who_lost_one_node_for_long_do_not_come_back_all_at_once() -> None:
    async def story() -> None:
        network = Network()
        network.up = False
        async with managed(network, random=Random(3)) as manager:
            await until(lambda: manager.state is State.ERROR)
            attempts = len(network.attempts)
            await asyncio.sleep(300)
        late = network.attempts[attempts:]
        waits = [b - a for a, b in pairwise(late)]
        assert all(15 <= wait <= 30 for wait in waits)
        assert len(set(waits)) == len(waits) > 5

    run_virtually(story())


def test_the_heartbeat_comes_every_thirty_seconds() -> None:
    async def story() -> None:
        network = Network()
        async with managed(network):
            await asyncio.sleep(125)
        (socket,) = network.sockets
        beats = [at for at, method in socket.asked if method == "eth_blockNumber"]
        assert beats == [0, 30, 60, 90, 120]

    run_virtually(story())


def test_a_stream_that_stops_is_recycled_fifteen_seconds_after_a_block_was_due() -> None:
    async def story() -> None:
        network = Network(block_seconds=3.0)
        async with managed(network) as manager:
            await asyncio.sleep(60.5)
            network.sockets[0].streams = False
            recycled = await until(lambda: len(network.sockets) == 2)
            assert 60 + 3 + 15 <= recycled <= 60 + 3 + 15 + 2
            assert manager.statistics().reconnects <= 1

    run_virtually(story())


def test_a_stream_that_never_says_a_word_is_recycled_within_45_seconds() -> None:
    async def story() -> None:
        network = Network()
        async with managed(network) as manager:
            await until(lambda: manager.state is State.LIVE)
            network.sockets[0].streams = False
            assert await until(lambda: len(network.sockets) == 2) <= 45

    run_virtually(story())


def test_a_halted_chain_is_asked_about_and_the_stream_is_kept() -> None:
    async def story() -> None:
        network = Network(block_seconds=10_000)
        async with managed(network) as manager:
            await asyncio.sleep(3600)
            assert manager.state is State.LIVE
        assert len(network.sockets) == 1

    run_virtually(story())


def test_a_balancer_that_cuts_each_half_hour_costs_a_second_each_time() -> None:
    async def story() -> None:
        network = Network()
        async with managed(network, random=Random(5)) as manager:
            for _ in range(12):
                await asyncio.sleep(1800)
                assert manager.state is State.LIVE
                network.sockets[-1].cut()
                await asyncio.sleep(1.1)
                assert manager.state is State.LIVE
            assert manager.statistics().reconnects == 12
            assert manager.statistics().attempts <= 1

    run_virtually(story())


def test_a_link_that_keeps_breaking_is_not_hammered() -> None:
    async def story() -> None:
        network = Network()
        async with managed(network) as manager:
            for _ in range(6):
                await until(lambda: manager.state is State.LIVE)
                await asyncio.sleep(5)
                network.sockets[-1].cut()
                await until(lambda: manager.state is not State.LIVE)
            assert manager.statistics().attempts == 6
            await until(lambda: manager.state is State.LIVE)
            await asyncio.sleep(61)
            assert manager.statistics().attempts == 0

    run_virtually(story())


def test_one_absurd_head_does_not_have_every_later_stream_recycled() -> None:
    async def story() -> None:
        network = Network(block_seconds=3.0)
        heads: list[int] = []
        async with managed(network) as manager:
            manager.subscribe("head", heads.append)
            await asyncio.sleep(10)
            await network.sockets[0].tell_head(2**62)
            await asyncio.sleep(300)
            assert manager.state is State.LIVE
        assert len(network.sockets) == 1
        assert max(heads) < 1000

    run_virtually(story())


def test_a_stream_below_what_polling_has_seen_is_recycled() -> None:
    async def story() -> None:
        network = Network(block_seconds=10_000)
        async with managed(network) as manager:
            await until(lambda: manager.state is State.LIVE)
            manager.note_head(50)
            assert await until(lambda: len(network.sockets) == 2) <= 45

    run_virtually(story())
