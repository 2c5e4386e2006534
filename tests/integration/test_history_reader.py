"""The past is read whole or not at all, whatever the nodes do: a reader before nodes that lie."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from random import Random
from typing import Any

import pytest

from pools import segments
from pools.events import Event, Paused, PoolClosed, PoolStatusUpdated
from pools.redaction import Redactor
from pools.segments import Segment
from realtime.history import HistoryReader, Unproved
from realtime.nodes import Nodes
from realtime.rpc import open_session
from tests.node import Fault, SimulatedNode
from tests.scripted_chain import CHAIN_ID, ScriptedChain, account

Json = dict[str, Any]
Piece = Segment | Unproved


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("realtime.history._FIRST_DELAY", 0.01)
    monkeypatch.setattr("realtime.history._SHORTEST_PAUSE", 0.01)
    monkeypatch.setattr("realtime.proving._ASK_AGAIN_SECONDS", 0.001)
    monkeypatch.setattr("realtime.proving._SECOND_READING_SECONDS", 0.001)


def events(random: Random, most: int) -> list[Event]:
    """Some events, with topics and without."""
    return [
        random.choice(
            (
                Paused(account(random.randrange(9))),
                PoolStatusUpdated(random.randrange(99), 1),
                PoolClosed(random.randrange(99), random.randrange(10**18)),
            )
        )
        for _ in range(random.randint(1, most))
    ]


def a_past(blocks: int, *, seed: int = 1, share: float = 0.2, most: int = 5) -> ScriptedChain:
    """A chain in which this share of the blocks has up to `most` logs of the contract; others
    have logs of another contract, or none.
    """
    random = Random(seed)
    chain = ScriptedChain()
    for _ in range(blocks):
        if random.random() < share:
            chain.mine(*events(random, most))
        elif random.random() < 0.2:
            chain.mine(Paused(account(3)), contract=account(77))
        else:
            chain.mine()
    return chain


@asynccontextmanager
async def reading(*nodes: SimulatedNode, **options: Any) -> AsyncIterator[HistoryReader]:
    async with open_session() as session:
        urls = [node.http_url for node in nodes]
        chosen = Nodes(urls, session=session, redact=Redactor(urls))
        address = nodes[0].chain.contract
        yield HistoryReader(chosen, chain_id=CHAIN_ID, address=address, **options)


async def read(*nodes: SimulatedNode, first: int = 1, last: int | None = None) -> list[Piece]:
    """Everything that a reader says of the chain's past."""
    async with reading(*nodes) as reader:
        end = nodes[0].chain.head if last is None else last
        async with asyncio.timeout(60):
            return [piece async for piece in reader.read(first, end)]


def proved(
    chain: ScriptedChain, pieces: list[Piece], *, first: int = 1, last: int | None = None
) -> set[int]:
    """The blocks that are claimed; fails unless all that is said of them is what the chain says."""
    at = first
    claimed: set[int] = set()
    below: Segment | None = None
    for piece in pieces:
        assert piece.from_block == at
        assert piece.to_block >= at
        at = piece.to_block + 1
        if isinstance(piece, Unproved):
            assert piece.reason
            below = None
            continue
        segments.check(piece)
        truth = chain.blocks[piece.from_block : piece.to_block + 1]
        assert list(piece.logs) == [
            entry for block in truth for entry in block.logs if entry.address == chain.contract
        ]
        assert all(header == chain.blocks[header.number].header for header in piece.headers)
        assert piece.headers[0].number == piece.from_block
        if below is not None:
            assert piece.headers[0].parent_hash == below.headers[-1].hash
        below = piece
        claimed |= set(range(piece.from_block, piece.to_block + 1))
    assert at == (chain.head if last is None else last) + 1
    return claimed


def everything(chain: ScriptedChain) -> set[int]:
    return set(range(1, chain.head + 1))


async def test_an_honest_node_is_read_in_few_questions() -> None:
    async with SimulatedNode(a_past(3_000)) as node:
        pieces = await read(node)
        assert proved(node.chain, pieces) == everything(node.chain)
        assert node.calls["eth_getLogs"] < 12
        assert node.calls["eth_getTransactionReceipt"] == 0
        assert all(isinstance(piece, Segment) and piece.bloom_agrees for piece in pieces)


async def test_two_nodes_that_agree_are_told_as_teller_and_witness() -> None:
    async with SimulatedNode(a_past(500)) as one, SimulatedNode(one.chain) as other:
        pieces = await read(one, other)
        assert proved(one.chain, pieces) == everything(one.chain)
        hosts = {(piece.endpoint, piece.witness) for piece in pieces if isinstance(piece, Segment)}
        assert len(hosts) == 1
        assert {node.http_url.split("/")[2] for node in (one, other)} == set(*hosts)
        assert other.calls["eth_getLogs"] == one.calls["eth_getLogs"]


async def test_an_empty_range_and_one_of_a_single_block_are_read() -> None:
    async with SimulatedNode(a_past(5, share=1)) as node:
        assert await read(node, first=4, last=3) == []
        (piece,) = await read(node, first=5, last=5)
        assert isinstance(piece, Segment)
        assert (piece.from_block, piece.to_block) == (5, 5)
        assert piece.logs == node.chain.blocks[5].logs


@pytest.mark.parametrize(
    "wording",
    [
        "maximum [from, to] blocks distance: {limit}",
        "block range is too wide",
        "eth_getLogs is limited to a {limit} range",
        "this block range should work: [{first:#x}, {fits:#x}]",
        "limit exceeded",
    ],
)
@pytest.mark.parametrize("limit", [1, 7, 100])
async def test_a_limit_of_blocks_is_kept_to_in_any_wording(wording: str, limit: int) -> None:
    async with SimulatedNode(a_past(150)) as node:
        node.max_range, node.range_refusal = limit, wording
        assert proved(node.chain, await read(node)) == everything(node.chain)


@pytest.mark.parametrize(
    "wording",
    [
        "query returned more than {limit} results",
        "Returned more than {limit} results. Try with this block range [{first:#x}, {fits:#x}].",
        "query exceeds max results {limit}, retry with the range {first}-{fits}",
        "Log response size exceeded",
    ],
)
@pytest.mark.parametrize("limit", [5, 50])
async def test_a_limit_of_logs_is_split_at_and_nothing_is_lost(wording: str, limit: int) -> None:
    async with SimulatedNode(a_past(150)) as node:
        node.max_logs, node.logs_refusal = limit, wording
        assert proved(node.chain, await read(node)) == everything(node.chain)


async def test_an_answer_that_was_cut_at_a_round_number_without_a_word_is_not_believed() -> None:
    async with SimulatedNode(a_past(600, share=0.9, most=8)) as node:
        node.max_logs, node.logs_refusal = 1_000, ""
        assert sum(len(block.logs) for block in node.chain.blocks) > 2_000
        assert proved(node.chain, await read(node)) == everything(node.chain)


# What may go wrong for a moment, each with some probability in every request.


def empties(node: SimulatedNode, random: Random) -> Callable[[], None]:
    return lambda: setattr(node, "empty_logs", int(random.random() < 0.3))


def lags(node: SimulatedNode, random: Random) -> Callable[[], None]:
    return lambda: setattr(node, "behind", random.choice((0, 0, 0, 40, 150)))


def hurries_not(node: SimulatedNode, random: Random) -> Callable[[], None]:
    node.status, node.headers = 429, {"Retry-After": "0"}
    return lambda: setattr(node, "busy", int(random.random() < 0.2))


def breaks(node: SimulatedNode, random: Random) -> Callable[[], None]:
    node.status = 502
    node.body = b"<html>Bad gateway</html>"
    return lambda: setattr(node, "busy", int(random.random() < 0.2))


def caps(node: SimulatedNode, random: Random) -> Callable[[], None]:
    def change() -> None:
        node.max_range = random.choice((10, 64, 500, 10_000))
        node.max_logs = random.choice((20, 10_000))
        node.range_refusal = random.choice(("block range is too wide", "limit exceeded"))
        node.logs_refusal = "query returned more than {limit} results"

    return change


def cuts_silently(node: SimulatedNode, random: Random) -> Callable[[], None]:
    node.max_logs, node.logs_refusal = 1_000, ""
    return lambda: None


def is_late(node: SimulatedNode, random: Random) -> Callable[[], None]:
    """Logs and receipts of some blocks are there only after some while."""
    late = {block.header.number for block in node.chain.blocks if random.random() < 0.02}
    asked = 0

    def tamper(method: str, params: list[Any], result: Any) -> Any:
        if asked > 30:
            return result
        if method == "eth_getLogs":
            return [entry for entry in result if int(entry["blockNumber"], 16) not in late]
        if method == "eth_getTransactionReceipt" and result:
            return None if int(result["logs"][0]["blockNumber"], 16) in late else result
        return result

    def count() -> None:
        nonlocal asked
        asked += 1

    node.tamper = tamper
    return count


def garbles(node: SimulatedNode, random: Random) -> Callable[[], None]:
    """Logs that cannot be true."""
    changes: list[Callable[[Json], object]] = [
        lambda entry: entry.update(address="0x" + "12" * 20),
        lambda entry: entry.update(blockHash="0x" + "12" * 32),
        lambda entry: entry.update(removed=True),
        lambda entry: entry.update(blockNumber="0x7fffff"),
        lambda entry: entry.update(data="0xz"),
        lambda entry: entry.update(topics=["0x12"]),
        lambda entry: entry.update(logIndex="0x0", transactionIndex="0x0"),
    ]
    change = None

    def tamper(method: str, params: list[Any], result: Any) -> Any:
        if method == "eth_getLogs" and result and change:
            change(random.choice(result))
        return result

    def choose() -> None:
        nonlocal change
        change = random.choice(changes) if random.random() < 0.3 else None

    node.tamper = tamper
    return choose


Fault_ = Callable[[SimulatedNode, Random], Callable[[], None]]
PASSING: list[Fault_] = [
    *(empties, lags, hurries_not, breaks, caps, cuts_silently, is_late, garbles)
]


def misbehave(node: SimulatedNode, faults: list[Fault_], random: Random) -> None:
    changes = [fault(node, random) for fault in faults]

    def before() -> None:
        for change in changes:
            change()

    node.before = before


async def until_all_is_read(*nodes: SimulatedNode) -> None:
    """Read, and read again what stayed unproved, as the backfill does; each claim must be true."""
    chain = nodes[0].chain
    async with reading(*nodes) as reader, asyncio.timeout(60):
        missing = [(1, chain.head)]
        for _ in range(20):
            unproved = []
            for first, last in missing:
                pieces = [piece async for piece in reader.read(first, last)]
                assert pieces[-1].to_block == last
                proved(chain, pieces, first=first, last=last)
                unproved += [
                    (piece.from_block, piece.to_block)
                    for piece in pieces
                    if isinstance(piece, Unproved)
                ]
            missing = unproved
            if not missing:
                return
        raise AssertionError(f"never proved: {missing}")


@pytest.mark.parametrize("fault", PASSING)
@pytest.mark.parametrize("seed", [1, 2])
async def test_a_node_alone_that_fails_now_and_then_is_read_to_the_end(
    fault: Fault_, seed: int
) -> None:
    async with SimulatedNode(a_past(400, seed=seed, share=0.5, most=6)) as node:
        misbehave(node, [fault], Random(seed))
        await until_all_is_read(node)


@pytest.mark.parametrize("seed", range(8))
async def test_several_faults_at_once_at_two_nodes_change_nothing_of_what_is_claimed(
    seed: int,
) -> None:
    random = Random(seed)
    async with (
        SimulatedNode(a_past(300, seed=seed, share=0.4)) as one,
        SimulatedNode(one.chain) as other,
    ):
        # Two nodes that leave out the same logs at the same time are believed: so only one does.
        misbehave(one, random.sample(PASSING, 2), random)
        misbehave(other, random.sample([fault for fault in PASSING if fault != is_late], 2), random)
        await until_all_is_read(one, other)


# What one of two nodes does wrong for good.


def says_nothing(node: SimulatedNode) -> None:
    node.empty_logs = -1


def drops_every_third(node: SimulatedNode) -> None:
    def tamper(method: str, params: list[Any], result: Any) -> Any:
        if method == "eth_getLogs":
            return [entry for at, entry in enumerate(result) if at % 3 != 2]
        return result

    node.tamper = tamper


def drops_from_receipts_too(node: SimulatedNode) -> None:
    """The second log of a block, wherever it is asked about."""

    def tamper(method: str, params: list[Any], result: Any) -> Any:
        if method == "eth_getLogs":
            return [entry for entry in result if entry["logIndex"] != "0x1"]
        if method == "eth_getTransactionReceipt" and result:
            kept = [entry for entry in result["logs"] if entry["logIndex"] != "0x1"]
            return {**result, "logs": kept}
        return result

    node.tamper = tamper


def adds_logs(node: SimulatedNode) -> None:
    """One more log in every block that has some, as if its transaction had emitted it."""

    def tamper(method: str, params: list[Any], result: Any) -> Any:
        if method != "eth_getLogs":
            return result
        last = {entry["blockNumber"]: entry for entry in result}
        added = [{**entry, "logIndex": "0xff", "data": "0x" + "07" * 32} for entry in last.values()]
        return [*result, *added]

    node.tamper = tamper


def names_foreign_hashes(node: SimulatedNode) -> None:
    def tamper(method: str, params: list[Any], result: Any) -> Any:
        if method == "eth_getLogs":
            return [{**entry, "blockHash": "0x" + "12" * 32} for entry in result]
        return result

    node.tamper = tamper


ALWAYS_WRONG = [
    *(says_nothing, drops_every_third, drops_from_receipts_too, adds_logs, names_foreign_hashes)
]


@pytest.mark.parametrize("liar", [0, 1])
@pytest.mark.parametrize("lie", ALWAYS_WRONG)
async def test_one_of_two_nodes_may_always_be_wrong(
    lie: Callable[[SimulatedNode], None], liar: int
) -> None:
    async with SimulatedNode(a_past(400, share=0.5)) as one, SimulatedNode(one.chain) as other:
        nodes = (one, other)
        lie(nodes[liar])
        pieces = await read(*nodes)
        assert proved(one.chain, pieces) == everything(one.chain)
        # It is found out at once, and then left alone for a while.
        assert nodes[liar].calls["eth_getLogs"] < nodes[1 - liar].calls["eth_getLogs"]


@pytest.mark.parametrize("honest", [0, 1])
async def test_where_two_nodes_have_different_chains_neither_is_believed(honest: int) -> None:
    chain, foreign = a_past(150, share=0.5), ScriptedChain()
    foreign.blocks = chain.blocks[:101]
    foreign.drop(0)
    for _ in range(50):
        foreign.mine(Paused(account(5)))
    async with SimulatedNode(chain) as one, SimulatedNode(foreign) as other:
        nodes = (one, other) if honest == 0 else (other, one)
        pieces = await read(*nodes)
        assert proved(chain, pieces) == set(range(1, 101))
        reasons = [piece.reason for piece in pieces if isinstance(piece, Unproved)]
        assert all("have different blocks" in reason for reason in reasons)


async def test_a_node_that_has_lost_some_blocks_leaves_the_smallest_gap_around_them() -> None:
    lost = {130, 131, 290}

    def tamper(method: str, params: list[Any], result: Any) -> Any:
        first, last = (int(params[0][key], 16) for key in ("fromBlock", "toBlock"))
        # As Mezo does: where one block of the range cannot be read, all of the answer is empty.
        return [] if lost & set(range(first, last + 1)) else result

    def only_logs(method: str, params: list[Any], result: Any) -> Any:
        if method == "eth_getTransactionReceipt" and result:
            return None if int(result["logs"][0]["blockNumber"], 16) in lost else result
        return tamper(method, params, result) if method == "eth_getLogs" else result

    async with SimulatedNode(a_past(400, share=1)) as node:
        node.tamper = only_logs
        pieces = await read(node)
        assert proved(node.chain, pieces) == everything(node.chain) - lost
        gaps = [piece for piece in pieces if isinstance(piece, Unproved)]
        assert all("no receipt of" in gap.reason for gap in gaps)


async def test_a_node_that_lags_is_believed_up_to_where_it_is() -> None:
    async with SimulatedNode(a_past(300)) as node:
        node.behind = 37
        pieces = await read(node)
        assert proved(node.chain, pieces) == set(range(1, 264))
        assert isinstance(pieces[-1], Unproved)
        assert "does not have block" in pieces[-1].reason


async def test_empty_bloom_filters_prove_nothing_but_a_second_reading_does() -> None:
    async with SimulatedNode(a_past(200)) as node:
        node.zero_bloom = True
        node.empty_logs = 1
        pieces = await read(node)
        assert proved(node.chain, pieces) == everything(node.chain)
        assert all(isinstance(piece, Segment) and piece.bloom_agrees is None for piece in pieces)


async def test_a_node_that_is_away_for_a_moment_is_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("realtime.history._FIRST_DELAY", 0.5)
    async with SimulatedNode(a_past(200)) as node, reading(node) as reader:
        await node.stop()

        async def come_back() -> None:
            await asyncio.sleep(0.05)
            await node.start()

        coming = asyncio.create_task(come_back())
        pieces = [piece async for piece in reader.read(1, 200)]
        await coming
        assert proved(node.chain, pieces) == everything(node.chain)


async def test_without_any_node_everything_stays_unproved_with_the_reason() -> None:
    async with SimulatedNode(a_past(200)) as node, reading(node) as reader:
        await node.stop()
        (piece,) = [piece async for piece in reader.read(1, 200)]
        assert isinstance(piece, Unproved)
        assert (piece.from_block, piece.to_block) == (1, 200)
        assert "onnect" in piece.reason
        assert "key-of-this-node" not in piece.reason


async def test_a_pause_that_was_asked_for_is_kept_and_fails_nothing() -> None:
    times: list[float] = []
    async with SimulatedNode(a_past(100)) as node:
        node.status, node.headers = 429, {"Retry-After": "1"}
        node.busy = 0

        def before() -> None:
            times.append(asyncio.get_running_loop().time())
            node.busy = int(len(times) == 2)

        node.before = before
        assert proved(node.chain, await read(node)) == everything(node.chain)
        assert times[2] - times[1] >= 1.0


async def test_a_pause_that_is_too_long_ends_the_reading() -> None:
    async with SimulatedNode(a_past(100)) as node:
        node.status, node.headers = 429, {"Retry-After": "3600"}
        (piece,) = await read(node)
        assert isinstance(piece, Unproved)
        assert "429" in piece.reason


async def test_a_node_that_refuses_and_asks_for_no_pause_is_asked_more_and_more_rarely(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("realtime.pieces._PATIENCE", 8.0)
    async with SimulatedNode(a_past(100)) as node:
        node.tamper = refusing_rates
        (piece,) = await read(node)
        assert isinstance(piece, Unproved)
        assert node.calls["eth_getLogs"] <= 20  # not ten a second


def refusing_rates(method: str, _params: list[Any], result: Any) -> Any:
    if method == "eth_getLogs":
        raise Fault(-32005, "rate limit, retry after 0")
    return result


@pytest.mark.parametrize("chunked", [False, True])
async def test_large_answers_are_refused_unread_and_asked_for_in_parts(
    monkeypatch: pytest.MonkeyPatch, chunked: bool
) -> None:
    monkeypatch.setattr("realtime.asking.LARGEST_ANSWER", 100_000)
    async with SimulatedNode(a_past(300, share=1, most=9)) as node, reading(node) as reader:
        node.chunked = chunked
        pieces = [piece async for piece in reader.read(1, 300)]
        assert proved(node.chain, pieces) == everything(node.chain)
        assert reader.retries > 0


async def test_segments_hold_no_more_logs_than_one_commit_takes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("realtime.proving.MOST_LOGS", 6)
    async with SimulatedNode(a_past(300, most=10)) as node:
        pieces = await read(node)
        assert proved(node.chain, pieces) == everything(node.chain)
        for piece in pieces:
            assert isinstance(piece, Segment)
            assert len(piece.logs) <= 6 or piece.from_block == piece.to_block
        assert node.calls["eth_getLogs"] < 10


async def test_a_batch_limit_is_learned() -> None:
    async with SimulatedNode(a_past(300)) as node:
        node.max_batch = 10
        assert proved(node.chain, await read(node)) == everything(node.chain)


async def test_whoever_stops_reading_leaves_nothing_under_way() -> None:
    async with SimulatedNode(a_past(3_000)) as node, reading(node) as reader:
        async with aclosing(reader.read(1, 3_000)) as pieces:
            async for piece in pieces:
                assert piece.from_block == 1
                assert [task for task in asyncio.all_tasks() if "HistoryReader" in repr(task)]
                break
        assert not [task for task in asyncio.all_tasks() if "HistoryReader" in repr(task)]


@pytest.mark.parametrize("times", [1, 10**6])
async def test_parts_that_do_not_link_are_read_again_and_handed_out_only_when_they_do(
    times: int,
) -> None:
    left = times

    def tamper(method: str, params: list[Any], result: Any) -> Any:
        nonlocal left
        if method == "eth_getBlockByNumber" and params[0] == hex(65) and left:
            left -= 1
            return {**result, "parentHash": "0x" + "12" * 32}
        return result

    async with SimulatedNode(a_past(200)) as node:
        node.tamper = tamper
        pieces = await read(node)
        claimed = proved(node.chain, pieces)
        if times == 1:
            assert claimed == everything(node.chain)
        else:
            assert 65 not in claimed
            assert everything(node.chain) - claimed <= set(range(33, 100))
            (gap,) = [piece for piece in pieces if isinstance(piece, Unproved)]
            assert "does not link to block 64" in gap.reason


@pytest.mark.parametrize("foreign_one", [0, 1, 2])
async def test_of_three_nodes_two_that_agree_are_believed(foreign_one: int) -> None:
    chain, foreign = a_past(150, share=0.5), ScriptedChain()
    foreign.blocks = chain.blocks[:101]
    foreign.drop(0)
    for _ in range(50):
        foreign.mine(Paused(account(5)))
    chains = [chain, chain, chain]
    chains[foreign_one] = foreign
    async with (
        SimulatedNode(chains[0]) as one,
        SimulatedNode(chains[1]) as two,
        SimulatedNode(chains[2]) as three,
    ):
        pieces = await read(one, two, three)
        assert proved(chain, pieces) == everything(chain)


async def test_with_no_node_configured_everything_stays_unproved() -> None:
    async with open_session() as session:
        nodes = Nodes([], session=session, redact=Redactor())
        reader = HistoryReader(nodes, chain_id=CHAIN_ID, address=account(1))
        (piece,) = [piece async for piece in reader.read(1, 9)]
        assert isinstance(piece, Unproved)
        assert "no other HTTP endpoint" in piece.reason


# Logs that are left out of blocks of which others are told: no bloom filter shows that.


def pairs(blocks: int) -> ScriptedChain:
    """Two logs in each of these blocks that look the same to a bloom filter; none afterwards."""
    chain = ScriptedChain()
    for _ in range(blocks):
        chain.mine(Paused(account(1)), Paused(account(1)))
    for _ in range(10):
        chain.mine()
    return chain


def leaves_out(node: SimulatedNode, *places: tuple[int, int], receipts: bool = False) -> None:
    """Logs at these places (block, index), from answers about logs or from receipts as well."""

    def is_told(entry: Json) -> bool:
        return (int(entry["blockNumber"], 16), int(entry["logIndex"], 16)) not in places

    def tamper(method: str, params: list[Any], result: Any) -> Any:
        if method == "eth_getLogs":
            return list(filter(is_told, result))
        if method == "eth_getTransactionReceipt" and result and receipts:
            return {**result, "logs": list(filter(is_told, result["logs"]))}
        return result

    node.tamper = tamper


async def test_a_cut_in_the_middle_of_a_block_is_found() -> None:
    chain = ScriptedChain()
    chain.mine(*[Paused(account(1))] * 600)
    chain.mine(*[Paused(account(1))] * 500)
    chain.mine()
    async with SimulatedNode(chain) as node:
        node.max_logs, node.logs_refusal = 1_000, ""
        assert proved(chain, await read(node)) == {1, 2, 3}
        assert node.calls["eth_getTransactionReceipt"] == 0


async def test_a_single_block_that_is_cut_is_proved_by_its_receipts() -> None:
    chain = ScriptedChain()
    chain.mine(*[Paused(account(1))] * 1_100)
    async with SimulatedNode(chain) as node:
        node.max_logs, node.logs_refusal = 1_000, ""
        assert proved(chain, await read(node)) == {1}


async def test_a_node_alone_that_left_out_a_blocks_logs_has_to_prove_the_others_too() -> None:
    async with SimulatedNode(pairs(8)) as node:
        leaves_out(node, (2, 1), (5, 0), (5, 1))
        assert proved(node.chain, await read(node)) == everything(node.chain)


async def test_what_both_nodes_left_out_is_found_where_each_was_wrong_elsewhere() -> None:
    async with SimulatedNode(pairs(8)) as one, SimulatedNode(one.chain) as other:
        leaves_out(one, (2, 1), (5, 1))
        leaves_out(other, (3, 1), (5, 1))
        assert proved(one.chain, await read(one, other)) == everything(one.chain)


@pytest.mark.parametrize("liar", [0, 1])
async def test_where_the_receipts_of_two_nodes_differ_and_both_add_up_nothing_is_claimed(
    liar: int,
) -> None:
    async with SimulatedNode(pairs(8)) as one, SimulatedNode(one.chain) as other:
        leaves_out((one, other)[liar], (3, 1), receipts=True)
        pieces = await read(one, other)
        assert proved(one.chain, pieces) == everything(one.chain) - {3}
        (gap,) = [piece for piece in pieces if isinstance(piece, Unproved)]
        assert "have different logs in block 3" in gap.reason
