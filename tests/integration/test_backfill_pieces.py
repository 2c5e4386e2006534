"""Whatever the pieces of the past are, the account is exact and the end equals a fresh index."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
import pytest_asyncio
from asgiref.sync import sync_to_async
from celery.app.task import Task
from channels.layers import get_channel_layer
from django.db import connection
from django.utils import timezone

from coopsite.environment import PoolContract
from pools import alerts, ingest, leases
from pools.ingest import Contradiction
from pools.models import Contract, Cursor, HistoricalScan, Pool
from pools.segments import Segment
from realtime import filling, tasks
from realtime.filling import read_ahead
from realtime.history import Unproved
from realtime.planning import gaps, unfolded
from realtime.wakeups import GROUP
from tests.following import ask
from tests.integration.test_ingest import assert_messages_tile, fresh_index, tables
from tests.node import SimulatedNode
from tests.pasts import lively_chain
from tests.scripted_chain import CHAIN_ID

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis_server")]

BLOCKS = 300
turn = sync_to_async(tasks.backfill_gaps)


class ScriptedReader:
    """Reads a past in pieces of ten blocks; those that `refuses` names are not proved."""

    node: SimulatedNode
    seconds = 0.0
    refuses: Callable[[int], str] = staticmethod(lambda _number: "")
    tamper: Callable[[Segment], Segment] = staticmethod(lambda segment: segment)

    def __init__(self, *_: Any, **__: Any) -> None:
        self.requests = self.retries = 0
        self.hosts = {"node.example"}

    async def read(self, first: int, last: int) -> AsyncIterator[Segment | Unproved]:
        for at in range(first, last + 1, 10):
            end = min(at + 9, last)
            self.requests += 1
            await asyncio.sleep(self.seconds)
            if reason := next(filter(None, map(self.refuses, range(at, end + 1))), ""):
                yield Unproved(at, end, reason)
            else:
                yield self.tamper(self.node.chain.segment(at, end))


def refusing(*numbers: int) -> Callable[[int], str]:
    return staticmethod(lambda number: f"{number} is lost" if number in numbers else "")


@pytest_asyncio.fixture
async def node(settings: Any, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SimulatedNode]:
    """A node with a past of which only the last blocks are stored."""
    async with SimulatedNode(lively_chain(BLOCKS)) as node:
        monkeypatch.setattr(ScriptedReader, "node", node, raising=False)
        monkeypatch.setattr(filling, "HistoryReader", ScriptedReader)
        monkeypatch.setattr(filling, "_ONCE_MORE_SECONDS", 0.01)
        settings.CHAIN_HTTP_URLS = [node.http_url]
        settings.CHAIN_WS_URLS = []
        settings.POOL_CONTRACTS = [PoolContract(*contract) for contract in node.contracts]
        await ask(lambda: jump_to(node, BLOCKS - 20))
        yield node


def jump_to(node: SimulatedNode, number: int) -> None:
    """What a listener does that comes to a long past."""
    ingest.register(CHAIN_ID, node.contracts, anchor=node.chain.blocks[0].header)
    lease = leases.acquire("listener", holder="test", seconds=60)
    assert lease is not None
    ingest.jump(CHAIN_ID, node.chain.blocks[number].header, lease=lease)
    for at in range(number + 1, node.head + 1):
        ingest.append(node.chain.segment(at, at), lease=lease)
    leases.release(lease)
    HistoricalScan.objects.create(  # the re-scan of the last blocks has had its turn
        contract=Contract.objects.get(),
        kind="rescan",
        state="done",
        from_block=BLOCKS,
        to_block=BLOCKS,
        finished_at=timezone.now(),
    )


def equals_fresh_index(node: SimulatedNode) -> bool:
    """Ends the test: the database is filled anew."""
    assert_messages_tile()
    held = tables()
    lease = leases.acquire("listener", holder="test", seconds=60)
    assert lease is not None
    return held == fresh_index(node.chain, lease)


def rows() -> list[tuple[int, int, str, str]]:
    found = HistoricalScan.objects.filter(kind="backfill").order_by("from_block")
    return list(found.values_list("from_block", "to_block", "state", "error"))


def left() -> list[tuple[int, int]]:
    return [gap for _, gap in gaps(CHAIN_ID)]


async def test_a_past_is_filled_and_folded(node: SimulatedNode) -> None:
    assert await ask(Pool.objects.count) == 0
    await turn()
    assert await ask(left) == []
    assert await ask(rows) == [(1, BLOCKS - 20, "done", "")]
    scan = await HistoricalScan.objects.aget(kind="backfill")
    assert (scan.done_to, scan.events_found) == (BLOCKS - 20, 3 * (BLOCKS - 20))
    assert (scan.requests, scan.endpoints) == (28, "node.example")
    assert await ask(lambda: equals_fresh_index(node))


async def test_what_fails_is_a_row_for_exactly_its_blocks(
    node: SimulatedNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ScriptedReader, "refuses", refusing(45, 52, 133))
    await turn()
    assert await ask(left) == [(41, 60), (131, 140)]
    assert await ask(rows) == [
        (1, 40, "done", ""),
        (41, 60, "failed", "45 is lost"),  # neighbours are one
        (61, 130, "done", ""),
        (131, 140, "failed", "133 is lost"),
        (141, 280, "done", ""),
    ]
    told = {alert.key.rpartition(":")[2]: alert.message for alert in await ask(gap_alerts)}
    assert told.keys() == {"41-60", "131-140"}
    assert "133 is lost" in told["131-140"]


def gap_alerts() -> list[Any]:
    return alerts.open_alerts("gap")


async def test_pools_go_on_behind_a_gap_and_are_right_when_it_is_closed(
    node: SimulatedNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ScriptedReader, "refuses", refusing(45, 133))
    failed = HistoricalScan.objects.filter(state="failed")
    await turn()
    assert await folded_to() == 40  # perhaps it was but a hiccup
    now = timezone.now()
    await failed.aupdate(
        created_at=now - timedelta(minutes=3), finished_at=now - timedelta(minutes=2)
    )
    await turn()
    assert await folded_to() == BLOCKS
    assert await ask(Pool.objects.count) > 0
    monkeypatch.setattr(ScriptedReader, "refuses", refusing(48))  # half of it is there again
    await failed.aupdate(finished_at=now - timedelta(hours=1))
    await turn()
    assert await ask(left) == [(41, 50)]
    monkeypatch.setattr(ScriptedReader, "refuses", refusing())
    await failed.aupdate(finished_at=now - timedelta(hours=1))
    await turn()
    assert await ask(left) == []
    assert {state for *_, state, _ in await ask(rows)} == {"done"}
    assert await ask(gap_alerts) == []
    assert await ask(lambda: equals_fresh_index(node))


async def test_a_long_gap_is_waited_for_before_pools_go_on_without_it(
    node: SimulatedNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ScriptedReader, "refuses", refusing(*range(51, 200)))
    failed = HistoricalScan.objects.filter(state="failed")
    an_hour_ago = timezone.now() - timedelta(hours=1)
    await turn()
    assert await folded_to() == 50
    await failed.aupdate(created_at=an_hour_ago)
    await turn()  # it may wait for its next try, and so do the pools
    assert await folded_to() == 50
    await failed.aupdate(finished_at=an_hour_ago)
    await Cursor.objects.aupdate(updated_at=an_hour_ago)
    await turn()  # it fails again, but nodes have not given anything for long
    assert await folded_to() == 50
    await failed.aupdate(finished_at=an_hour_ago)
    await Cursor.objects.aupdate(updated_at=timezone.now())
    await turn()
    assert await folded_to() == BLOCKS
    monkeypatch.setattr(ScriptedReader, "refuses", refusing())
    await failed.aupdate(finished_at=an_hour_ago)
    await turn()
    assert await ask(lambda: equals_fresh_index(node))


async def folded_to() -> int:
    return (await Contract.objects.aget()).folded_to


async def test_what_does_not_fit_is_read_once_more(
    node: SimulatedNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill = ingest.fill
    misfits = {41: 1, 101: 2}

    def failing(segment: Segment, *args: Any, **kwargs: Any) -> ingest.Committed:
        if misfits.get(segment.from_block):
            misfits[segment.from_block] -= 1
            raise Contradiction(f"block {segment.from_block} is another one")
        return fill(segment, *args, **kwargs)

    monkeypatch.setattr(ingest, "fill", failing)
    await turn()
    assert await ask(left) == [(101, 110)]
    assert (await ask(rows))[1] == (101, 110, "failed", "block 101 is another one")
    await turn()
    assert await ask(lambda: equals_fresh_index(node))


async def test_a_worker_that_ended_before_folding_leaves_it_to_the_next(
    node: SimulatedNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: Any, **__: Any) -> bool:
        raise leases.LostLease("as if it were gone")

    with monkeypatch.context() as context:
        context.setattr(ingest, "fold", killed)
        await turn()
    assert await ask(left) == []
    assert len(await ask(lambda: unfolded(CHAIN_ID))) == 1
    await ask(lambda: scan_again(node, 1, 50))  # which must not take it for folded
    await turn()
    assert await ask(lambda: equals_fresh_index(node))


def scan_again(node: SimulatedNode, first: int, last: int) -> None:
    lease = leases.acquire("backfill", holder="test", seconds=60)
    assert lease is not None
    ingest.fill(node.chain.segment(first, last), Contract.objects.get(), lease=lease)
    leases.release(lease)


async def test_a_turn_that_is_cut_off_goes_on_where_it_was(
    node: SimulatedNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "BUDGET_SECONDS", 0.3)
    monkeypatch.setattr(ScriptedReader, "seconds", 0.05)
    again: list[Any] = []
    # Of all tasks: which one a proxy stands for depends on the thread's Celery application.
    monkeypatch.setattr(Task, "apply_async", lambda *_, **__: again.append(1))
    turns = 0
    while await ask(left):
        await turn()
        turns += 1
        found = await ask(rows)
        assert found[0][0] == 1
        assert {state for *_, state, _ in found} == {"done"}
        assert all(upper[0] == lower[1] + 1 for lower, upper in pairwise(found))
        assert (await ask(Contract.objects.get)).folded_to >= found[-1][1]
    assert turns > 2
    assert len(again) in (turns - 1, turns)  # the next turn was asked for at once
    assert await ask(lambda: equals_fresh_index(node))


async def test_its_progress_can_be_watched(
    node: SimulatedNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ScriptedReader, "seconds", 0.1)
    layer = get_channel_layer()
    assert layer is not None
    channel = await layer.new_channel()
    await layer.group_add(GROUP, channel)

    def take_turn() -> None:
        tasks.backfill_gaps()
        connection.close()

    under_way = asyncio.create_task(asyncio.to_thread(take_turn))
    async with asyncio.timeout(10):
        while (await layer.receive(channel))["type"] != "live.progress":
            pass
    seen = await HistoricalScan.objects.aget(kind="backfill")
    assert (seen.state, seen.to_block, seen.endpoints) == ("running", 280, "node.example")
    assert seen.done_to is not None
    assert 0 < seen.done_to < 280
    assert seen.events_found == 3 * seen.done_to
    assert seen.requests >= seen.done_to // 10
    await under_way
    done = await HistoricalScan.objects.aget(kind="backfill")
    assert done.started_at is not None
    assert done.finished_at is not None
    assert (done.finished_at - done.started_at).total_seconds() > 2.8


async def test_reading_goes_on_while_a_piece_is_worked_on() -> None:
    read: list[int] = []

    async def pieces() -> AsyncIterator[Unproved]:
        for number in range(9):
            read.append(number)
            yield Unproved(number, number, "")

    ahead = read_ahead(pieces())
    got = [await anext(ahead)]
    for _ in range(5):
        await sync_to_async(lambda: None)()
    assert len(read) == 3  # one given, one that waits, and one in the hand of the reader
    await ahead.aclose()
    assert len(got) == 1


async def test_a_reader_that_breaks_is_heard() -> None:
    async def pieces() -> AsyncIterator[Unproved]:
        yield Unproved(1, 1, "")
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        [piece async for piece in read_ahead(pieces())]


async def test_logs_that_a_wide_reading_lacks_are_looked_at_closely(
    node: SimulatedNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    await turn()

    def without_one(segment: Segment) -> Segment:
        logs = tuple(
            entry for entry in segment.logs if (entry.block_number, entry.log_index) != (77, 1)
        )
        return replace(segment, logs=logs)

    monkeypatch.setattr(ScriptedReader, "tamper", staticmethod(without_one))
    monkeypatch.setattr("realtime.backfill.MOST_BLOCKS", 50)
    wide = await HistoricalScan.objects.acreate(
        contract=await Contract.objects.aget(), kind="rescan", from_block=61, to_block=160
    )
    await turn()
    await wide.arefresh_from_db()
    assert wide.state == "done"
    closer = await HistoricalScan.objects.aget(from_block=77, to_block=77)
    assert (closer.kind, closer.state) == ("rescan", "requested")
    await turn()
    await closer.arefresh_from_db()
    assert (closer.state, closer.error) == ("done", "")  # the node has it after all
    assert await ask(lambda: equals_fresh_index(node))
