"""Contracts that begin above other blocks, and start blocks that change in the settings."""

import random

import pytest

from pools import ingest, leases, selectors
from pools.events import Event
from pools.models import Contract, Pool
from pools.projecting import Projection
from tests.integration.test_ingest import covered, created, fresh_index, joined, tables
from tests.scripted_chain import CHAIN_ID, CONTRACT, ScriptedChain, account

pytestmark = pytest.mark.django_db

ANA = account(1)


@pytest.fixture
def lease() -> leases.LeaseToken:
    token = leases.acquire("listener", holder="test", seconds=60)
    assert token is not None
    return token


@pytest.fixture
def chain() -> ScriptedChain:
    """Twenty blocks of a contract with a new pool in every fourth; nothing of them is stored."""
    chance = random.Random(11)
    chain = ScriptedChain()
    for number in range(1, 21):
        events: list[Event] = [created(number)] if number % 4 == 1 else []
        pool = chance.choice(range(1, number + 1, 4))
        chain.mine(*events, joined(account(chance.randrange(5)), 10, pool=pool))
    return chain


def begin_at(number: int, chain: ScriptedChain) -> None:
    ingest.register(CHAIN_ID, [(CONTRACT, number)], anchor=chain.blocks[0].header)


def follow(chain: ScriptedChain, lease: leases.LeaseToken, first: int, last: int) -> None:
    for number in range(first, last + 1):
        ingest.append(chain.segment(number, number), lease=lease)


def fold_all(lease: leases.LeaseToken, projection: Projection | None = None) -> None:
    while ingest.fold(Contract.objects.get(), lease=lease, projection=projection):
        pass


@pytest.mark.parametrize("start", [7, 8, 100])
def test_a_reorganisation_below_its_start_leaves_a_contract_ready_to_begin(
    lease: leases.LeaseToken, start: int
) -> None:
    chain = ScriptedChain()
    for _ in range(8):
        chain.mine()
    begin_at(start, chain)
    follow(chain, lease, 1, 7)
    ingest.roll_back(CHAIN_ID, 4, lease=lease)
    assert Contract.objects.get().folded_to == start - 1
    chain.drop(4)
    for _ in range(3):
        chain.mine()
    chain.mine(created(1), joined(ANA, 5))
    follow(chain, lease, 5, 8)
    assert Contract.objects.get().folded_to == max(8, start - 1)
    assert [pool.total_contributed for pool in Pool.objects.all()] == [5] * (start <= 8)


def test_a_start_block_may_be_raised_while_the_past_is_read(
    chain: ScriptedChain, lease: leases.LeaseToken
) -> None:
    begin_at(1, chain)
    ingest.jump(CHAIN_ID, chain.blocks[14].header, lease=lease)
    follow(chain, lease, 15, 18)
    contract = Contract.objects.get()
    projection = Projection(contract)
    for first in (1, 4):
        ingest.fill(chain.segment(first, first + 2), contract, lease=lease, projection=projection)
    begin_at(10, chain)
    for first in (10, 12):
        segment = chain.segment(first, min(first + 2, 14))
        ingest.fill(segment, contract, lease=lease, projection=projection)
    fold_all(lease, projection)
    assert Contract.objects.get().folded_to == 18
    follow(chain, lease, 19, 20)
    assert Contract.objects.get().folded_to == 20
    (told,) = selectors.coverage()
    assert covered() == [(1, 6), (10, 20)]
    assert told.gaps == []
    assert told.covered_blocks == 11


def test_what_waited_below_a_raised_start_block_is_folded(
    chain: ScriptedChain, lease: leases.LeaseToken, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pools.ingest.keeping.FOLDED_AT_ONCE", 3)
    begin_at(1, chain)
    ingest.jump(CHAIN_ID, chain.blocks[8].header, lease=lease)
    follow(chain, lease, 9, 20)
    assert not Pool.objects.exists()
    begin_at(18, chain)
    assert Contract.objects.get().folded_to == 17
    fold_all(lease)
    assert sorted(Pool.objects.values_list("pool_id", flat=True)) == [9, 13, 17]
    for first in (1, 5):  # the start is lowered again, and what was passed over is read
        begin_at(1, chain)
        ingest.fill(chain.segment(first, first + 3), Contract.objects.get(), lease=lease)
    after = tables()
    assert after == fresh_index(chain, lease)
