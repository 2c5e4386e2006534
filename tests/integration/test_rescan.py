"""The last blocks are read once more through another node, and what differs is settled."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from asgiref.sync import sync_to_async
from django.utils import timezone

from coopsite.environment import PoolContract
from pools import ingest, leases
from pools.events import Paused
from pools.models import Alert, Contract, HistoricalScan, Log, OutboxRow
from pools.segments import RawLog
from realtime import tasks
from tests.following import ask, stored_keys
from tests.node import Fault, SimulatedNode
from tests.pasts import lively_chain
from tests.scripted_chain import CHAIN_ID, ScriptedChain, account

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis_server")]

BLOCKS = 40
turn = sync_to_async(tasks.backfill_gaps)


@pytest_asyncio.fixture
async def nodes(settings: Any) -> AsyncIterator[tuple[SimulatedNode, SimulatedNode]]:
    """Two nodes of one chain; nothing is stored yet."""
    chain = lively_chain(BLOCKS)
    async with SimulatedNode(chain) as one, SimulatedNode(chain) as other:
        settings.CHAIN_HTTP_URLS = [one.http_url, other.http_url]
        settings.CHAIN_WS_URLS = []
        settings.POOL_CONTRACTS = [PoolContract(*contract) for contract in one.contracts]
        yield one, other


def host(node: SimulatedNode) -> str:
    return urlsplit(node.http_url).netloc


@sync_to_async
def follow(node: SimulatedNode, *, without: int = -1, invented: RawLog | None = None) -> None:
    """Store every block as a listener would that has only this node, which may lie."""
    chain = node.chain
    ingest.register(CHAIN_ID, node.contracts, anchor=chain.blocks[0].header)
    lease = leases.acquire("listener", holder="test", seconds=60)
    assert lease is not None
    for number in range(1, chain.head + 1):
        logs = () if number == without else chain.blocks[number].logs
        if invented is not None and number == invented.block_number:
            logs = (*logs, invented)
        segment = replace(chain.segment(number, number), logs=logs, endpoint=host(node))
        ingest.append(segment, lease=lease)
    leases.release(lease)


def drop(node: SimulatedNode, number: int, index: int) -> None:
    """Have the node leave a log out, and be silent about it in its bloom filters."""
    node.zero_bloom = True

    def tamper(method: str, _params: list[Any], result: Any) -> Any:
        if method != "eth_getLogs":
            return result
        place = hex(number), hex(index)
        return [log for log in result if (log["blockNumber"], log["logIndex"]) != place]

    node.tamper = tamper


def invention(chain: ScriptedChain, number: int) -> RawLog:
    """A log that no transaction of its block has left."""
    real = chain.blocks[number].logs[-1]
    return replace_log(real, log_index=real.log_index + 1, transaction_hash="0x" + "ab" * 32)


def replace_log(log: RawLog, **changes: Any) -> RawLog:
    fields = {name: getattr(log, name) for name in log.__struct_fields__}
    return RawLog(**(fields | changes))


async def scanned() -> HistoricalScan:
    """The newest re-scan."""
    found = await HistoricalScan.objects.filter(kind="rescan").order_by("-pk").afirst()
    assert found is not None
    return found


async def alert(kind: str) -> Alert | None:
    return await Alert.objects.filter(kind=kind, resolved_at=None).afirst()


async def test_the_other_node_is_asked(nodes: tuple[SimulatedNode, SimulatedNode]) -> None:
    one, other = nodes
    await follow(other)  # whichever comes first in the settings
    await turn()
    scan = await scanned()
    assert (scan.from_block, scan.to_block, scan.state) == (1, BLOCKS, "done")
    assert scan.endpoints == host(one)
    assert other.calls["eth_getLogs"] == 0


async def test_logs_that_came_late_are_stored_and_told_of(
    nodes: tuple[SimulatedNode, SimulatedNode],
) -> None:
    one, other = nodes
    await follow(one, without=20)
    await turn()
    scan = await scanned()
    assert (scan.state, scan.events_found, scan.endpoints) == ("done", 3, host(other))
    assert len(await ask(stored_keys)) == 3 * BLOCKS
    found = await alert("late_logs")
    assert found is not None
    assert found.details["places"] == ["20:0", "20:1", "20:2"]
    assert (found.details["first_endpoint"], found.details["endpoint"]) == (host(one), host(other))
    # A later scan that finds nothing resolves it.
    await HistoricalScan.objects.aupdate(finished_at=timezone.now() - timedelta(minutes=11))
    await turn()
    assert await alert("late_logs") is None


async def test_a_log_that_only_the_other_node_leaves_out_stays(
    nodes: tuple[SimulatedNode, SimulatedNode],
) -> None:
    one, other = nodes
    await follow(one)
    drop(other, 20, 1)
    await turn()
    assert (await scanned()).state == "done"
    assert other.calls["eth_getTransactionReceipt"] > 0
    assert len(await ask(stored_keys)) == 3 * BLOCKS
    assert await Alert.objects.acount() == 0


async def test_a_log_that_no_receipt_knows_is_kept_and_said_loudly(
    nodes: tuple[SimulatedNode, SimulatedNode],
) -> None:
    one, other = nodes
    await follow(one, invented=invention(one.chain, 20))
    await turn()
    scan = await scanned()
    assert scan.state == "failed"
    assert "1 stored logs are in no receipt" in scan.error
    assert one.calls["eth_getTransactionReceipt"] > 0
    assert other.calls["eth_getTransactionReceipt"] > 0
    found = await alert("surplus_logs")
    assert found is not None
    assert (found.details["block"], found.details["log_indices"]) == (20, [3])
    assert await Log.objects.filter(block_number=20, retracted_seq=None).acount() == 4
    assert len(await ask(stored_keys)) == 3 * BLOCKS + 1
    # It stands until a scan of that block finds nothing amiss.
    await Log.objects.filter(block_number=20, log_index=3).aupdate(retracted_seq=10**6)
    await turn()
    assert (await scanned()).state == "done"
    assert await alert("surplus_logs") is None


async def test_what_the_receipts_do_not_settle_is_tried_again(
    nodes: tuple[SimulatedNode, SimulatedNode],
) -> None:
    one, other = nodes
    await follow(one)
    drop(other, 20, 1)
    leaves_out = other.tamper

    def without_receipts(method: str, params: list[Any], result: Any) -> Any:
        if method == "eth_getTransactionReceipt":
            raise Fault(-32000, "receipts are pruned")
        return leaves_out(method, params, result)

    other.tamper = one.tamper = without_receipts
    await turn()
    scan = await scanned()
    assert scan.state == "failed"
    assert "receipts are pruned" in scan.error
    assert await Alert.objects.acount() == 0
    other.tamper = one.tamper = leaves_out
    await turn()
    await scan.arefresh_from_db()
    assert (scan.state, scan.error) == ("done", "")


async def test_without_another_node_the_same_one_is_asked(
    nodes: tuple[SimulatedNode, SimulatedNode],
) -> None:
    one, other = nodes
    await follow(one, without=20)
    await other.stop()
    await turn()
    scan = await scanned()
    assert (scan.state, scan.events_found, scan.endpoints) == ("done", 3, host(one))


async def test_a_node_of_another_branch_changes_nothing(
    nodes: tuple[SimulatedNode, SimulatedNode],
) -> None:
    one, other = nodes
    await follow(one)
    branch = ScriptedChain()
    branch.blocks = list(one.chain.blocks)
    branch.drop(5)
    for number in range(5):
        branch.mine(Paused(account=account(number)))
    other.chain = branch
    held = await ask(stored_keys)
    await turn()
    scan = await scanned()
    assert scan.state == "failed"
    assert f"at {host(other)}" in scan.error
    assert await ask(stored_keys) == held


async def test_blocks_that_wait_for_the_backfill_are_not_late(
    nodes: tuple[SimulatedNode, SimulatedNode],
) -> None:
    one, _ = nodes
    await follow(one)
    contract = await Contract.objects.aget()
    await ask(lambda: forget(contract, up_to=30))
    await turn()
    assert len(await ask(stored_keys)) == 3 * BLOCKS
    assert await alert("late_logs") is None


def forget(contract: Contract, *, up_to: int) -> None:
    """As if these blocks had never been read."""
    OutboxRow.objects.all().delete()
    Log.objects.filter(block_number__lte=up_to).delete()
    contract.covered.filter(to_block__lte=up_to).delete()
    row = contract.covered.filter(from_block__lte=up_to).first()
    if row is not None:
        row.from_block, row.parent_hash = up_to + 1, ""
        row.save()
