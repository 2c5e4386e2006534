"""The pool contract on a real node: the events and views, awkward meanings included."""

from collections.abc import Callable

import pytest

from coopsite.devchain.contract import UINT128_MAX
from coopsite.devchain.rpc import Refused
from pools import events
from pools.events import PoolStatus
from tests.chain import BTC, AnvilChain, TransactionFailed

CENT = BTC // 100
MILLI = BTC // 1000


def refused(attempt: Callable[[], object]) -> bool:
    """Whether the node or the contract turns it down."""
    try:
        attempt()
    except (TransactionFailed, Refused):
        return True
    return False


def new_events(chain: AnvilChain, since: int) -> list[events.Event]:
    return chain.events(since + 1)


def test_deploying_names_the_owner_and_initializes(anvil_chain: AnvilChain) -> None:
    owner = anvil_chain.accounts[0]
    nobody = "0x" + "00" * 20

    assert anvil_chain.events() == [
        events.OwnershipTransferred(nobody, owner),
        events.Initialized(1),
    ]
    assert anvil_chain.view("version") == b"coopsite-1"
    assert anvil_chain.view("performanceFee") == 100


def test_a_pool_tells_everything_but_its_maximum(anvil_chain: AnvilChain) -> None:
    creator = anvil_chain.accounts[5]
    pool = anvil_chain.create_pool(
        "Pasanaku Ñuñoa 🌽", creator=creator, minimum=MILLI, maximum=3 * BTC, max_members=7
    )
    now = int(anvil_chain.block()["timestamp"], 16)

    assert anvil_chain.events()[-1] == events.PoolCreated(
        pool, creator, "Pasanaku Ñuñoa 🌽".encode(), MILLI, 7, now
    )
    info = anvil_chain.pool_info(pool)
    assert (info.min_contribution, info.max_contribution) == (MILLI, 3 * BTC)
    assert (info.max_members, info.current_members, info.created_at) == (7, 0, now)
    assert (info.status, info.allow_new_members) == (PoolStatus.ACCEPTING, True)


@pytest.mark.parametrize("name", [b"", b"\xff\xfe\x00", "‮evil​".encode(), b"x" * 10_000])
def test_a_name_is_any_bytes(anvil_chain: AnvilChain, name: bytes) -> None:
    pool = anvil_chain.create_pool(name)
    assert anvil_chain.pool_info(pool).name == name
    created = anvil_chain.events()[-1]
    assert isinstance(created, events.PoolCreated)
    assert created.name == name


def test_the_status_comes_before_the_join_that_crosses_the_threshold(
    anvil_chain: AnvilChain,
) -> None:
    pool, member = anvil_chain.create_pool(), anvil_chain.accounts[2]
    anvil_chain.join(pool, member, CENT - MILLI)
    before = anvil_chain.block_number()
    assert anvil_chain.pool_info(pool).status == PoolStatus.ACCEPTING

    anvil_chain.join(pool, member, MILLI)

    status, joined = new_events(anvil_chain, before)
    assert status == events.PoolStatusUpdated(pool, PoolStatus.ACTIVE)
    assert isinstance(joined, events.MemberJoined)
    assert (joined.btc_amount, joined.shares) == (MILLI, CENT)


def test_an_active_member_who_joins_adds(anvil_chain: AnvilChain) -> None:
    pool, member = anvil_chain.create_pool(), anvil_chain.accounts[2]
    anvil_chain.join(pool, member, CENT)
    joined_at = anvil_chain.member_info(pool, member).joined_at
    anvil_chain.mine(interval=100)
    anvil_chain.join(pool, member, 2 * CENT)

    info = anvil_chain.member_info(pool, member)
    assert (info.btc_contributed, info.shares, info.joined_at) == (3 * CENT, 3 * CENT, joined_at)
    assert anvil_chain.pool_info(pool).current_members == 1
    assert anvil_chain.pool_members(pool) == [member]


def test_one_who_left_and_came_back_starts_afresh(anvil_chain: AnvilChain) -> None:
    pool, member = anvil_chain.create_pool(), anvil_chain.accounts[2]
    anvil_chain.join(pool, member, CENT)
    anvil_chain.fund_yield(pool, CENT)
    anvil_chain.claim(pool, member)
    anvil_chain.leave(pool, member)
    left = anvil_chain.member_info(pool, member)
    assert (left.btc_contributed, left.shares, left.active) == (0, 0, False)
    assert left.yield_claimed > 0, "what was claimed stays until the member comes back"

    anvil_chain.mine(interval=100)
    anvil_chain.join(pool, member, 5 * CENT)

    back = anvil_chain.member_info(pool, member)
    assert (back.btc_contributed, back.yield_claimed, back.active) == (5 * CENT, 0, True)
    assert back.joined_at > left.joined_at
    assert anvil_chain.pool_members(pool) == [member, member]


@pytest.mark.parametrize("rate", [9_400, 10_750])
def test_leaving_an_invested_pool_pays_out_something_else_than_was_put_in(
    anvil_chain: AnvilChain, rate: int
) -> None:
    pool, (leaver, stayer) = anvil_chain.create_pool(), anvil_chain.accounts[2:4]
    anvil_chain.add_reserve(BTC)
    anvil_chain.join(pool, leaver, 4 * CENT)
    anvil_chain.join(pool, stayer, CENT)
    anvil_chain.set_payout_rate(pool, rate)

    anvil_chain.leave(pool, leaver)

    left = anvil_chain.events()[-1]
    assert isinstance(left, events.MemberLeft)
    assert left.btc_amount == 4 * CENT * rate // 10_000
    assert anvil_chain.pool_info(pool).total_btc_deposited == CENT
    assert anvil_chain.view("getTotalShares", pool) == CENT


def test_a_withdrawal_pays_by_the_rate_and_tells_what_remains(anvil_chain: AnvilChain) -> None:
    pool, member = anvil_chain.create_pool(), anvil_chain.accounts[2]
    anvil_chain.join(pool, member, 4 * CENT)
    anvil_chain.set_payout_rate(pool, 9_000)

    anvil_chain.withdraw(pool, member, CENT)

    withdrawn = anvil_chain.events()[-1]
    assert isinstance(withdrawn, events.PartialWithdrawal)
    assert (withdrawn.btc_amount, withdrawn.remaining_contribution) == (CENT * 9 // 10, 3 * CENT)
    info = anvil_chain.member_info(pool, member)
    assert (info.btc_contributed, info.shares) == (3 * CENT, 3 * CENT)
    assert anvil_chain.pool_info(pool).total_btc_deposited == 3 * CENT


def test_a_pool_that_is_not_invested_pays_back_what_was_put_in(anvil_chain: AnvilChain) -> None:
    pool, member = anvil_chain.create_pool(), anvil_chain.accounts[2]
    anvil_chain.set_payout_rate(pool, 5_000)
    anvil_chain.join(pool, member, 5 * MILLI)
    anvil_chain.leave(pool, member)

    left = anvil_chain.events()[-1]
    assert isinstance(left, events.MemberLeft)
    assert left.btc_amount == 5 * MILLI


def test_claimed_yield_counts_gross_and_the_fee_goes_to_the_collector(
    anvil_chain: AnvilChain,
) -> None:
    pool, member, collector = anvil_chain.create_pool(), *anvil_chain.accounts[2:4]
    anvil_chain.join(pool, member, CENT)
    anvil_chain.set_performance_fee(250)
    anvil_chain.set_fee_collector(collector)
    anvil_chain.fund_yield(pool, 4 * CENT)

    anvil_chain.claim(pool, member)
    anvil_chain.collect_fees()

    fee = 4 * CENT * 250 // 10_000
    claimed, collected = anvil_chain.events()[-2:]
    assert isinstance(claimed, events.YieldClaimed)
    assert (claimed.gross_yield, claimed.fee_amount, claimed.net_yield) == (
        4 * CENT,
        fee,
        4 * CENT - fee,
    )
    assert collected == events.FeesCollected(collector, fee)
    assert anvil_chain.member_info(pool, member).yield_claimed == 4 * CENT
    assert anvil_chain.pool_info(pool).total_yield_generated == 4 * CENT


def test_yield_is_shared_by_shares_and_kept_when_shares_change(anvil_chain: AnvilChain) -> None:
    pool, (one, three) = anvil_chain.create_pool(), anvil_chain.accounts[2:4]
    anvil_chain.join(pool, one, CENT)
    anvil_chain.join(pool, three, 3 * CENT)
    anvil_chain.fund_yield(pool, 8 * CENT)
    anvil_chain.join(pool, one, 9 * CENT)

    assert anvil_chain.view("pendingYield", pool, one) == 2 * CENT
    assert anvil_chain.view("pendingYield", pool, three) == 6 * CENT


def test_leaving_pays_the_yield_without_an_event_of_its_own(anvil_chain: AnvilChain) -> None:
    pool, member = anvil_chain.create_pool(), anvil_chain.accounts[2]
    anvil_chain.join(pool, member, CENT)
    anvil_chain.fund_yield(pool, CENT)
    before = anvil_chain.block_number()
    anvil_chain.leave(pool, member)

    (left,) = new_events(anvil_chain, before)
    assert isinstance(left, events.MemberLeft)
    assert left.yield_amount == CENT - CENT // 100


def test_closing_has_no_status_event_and_is_for_good(anvil_chain: AnvilChain) -> None:
    pool, member = anvil_chain.create_pool(), anvil_chain.accounts[2]
    anvil_chain.join(pool, member, CENT)
    before = anvil_chain.block_number()
    anvil_chain.close_pool(pool)

    assert new_events(anvil_chain, before) == [events.PoolClosed(pool, CENT)]
    info = anvil_chain.pool_info(pool)
    assert (info.status, info.allow_new_members) == (PoolStatus.CLOSED, False)
    assert refused(lambda: anvil_chain.join(pool, member, CENT))
    assert refused(lambda: anvil_chain.close_pool(pool))
    assert refused(lambda: anvil_chain.set_pool_status(pool, PoolStatus.ACTIVE))

    anvil_chain.leave(pool, member)
    assert anvil_chain.pool_info(pool).status == PoolStatus.CLOSED


def test_a_pause_stops_money_and_an_emergency_lets_it_out(anvil_chain: AnvilChain) -> None:
    pool, member = anvil_chain.create_pool(), anvil_chain.accounts[2]
    anvil_chain.join(pool, member, CENT)
    anvil_chain.pause()
    assert refused(lambda: anvil_chain.join(pool, member, CENT))
    assert refused(lambda: anvil_chain.leave(pool, member))
    assert refused(lambda: anvil_chain.create_pool())

    anvil_chain.set_emergency_mode(True)
    anvil_chain.leave(pool, member)
    anvil_chain.set_emergency_mode(False)
    anvil_chain.unpause()
    anvil_chain.join(pool, member, CENT)

    owner = anvil_chain.accounts[0]
    said = anvil_chain.events()
    for expected in (
        events.Paused(owner),
        events.EmergencyModeUpdated(True),
        events.EmergencyModeUpdated(False),
        events.Unpaused(owner),
    ):
        assert expected in said


def test_contract_wide_facts_are_told_with_what_was_before(anvil_chain: AnvilChain) -> None:
    owner, heir, collector, code = anvil_chain.accounts[:4]
    before = anvil_chain.block_number()
    anvil_chain.set_performance_fee(300)
    anvil_chain.set_fee_collector(collector)
    anvil_chain.upgrade_to(code)
    anvil_chain.transfer_ownership(heir)
    anvil_chain.transfer_ownership(owner, sender=heir)

    assert new_events(anvil_chain, before) == [
        events.PerformanceFeeUpdated(100, 300),
        events.FeeCollectorUpdated(owner, collector),
        events.Upgraded(code),
        events.OwnershipTransferred(owner, heir),
        events.OwnershipTransferred(heir, owner),
    ]


def test_only_the_owner_may_change_the_contract(anvil_chain: AnvilChain) -> None:
    stranger = anvil_chain.accounts[7]
    for function, arguments in (
        ("pause", ()),
        ("setPerformanceFee", (1,)),
        ("transferOwnership", (stranger,)),
    ):
        with pytest.raises((TransactionFailed, Refused)):
            anvil_chain.send(function, *arguments, sender=stranger)


def test_amounts_reach_the_limit_of_uint128_and_not_beyond(anvil_chain: AnvilChain) -> None:
    pool = anvil_chain.create_pool(maximum=UINT128_MAX)
    rich, richer = anvil_chain.accounts[2:4]
    for account in (rich, richer):
        anvil_chain.set_balance(account, 2**200)
    for account in (rich, richer):
        # In two steps: the node takes no transaction whose value and fee together pass uint128.
        anvil_chain.join(pool, account, 2**127)
        anvil_chain.join(pool, account, 2**127 - 1)

    assert anvil_chain.member_info(pool, rich).btc_contributed == UINT128_MAX
    assert anvil_chain.pool_info(pool).total_btc_deposited == 2 * UINT128_MAX
    with pytest.raises((TransactionFailed, Refused)):
        anvil_chain.join(pool, rich, 1)
    with pytest.raises((TransactionFailed, Refused)):
        anvil_chain.create_pool(maximum=UINT128_MAX + 1)


def test_a_full_pool_takes_additions_but_nobody_new(anvil_chain: AnvilChain) -> None:
    pool, (first, second) = anvil_chain.create_pool(max_members=1), anvil_chain.accounts[2:4]
    anvil_chain.join(pool, first, CENT)
    with pytest.raises((TransactionFailed, Refused)):
        anvil_chain.join(pool, second, CENT)
    anvil_chain.join(pool, first, CENT)


def test_a_reorganisation_64_deep_takes_everything_back(anvil_chain: AnvilChain) -> None:
    pool = anvil_chain.create_pool()
    for _ in range(64):
        anvil_chain.join(pool, anvil_chain.accounts[2], MILLI)
    head, old = anvil_chain.block_number(), anvil_chain.block()["hash"]

    assert anvil_chain.reorg(64) != old

    assert anvil_chain.block_number() == head
    assert anvil_chain.pool_info(pool).total_btc_deposited == 0
    assert len(anvil_chain.events()) == 3


def test_a_saved_chain_comes_back_after_a_crash(anvil_chain: AnvilChain) -> None:
    pool = anvil_chain.create_pool()
    logs, head = anvil_chain.logs(), anvil_chain.block()
    anvil_chain.save()
    anvil_chain.kill()
    anvil_chain.start()

    assert anvil_chain.block() == head
    assert anvil_chain.logs() == logs
    assert anvil_chain.create_pool() == pool + 1
