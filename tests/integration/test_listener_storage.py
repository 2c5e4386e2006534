"""When the database does not take a step: nothing moves, it is said, and it goes on afterwards."""

from typing import Any

import pytest
from django.db import OperationalError, ProgrammingError

from pools import ingest
from pools.leases import LostLease
from pools.models import Chain
from realtime import chain, store
from tests.following import ask, config_for, cursor, listening, until_status
from tests.node import SimulatedNode
from tests.waiting import async_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis_server")]


class FailingAppend:
    """`ingest.append`, which raises the given error so many times first."""

    def __init__(self, error: Exception, times: int) -> None:
        self._append = ingest.append
        self._error = error
        self.left = times

    def __call__(self, *args: Any, **kwargs: Any) -> ingest.Committed:
        if self.left:
            self.left -= 1
            raise self._error
        return self._append(*args, **kwargs)


def config_of(node: SimulatedNode):  # type: ignore[no-untyped-def]
    return config_for([node.http_url], [node.ws_url], node.contracts)


async def test_a_lock_that_is_released_soon_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    failing = FailingAppend(OperationalError("database is locked"), 2)
    async with SimulatedNode() as node:
        monkeypatch.setattr(ingest, "append", failing)
        node.mine_quietly()
        async with listening(config_of(node)):
            await async_until(lambda: ask(lambda: cursor() == 1), 5)
    assert failing.left == 0


async def test_a_full_disk_is_said_and_outlived(monkeypatch: pytest.MonkeyPatch) -> None:
    failing = FailingAppend(OperationalError("database or disk is full"), 100)
    async with SimulatedNode() as node:
        monkeypatch.setattr(ingest, "append", failing)
        node.mine_quietly()
        async with listening(config_of(node)):
            row = await until_status("error", detail="disk is full")
            assert row.detail.startswith("the database refuses to work")
            assert row.stopped
            assert await ask(cursor) == -1
            failing.left = 0
            await async_until(lambda: ask(lambda: cursor() == 1), 12)
            assert not (await until_status("live")).stopped


async def test_a_database_that_is_not_ready_at_the_start_is_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    left = 2 * store.TRIES

    def pinned() -> tuple[int, int, str] | None:
        nonlocal left
        if left:
            left -= 1
            raise ProgrammingError('relation "pools_chain" does not exist\nLINE 1: SELECT …')
        return store.pinned_chain()

    monkeypatch.setattr(chain, "pinned_chain", pinned)
    async with SimulatedNode() as node:
        node.mine_quietly()
        async with listening(config_of(node)):
            row = await until_status("error", detail="has “python manage.py migrate” been run?")
            assert row.stopped
            await async_until(lambda: ask(lambda: cursor() == 1), 10)


async def test_the_block_that_is_pinned_lies_below_every_reorganisation() -> None:
    async with SimulatedNode() as node:
        for _ in range(90):
            node.mine_quietly()
        late = config_for([node.http_url], [], [(node.chain.contract, 80)])
        async with listening(late):
            await async_until(lambda: ask(lambda: cursor() == 90), 8)
        assert await ask(lambda: Chain.objects.get().anchor_number) == 80 - 1 - late.reorg_window


async def test_a_lease_lost_in_the_middle_stops_the_writing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    failing = FailingAppend(LostLease("taken over"), 1)
    async with SimulatedNode() as node:
        monkeypatch.setattr(ingest, "append", failing)
        node.mine_quietly()
        async with listening(config_of(node)):
            await async_until(lambda: ask(lambda: cursor() == 1), 8)


async def test_a_cursor_that_moved_under_us_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    failing = FailingAppend(ingest.StaleCursor("elsewhere"), 1)
    async with SimulatedNode() as node:
        monkeypatch.setattr(ingest, "append", failing)
        node.mine_quietly()
        async with listening(config_of(node)):
            await async_until(lambda: ask(lambda: cursor() == 1), 8)
