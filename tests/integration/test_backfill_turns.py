"""Turn after turn the backfill gets on with its work: whatever fails, is cut short or is killed."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from coopsite.environment import PoolContract
from pools import ingest, leases
from pools.events import Paused
from pools.models import Alert, Contract, CoveredRange, HistoricalScan, Log
from realtime import tasks
from realtime.planning import gaps
from realtime.wakeups import GROUP
from tests.node import Fault, SimulatedNode
from tests.scripted_chain import CHAIN_ID, account

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis_server")]

HEAD = 199
turn = sync_to_async(tasks.backfill_gaps)


@pytest_asyncio.fixture
async def node(settings: Any) -> AsyncIterator[SimulatedNode]:
    """A node whose whole chain is stored, and whose last blocks were scanned again just now."""
    async with SimulatedNode() as node:
        for _ in range(HEAD):
            node.mine_quietly()
        settings.CHAIN_HTTP_URLS = [node.http_url]
        settings.CHAIN_WS_URLS = []
        settings.POOL_CONTRACTS = [PoolContract(*contract) for contract in node.contracts]
        await sync_to_async(call_command)("backfill", json=True)
        await turn()
        await HistoricalScan.objects.exclude(kind="rescan").adelete()
        yield node


@sync_to_async
def cover(node: SimulatedNode, *covered: tuple[int, int]) -> None:
    """Believe only these blocks to be proved."""
    CoveredRange.objects.all().delete()
    for first, last in covered:
        CoveredRange.objects.create(
            contract=Contract.objects.get(),
            from_block=first,
            to_block=last,
            parent_hash=node.chain.blocks[first].header.parent_hash,
            end_hash=node.chain.blocks[last].header.hash,
            endpoint="node.example",
            logs=0,
        )


@sync_to_async
def scan(kind: str, first: int, last: int, state: str = "requested") -> HistoricalScan:
    return HistoricalScan.objects.create(
        contract=Contract.objects.get(), kind=kind, from_block=first, to_block=last, state=state
    )


@sync_to_async
def scans(*, besides: int = HEAD) -> list[tuple[str, int, int, str]]:
    """What the rows say, without the re-scan of the last blocks."""
    rows = HistoricalScan.objects.exclude(to_block=besides).order_by("from_block", "pk")
    return list(rows.values_list("kind", "from_block", "to_block", "state"))


@sync_to_async
def left() -> list[tuple[int, int]]:
    return [gap for _, gap in gaps(CHAIN_ID)]


def lose(node: SimulatedNode, first: int, last: int) -> None:
    """Make the node one that has dropped these blocks."""

    def tamper(method: str, params: list[Any], result: Any) -> Any:
        gone = method == "eth_getBlockByNumber" and params[0] != "latest"
        return None if gone and first <= int(params[0], 16) <= last else result

    node.tamper = tamper


def unreadable_at(number: int) -> Callable[[str, list[Any], Any], Any]:
    """What makes a node one that fails to look for logs in one block."""

    def tamper(method: str, params: list[Any], result: Any) -> Any:
        if method == "eth_getLogs":
            first, last = (int(params[0][name], 16) for name in ("fromBlock", "toBlock"))
            if first <= number <= last:
                raise Fault(-32000, f"block {number} is damaged")
        return result

    return tamper


def store_without_logs(node: SimulatedNode) -> None:
    """The newest block, as a node that brings its logs late told it."""
    lease = leases.acquire("listener", holder="test", seconds=60)
    assert lease is not None
    ingest.append(replace(node.chain.segment(node.head), logs=()), lease=lease)
    leases.release(lease)


async def test_a_gap_that_cannot_be_filled_holds_up_nothing_else(node: SimulatedNode) -> None:
    await cover(node, (6, 99), (111, HEAD))
    await scan("rescan", 150, 151)
    lose(node, 1, 5)
    for _ in range(3):
        await turn()
    assert await left() == [(1, 5)]
    assert await scans() == [
        ("backfill", 1, 5, "failed"),  # one row, however often it was tried
        ("backfill", 100, 110, "done"),
        ("rescan", 150, 151, "done"),
    ]
    row = await HistoricalScan.objects.aget(from_block=1)
    assert "does not have block 1" in row.error
    alert = await Alert.objects.aget()
    assert (alert.kind, alert.count, alert.resolved_at) == ("gap", 3, None)
    assert (alert.details["from_block"], alert.details["to_block"]) == (1, 5)
    lose(node, 0, -1)
    await turn()
    assert await left() == []
    await row.arefresh_from_db()
    assert (row.state, row.error) == ("done", "")
    await alert.arefresh_from_db()
    assert alert.resolved_at is not None


async def test_the_command_fills_what_it_can_and_names_what_it_could_not(
    node: SimulatedNode,
) -> None:
    await cover(node, (6, 99), (111, 149), (160, HEAD))
    lose(node, 1, 5)
    with pytest.raises(CommandError, match=r"blocks 1 to 5: .*does not have block 1"):
        await sync_to_async(call_command)("backfill", json=True)
    assert await left() == [(1, 5)]


async def test_what_a_killed_worker_left_is_taken_up(node: SimulatedNode) -> None:
    await cover(node, (6, HEAD))
    await scan("rescan", 20, 30, state="running")
    begun = await scan("backfill", 1, 5, state="running")
    come_far = await scan("backfill", 6, 90, state="running")
    await HistoricalScan.objects.filter(pk=come_far.pk).aupdate(done_to=60)
    await turn()
    assert await scans() == [
        ("backfill", 1, 5, "done"),  # in its own row
        ("backfill", 6, 60, "done"),  # as far as it had come
        ("rescan", 20, 30, "done"),
    ]
    await begun.arefresh_from_db()
    assert (begun.state, begun.error) == ("done", "")
    await come_far.arefresh_from_db()
    assert come_far.error == "its worker ended before it did"


async def test_two_turns_at_once_do_everything_once(node: SimulatedNode) -> None:
    await cover(node, (6, 99), (111, HEAD))
    await scan("rescan", 150, 151)

    def take_turn() -> None:
        tasks.backfill_gaps()
        connection.close()

    await asyncio.gather(*(asyncio.to_thread(take_turn) for _ in range(2)))
    await turn()  # the one that came too late leaves nothing undone
    assert await left() == []
    assert await scans() == [
        ("backfill", 1, 5, "done"),
        ("backfill", 100, 110, "done"),
        ("rescan", 150, 151, "done"),
    ]


async def test_a_block_in_the_middle_that_nobody_proves_leaves_both_sides_done(
    node: SimulatedNode,
) -> None:
    await cover(node, (150, HEAD))
    node.tamper = unreadable_at(70)
    await turn()
    (gap,) = await left()
    assert gap[0] <= 70 <= gap[1]
    assert await scans() == [
        ("backfill", 1, gap[0] - 1, "done"),
        ("backfill", *gap, "failed"),
        ("backfill", gap[1] + 1, 149, "done"),
    ]
    lose(node, 0, -1)
    await turn()
    assert await left() == []
    assert {state for *_, state in await scans()} == {"done"}
    assert await Alert.objects.filter(resolved_at=None).acount() == 0


async def test_a_scan_that_runs_out_of_time_goes_on_at_the_next_turn(
    node: SimulatedNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    await scan("rescan", 1, 150)

    def tamper(method: str, _params: list[Any], result: Any) -> Any:
        if method == "eth_getLogs":
            time.sleep(1.1)
        return result

    node.tamper = tamper
    monkeypatch.setattr(tasks, "BUDGET_SECONDS", 1.0)
    await turn()
    assert await scans() == [("rescan", 1, 64, "done"), ("rescan", 65, 150, "requested")]
    lose(node, 0, -1)
    monkeypatch.setattr(tasks, "BUDGET_SECONDS", 60.0)
    await turn()
    assert await scans() == [("rescan", 1, 64, "done"), ("rescan", 65, 150, "done")]


async def test_what_there_was_no_time_to_begin_waits_as_it_is(
    node: SimulatedNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    await cover(node, (6, HEAD))
    await scan("rescan", 20, 30)
    monkeypatch.setattr(tasks, "BUDGET_SECONDS", -1.0)
    await turn()
    assert await scans() == [("rescan", 20, 30, "requested")]
    assert await left() == [(1, 5)]


async def test_the_last_blocks_are_scanned_again_every_ten_minutes_whoever_was_restarted(
    node: SimulatedNode,
) -> None:
    recent = HistoricalScan.objects.filter(kind="rescan", to_block=HEAD, state="done")
    assert await recent.acount() == 1
    await scan("rescan", 20, 30)
    await turn()
    assert await recent.acount() == 1
    await recent.aupdate(finished_at=timezone.now() - timedelta(minutes=11))
    await turn()
    assert await recent.acount() == 2


async def test_no_block_is_left_out_between_two_rescans(node: SimulatedNode) -> None:
    await HistoricalScan.objects.aupdate(
        from_block=1, to_block=50, finished_at=timezone.now() - timedelta(minutes=11)
    )
    await turn()
    assert await scans(besides=0) == [
        ("rescan", 1, 50, "done"),
        ("rescan", 51, HEAD, "done"),
    ]


async def test_a_rescan_that_fails_is_tried_again_more_and_more_rarely(
    node: SimulatedNode,
) -> None:
    await HistoricalScan.objects.all().adelete()
    lose(node, HEAD - 9, HEAD - 9)
    await turn()
    failed = await HistoricalScan.objects.aget(state="failed")
    assert "does not have block" in failed.error
    requests = failed.requests
    an_hour_ago = timezone.now() - timedelta(hours=1)
    await HistoricalScan.objects.filter(pk=failed.pk).aupdate(created_at=an_hour_ago)
    await turn()  # it has failed for an hour and was tried just now: it may wait
    await failed.arefresh_from_db()
    assert failed.requests == requests
    await HistoricalScan.objects.filter(pk=failed.pk).aupdate(finished_at=an_hour_ago)
    await turn()
    await failed.arefresh_from_db()
    assert failed.state == "failed"
    assert failed.finished_at is not None
    assert failed.finished_at > an_hour_ago + timedelta(minutes=59)
    assert (await Alert.objects.aget(kind="rescan")).resolved_at is None
    lose(node, 0, -1)
    await HistoricalScan.objects.filter(pk=failed.pk).aupdate(finished_at=an_hour_ago)
    await turn()
    await failed.arefresh_from_db()
    assert (failed.state, failed.error) == ("done", "")
    assert (await Alert.objects.aget(kind="rescan")).resolved_at is not None


async def test_a_rescan_that_failed_for_a_day_is_left_alone(node: SimulatedNode) -> None:
    failed = await scan("rescan", 20, 30, state="failed")
    long_ago = timezone.now() - timedelta(hours=25)
    await HistoricalScan.objects.filter(pk=failed.pk).aupdate(
        created_at=long_ago, finished_at=long_ago
    )
    await turn()
    await failed.arefresh_from_db()
    assert failed.state == "failed"


async def test_what_was_found_is_announced_at_once(node: SimulatedNode) -> None:
    block = node.mine_quietly(Paused(account=account(7)))
    await sync_to_async(store_without_logs)(node)
    await cover(node, (1, HEAD))
    layer = get_channel_layer()
    assert layer is not None
    channel = await layer.new_channel()
    await layer.group_add(GROUP, channel)
    await turn()
    async with asyncio.timeout(5):
        told = [await layer.receive(channel), await layer.receive(channel)]
    found = await Log.objects.aget(block__hash=block.header.hash)
    assert told == [{"type": "live.sequence", "seq": found.seq}, {"type": "live.progress"}]


async def test_scans_of_long_ago_are_forgotten(node: SimulatedNode) -> None:
    old = await scan("backfill", 1, 5, state="done")
    waiting = await scan("rescan", 1, 5)
    await HistoricalScan.objects.filter(pk=old.pk).aupdate(
        finished_at=timezone.now() - timedelta(days=31)
    )
    await sync_to_async(tasks.prune_outbox)()
    assert not await HistoricalScan.objects.filter(pk=old.pk).aexists()
    assert await HistoricalScan.objects.filter(pk=waiting.pk).aexists()
