"""The way out to one browser: in order, bounded, and free while the browser keeps up."""

import asyncio
from typing import Any

import pytest

from realtime import outlet as module
from realtime.outlet import QUEUE, WINDOW, Outlet
from tests.waiting import async_until


class Server:
    """Takes what it is sent, waits while `full`, and fails when `broken`."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.broken = False
        self.failure: Exception = ConnectionResetError()
        self._room = asyncio.Event()
        self._room.set()

    @property
    def full(self) -> bool:
        return not self._room.is_set()

    @full.setter
    def full(self, full: bool) -> None:
        (self._room.clear if full else self._room.set)()

    async def send(self, message: dict[str, Any]) -> None:
        if self.broken:
            raise self.failure
        self.sent.append(message["text"])
        await self._room.wait()


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def outlet(server: Server) -> Outlet:
    return Outlet(server.send)


async def test_nothing_is_given_before_it_is_attached(server: Server, outlet: Outlet) -> None:
    assert outlet.give("early", 1)
    outlet.mention("early")
    outlet.attach(3, ["replay"])
    for seq in (2, 3, 4, 4):
        assert outlet.give(f"frame {seq}", seq)
    assert server.sent == ["replay", "frame 4"]


async def test_sending_needs_no_turn_of_the_event_loop(server: Server, outlet: Outlet) -> None:
    outlet.attach(0, [])
    before = len(asyncio.all_tasks())
    for seq in range(1, 100):
        outlet.give(str(seq), seq)
    assert len(server.sent) == 99
    assert len(asyncio.all_tasks()) == before


async def test_what_a_full_server_does_not_take_waits_in_order(
    server: Server, outlet: Outlet
) -> None:
    outlet.attach(0, [])
    server.full = True
    for seq in range(1, 6):
        assert outlet.give(str(seq), seq)
    outlet.mention("by the way")
    assert server.sent == ["1"]
    server.full = False
    await async_until(lambda: len(server.sent) == 6)
    assert server.sent == ["1", "2", "3", "4", "5", "by the way"]


async def test_a_slow_reader_gets_a_snapshot_when_it_reads_again(
    server: Server, outlet: Outlet
) -> None:
    outlet.attach(0, [])
    server.full = True
    taken = [outlet.give(str(seq), seq) for seq in range(1, QUEUE + 3)]
    assert taken == [True] * (QUEUE + 1) + [False]
    assert not outlet.attached
    assert outlet.give("dropped", QUEUE + 3)  # of no consequence
    behind = asyncio.create_task(outlet.behind())
    await asyncio.sleep(0)
    assert not behind.done()
    server.full = False
    async with asyncio.timeout(1):
        await behind
    outlet.attach(900, ["snapshot"])
    outlet.give("next", 901)
    assert server.sent == ["1", "snapshot", "next"]


async def test_one_that_fell_behind_while_idle_is_asked_at_once(outlet: Outlet) -> None:
    outlet.attach(0, [])
    outlet.fall_behind()
    async with asyncio.timeout(1):
        await outlet.behind()


async def test_who_does_not_read_at_all_is_given_up(
    server: Server, outlet: Outlet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.1)
    outlet.attach(0, [])
    server.full = True
    outlet.give("1", 1)
    async with asyncio.timeout(2):
        await outlet.given_up()
    assert outlet.give("2", 2)
    assert server.sent == ["1"]
    outlet.close()


async def test_a_broken_connection_is_given_up_at_once(server: Server, outlet: Outlet) -> None:
    outlet.attach(0, [])
    server.broken = True
    outlet.give("1", 1)
    async with asyncio.timeout(1):
        await outlet.given_up()


async def test_one_that_acknowledges_holds_a_bounded_number_of_messages(
    server: Server, outlet: Outlet
) -> None:
    outlet.attach(0, [])
    for seq in range(1, 65):
        outlet.give(str(seq), seq)
    assert outlet.acknowledge(64, earned=32)
    for seq in range(65, 65 + WINDOW + 10):
        assert outlet.give(str(seq), seq)
    assert len(server.sent) == 64 + WINDOW
    assert outlet.acknowledge(128, earned=32)
    assert len(server.sent) == 64 + WINDOW + 10
    assert server.sent == [str(seq) for seq in range(1, 64 + WINDOW + 11)]
    outlet.close()


async def test_an_acknowledgement_of_the_future_is_not_believed(
    server: Server, outlet: Outlet
) -> None:
    outlet.attach(0, [])
    outlet.give("1", 1)
    assert not outlet.acknowledge(2, earned=1)
    assert not outlet.acknowledge(0, earned=1)
    assert not outlet.acknowledge(-1, earned=1)
    assert outlet.acknowledge(1, earned=1)
    assert not outlet.acknowledge(1, earned=1)


async def test_after_the_end_nothing_is_under_way(server: Server, outlet: Outlet) -> None:
    outlet.attach(0, [])
    server.full = True
    outlet.give("1", 1)
    outlet.give("2", 2)
    before = asyncio.all_tasks()
    outlet.close()
    await asyncio.gather(*(before - {asyncio.current_task()}), return_exceptions=True)  # type: ignore[arg-type]
    server.full = False
    await asyncio.sleep(0.01)
    assert server.sent == ["1"]


@pytest.mark.parametrize(
    ("failure", "gone"),
    [(ConnectionResetError(), True), (RuntimeError("closed already"), True), (ValueError(), False)],
)
async def test_a_browser_that_has_gone_is_nothing_to_warn_of(
    server: Server,
    outlet: Outlet,
    caplog: pytest.LogCaptureFixture,
    failure: Exception,
    gone: bool,
) -> None:
    server.broken, server.failure = True, failure
    outlet.attach(0, ["first"])
    await outlet.given_up()
    assert outlet.gone is gone
    assert bool(caplog.records) is not gone
