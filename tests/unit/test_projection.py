"""Folding: the contract's own numbers, whatever the order of rollbacks and refolds."""

import copy

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pools.events import (
    EmergencyModeUpdated,
    Event,
    FeeCollectorUpdated,
    FeesCollected,
    Initialized,
    MemberJoined,
    MemberLeft,
    OwnershipTransferred,
    PartialWithdrawal,
    Paused,
    PerformanceFeeUpdated,
    PoolClosed,
    PoolCreated,
    PoolStatus,
    PoolStatusUpdated,
    Unpaused,
    Upgraded,
    YieldClaimed,
    account_of,
    pool_id_of,
)
from pools.projection import FoldingError, Ledger, OutOfOrder, fold_all
from pools.states import ContractState, MemberState, PoolState
from tests.histories import Action, Told, actions, history
from tests.strategies import any_event

ALICE, BOB = "0x" + "A" * 40, "0x" + "B" * 40
CREATED = PoolCreated(
    pool_id=1, creator=ALICE, name=b"Ahorro", min_contribution=5, max_members=9, timestamp=100
)


def joined(amount: int, shares: int, *, member: str = ALICE, time: int = 101) -> MemberJoined:
    return MemberJoined(pool_id=1, member=member, btc_amount=amount, shares=shares, timestamp=time)


def left(paid: int, *, member: str = ALICE, time: int = 102) -> MemberLeft:
    return MemberLeft(pool_id=1, member=member, btc_amount=paid, yield_amount=0, timestamp=time)


def withdrew(paid: int, remaining: int) -> PartialWithdrawal:
    return PartialWithdrawal(
        pool_id=1, member=ALICE, btc_amount=paid, remaining_contribution=remaining, timestamp=102
    )


def claimed(gross: int) -> YieldClaimed:
    return YieldClaimed(
        pool_id=1, member=ALICE, gross_yield=gross, fee_amount=1, net_yield=gross - 1, timestamp=103
    )


def folded(*events: Event) -> Ledger:
    """A ledger after these events, each in a block of its own: number 10 up, time 100 up."""
    return fold_all((event, (10 + i, 0), 100 + i) for i, event in enumerate(events))


def test_a_new_pool_accepts_and_is_empty() -> None:
    assert folded(CREATED).pools[1] == PoolState(
        pool_id=1,
        name=b"Ahorro",
        creator=ALICE,
        status=PoolStatus.ACCEPTING,
        min_contribution=5,
        max_members=9,
        member_count=0,
        total_contributed=0,
        created_at=100,
        last_event_at=100,
        events=1,
        closed_at=None,
        last_position=(10, 0),
    )


def test_joining_makes_a_member() -> None:
    ledger = folded(CREATED, joined(70, 70))
    assert ledger.members == {
        (1, ALICE): MemberState(
            pool_id=1,
            account=ALICE,
            contribution=70,
            shares=70,
            active=True,
            joined_at=101,
            left_at=None,
            yield_claimed=0,
        )
    }
    pool = ledger.pools[1]
    assert (pool.member_count, pool.total_contributed) == (1, 70)
    assert (pool.events, pool.last_event_at, pool.last_position) == (2, 101, (11, 0))


def test_an_active_member_who_joins_again_adds() -> None:
    ledger = folded(CREATED, joined(70, 70), claimed(8), joined(30, 100, time=103))
    member = ledger.members[1, ALICE]
    assert (member.contribution, member.shares, member.yield_claimed) == (100, 100, 8)
    assert member.joined_at == 101
    assert (ledger.pools[1].member_count, ledger.pools[1].total_contributed) == (1, 100)


def test_leaving_takes_the_recorded_contribution_whatever_was_paid_out() -> None:
    ledger = folded(
        CREATED, joined(70, 70), joined(20, 20, member=BOB), claimed(8), left(69, time=104)
    )
    member = ledger.members[1, ALICE]
    assert (member.contribution, member.shares, member.active) == (0, 0, False)
    assert (member.left_at, member.yield_claimed) == (104, 8)
    assert (ledger.pools[1].member_count, ledger.pools[1].total_contributed) == (1, 20)


def test_one_who_comes_back_starts_afresh() -> None:
    ledger = folded(CREATED, joined(70, 70), claimed(8), left(99), joined(30, 30, time=104))
    member = ledger.members[1, ALICE]
    assert (member.contribution, member.shares, member.active) == (30, 30, True)
    assert (member.joined_at, member.left_at, member.yield_claimed) == (104, None, 0)
    assert (ledger.pools[1].member_count, ledger.pools[1].total_contributed) == (1, 30)


def test_a_partial_withdrawal_leaves_what_it_says_whatever_was_paid_out() -> None:
    ledger = folded(CREATED, joined(70, 70), withdrew(19, 50))
    member = ledger.members[1, ALICE]
    assert (member.contribution, member.shares, member.active) == (50, 50, True)
    assert (ledger.pools[1].member_count, ledger.pools[1].total_contributed) == (1, 50)


def test_claimed_yield_adds_up_gross_and_moves_no_contribution() -> None:
    ledger = folded(CREATED, joined(70, 70), claimed(8), claimed(4))
    assert ledger.members[1, ALICE].yield_claimed == 12
    assert ledger.pools[1].total_contributed == 70


def test_the_status_may_change_before_the_join_that_caused_it() -> None:
    ledger = folded(CREATED, PoolStatusUpdated(pool_id=1, new_status=1), joined(70, 70))
    assert ledger.pools[1].status == PoolStatus.ACTIVE
    assert ledger.pools[1].closed_at is None


def test_closing_closes_by_itself_and_keeps_the_members() -> None:
    ledger = folded(CREATED, joined(70, 70), PoolClosed(pool_id=1, final_balance=3))
    pool = ledger.pools[1]
    assert (pool.status, pool.closed_at) == (PoolStatus.CLOSED, 102)
    assert (pool.member_count, pool.total_contributed) == (1, 70)


@pytest.mark.parametrize(
    "later", [PoolStatusUpdated(pool_id=1, new_status=0), PoolClosed(pool_id=1, final_balance=0)]
)
def test_a_closed_pool_stays_closed_since_then(later: Event) -> None:
    ledger = folded(CREATED, PoolStatusUpdated(pool_id=1, new_status=2), later)
    assert (ledger.pools[1].status, ledger.pools[1].closed_at) == (PoolStatus.CLOSED, 101)
    assert ledger.pools[1].events == 3


def test_members_can_leave_a_closed_pool() -> None:
    ledger = folded(CREATED, joined(70, 70), PoolClosed(pool_id=1, final_balance=3), left(70))
    assert (ledger.pools[1].member_count, ledger.pools[1].total_contributed) == (0, 0)


def test_the_contract_remembers_what_was_last_said_of_it() -> None:
    ledger = folded(
        OwnershipTransferred(previous_owner=BOB, new_owner=ALICE),
        Initialized(version=1),
        Paused(account=ALICE),
        EmergencyModeUpdated(enabled=True),
        PerformanceFeeUpdated(old_fee=0, new_fee=150),
        FeeCollectorUpdated(old_collector=ALICE, new_collector=BOB),
        FeesCollected(collector=BOB, amount=5),
        FeesCollected(collector=BOB, amount=6),
        Upgraded(implementation=BOB),
    )
    assert ledger.contract == ContractState(
        paused=True,
        emergency_mode=True,
        performance_fee=150,
        fee_collector=BOB,
        owner=ALICE,
        implementation=BOB,
        initialized_version=1,
        fees_collected=11,
        events_total=9,
    )
    ledger.fold(Unpaused(account=ALICE), at=(30, 0), block_time=130)
    ledger.fold(EmergencyModeUpdated(enabled=False), at=(30, 1), block_time=130)
    assert not ledger.contract.paused
    assert not ledger.contract.emergency_mode
    assert not ledger.changed_pools
    assert not ledger.changed_members


@pytest.mark.parametrize(
    ("before", "event", "message"),
    [
        ([], joined(1, 1), "pool 1 is not known"),
        ([], PoolClosed(pool_id=7, final_balance=0), "pool 7 is not known"),
        ([CREATED], CREATED, "created a second time"),
        ([CREATED], left(1), "no active member of pool 1"),
        ([CREATED, joined(1, 1), left(1)], left(1), "no active member"),
        ([CREATED, joined(1, 1), left(1)], withdrew(1, 0), "no active member"),
        ([CREATED, joined(1, 1), left(1)], claimed(1), "no active member"),
        ([CREATED, joined(5, 5)], withdrew(1, 6), "left with 6 wei"),
        ([CREATED], joined(2**256, 1), "total of the pool"),
        ([CREATED, joined(2**256 - 1, 1)], joined(1, 1, member=BOB), "total of the pool"),
        ([CREATED, joined(1, 1), claimed(2**256 - 1)], claimed(1), "claimed yield"),
        ([FeesCollected(collector=BOB, amount=2**256 - 1)], FeesCollected(BOB, 1), "fees"),
        ([CREATED], joined(1, 1, time=2**64), "no date"),
    ],
)
def test_what_cannot_have_happened_is_refused_and_changes_nothing(
    before: list[Event], event: Event, message: str
) -> None:
    ledger = folded(*before)
    seen = copy.deepcopy(vars(ledger))
    with pytest.raises(FoldingError, match=message):
        ledger.fold(event, at=(50, 0), block_time=150)
    assert vars(ledger) == seen


def test_the_total_of_all_pools_is_bounded_like_each_of_them() -> None:
    other = PoolCreated(
        pool_id=2, creator=BOB, name=b"", min_contribution=0, max_members=0, timestamp=100
    )
    ledger = folded(CREATED, other, joined(2**256 - 1, 1))
    with pytest.raises(FoldingError, match="total of all pools"):
        ledger.fold(MemberJoined(2, BOB, 1, 1, 101), at=(50, 0), block_time=150)


@pytest.mark.parametrize("at", [(12, 0), (11, 9), (10, 0)])
def test_an_event_that_comes_too_late_asks_for_a_fresh_fold(at: tuple[int, int]) -> None:
    ledger = folded(CREATED, joined(70, 70), claimed(8))
    seen = copy.deepcopy(vars(ledger))
    with pytest.raises(OutOfOrder, match="comes too late"):
        ledger.fold(claimed(8), at=at, block_time=102)
    assert vars(ledger) == seen


@given(actions())
def test_folded_states_are_the_contracts_numbers(some: list[Action]) -> None:
    model = history(some)
    ledger = fold_all(model.told)
    assert ledger.pools.keys() == model.pools.keys()
    for pool_id, pool in model.pools.items():
        state = ledger.pools[pool_id]
        active = sum(member.active for member in pool.members.values())
        assert (state.status, state.total_contributed) == (pool.status, pool.total)
        assert state.member_count == active
        for account, member in pool.members.items():
            folded_member = ledger.members[pool_id, account]
            assert folded_member.contribution == folded_member.shares == member.contributed
            assert folded_member.active == member.active
            assert folded_member.yield_claimed == member.yield_claimed
            assert (folded_member.joined_at, folded_member.left_at) == (
                member.joined_at,
                member.left_at,
            )


@given(actions())
def test_totals_are_the_sums_of_their_parts(some: list[Action]) -> None:
    told = history(some).told
    ledger = fold_all(told)
    for pool in ledger.pools.values():
        inside = [it for it in ledger.members.values() if it.pool_id == pool.pool_id and it.active]
        assert pool.total_contributed == sum(member.contribution for member in inside)
        assert pool.member_count == len(inside)
        own = [(at, time) for event, at, time in told if pool_id_of(event) == pool.pool_id]
        assert pool.events == len(own)
        assert (pool.last_position, pool.last_event_at) == own[-1]
    whole, pools = ledger.contract, ledger.pools.values()
    assert whole.pools_total == len(pools)
    assert whole.members_total == sum(pool.member_count for pool in pools)
    assert whole.total_contributed == sum(pool.total_contributed for pool in pools)
    assert whole.events_total == len(told)


class Store:
    """Tables of states, worked on as `projecting` does: load what is touched, fold, store it."""

    def __init__(self) -> None:
        self.pools: dict[int, PoolState] = {}
        self.members: dict[tuple[int, str], MemberState] = {}
        self.contract = ContractState()

    def apply(self, told: list[Told]) -> None:
        ledger = Ledger(self.contract)
        for event, _, _ in told:
            pool_id, account = pool_id_of(event), account_of(event)
            if pool_id in self.pools:
                ledger.pools[pool_id] = self.pools[pool_id]
            member = self.members.get((pool_id or 0, account or ""))
            if member:
                ledger.members[member.pool_id, member.account] = member
        self._fold(ledger, told)

    def refold(self, gone: list[Told], standing: list[Told]) -> None:
        """Take `gone` back: fold what they touched afresh from `standing`."""
        touched = {pool_id_of(event) for event, _, _ in gone}
        ledger = Ledger(self.contract)
        ledger.pools = {key: state for key, state in self.pools.items() if key in touched}
        ledger.members = {key: state for key, state in self.members.items() if key[0] in touched}
        ledger.forget_pools({pool_id for pool_id in touched if pool_id is not None})
        if None in touched:
            own = sum(pool_id_of(event) is None for event, _, _ in [*standing, *gone])
            ledger.contract = ContractState(
                pools_total=ledger.contract.pools_total,
                members_total=ledger.contract.members_total,
                total_contributed=ledger.contract.total_contributed,
                events_total=ledger.contract.events_total - own,
            )
        self._fold(ledger, [it for it in standing if pool_id_of(it[0]) in touched])

    def _fold(self, ledger: Ledger, told: list[Told]) -> None:
        for event, at, time in told:
            ledger.fold(event, at=at, block_time=time)
        self.contract = ledger.contract
        for key in ledger.changed_pools:
            self._put(self.pools, key, ledger.pools)
        for member_key in ledger.changed_members:
            self._put(self.members, member_key, ledger.members)

    @staticmethod
    def _put(table: dict, key: object, states: dict) -> None:  # type: ignore[type-arg]
        if key in states:
            table[key] = states[key]
        else:
            table.pop(key, None)


@given(st.lists(st.tuples(actions(12), st.integers(0, 12), st.booleans()), max_size=6))
def test_any_order_of_appending_and_rolling_back_equals_a_fresh_fold(
    rounds: list[tuple[list[Action], int, bool]],
) -> None:
    store = Store()
    acted: list[Action] = []
    for some, depth, one_by_one in rounds:
        before = len(history(acted).told)
        acted += some
        told = history(acted).told
        new = told[before:]
        for batch in ([it] for it in new) if one_by_one else [new]:
            store.apply(list(batch))
        # The chain takes the last actions back and goes on from there.
        kept = acted[: max(0, len(acted) - depth)]
        standing = history(kept).told
        assert told[: len(standing)] == standing
        store.refold(told[len(standing) :], standing)
        acted = kept
        fresh = fold_all(standing)
        assert store.pools == fresh.pools
        assert store.members == fresh.members
        assert store.contract == fresh.contract


@given(actions(20), st.lists(any_event(), max_size=5))
def test_an_event_is_folded_wholly_or_not_at_all(some: list[Action], strange: list[Event]) -> None:
    ledger = fold_all(history(some).told)
    for event in strange:
        seen = copy.deepcopy(vars(ledger))
        try:
            ledger.fold(event, at=(10**6, 0), block_time=10**9)
        except FoldingError:
            assert vars(ledger) == seen
        else:
            assert ledger.contract.events_total == seen["contract"].events_total + 1


@given(actions(20))
def test_only_what_an_event_names_is_marked_as_changed(some: list[Action]) -> None:
    told = history(some).told
    assume(told)
    ledger = fold_all(told[:-1])
    ledger.changed_pools.clear()
    ledger.changed_members.clear()
    event, at, time = told[-1]
    ledger.fold(event, at=at, block_time=time)
    pool_id, account = pool_id_of(event), account_of(event)
    about_a_member = account is not None and not isinstance(event, PoolCreated)
    assert ledger.changed_pools == ({pool_id} if pool_id is not None else set())
    assert ledger.changed_members == ({(pool_id, account)} if about_a_member else set())
