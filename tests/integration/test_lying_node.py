"""The rows of "The node" in the table of failures: the real listener against a node that lies."""

from collections.abc import Callable
from typing import Any

import pytest

from pools.events import PoolCreated
from pools.models import Block, CoveredRange, Log, OutboxRow
from realtime.errors import WrongChain
from tests.following import (
    ask,
    config_for,
    cursor,
    listening,
    stored_keys,
    until_ended,
    until_status,
)
from tests.node import SimulatedNode
from tests.scripted_chain import account
from tests.waiting import async_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis_server")]


@pytest.fixture(autouse=True)
def _polls_and_speaks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("realtime.pacer.POLL_SECONDS", 0.4)
    monkeypatch.setattr("realtime.listener.QUIET_SECONDS", 0.1)


def created(pool_id: int) -> PoolCreated:
    return PoolCreated(
        pool_id=pool_id,
        creator=account(pool_id),
        name=b"Pool",
        min_contribution=1,
        max_members=9,
        timestamp=1,
    )


def config_of(*nodes: SimulatedNode, **changes: Any):  # type: ignore[no-untyped-def]
    return config_for(
        [node.http_url for node in nodes],
        [node.ws_url for node in nodes],
        nodes[0].contracts,
        **changes,
    )


def keys_of(node: SimulatedNode) -> list[str]:
    return [
        f"{log.block_hash}:{log.log_index}" for block in node.chain.blocks for log in block.logs
    ]


async def until_equal(node: SimulatedNode, seconds: float = 8) -> None:
    """Wait until what is stored is the node's whole chain."""

    async def equal() -> bool:
        return await ask(stored_keys) == keys_of(node) and await ask(cursor) == node.chain.head

    await async_until(equal, seconds)


async def rollbacks() -> int:
    return await ask(lambda: OutboxRow.objects.filter(kind="retraction").count())


async def test_heads_with_foreign_hashes_and_empty_blooms_cause_no_rollback() -> None:
    # The simulated node always announces heads with a hash that is not the block's, as Mezo does.
    async with SimulatedNode() as node, listening(config_of(node)):
        node.zero_bloom = True
        await until_status("live")
        for number in range(1, 6):
            await node.mine(created(number))
        await until_equal(node)
        assert await rollbacks() == 0


async def test_an_empty_answer_against_the_bloom_is_never_recorded() -> None:
    async with SimulatedNode() as node:
        node.mine_quietly(created(1))
        node.empty_logs = 2
        async with listening(config_of(node)):
            await until_equal(node)
        assert node.calls["eth_getTransactionReceipt"] == 0


async def test_receipts_prove_what_logs_keep_back() -> None:
    async with SimulatedNode() as node:
        node.mine_quietly(created(1), created(2))
        node.empty_logs = -1
        async with listening(config_of(node)):
            await until_equal(node)
        assert node.calls["eth_getTransactionReceipt"] >= 2
        agrees = await ask(lambda: CoveredRange.objects.get().bloom_agrees)
        assert agrees is True


async def test_a_block_whose_receipts_keep_logs_back_too_is_not_written_down_as_empty() -> None:
    async with SimulatedNode() as node:
        node.mine_quietly(created(1), created(2))
        node.empty_logs = -1
        node.tamper = without_logs_in_receipts
        async with listening(config_of(node)):
            await async_until(lambda: node.calls["eth_getTransactionReceipt"] >= 4)
            assert await ask(CoveredRange.objects.count) == 0
            node.empty_logs = 0
            await until_equal(node)


def without_logs_in_receipts(method: str, _params: list[Any], result: Any) -> Any:
    return {**result, "logs": []} if method == "eth_getTransactionReceipt" else result


async def test_an_answer_of_a_node_that_is_behind_is_taken_elsewhere_or_later() -> None:
    async with SimulatedNode() as ahead, SimulatedNode(ahead.chain) as behind:
        config = config_for([behind.http_url], [ahead.ws_url], ahead.contracts)
        async with listening(config):
            await until_status("live")
            behind.behind = 3
            for number in range(1, 5):
                await ahead.mine(created(number))
            await async_until(lambda: ask(lambda: cursor() == 1))
            behind.behind = 0
            await until_equal(ahead)
            assert await rollbacks() == 0


@pytest.mark.parametrize("distance", [1, 3, 7])
async def test_a_range_limit_is_learned(distance: int) -> None:
    async with SimulatedNode() as node:
        node.max_range = 64 + distance
        for number in range(1, 400):
            node.mine_quietly(*([created(number)] if number % 50 == 0 else []))
        async with listening(config_of(node)):
            await until_equal(node)


@pytest.mark.parametrize("most", [1, 10, 63])
async def test_a_range_limit_below_what_one_commit_takes_is_learned_too(most: int) -> None:
    async with SimulatedNode() as node:
        node.max_range = most
        for number in range(1, 90):
            node.mine_quietly(*([created(number)] if number % 20 == 0 else []))
        async with listening(config_of(node)):
            await until_equal(node)
            # The branch is longer than one answer: what replaces it comes in pieces.
            node.chain.drop(30)
            for number in range(60, 95):
                node.mine_quietly(*([created(number)] if number % 10 == 0 else []))
            await until_equal(node)
            assert await rollbacks() == 2


async def test_more_logs_than_one_commit_takes_are_stored_in_pieces(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("realtime.puller.MOST_LOGS", 3)
    async with SimulatedNode() as node:
        for number in range(300):
            node.mine_quietly(*([created(number + 1)] if number % 12 == 0 else []))
        node.mine_quietly(*[created(number) for number in range(901, 906)])
        async with listening(config_of(node)):
            await until_equal(node)


async def refuse(node: SimulatedNode, change: Callable[[dict[str, Any]], object]) -> None:
    """Have every log of an answer changed; the listener must store nothing of it."""

    def tamper(method: str, params: list[Any], result: Any) -> Any:
        if method in ("eth_getLogs", "eth_getTransactionReceipt") and result:
            entries = result["logs"] if isinstance(result, dict) else result
            for entry in entries:
                change(entry)
        return result

    node.tamper = tamper


LIES: list[tuple[str, Callable[[dict[str, Any]], object]]] = [
    ("which was not asked for", lambda e: e.update(address="0x" + "12" * 20)),
    ("names another block hash", lambda e: e.update(blockHash="0x" + "12" * 32)),
    ("a removed log", lambda e: e.update(removed=True)),
    ("twice", lambda e: e.update(logIndex="0x0")),
    ("which was not asked for", lambda e: e.update(blockNumber="0x7")),
    ("out of form", lambda e: e.update(data="0xz")),
]


@pytest.mark.parametrize(("sentence", "change"), LIES)
async def test_a_false_log_has_the_whole_answer_refused(
    sentence: str, change: Callable[[dict[str, Any]], object]
) -> None:
    async with SimulatedNode() as node, listening(config_of(node)):
        await until_status("live")
        honest = node.tamper
        await refuse(node, change)
        node.mine_quietly(created(1), created(2))
        await until_status("reconnecting", detail=sentence)
        assert await ask(lambda: Log.objects.count()) == 0
        node.tamper = honest
        await until_equal(node)


async def test_a_node_that_lies_is_left_for_another() -> None:
    async with SimulatedNode() as liar, SimulatedNode(liar.chain) as honest:
        await refuse(liar, lambda entry: entry.update(removed=True))
        liar.mine_quietly(created(1), created(2))
        async with listening(config_of(liar, honest)):
            await until_equal(honest)


async def test_one_node_alone_neither_causes_a_rollback_nor_stops_the_following() -> None:
    async with SimulatedNode() as honest, SimulatedNode() as forked:
        for number in range(1, 4):
            honest.mine_quietly(created(number))
        forked.chain.put_back(honest.chain.blocks[1:])
        config = config_for([forked.http_url, honest.http_url], [honest.ws_url], honest.contracts)
        async with listening(config):
            await until_equal(honest)
            forked.chain.drop(1)
            forked.mine_quietly()
            for number in range(4, 8):
                await honest.mine(created(number))
                await until_equal(honest)
            assert await rollbacks() == 0


async def test_two_readings_that_differ_are_said_and_move_nothing() -> None:
    async with SimulatedNode() as first, SimulatedNode() as second:
        for number in range(1, 4):
            first.mine_quietly(created(number))
        held = list(first.chain.blocks)
        second.chain.put_back(held[1:])
        async with listening(config_of(first, second)):
            await until_equal(first)
            for node, depth in ((first, 1), (second, 2)):
                node.chain.drop(depth)
                for number in range(depth):
                    node.mine_quietly(created(100 * depth + number))
            await until_status("reconnecting", detail="differ")
            assert await rollbacks() == 0
            for node, depth in ((first, 1), (second, 2)):
                node.chain.drop(depth)
                node.chain.put_back(held[len(held) - depth :])
            await until_status("live")
            assert await ask(stored_keys) == keys_of(first)


@pytest.mark.parametrize("announced", [True, False])
async def test_a_node_that_is_stuck_is_left_for_one_that_goes_on(
    announced: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("realtime.follower.STILL_SECONDS", 0.5)
    async with SimulatedNode() as stuck, SimulatedNode(stuck.chain) as healthy:
        sockets = [healthy.ws_url] if announced else []
        config = config_for([stuck.http_url, healthy.http_url], sockets, stuck.contracts)
        async with listening(config):
            healthy.mine_quietly(created(1))
            await until_equal(healthy)
            for number in range(2, 5):
                stuck.behind += 1
                await healthy.mine(created(number))
            await until_equal(healthy)
            stuck.behind += 2  # now below what is stored
            await healthy.mine(created(5))
            await until_equal(healthy)


async def test_a_node_that_claims_an_absurd_height_is_left_for_another() -> None:
    async with SimulatedNode() as liar, SimulatedNode(liar.chain) as honest:

        def tamper(method: str, params: list[Any], result: Any) -> Any:
            claims = method == "eth_getBlockByNumber" and params[0] == "latest"
            return result | {"number": hex(2**62)} if claims else result

        liar.tamper = tamper
        config = config_for([liar.http_url, honest.http_url], [], liar.contracts)
        async with listening(config):
            for number in range(1, 4):
                honest.mine_quietly(created(number))
            await until_equal(honest)
            row = await until_status("live")
            assert row.head is None or row.head <= honest.chain.head


HUGE: list[tuple[str, str]] = [
    ("eth_getBlockByNumber", "timestamp"),
    ("eth_getBlockByNumber", "number"),
    ("eth_getLogs", "logIndex"),
    ("eth_getLogs", "transactionIndex"),
]


@pytest.mark.parametrize(("method", "field"), HUGE)
async def test_numbers_that_nobody_can_keep_are_refused_and_outlived(
    method: str, field: str
) -> None:
    async with SimulatedNode() as node, listening(config_of(node)):
        await until_status("live")

        def tamper(asked: str, _params: list[Any], result: Any) -> Any:
            if asked == method:
                for entry in result if isinstance(result, list) else [result]:
                    entry[field] = hex(2**63)
            return result

        honest, node.tamper = node.tamper, tamper
        await node.mine(created(1))
        await until_status("reconnecting", detail="not a quantity")
        assert await ask(cursor) <= 0
        node.tamper = honest
        await until_equal(node)


async def test_a_head_that_no_chain_has_is_not_even_a_hint() -> None:
    async with SimulatedNode() as node, listening(config_of(node)):
        await node.mine(created(1))
        await until_equal(node)
        await until_status("live")
        for number in (2**40, 2**63 - 1, 2**64 - 1):
            await node.tell_head(number)
        await node.mine(created(2))
        await until_equal(node)
        row = await until_status("live")
        assert row.head is not None
        assert row.head <= 2


async def test_a_head_that_goes_backwards_for_a_moment_changes_nothing() -> None:
    async with SimulatedNode() as node, listening(config_of(node)):
        await until_status("live")
        for number in range(1, 4):
            await node.mine(created(number))
        await until_equal(node)
        node.behind = 2
        looks = node.calls["eth_getBlockByNumber"]
        await async_until(lambda: node.calls["eth_getBlockByNumber"] >= looks + 4, 12)
        node.behind = 0
        await node.mine(created(4))
        await until_equal(node)
        assert await rollbacks() == 0


async def test_a_wrong_chain_is_refused_at_the_start_and_nothing_is_written() -> None:
    async with SimulatedNode() as node:
        node.chain_id = 1
        with pytest.raises(WrongChain, match="serves chain 1, but chain 1337611 is followed"):
            async with listening(config_of(node, chain_id=1337611)) as listener:
                await until_ended(listener)
        assert await ask(lambda: Block.objects.count()) == 0


async def test_a_chain_that_was_reset_is_refused_at_the_next_start() -> None:
    async with SimulatedNode() as node:
        node.mine_quietly(created(1))
        async with listening(config_of(node)):
            await until_equal(node)
        await start_anew(node)
        with pytest.raises(WrongChain, match="the chain was reset"):
            async with listening(config_of(node)) as listener:
                await until_ended(listener)


async def test_a_chain_that_is_reset_meanwhile_stops_the_writing() -> None:
    async with SimulatedNode() as node:
        node.mine_quietly(created(1))
        async with listening(config_of(node)):
            await until_equal(node)
            held = await ask(stored_keys)
            await node.stop()
            await start_anew(node)
            await node.start()
            await until_status("error", detail="the chain was reset")
            assert await ask(stored_keys) == held


async def start_anew(node: SimulatedNode) -> None:
    """Another genesis under the same chain id."""
    node.chain.drop(node.chain.head + 1)
    for number in range(3):
        node.mine_quietly(created(number + 1))


FAILURES: list[tuple[int, bytes]] = [
    (429, b""),
    (502, b"<html>Bad Gateway</html>"),
    (200, b'{"jsonrpc": "2.0", "id": 1, "res'),
    (200, b"<html>not what you asked for</html>"),
    (200, b"[]"),
    (200, b'{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"parse error"}}'),
    (404, b"not found"),
    (301, b""),
]


@pytest.mark.parametrize(("status", "body"), FAILURES)
async def test_answers_that_are_none_are_waited_out(status: int, body: bytes) -> None:
    async with SimulatedNode() as node, listening(config_of(node)):
        await until_status("live")
        node.status, node.body = status, body
        node.headers = {"Retry-After": "1"} if status == 429 else {}
        await node.mine(created(1))
        row = await until_status("reconnecting")
        assert "key-of-this-node" not in row.detail
        node.status = 0
        await until_equal(node)
        await until_status("live")


async def test_hints_are_told_once_and_struck_out_when_they_do_not_come_true(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[tuple[str, str]] = []

    async def hint(message: dict[str, Any]) -> None:
        told.append(("hint", f"{message['block_hash']}:{message['log_index']}"))

    async def unhint(key: str, reason: str) -> None:
        told.append((reason, key))

    monkeypatch.setattr("realtime.publisher.announce_hint", hint)
    monkeypatch.setattr("realtime.publisher.retract_hint", unhint)
    async with SimulatedNode() as node, listening(config_of(node)):
        await until_status("live")
        await node.mine(created(1))
        await until_equal(node)
        # A log of a block that the chain then does not take.
        node.chain.mine(created(2))
        (stray,) = node.chain.blocks[-1].logs
        node.chain.drop(1)
        await node.tell_log(stray)
        await node.tell_log(stray)
        await async_until(lambda: len(told) >= 2)
        await node.mine()
        await until_equal(node)
        await async_until(lambda: len(told) >= 3)
        key = f"{stray.block_hash}:0"
        assert told[1:] == [("hint", key), ("block 2 came without it", key)]
        assert await ask(lambda: Log.objects.count()) == 1


async def test_without_the_feature_no_hint_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[dict[str, Any]] = []

    async def hint(message: dict[str, Any]) -> None:
        told.append(message)

    monkeypatch.setattr("realtime.publisher.announce_hint", hint)
    async with SimulatedNode() as node, listening(config_of(node, optimistic=False)):
        await until_status("live")
        await node.mine(created(1))
        await until_equal(node)
        assert told == []
