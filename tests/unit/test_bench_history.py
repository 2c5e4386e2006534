"""The history that the measurements follow is one that the pool contract could have written."""

import json
from collections import Counter

from pools.decoding import decode
from pools.events import Event
from pools.projection import Ledger, fold_all
from pools.states import Position
from tests.bench.emitter import Emitter, record
from tests.bench.history_events import CLOSED, History
from tests.bench.history_totals import Totals
from tests.bench.history_world import CONTRACT, PER_BLOCK, past_chain
from tests.chain import AnvilChain

EVENTS = 3 * PER_BLOCK
SIZES = (0, 1, 32, 300, 5000)


def split(one: bytes) -> tuple[bytes, bytes]:
    """Topics and data of a record, which is nothing more."""
    end = 3 + 32 * one[0]
    assert len(one) == end + int.from_bytes(one[1:3], "big")
    return one[3:end], one[end:]


def totals_of(ledger: Ledger, kinds: list[str]) -> Totals:
    members = ledger.members.values()
    return Totals(
        kinds=dict(Counter(kinds)),
        pools=len(ledger.pools),
        closed_pools=sum(pool.status == CLOSED for pool in ledger.pools.values()),
        memberships=len(members),
        active_members=sum(member.active for member in members),
        contributed=str(sum(member.contribution for member in members)),
        shares=str(sum(member.shares for member in members)),
        yield_claimed=str(sum(member.yield_claimed for member in members)),
        fees_collected=str(ledger.contract.fees_collected),
    )


def test_the_node_logs_exactly_what_it_is_handed_whatever_its_shape() -> None:
    wanted = [(bytes(range(32 * topics)), b"x" * size) for topics in range(5) for size in SIZES]
    with AnvilChain(automine=False, deploy=False) as chain:
        emitter = Emitter(chain.http_url, CONTRACT)
        emitter.emit(2, lambda _: b"".join(record(*one) for one in wanted))
        emitter.close()
        blocks = [chain.logs(number, number, CONTRACT) for number in (1, 2)]

    for logs in blocks:
        assert [("".join(log["topics"]).replace("0x", ""), log["data"]) for log in logs] == [
            (topics.hex(), f"0x{data.hex()}") for topics, data in wanted
        ]


def test_an_emitted_history_is_told_by_the_node_and_folds_to_its_totals() -> None:
    with past_chain(EVENTS) as past:
        logs = past.chain.logs()
        times = {
            number: int(past.chain.block(number)["timestamp"], 16)
            for number in range(1, past.blocks + 1)
        }

    assert [(int(log["blockNumber"], 16), int(log["logIndex"], 16)) for log in logs] == [
        (number, index) for number in times for index in range(PER_BLOCK)
    ]
    told: list[tuple[Event, Position, int]] = []
    for log in logs:
        topics = b"".join(bytes.fromhex(topic[2:]) for topic in log["topics"])
        event = decode(topics, bytes.fromhex(log["data"][2:]))
        number = int(log["blockNumber"], 16)
        assert getattr(event, "timestamp", times[number]) == times[number]
        told.append((event, (number, int(log["logIndex"], 16)), times[number]))
    assert past.totals.events == EVENTS
    assert totals_of(fold_all(told), [event.kind for event, _, _ in told]) == past.totals
    # The size that the figures speak of, and an address of the spelling that settings want.
    assert 700 < len(json.dumps(logs, separators=(",", ":"))) / EVENTS < 800
    assert logs[0]["address"] == CONTRACT.lower()


def test_a_long_history_folds_too_and_is_the_same_for_the_same_seed() -> None:
    history = History()
    told: list[tuple[Event, Position, int]] = []
    for number in range(600):  # long enough that pools fall quiet
        for index, one in enumerate(history.block(1_700_000_000 + number, PER_BLOCK)):
            told.append((decode(*split(one)), (number, index), 1_700_000_000 + number))

    kinds = [event.kind for event, _, _ in told]
    assert totals_of(fold_all(told), kinds) == history.totals()
    assert kinds.count("MemberJoined") / len(kinds) > 0.6
    assert 150 < len(kinds) / kinds.count("PoolCreated") < 250
    assert _begun() == _begun()


def _begun() -> list[list[bytes]]:
    history = History()
    return [history.block(0, 50), history.block(1, 50)]
