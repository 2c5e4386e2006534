"""The real listener inside a test, against any node, and short questions to what it stored."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from random import Random
from typing import Any, TypeVar

from asgiref.sync import sync_to_async

from coopsite.environment import PoolContract
from pools.models import Cursor, ListenerStatus, Log
from realtime.configuration import Config
from realtime.listener import Listener
from realtime.statistics import Timing
from tests.waiting import async_until

T = TypeVar("T")


def config_for(
    http_urls: Sequence[str],
    ws_urls: Sequence[str],
    contracts: Sequence[tuple[str, int]],
    **changes: Any,
) -> Config:
    """A configuration as the settings would give it, with quick reconnecting."""
    values: dict[str, Any] = {
        "chain_id": None,
        "http_urls": http_urls,
        "ws_urls": ws_urls,
        "contracts": [PoolContract(*contract) for contract in contracts],
        "reorg_window": 64,
        "optimistic": True,
        "timing": Timing(
            heartbeat_seconds=1.0,
            reconnect_seconds=0.05,
            max_reconnect_seconds=0.2,
            max_reconnect_attempts=500,
        ),
    }
    return Config(**(values | changes))


@asynccontextmanager
async def listening(config: Config) -> AsyncIterator[Listener]:
    """A listener at work; leaving the block stops it in order, and its failure fails the test."""
    listener = Listener(config, random=Random(1))
    task = asyncio.create_task(listener.run())
    try:
        yield listener
    finally:
        listener.stop()
        async with asyncio.timeout(10):
            await task


async def until_ended(listener: Listener, seconds: float = 10) -> None:
    """Wait until it has ended by itself; what it ended with is raised where `listening` ends."""
    await async_until(listener._stopping.is_set, seconds)


async def ask(question: Callable[[], T]) -> T:
    """Ask the database from inside the event loop."""
    return await sync_to_async(question)()


def stored_keys() -> list[str]:
    """The canonical logs as `<block hash>:<log index>`, in chain order."""
    logs = Log.objects.filter(retracted_seq=None).order_by("block_number", "log_index")
    return [f"{log.block.hash}:{log.log_index}" for log in logs.select_related("block")]


def chain_keys(logs: Sequence[dict[str, Any]]) -> list[str]:
    """The same of logs as a node tells them."""
    return [f"{log['blockHash']}:{int(log['logIndex'], 16)}" for log in logs]


def cursor() -> int:
    """The cursor's height, -1 before there is one."""
    row = Cursor.objects.first()
    return -1 if row is None else row.number


def listener_status() -> ListenerStatus | None:
    """What the listener last said of itself."""
    return ListenerStatus.objects.first()


async def until_status(state: str, *, detail: str = "", seconds: float = 10) -> ListenerStatus:
    """Wait for a status row with this state whose detail holds `detail`."""

    def found() -> ListenerStatus | None:
        row = listener_status()
        return row if row and row.state == state and detail in row.detail else None

    row = await async_until(lambda: ask(found), seconds)
    assert row is not None
    return row
