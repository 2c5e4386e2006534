"""History behind a listener that runs ahead: stored as it comes, folded in chain order."""

import random

import pytest

from pools import coverage, ingest, leases, projecting
from pools.coverage import BrokenSeam
from pools.events import Event, MemberLeft, Paused
from pools.models import Contract, Cursor, Log, Membership, OutboxRow, Pool
from pools.projecting import Projection
from pools.rebuilding import stored_logs
from tests.integration.test_ingest import (
    assert_messages_tile,
    covered,
    created,
    fresh_index,
    joined,
    tables,
)
from tests.scripted_chain import CHAIN_ID, CONTRACT, ScriptedChain, account

pytestmark = pytest.mark.django_db

ANA, BETO = account(1), account(2)
COIN = 10**18


@pytest.fixture
def lease() -> leases.LeaseToken:
    token = leases.acquire("listener", holder="test", seconds=60)
    assert token is not None
    return token


@pytest.fixture
def chain() -> ScriptedChain:
    """Thirty blocks of a lively contract; nothing of them is stored."""
    chance = random.Random(7)
    chain = ScriptedChain()
    ingest.register(CHAIN_ID, [(CONTRACT, 1)], anchor=chain.blocks[0].header)
    for number in range(1, 31):
        events: list[Event] = [created(number)] if number % 5 == 1 else []
        pools = range(1, number + 1, 5)
        for _ in range(4):
            who, pool = account(chance.randrange(6)), chance.choice(pools)
            events.append(
                MemberLeft(pool, who, COIN, 0, 0)
                if chance.random() < 0.2
                else joined(who, COIN, pool=pool)
            )
        chain.mine(*events, *([Paused(ANA)] if number == 17 else []))
    return chain


def follow(chain: ScriptedChain, lease: leases.LeaseToken, first: int, last: int) -> None:
    for number in range(first, last + 1):
        ingest.append(chain.segment(number, number), lease=lease)


def read_past(
    chain: ScriptedChain, lease: leases.LeaseToken, *, last: int, step: int = 4
) -> Projection:
    """What a backfill does, up to the moment before it would fold what is left."""
    contract = Contract.objects.get()
    projection = Projection(contract)
    for first in range(1, last + 1, step):
        segment = chain.segment(first, min(first + step - 1, last))
        ingest.fill(segment, contract, lease=lease, projection=projection)
    return projection


def fold_all(lease: leases.LeaseToken, projection: Projection | None = None) -> None:
    while ingest.fold(Contract.objects.get(), lease=lease, projection=projection):
        pass


def test_a_jump_leaves_a_gap_and_what_follows_is_stored_but_not_folded(
    chain: ScriptedChain, lease: leases.LeaseToken
) -> None:
    ingest.jump(CHAIN_ID, chain.blocks[20].header, lease=lease)
    follow(chain, lease, 21, 30)
    assert Cursor.objects.get().number == 30
    assert covered() == [(21, 30)]
    assert Log.objects.count() == sum(len(block.logs) for block in chain.blocks[21:])
    assert Contract.objects.get().folded_to == 0
    assert not Pool.objects.exists()
    assert not Log.objects.exclude(problem="").exists()
    with pytest.raises(ingest.StaleCursor):
        ingest.jump(CHAIN_ID, chain.blocks[20].header, lease=lease)


def test_a_past_that_is_read_behind_a_listener_ends_as_a_fresh_index(
    chain: ScriptedChain, lease: leases.LeaseToken
) -> None:
    ingest.jump(CHAIN_ID, chain.blocks[20].header, lease=lease)
    follow(chain, lease, 21, 25)
    projection = read_past(chain, lease, last=20)
    follow(chain, lease, 26, 28)
    fold_all(lease, projection)
    assert Contract.objects.get().folded_to == 28
    follow(chain, lease, 29, 30)  # these are folded at once again
    assert Contract.objects.get().folded_to == 30
    after = tables()
    assert_messages_tile()
    assert covered() == [(1, 30)]
    assert after == fresh_index(chain, lease)


@pytest.mark.parametrize("saved_at_once", [1, 3, 1_000])
def test_it_does_not_matter_how_often_what_is_folded_is_saved(
    chain: ScriptedChain,
    lease: leases.LeaseToken,
    saved_at_once: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(projecting, "_SAVED_AT_ONCE", saved_at_once)
    monkeypatch.setattr(projecting, "_KEPT_IN_MEMORY", 2)
    ingest.jump(CHAIN_ID, chain.blocks[30].header, lease=lease)
    projection = read_past(chain, lease, last=30, step=3)
    fold_all(lease, projection)
    after = tables()
    assert after == fresh_index(chain, lease)


def test_what_was_folded_in_memory_only_is_folded_again_after_a_crash(
    chain: ScriptedChain, lease: leases.LeaseToken
) -> None:
    ingest.jump(CHAIN_ID, chain.blocks[30].header, lease=lease)
    read_past(chain, lease, last=22)  # its projection dies with its process
    assert Contract.objects.get().folded_to == 0
    assert not Membership.objects.exists()
    contract = Contract.objects.get()
    ingest.fill(chain.segment(23, 30), contract, lease=lease, projection=Projection(contract))
    fold_all(lease)
    after = tables()
    assert after == fresh_index(chain, lease)


def test_what_was_folded_for_a_step_that_failed_never_happened(
    chain: ScriptedChain, lease: leases.LeaseToken, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest.jump(CHAIN_ID, chain.blocks[30].header, lease=lease)
    projection = read_past(chain, lease, last=8)
    contract = Contract.objects.get()

    def broken(*_args: object, **_options: object) -> None:
        raise BrokenSeam("another chain")

    with monkeypatch.context() as patched:
        patched.setattr(coverage, "add", broken)
        with pytest.raises(ingest.Contradiction):
            ingest.fill(chain.segment(9, 14), contract, lease=lease, projection=projection)
    assert not projection.is_current(Contract.objects.get())
    for first, last in ((9, 11), (12, 30)):
        ingest.fill(chain.segment(first, last), contract, lease=lease, projection=projection)
    fold_all(lease, projection)
    after = tables()
    assert after == fresh_index(chain, lease)


def test_a_reorganisation_while_the_past_is_read_is_not_folded_over(
    chain: ScriptedChain, lease: leases.LeaseToken
) -> None:
    ingest.jump(CHAIN_ID, chain.blocks[24].header, lease=lease)
    follow(chain, lease, 25, 30)
    projection = read_past(chain, lease, last=24)
    while projection.folded_to < 29:  # in memory it goes on into the live blocks
        ingest.fold(Contract.objects.get(), lease=lease, projection=projection)
    chain.drop(4)
    chain.mine(joined(BETO, 7, pool=1))
    ingest.append(chain.segment(27, 27), lease=lease, roll_back_to=26)
    fold_all(lease, projection)
    after = tables()
    assert_messages_tile()
    assert after == fresh_index(chain, lease)


@pytest.mark.parametrize("page", [1, 3, 2_000])
def test_a_gap_that_nothing_proves_is_passed_over_and_closed_later(
    chain: ScriptedChain, lease: leases.LeaseToken, page: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored_logs, "PAGE", page)
    ingest.jump(CHAIN_ID, chain.blocks[20].header, lease=lease)
    follow(chain, lease, 21, 25)
    contract = Contract.objects.get()
    ingest.fill(chain.segment(1, 8), contract, lease=lease)
    Contract.objects.update(folded_to=4)
    with pytest.raises(ValueError, match="fold first"):
        ingest.pass_over(contract, 20, lease=lease)
    Contract.objects.update(folded_to=8)
    ingest.pass_over(contract, 20, lease=lease)
    fold_all(lease)
    assert Contract.objects.get().folded_to == 25
    assert covered() == [(1, 8), (21, 25)]
    follow(chain, lease, 26, 30)
    for first, last in ((15, 20), (9, 14)):
        ingest.fill(chain.segment(first, last), contract, lease=lease)
    after = tables()
    assert covered() == [(1, 30)]
    assert after == fresh_index(chain, lease)


def test_folding_tells_browsers_to_read_again(
    chain: ScriptedChain, lease: leases.LeaseToken
) -> None:
    ingest.jump(CHAIN_ID, chain.blocks[30].header, lease=lease)
    read_past(chain, lease, last=30)
    before = OutboxRow.objects.count()
    fold_all(lease)
    assert OutboxRow.objects.count() > before
    assert_messages_tile()


def test_pools_that_were_folded_in_memory_are_told_of_when_they_are_stored(
    chain: ScriptedChain, lease: leases.LeaseToken
) -> None:
    ingest.jump(CHAIN_ID, chain.blocks[30].header, lease=lease)
    projection = read_past(chain, lease, last=30)
    assert not Pool.objects.exists()
    told_of_logs = OutboxRow.objects.count()
    fold_all(lease, projection)
    assert Pool.objects.exists()
    assert OutboxRow.objects.count() > told_of_logs
    assert_messages_tile()


def test_many_pools_without_members_are_stored_now_and_then_too(
    lease: leases.LeaseToken, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(projecting, "_SAVED_AT_ONCE", 4)
    monkeypatch.setattr(projecting, "_KEPT_IN_MEMORY", 6)
    chain = ScriptedChain()
    ingest.register(CHAIN_ID, [(CONTRACT, 1)], anchor=chain.blocks[0].header)
    for number in range(1, 31):
        chain.mine(created(number))
    ingest.jump(CHAIN_ID, chain.blocks[30].header, lease=lease)
    projection = read_past(chain, lease, last=30, step=2)
    assert Pool.objects.count() > 20
    assert len(projection.ledger.pools) <= 8


def test_another_contract_is_folded_by_itself(
    chain: ScriptedChain, lease: leases.LeaseToken
) -> None:
    follow(chain, lease, 1, 10)
    other = account(99)
    ingest.register(CHAIN_ID, [(CONTRACT, 1), (other, 5)], anchor=chain.blocks[0].header)
    added = Contract.objects.get(address=other)
    assert (added.folded_to, added.start_block) == (4, 5)
    first = Contract.objects.get(address=CONTRACT)
    assert first.folded_to == 10
    ingest.append(chain.segment(11, 11), lease=lease)
    assert Contract.objects.get(address=CONTRACT).folded_to == 10 + 1
    assert Contract.objects.get(address=other).folded_to == 4


def test_a_start_block_may_be_lowered(chain: ScriptedChain, lease: leases.LeaseToken) -> None:
    anchor = chain.blocks[0].header
    ingest.register(CHAIN_ID, [(CONTRACT, 12)], anchor=anchor)
    assert Contract.objects.get().folded_to == 11
    ingest.append(chain.segment(1, 30), lease=lease)
    ingest.register(CHAIN_ID, [(CONTRACT, 1)], anchor=anchor)
    assert Contract.objects.get().folded_to == 30
    contract = Contract.objects.get()
    ingest.fill(chain.segment(1, 11), contract, lease=lease)
    after = tables()
    assert covered() == [(1, 30)]
    assert after == fresh_index(chain, lease)
