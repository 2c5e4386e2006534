"""What ingest writes: whole steps, exactly once, equal to a fresh index whatever came before."""

from dataclasses import replace

import msgspec
import pytest

from pools import ingest, leases, ranges, segments
from pools.events import (
    MemberJoined,
    MemberLeft,
    PartialWithdrawal,
    Paused,
    PerformanceFeeUpdated,
    PoolCreated,
    YieldClaimed,
)
from pools.models import (
    Block,
    Chain,
    Contract,
    CoveredRange,
    Cursor,
    HourlyActivity,
    Log,
    Membership,
    OutboxRow,
    Pool,
)
from tests.scripted_chain import CHAIN_ID, CONTRACT, ScriptedChain, account

pytestmark = pytest.mark.django_db

COIN = 10**18
ANA, BETO, CAROL = account(1), account(2), account(3)


@pytest.fixture
def chain() -> ScriptedChain:
    chain = ScriptedChain()
    ingest.register(CHAIN_ID, [(CONTRACT, 1)], anchor=chain.blocks[0].header)
    return chain


@pytest.fixture
def lease() -> leases.LeaseToken:
    token = leases.acquire("listener", holder="test", seconds=60)
    assert token is not None
    return token


def created(pool_id: int = 1, name: bytes = b"Mercado") -> PoolCreated:
    return PoolCreated(pool_id, ANA, name, COIN // 1000, 10, 0)


def joined(member: str, amount: int, *, total: int | None = None, pool: int = 1) -> MemberJoined:
    return MemberJoined(pool, member, amount, total or amount, 0)


def covered() -> list[ranges.Range]:
    """The covered blocks, whatever the pieces."""
    return ranges.merge(CoveredRange.objects.values_list("from_block", "to_block"))


def tables() -> dict[str, list[tuple[object, ...]]]:
    """Everything that must equal a fresh index, in an order that does not depend on history."""
    return {
        "pools": sorted(
            Pool.objects.values_list(
                "pool_id",
                "name",
                "creator",
                "status",
                "member_count",
                "total_contributed",
                "created_at",
                "created_tx",
                "events",
                "last_event_at",
                "last_block",
                "last_log_index",
            )
        ),
        "members": sorted(
            Membership.objects.values_list(
                "pool__pool_id", "account", "contribution", "shares", "active", "yield_claimed"
            )
        ),
        "logs": sorted(
            Log.objects.filter(retracted_seq=None).values_list(
                "block_number", "log_index", "block__hash", "kind", "problem"
            )
        ),
        "activity": sorted(HourlyActivity.objects.values_list("hour", "kind", "count")),
        "contract": list(
            Contract.objects.values_list(
                "paused",
                "performance_fee",
                "pools_total",
                "members_total",
                "total_contributed",
                "events_total",
            )
        ),
        "cursor": list(Cursor.objects.values_list("number", "hash")),
    }


def assert_messages_tile() -> None:
    """The outbox covers 1 to the last number once, and every standing log has its own number."""
    expected = 1
    for row in OutboxRow.objects.order_by("seq"):
        assert row.first_seq == expected
        expected = row.seq + 1
    assert expected == Chain.objects.get().last_seq + 1


def test_a_block_is_stored_with_everything_that_follows_from_it(
    chain: ScriptedChain, lease: leases.LeaseToken
) -> None:
    chain.mine(created(), joined(ANA, 3 * COIN))
    done = ingest.append(chain.segment(1), lease=lease)

    assert (done.first_seq, done.last_seq, done.logs, done.cursor) == (1, 2, 2, 1)
    pool = Pool.objects.get()
    assert (pool.name, pool.member_count, pool.total_contributed) == ("Mercado", 1, 3 * COIN)
    assert pool.created_tx == chain.blocks[1].logs[0].transaction_hash
    assert Membership.objects.get().contribution == 3 * COIN
    assert [(row.kind, row.seq, row.log.kind) for row in OutboxRow.objects.all() if row.log] == [
        ("event", 1, "PoolCreated"),
        ("event", 2, "MemberJoined"),
    ]
    covered = CoveredRange.objects.get()
    assert (covered.from_block, covered.to_block, covered.logs) == (1, 1, 2)
    assert covered.end_hash == chain.blocks[1].header.hash
    contract = Contract.objects.get()
    assert (contract.pools_total, contract.members_total, contract.events_total) == (1, 1, 2)


def test_quiet_blocks_move_the_cursor_and_the_coverage_without_a_message(
    chain: ScriptedChain, lease: leases.LeaseToken
) -> None:
    for _ in range(3):
        chain.mine()
        done = ingest.append(chain.segment(chain.head), lease=lease)
        assert done.first_seq == done.last_seq + 1
    assert not OutboxRow.objects.exists()
    assert CoveredRange.objects.get().to_block == Cursor.objects.get().number == 3


def test_the_same_block_again_is_refused_and_changes_nothing(
    chain: ScriptedChain, lease: leases.LeaseToken
) -> None:
    chain.mine(created())
    ingest.append(chain.segment(1), lease=lease)
    before = tables()
    with pytest.raises(ingest.StaleCursor):
        ingest.append(chain.segment(1), lease=lease)
    assert tables() == before


def test_a_block_of_another_branch_does_not_follow_the_cursor(
    chain: ScriptedChain, lease: leases.LeaseToken
) -> None:
    chain.mine(created())
    ingest.append(chain.segment(1), lease=lease)
    chain.drop(1)
    chain.mine()
    chain.mine()
    with pytest.raises(ingest.StaleCursor):
        ingest.append(chain.segment(2), lease=lease)


def test_a_worker_whose_lease_was_taken_over_writes_nothing(
    chain: ScriptedChain, lease: leases.LeaseToken
) -> None:
    leases.release(lease)
    assert leases.acquire("listener", holder="second", seconds=60) is not None
    chain.mine(created())
    with pytest.raises(leases.LostLease):
        ingest.append(chain.segment(1), lease=lease)
    assert not Log.objects.exists()


def test_a_contradictory_segment_is_refused(chain: ScriptedChain, lease: leases.LeaseToken) -> None:
    chain.mine(created())
    segment = chain.segment(1)
    foreign = msgspec.structs.replace(segment.logs[0], block_hash="0x" + "ab" * 32)
    for wrong in (
        replace(segment, logs=(foreign,)),
        replace(segment, logs=segment.logs * 2),
        replace(segment, headers=()),
    ):
        with pytest.raises(segments.BadSegment):
            ingest.append(wrong, lease=lease)
    assert not Log.objects.exists()


def test_a_reorganisation_retracts_newest_first_and_tells_it(
    chain: ScriptedChain, lease: leases.LeaseToken
) -> None:
    chain.mine(created(), joined(ANA, COIN))
    chain.mine(joined(BETO, 2 * COIN), Paused(ANA))
    ingest.append(chain.segment(1), lease=lease)
    chain.drop(1)
    chain.mine(joined(CAROL, 5 * COIN))
    done = ingest.append(chain.segment(2), lease=lease, roll_back_to=1)

    assert (done.first_seq, done.last_seq, done.logs) == (5, 7, 1)
    told = OutboxRow.objects.filter(seq__gte=5).order_by("seq")
    assert [(row.kind, row.log.kind, row.log.account) for row in told if row.log] == [
        ("retraction", "Paused", ""),
        ("retraction", "MemberJoined", BETO),
        ("event", "MemberJoined", CAROL),
    ]
    assert Pool.objects.get().total_contributed == 6 * COIN
    assert set(Membership.objects.values_list("account", flat=True)) == {ANA, CAROL}
    assert Contract.objects.get().paused is False
    assert covered() == [(1, 2)]
    assert CoveredRange.objects.latest("to_block").end_hash == chain.blocks[2].header.hash
    assert sum(CoveredRange.objects.values_list("logs", flat=True)) == 3
    assert_messages_tile()


def test_a_pool_whose_creation_is_taken_back_is_gone(
    chain: ScriptedChain, lease: leases.LeaseToken
) -> None:
    chain.mine()
    chain.mine(created(), joined(ANA, COIN))
    ingest.append(chain.segment(1), lease=lease)
    done = ingest.roll_back(CHAIN_ID, 1, lease=lease)
    assert done.cursor == 1
    assert not Pool.objects.exists()
    assert not Membership.objects.exists()
    assert not HourlyActivity.objects.exists()
    contract = Contract.objects.get()
    assert (contract.pools_total, contract.total_contributed, contract.events_total) == (0, 0, 0)


def test_a_block_that_comes_back_counts_once(
    chain: ScriptedChain, lease: leases.LeaseToken
) -> None:
    chain.mine(created())
    chain.mine(joined(ANA, COIN))
    ingest.append(chain.segment(1), lease=lease)
    before = tables()
    away = chain.blocks[2:]
    chain.drop(1)
    chain.mine()
    ingest.append(chain.segment(2), lease=lease, roll_back_to=1)
    chain.drop(1)
    chain.put_back(away)
    ingest.append(chain.segment(2), lease=lease, roll_back_to=1)
    assert tables() == before
    assert Log.objects.count() == 2
    assert_messages_tile()


def test_what_cannot_be_decoded_is_kept_raw_and_the_rest_goes_on(
    chain: ScriptedChain, lease: leases.LeaseToken
) -> None:
    chain.mine(created())
    broken = msgspec.structs.replace(chain.blocks[1].logs[0], data=b"\x00" * 7)
    chain.mine(broken, joined(ANA, COIN))
    ingest.append(chain.segment(1), lease=lease)
    kept = Log.objects.get(block_number=2, log_index=0)
    assert kept.kind == ""
    assert kept.problem.startswith("not decoded")
    assert bytes(kept.data) == b"\x00" * 7
    assert Pool.objects.get().member_count == 1
    assert Contract.objects.get().events_total == 2


def test_an_event_of_an_unknown_pool_is_marked_until_the_gap_is_filled(
    chain: ScriptedChain, lease: leases.LeaseToken
) -> None:
    chain.mine(created(), joined(ANA, COIN))
    chain.mine(joined(BETO, COIN))
    chain.mine(MemberLeft(1, ANA, COIN, 0, 0))
    fresh = fresh_index(chain, lease)
    _empty()
    hole = replace(chain.segment(1, 1), logs=())
    ingest.append(hole, lease=lease)
    ingest.append(chain.segment(2), lease=lease)
    assert not Pool.objects.exists()
    assert Log.objects.filter(problem__startswith="not folded").count() == 2

    done = ingest.fill(chain.segment(1, 1), Contract.objects.get(), lease=lease)
    assert done.logs == 2
    assert tables() == fresh
    assert OutboxRow.objects.latest("seq").kind == "batch"
    assert_messages_tile()


def test_filling_again_adds_nothing(chain: ScriptedChain, lease: leases.LeaseToken) -> None:
    chain.mine(created(), joined(ANA, COIN))
    ingest.append(chain.segment(1), lease=lease)
    before = tables()
    done = ingest.fill(chain.segment(1, 1), Contract.objects.get(), lease=lease)
    assert (done.logs, done.surplus) == (0, 0)
    assert tables() == before


def test_a_contract_that_the_node_was_not_asked_about_stays_a_gap(
    chain: ScriptedChain, lease: leases.LeaseToken
) -> None:
    newcomer = account(77)
    ingest.register(CHAIN_ID, [(newcomer, 1)], anchor=chain.blocks[0].header)
    chain.mine(created())
    ingest.append(chain.segment(1), lease=lease)
    assert set(CoveredRange.objects.values_list("contract__address", flat=True)) == {CONTRACT}
    with pytest.raises(segments.BadSegment, match="was not asked"):
        ingest.fill(chain.segment(1), Contract.objects.get(address=newcomer), lease=lease)


def test_filling_with_a_contract_that_was_read_long_ago_keeps_its_totals(
    chain: ScriptedChain, lease: leases.LeaseToken
) -> None:
    chain.mine(created(), joined(ANA, COIN))
    chain.mine(created(2), joined(BETO, COIN, pool=2))
    read_long_ago = Contract.objects.get()
    ingest.append(replace(chain.segment(1, 1), logs=()), lease=lease)
    ingest.append(chain.segment(2), lease=lease)
    ingest.fill(chain.segment(1, 1), read_long_ago, lease=lease)
    contract = Contract.objects.get()
    assert (contract.pools_total, contract.members_total, contract.events_total) == (2, 2, 4)
    assert contract.total_contributed == 2 * COIN


def test_filling_says_what_the_answer_lacks_and_takes_nothing_away(
    chain: ScriptedChain, lease: leases.LeaseToken
) -> None:
    chain.mine(created(), joined(ANA, COIN))
    ingest.append(chain.segment(1), lease=lease)
    poorer = replace(chain.segment(1), logs=chain.segment(1).logs[:1])
    done = ingest.fill(poorer, Contract.objects.get(), lease=lease)
    assert done.surplus == 1
    assert Membership.objects.count() == 1


def test_filling_from_another_branch_is_a_contradiction(
    chain: ScriptedChain, lease: leases.LeaseToken
) -> None:
    chain.mine(created())
    ingest.append(chain.segment(1), lease=lease)
    chain.drop(1)
    chain.mine(created())
    with pytest.raises(ingest.Contradiction):
        ingest.fill(chain.segment(1), Contract.objects.get(), lease=lease)


def test_filled_ranges_join_their_neighbours(
    chain: ScriptedChain, lease: leases.LeaseToken
) -> None:
    for _ in range(6):
        chain.mine()
    ingest.append(chain.segment(1), lease=lease)
    contract = Contract.objects.get()
    CoveredRange.objects.all().delete()
    for from_block, to_block in ((5, 6), (1, 2), (3, 4)):
        ingest.fill(chain.segment(from_block, to_block), contract, lease=lease)
    assert covered() == [(1, 6)]
    pieces = CoveredRange.objects.order_by("from_block")
    assert [(piece.from_block, piece.to_block) for piece in pieces] == [(1, 2), (3, 4), (5, 6)]
    hashes = [block.header.hash for block in chain.blocks]
    assert [(piece.parent_hash, piece.end_hash) for piece in pieces] == [
        (hashes[0], hashes[2]),
        (hashes[2], hashes[4]),
        (hashes[4], hashes[6]),
    ]


def test_a_range_that_does_not_link_to_its_neighbour_is_refused(
    chain: ScriptedChain, lease: leases.LeaseToken
) -> None:
    for _ in range(4):
        chain.mine()
    ingest.append(chain.segment(1), lease=lease)
    contract = Contract.objects.get()
    CoveredRange.objects.all().delete()
    ingest.fill(chain.segment(3, 4), contract, lease=lease)
    CoveredRange.objects.update(parent_hash="0x" + "ab" * 32)
    with pytest.raises(ingest.Contradiction, match="Block 3"):
        ingest.fill(chain.segment(1, 2), contract, lease=lease)
    assert covered() == [(3, 4)]


def test_many_logs_at_once_are_one_message(chain: ScriptedChain, lease: leases.LeaseToken) -> None:
    chain.mine(created())
    for number in range(ingest.LIVE_LOGS):
        chain.mine(joined(account(number + 10), COIN))
    done = ingest.append(chain.segment(1), lease=lease)
    row = OutboxRow.objects.get()
    assert (row.kind, row.first_seq, row.seq) == ("batch", 1, done.last_seq)


def test_confirmations_are_told_when_enough_blocks_are_on_top(
    chain: ScriptedChain, lease: leases.LeaseToken, settings: pytest.FixtureRequest
) -> None:
    settings.CONFIRMATIONS = 2  # type: ignore[attr-defined]
    chain.mine(created())
    for _ in range(3):
        chain.mine()
        ingest.append(chain.segment(1 if chain.head == 2 else chain.head), lease=lease)
    kinds = OutboxRow.objects.order_by("seq").values_list("kind", "log__kind")
    assert list(kinds) == [("event", "PoolCreated"), ("confirmation", "PoolCreated")]
    assert_messages_tile()


def test_numbers_at_the_limit_of_256_bits_stay_exact(
    chain: ScriptedChain, lease: leases.LeaseToken
) -> None:
    huge = 2**256 - 1
    chain.mine(PoolCreated(huge, ANA, b"x", huge, huge, 0), joined(ANA, huge, pool=huge))
    ingest.append(chain.segment(1), lease=lease)
    pool = Pool.objects.get(pool_id=huge)
    assert (pool.pool_id, pool.min_contribution, pool.max_members) == (huge, huge, huge)
    assert pool.total_contributed == Contract.objects.get().total_contributed == huge


def test_amounts_that_no_contract_can_hold_are_marked_and_stop_nothing(
    chain: ScriptedChain, lease: leases.LeaseToken
) -> None:
    huge = 2**256 - 1
    chain.mine(created(), joined(ANA, huge), joined(BETO, 1))
    chain.mine(joined(CAROL, COIN, pool=2))
    ingest.append(chain.segment(1), lease=lease)
    assert Log.objects.get(account=BETO).problem.startswith("not folded")
    assert Pool.objects.get().total_contributed == huge


def test_contract_wide_events_set_the_contracts_facts(
    chain: ScriptedChain, lease: leases.LeaseToken
) -> None:
    chain.mine(Paused(ANA), PerformanceFeeUpdated(100, 0))
    ingest.append(chain.segment(1), lease=lease)
    chain.mine(created())
    ingest.append(chain.segment(2), lease=lease)
    contract = Contract.objects.get()
    assert (contract.paused, contract.performance_fee) == (True, 0)


def test_another_chain_or_a_reset_one_is_refused(chain: ScriptedChain) -> None:
    anchor = chain.blocks[0].header
    with pytest.raises(ingest.WrongChain, match="serves chain 1"):
        ingest.register(1, [], anchor=anchor)
    with pytest.raises(ingest.WrongChain, match="was reset"):
        ingest.register(CHAIN_ID, [], anchor=replace(anchor, hash="0x" + "11" * 32))


def test_old_messages_and_bare_headers_are_forgotten(
    chain: ScriptedChain, lease: leases.LeaseToken
) -> None:
    for number in range(6):
        chain.mine(created(number + 1)) if number < 2 else chain.mine()
    for number in range(1, 7):
        ingest.append(chain.segment(number, number), lease=lease)
    before = tables()
    ingest.prune(keep_messages=1, keep_blocks=2)
    assert list(OutboxRow.objects.values_list("seq", flat=True)) == [2]
    assert Block.objects.count() == 2 + 3
    assert tables() == before


@pytest.fixture
def history(chain: ScriptedChain) -> ScriptedChain:
    chain.mine(created(), joined(ANA, 4 * COIN))
    chain.mine(PartialWithdrawal(1, ANA, COIN, 3 * COIN, 0), joined(BETO, COIN))
    chain.mine(YieldClaimed(1, BETO, 50, 5, 45, 0), created(2, b"Dos"))
    chain.mine(MemberLeft(1, ANA, 2 * COIN, 0, 0), joined(ANA, COIN, pool=2))
    return chain


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_any_depth_of_reorganisation_ends_as_afresh_index(
    history: ScriptedChain, lease: leases.LeaseToken, depth: int
) -> None:
    ingest.append(history.segment(1), lease=lease)
    history.drop(depth)
    while history.head < 5:
        history.mine(created(history.head + 10), Paused(BETO))
    ingest.append(history.segment(5 - depth), lease=lease, roll_back_to=4 - depth)
    after = tables()
    assert_messages_tile()
    assert after == fresh_index(history, lease)


def _empty() -> None:
    for model in (
        OutboxRow,
        Membership,
        Pool,
        HourlyActivity,
        CoveredRange,
        Log,
        Block,
        Cursor,
    ):
        model.objects.all().delete()
    Chain.objects.update(last_seq=0)
    Contract.objects.update(
        paused=False,
        performance_fee=None,
        pools_total=0,
        members_total=0,
        total_contributed=0,
        events_total=0,
        folded_to=0,
    )


def fresh_index(chain: ScriptedChain, lease: leases.LeaseToken) -> object:
    _empty()
    for number in range(1, chain.head + 1):
        ingest.append(chain.segment(number, number), lease=lease)
    return tables()
