"""Turn after turn the backfill gets on with its work: whatever fails, is cut short or is killed."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from django.core.management import CommandError, call_command
from django.utils import timezone

from coopsite.environment import PoolContract
from pools import ingest, leases
from pools.events import Paused
from pools.models import Contract, CoveredRange, HistoricalScan, Log
from realtime import tasks
from realtime.scans import gaps
from realtime.wakeups import GROUP
from tests.node import SimulatedNode
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
def cover(*covered: tuple[int, int]) -> None:
    """Believe only these blocks to be stored."""
    CoveredRange.objects.all().delete()
    for first, last in covered:
        CoveredRange.objects.create(
            contract=Contract.objects.get(),
            from_block=first,
            to_block=last,
            end_hash="0x",
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
    """What the rows say, without the hourly re-scan of the last blocks."""
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


def store_without_logs(node: SimulatedNode) -> None:
    """The newest block, as a node that brings its logs late told it."""
    lease = leases.acquire("listener", holder="test", seconds=60)
    assert lease is not None
    ingest.append(replace(node.chain.segment(node.head), logs=()), lease=lease)
    leases.release(lease)


async def test_a_gap_that_cannot_be_filled_holds_up_nothing_else(node: SimulatedNode) -> None:
    await cover((6, 99), (111, HEAD))
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
    lose(node, 0, -1)
    await turn()
    assert await left() == []
    await row.arefresh_from_db()
    assert (row.state, row.error) == ("done", "")


async def test_the_command_fills_what_it_can_and_names_what_it_could_not(
    node: SimulatedNode,
) -> None:
    await cover((6, 99), (111, 149), (160, HEAD))
    lose(node, 1, 5)
    with pytest.raises(CommandError, match=r"blocks 1 to 5: .*does not have block 1"):
        await sync_to_async(call_command)("backfill", json=True)
    assert await left() == [(1, 5)]


async def test_what_a_killed_worker_left_is_taken_up(node: SimulatedNode) -> None:
    await cover((6, HEAD))
    await scan("rescan", 20, 30, state="running")
    await scan("backfill", 2, 9, state="running")
    await turn()
    assert await scans() == [
        ("backfill", 1, 5, "done"),
        ("backfill", 2, 9, "failed"),
        ("rescan", 20, 30, "done"),
    ]


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
    await cover((6, HEAD))
    await scan("rescan", 20, 30)
    monkeypatch.setattr(tasks, "BUDGET_SECONDS", -1.0)
    await turn()
    assert await scans() == [("rescan", 20, 30, "requested")]
    assert await left() == [(1, 5)]


async def test_the_last_blocks_are_scanned_again_each_hour_whoever_was_restarted(
    node: SimulatedNode,
) -> None:
    recent = HistoricalScan.objects.filter(kind="rescan", to_block=HEAD, state="done")
    assert await recent.acount() == 1
    await scan("rescan", 20, 30)
    await turn()
    assert await recent.acount() == 1
    await recent.aupdate(finished_at=timezone.now() - timedelta(minutes=61))
    await turn()
    assert await recent.acount() == 2


async def test_a_rescan_that_fails_is_not_tried_again_each_minute(node: SimulatedNode) -> None:
    await HistoricalScan.objects.all().adelete()
    await cover((1, 50), (61, HEAD))
    lose(node, HEAD - 9, HEAD - 9)
    await turn()
    await turn()
    assert await scans(besides=0) == [
        ("backfill", 51, 60, "done"),
        ("rescan", HEAD - 99, HEAD, "failed"),
    ]


async def test_what_was_found_is_announced_at_once(node: SimulatedNode) -> None:
    block = node.mine_quietly(Paused(account=account(7)))
    await sync_to_async(store_without_logs)(node)
    await cover((1, HEAD))
    layer = get_channel_layer()
    assert layer is not None
    channel = await layer.new_channel()
    await layer.group_add(GROUP, channel)
    await turn()
    async with asyncio.timeout(5):
        told = await layer.receive(channel)
    found = await Log.objects.aget(block__hash=block.header.hash)
    assert told == {"type": "live.sequence", "seq": found.seq}


async def test_scans_of_long_ago_are_forgotten(node: SimulatedNode) -> None:
    old = await scan("backfill", 1, 5, state="done")
    waiting = await scan("rescan", 1, 5)
    await HistoricalScan.objects.filter(pk=old.pk).aupdate(
        finished_at=timezone.now() - timedelta(days=31)
    )
    await sync_to_async(tasks.prune_outbox)()
    assert not await HistoricalScan.objects.filter(pk=old.pk).aexists()
    assert await HistoricalScan.objects.filter(pk=waiting.pk).aexists()
