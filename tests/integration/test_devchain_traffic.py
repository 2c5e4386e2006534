"""The population of the local chain and what it does, on a real node with hurried time."""

import random
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from coopsite.devchain import deployment
from coopsite.devchain.history import HISTORY_SECONDS, make_history
from coopsite.devchain.journal import StateFiles
from coopsite.devchain.keeper import LocalChain
from coopsite.devchain.population import read_population
from coopsite.devchain.process import AnvilOptions, free_port
from coopsite.devchain.running import Pace
from coopsite.devchain.traffic import Traffic
from pools.decoding import decode
from pools.events import Event, PoolCreated
from pools.interface import KINDS
from pools.names import clean_name

NOW = 1_790_000_000
POOLS = 9


class Village:
    """A local chain with its history made, as `manage.py devchain` makes it."""

    def __init__(self, directory: Path, *, seed: int = 1) -> None:
        begin = NOW - HISTORY_SECONDS
        options = AnvilOptions(port=free_port(), genesis_time=begin)
        self.chain = LocalChain(options, StateFiles(directory / "state"))
        self.chain.start()
        found = deployment.deploy(self.chain, begin + 1)
        self.contract = found.contract
        self.traffic = Traffic(found.contract, found.accounts, pools=POOLS, rng=random.Random(seed))
        make_history(self.chain, self.traffic, until=NOW)

    def restart(self) -> None:
        """Ends the node and starts another, today, from what was kept."""
        self.chain.checkpoint()
        self.chain.mine(self.chain.head_time + 1)
        self.chain.mine(self.chain.head_time + 1)
        self.chain.stop()
        options = replace(self.chain.options, genesis_time=int(time.time()))
        self.chain = LocalChain(options, StateFiles(self.chain.files.path))
        self.chain.start()

    def events(self, from_block: int = 0) -> list[Event]:
        logs = self.chain.node.call("eth_getLogs", {"fromBlock": hex(from_block)})
        return [decode(b"".join(map(_bytes, log["topics"])), _bytes(log["data"])) for log in logs]


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


@pytest.fixture
def village(tmp_path: Path) -> Iterator[Village]:
    village = Village(tmp_path)
    yield village
    village.chain.stop()


def test_history_ends_now_with_as_many_open_pools_as_wanted(village: Village) -> None:
    assert 0 <= NOW - village.chain.head_time < 6 * 3600
    statuses = [
        village.contract.pool_info(number).status
        for number in range(1, village.contract.pool_counter() + 1)
    ]
    assert abs(sum(status != 2 for status in statuses) - POOLS) <= 1
    days = {
        int(village.chain.node.call("eth_getBlockByNumber", hex(n), False)["timestamp"], 16)
        // 86_400
        for n in range(1, village.chain.head_number + 1)
    }
    assert len(days) >= 3, "history is spread over days"


def test_no_pool_has_a_name_that_looks_like_a_mistake_of_ours(village: Village) -> None:
    names = [event.name for event in village.events() if isinstance(event, PoolCreated)]
    assert len(names) >= POOLS
    for name in names:
        assert name.decode() == clean_name(name)
        assert not set('<>"&{}') & set(name.decode())


def test_people_remember_exactly_what_the_contract_holds(village: Village) -> None:
    believed, true = village.traffic.population, read_population(village.contract)
    assert (believed.owner, believed.paused) == (true.owner, true.paused)
    for number, pool in true.pools.items():
        own = believed.pools[number]
        assert (own.status, own.creator) == (pool.status, pool.creator)
        if pool.is_open:
            assert own.members == pool.members
            assert sorted(own.former) == sorted(pool.former)


def test_every_kind_of_event_occurs_and_almost_nothing_fails(
    village: Village, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="coopsite.devchain.traffic")
    since = village.chain.head_number + 1
    for _ in range(200):
        village.traffic.round(5)
        village.chain.mine(village.chain.head_time + 1)
        village.traffic.settle()

    seen = Counter(event.kind for event in village.events(since))

    assert set(seen) == set(KINDS) - {"Initialized"}
    assert seen.most_common(1)[0][0] == "MemberJoined"
    assert len([record for record in caplog.records if "failed" in record.message]) <= 5
    assert abs(len(village.traffic.population.open_pools()) - POOLS) <= 2


def test_a_chain_that_slept_for_months_goes_on_from_its_last_block(village: Village) -> None:
    events, head = village.events(), village.chain.head_number
    village.restart()

    assert village.chain.head_number == head + 2
    assert village.events() == events
    village.chain.mine(village.chain.head_time + 1)


def test_the_same_seed_makes_the_same_events_and_another_seed_others(tmp_path: Path) -> None:
    def history(name: str, seed: int) -> list[Event]:
        village = Village(tmp_path / name, seed=seed)
        events = village.events()
        village.chain.stop()
        return events

    first = history("a", 5)
    assert first == history("b", 5)
    assert first != history("c", 6)


def test_the_pace_is_the_rate_on_average_and_nothing_at_zero() -> None:
    pace = Pace(120, random.Random(1))
    steps = sum(pace.due(1) for _ in range(2_000))
    assert 3_600 <= steps <= 4_400
    assert Pace(0, random.Random(1)).due(3_600) == 0
