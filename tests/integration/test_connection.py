"""The connection manager over real sockets, against a node that misbehaves as told."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import pytest

from pools.events import Paused
from pools.redaction import Redactor
from realtime.connection import ConnectionManager
from realtime.statistics import State, Timing
from realtime.wire import LogJson
from tests.node import SimulatedNode
from tests.scripted_chain import CHAIN_ID, CONTRACT, account
from tests.waiting import async_until

QUICK = Timing(
    heartbeat_seconds=0.1,
    reconnect_seconds=0.02,
    max_reconnect_seconds=0.05,
    max_reconnect_attempts=4,
)


@asynccontextmanager
async def connected(
    *nodes: SimulatedNode, timing: Timing = QUICK, **changes: Any
) -> AsyncIterator[ConnectionManager]:
    """A manager at work on these nodes; a failure of it fails the test."""
    urls = [node.ws_url for node in nodes]
    manager = ConnectionManager(
        urls,
        addresses=[CONTRACT],
        redact=Redactor(urls),
        timing=timing,
        random=Random(1),
        **changes,
    )
    manager.chain_id = CHAIN_ID
    task = asyncio.create_task(manager.run())
    try:
        yield manager
    finally:
        task.cancel()
        (outcome,) = await asyncio.gather(task, return_exceptions=True)
        assert isinstance(outcome, asyncio.CancelledError)
        assert manager.statistics().state is State.OFFLINE


async def until_state(manager: ConnectionManager, state: State, seconds: float = 5) -> None:
    await async_until(lambda: manager.statistics().state is state, seconds)


async def test_it_goes_live_and_tells_of_heads_and_logs() -> None:
    async with SimulatedNode() as node, connected(node) as manager:
        heads: list[int] = []
        entries: list[LogJson] = []
        states: list[str] = []
        manager.subscribe("head", heads.append)
        manager.subscribe("log", entries.append)
        manager.subscribe("state", lambda statistics: states.append(statistics.state))
        await until_state(manager, State.LIVE)
        await node.mine(Paused(account(1)))
        await async_until(lambda: entries)
        assert (heads, states) == ([1], [State.LIVE])
        seen = manager.statistics()
        assert (seen.events_received, seen.attempts, seen.reconnects) == (1, 0, 0)
        assert seen.endpoint == node.http_url.split("/")[2]
        assert seen.messages >= 6
        assert seen.bytes > 100
        assert seen.last_event_at is not None
        assert seen.connected_since is not None


async def test_latency_is_measured_again_with_each_heartbeat() -> None:
    async with SimulatedNode() as node, connected(node) as manager:
        await until_state(manager, State.LIVE)
        before = node.calls["eth_blockNumber"]
        await async_until(lambda: node.calls["eth_blockNumber"] >= before + 3)
        latency = manager.statistics().latency
        assert latency is not None
        assert 0 < latency < 1


async def test_after_a_drop_it_connects_and_subscribes_again() -> None:
    async with SimulatedNode() as node, connected(node) as manager:
        heads: list[int] = []
        manager.subscribe("head", heads.append)
        await until_state(manager, State.LIVE)
        await node.drop_streams()
        await async_until(lambda: node.connections == 2 and len(node.subscriptions) == 2)
        await until_state(manager, State.LIVE)
        await node.mine()
        await async_until(lambda: heads == [1])
        assert manager.statistics().reconnects == 1


async def test_spent_attempts_are_an_error_and_trying_goes_on() -> None:
    node = SimulatedNode()
    await node.start()
    await node.stop()
    async with connected(node) as manager:
        await until_state(manager, State.ERROR)
        assert "no WebSocket after 4 attempts" in manager.statistics().detail
        assert manager.statistics().attempts > 4
        await node.start()
        await until_state(manager, State.LIVE)
        await node.stop()


async def test_a_socket_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("realtime.connection.CALL_SECONDS", 0.1)
    async with SimulatedNode() as node:
        node.deaf = True
        async with connected(node) as manager:
            await async_until(lambda: node.connections >= 2)
            assert "not answered within" in manager.statistics().detail
            node.deaf = False
            await until_state(manager, State.LIVE)


async def test_a_dead_heartbeat_ends_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("realtime.connection.CALL_SECONDS", 0.2)
    async with SimulatedNode() as node, connected(node) as manager:
        await until_state(manager, State.LIVE)
        node.deaf = True
        await async_until(lambda: manager.statistics().state is not State.LIVE)
        node.deaf = False
        await until_state(manager, State.LIVE)
        assert manager.statistics().reconnects == 1


async def test_a_node_of_another_chain_is_refused_for_the_next_one() -> None:
    async with SimulatedNode() as wrong, SimulatedNode() as right:
        wrong.chain_id = 1
        async with connected(wrong, right) as manager:
            await until_state(manager, State.LIVE)
            assert manager.statistics().endpoint == right.http_url.split("/")[2]
            assert wrong.subscriptions == []


async def test_a_refusal_without_an_id_is_understood() -> None:
    async with SimulatedNode() as node:
        node.refusal = True
        async with connected(node) as manager:
            await async_until(lambda: "no subscriptions" in manager.statistics().detail, 3)
            assert "key-of-this-node" not in manager.statistics().detail


async def test_a_notification_before_its_answer_is_not_lost() -> None:
    async with SimulatedNode() as node:
        node.early = True
        node.chain.mine()
        heads: list[int] = []
        async with connected(node) as manager:
            manager.subscribe("head", heads.append)
            await until_state(manager, State.LIVE)
            assert heads == [1]


async def test_a_stream_that_fell_silent_is_recycled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("realtime.silence.LONGEST", 0.3)
    async with SimulatedNode() as node, connected(node) as manager:
        await until_state(manager, State.LIVE)
        node.mute = True
        await node.mine()
        await async_until(lambda: node.connections == 2)
        node.mute = False
        await until_state(manager, State.LIVE)


async def test_a_chain_that_stands_still_is_not_the_streams_fault(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("realtime.silence.LONGEST", 0.1)
    async with SimulatedNode() as node, connected(node) as manager:
        await until_state(manager, State.LIVE)
        before = node.calls["eth_blockNumber"]
        await async_until(lambda: node.calls["eth_blockNumber"] > before + 4)
        assert node.connections == 1


async def test_logs_that_came_without_a_word_recycle_the_stream(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("realtime.connection.OWED_LOG_SECONDS", 0.2)
    async with SimulatedNode() as node, connected(node) as manager:
        await until_state(manager, State.LIVE)
        manager.note_unannounced_logs()
        await async_until(lambda: node.connections == 2)


async def test_reconnecting_by_hand_is_immediate() -> None:
    slow = Timing(reconnect_seconds=60, max_reconnect_seconds=60)
    async with SimulatedNode() as node, connected(node, timing=slow) as manager:
        await until_state(manager, State.LIVE)
        manager.reconnect_now()
        await async_until(lambda: node.connections == 2, 2)
        await until_state(manager, State.LIVE)
        await node.drop_streams()
        await until_state(manager, State.RECONNECTING)
        manager.reconnect_now()
        await until_state(manager, State.LIVE, 2)


async def test_messages_that_nobody_can_read_change_nothing() -> None:
    async with SimulatedNode() as node, connected(node) as manager:
        await until_state(manager, State.LIVE)
        for stream in node._streams:
            await stream.send_str("<html>not json</html>")
            await stream.send_str('{"id": 99, "result": 1}')
            await stream.send_bytes(b"\xff\xfe")
        await node.mine()
        await asyncio.sleep(0.1)
        assert manager.statistics().state is State.LIVE


async def test_no_key_is_ever_written_to_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with SimulatedNode() as node, connected(node) as manager:
        await until_state(manager, State.LIVE)
        await node.drop_streams()
        await async_until(lambda: node.connections == 2)
        node.refusal = True
        manager.reconnect_now()
        await async_until(lambda: node.connections >= 3)
        await node.stop()
        await async_until(lambda: manager.statistics().attempts > 2)
        said = "\n".join(record.getMessage() for record in caplog.records)
        assert "stream_lost" in said
        assert "key-of-this-node" not in said
