"""A rebuild puts right whatever is wrong, all at once or not at all, while the listener goes on."""

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import F

from pools import decoding, ingest, leases, projection
from pools.digest import projections_digest, records_digest
from pools.events import (
    Event,
    FeesCollected,
    MemberJoined,
    MemberLeft,
    PartialWithdrawal,
    Paused,
    PoolClosed,
    PoolCreated,
    YieldClaimed,
)
from pools.models import (
    Chain,
    Contract,
    HourlyActivity,
    Lease,
    Log,
    Membership,
    OutboxRow,
    Pool,
)
from pools.projection import Ledger
from pools.rebuilding import recomputing, stored_logs
from pools.rebuilding.run import NotRebuilt, rebuild
from pools.states import Position
from tests.reindex import reindex
from tests.scripted_chain import CHAIN_ID, ScriptedChain, account
from tests.writes import Broken, writes

pytestmark = pytest.mark.django_db

COIN = 10**18
ANA, BETO, CAROL = account(1), account(2), account(3)


@pytest.fixture
def lease() -> leases.LeaseToken:
    token = leases.acquire("listener", holder="test", seconds=60)
    assert token is not None
    return token


@pytest.fixture
def chain(lease: leases.LeaseToken) -> ScriptedChain:
    """Four blocks: two pools, members who join, withdraw, claim and leave, and a contradiction."""
    chain = ScriptedChain()
    chain.mine(created(1), joined(1, ANA), FeesCollected(ANA, 7), created(2, b"\xff\0|name"))
    chain.mine(joined(1, BETO), YieldClaimed(1, ANA, 9, 1, 8, 0), MemberLeft(2, CAROL, 1, 1, 0))
    chain.mine(PartialWithdrawal(1, ANA, 1, COIN // 2, 0), MemberLeft(1, BETO, 1, 1, 0))
    chain.mine(joined(2, CAROL, 2**127), PoolClosed(1, 5), Paused(ANA))
    reindex(chain, lease)
    return chain


def created(pool_id: int, name: bytes = b"Mercado") -> PoolCreated:
    return PoolCreated(pool_id, ANA, name, COIN // 1000, 10, 0)


def joined(pool_id: int, member: str, amount: int = COIN) -> MemberJoined:
    return MemberJoined(pool_id, member, amount, amount, 0)


def test_where_nothing_is_wrong_nothing_is_written(chain: ScriptedChain) -> None:
    before = projections_digest()
    with writes() as written:
        done = rebuild()
    assert written.order == []
    assert not done.changed
    assert (done.digest_before, done.digest_after) == (before, before)
    assert (done.logs, done.pools, done.memberships) == (12, 2, 3)


def test_the_digests_are_the_same_on_every_database(chain: ScriptedChain) -> None:
    """So that two installations can be compared. What they were made of: see `chain`."""
    assert projections_digest() == (
        "a5d9b4b700f8b23d9a3b57880798d1a9c6993221d1b9739513b75016d105c1a3"
    )
    assert records_digest() == ("f8d89a2c4759876673438e2f79f7014c4d3708442de25f0ebe439ab6a7fe475c")


def test_an_empty_database_has_nothing_to_rebuild() -> None:
    done = rebuild()
    assert (done.logs, done.pools, done.memberships) == (0, 0, 0)
    assert done.digest_before == done.digest_after


def of_pool(number: int) -> Any:
    return Pool.objects.filter(pool_id=number)


NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
DAMAGES: dict[str, Callable[[], object]] = {
    "a pool's total": lambda: of_pool(1).update(total_contributed=1),
    "a pool's name": lambda: of_pool(2).update(name="Other"),
    "a pool's raw name": lambda: of_pool(2).update(name_raw=b"Other"),
    "a pool's place": lambda: of_pool(1).update(created_tx="0x" + "00" * 32),
    "a pool's closing time": lambda: of_pool(1).update(closed_at=None),
    "a time by a microsecond": lambda: of_pool(1).update(
        last_event_at=F("last_event_at") + timedelta(microseconds=1)
    ),
    "a pool is gone": lambda: of_pool(1).delete(),
    "all pools are gone": lambda: Pool.objects.all().delete(),
    "a pool too many": lambda: copy_of(of_pool(1).get(), pool_id=3),
    "a pool too many in between": lambda: (
        of_pool(2).delete(),
        copy_of(of_pool(1).get(), pool_id=0),
    ),
    "a member's shares": lambda: Membership.objects.filter(account=ANA).update(shares=1),
    "a member's state": lambda: Membership.objects.filter(account=BETO).update(active=True),
    "a member's leaving": lambda: Membership.objects.filter(account=ANA).update(left_at=NOON),
    "a member is gone": lambda: Membership.objects.filter(account=CAROL).delete(),
    "a member too many": lambda: copy_of(Membership.objects.get(account=ANA), account=CAROL),
    "members changed places": lambda: Membership.objects.filter(account=CAROL).update(
        pool=of_pool(1).get()
    ),
    "an hour's count": lambda: HourlyActivity.objects.filter(kind="Paused").update(count=5),
    "an hour is gone": lambda: HourlyActivity.objects.filter(kind="Paused").delete(),
    "an hour too many": lambda: HourlyActivity.objects.create(
        contract=Contract.objects.get(), hour=NOON, kind="Paused", count=1
    ),
    "an hour within an hour": lambda: HourlyActivity.objects.filter(kind="Paused").update(
        hour=F("hour") + timedelta(minutes=7)
    ),
    "the contract's state": lambda: Contract.objects.update(paused=False),
    "the contract's fees": lambda: Contract.objects.update(fees_collected=2**200),
    "the contract's totals": lambda: Contract.objects.update(pools_total=9, events_total=9),
    "a log's kind": lambda: Log.objects.filter(kind="Paused").update(
        kind="Unpaused", uncommon_kind="Unpaused"
    ),
    "a log's pool": lambda: Log.objects.filter(kind="PoolClosed").update(pool_id=2),
    "a creation's pool": lambda: Log.objects.filter(kind="PoolCreated", pool_id=2).update(
        pool_id=77
    ),
    "a pool's logs belong to none": lambda: Log.objects.filter(pool_id=1).update(pool_id=None),
    "a contract's log belongs to a pool": lambda: Log.objects.filter(kind="FeesCollected").update(
        pool_id=1
    ),
    "a log's account": lambda: Log.objects.filter(account=BETO).update(account=ANA),
    "a log's problem": lambda: Log.objects.exclude(problem="").update(problem=""),
    "logs as if never read": lambda: Log.objects.update(
        kind="", uncommon_kind="", account="", pool_id=None, problem="not decoded: who knows"
    ),
}


def copy_of(row: Pool | Membership, **values: object) -> None:
    row.pk = None
    for name, value in values.items():
        setattr(row, name, value)
    row.save(force_insert=True)


def log_rows() -> list[tuple[object, ...]]:
    """What the rows of logs say of them."""
    rows = Log.objects.order_by("block_number", "log_index", "seq")
    return list(rows.values_list("kind", "uncommon_kind", "pool_id", "account", "problem"))


@pytest.mark.parametrize("damage", DAMAGES)
def test_whatever_is_damaged_is_put_right(chain: ScriptedChain, damage: str) -> None:
    right, logs, seq = projections_digest(), log_rows(), Chain.objects.get().last_seq
    DAMAGES[damage]()
    damaged = projections_digest()
    assert (damaged, log_rows()) != (right, logs)
    done = rebuild()
    assert done.changed
    assert (done.digest_before, done.digest_after) == (damaged, right)
    assert (projections_digest(), log_rows()) == (right, logs)
    told = OutboxRow.objects.filter(seq__gt=seq)
    assert list(told.values_list("kind", flat=True)) == ["batch"]
    assert rebuild().digest_before == right


def test_what_people_entered_stays(chain: ScriptedChain) -> None:
    of_pool(1).update(category="market", total_contributed=1)
    rebuild()
    assert of_pool(1).get().category_id == "market"
    assert of_pool(1).get().total_contributed == COIN // 2


def test_rows_that_are_right_keep_their_keys(chain: ScriptedChain) -> None:
    keys = list(Membership.objects.order_by("pk").values_list("pk", "pool", "account"))
    Membership.objects.filter(account=ANA).update(contribution=0)
    with writes() as written:
        rebuild()
    assert list(Membership.objects.order_by("pk").values_list("pk", "pool", "account")) == keys
    assert set(written.order) <= {
        *("pools_membership", "pools_contract", "pools_outboxrow", "pools_chain"),
        "staged_pools_membership",
    }


@pytest.mark.parametrize("damage", ["logs as if never read", "all pools are gone"])
def test_a_crash_at_any_write_leaves_everything_as_it_was(
    chain: ScriptedChain, damage: str
) -> None:
    right = projections_digest()
    DAMAGES[damage]()
    damaged, logs, seq = projections_digest(), log_rows(), Chain.objects.get().last_seq
    for at in range(1, 100):
        try:
            with writes(break_at=at):
                rebuild()
        except Broken:
            assert (projections_digest(), log_rows()) == (damaged, logs)
            assert Chain.objects.get().last_seq == seq
        else:
            break
    assert at >= 5
    assert projections_digest() == right


def test_a_new_rule_holds_for_all_of_history(
    chain: ScriptedChain, lease: leases.LeaseToken, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = projections_digest()
    net_yield_counts(monkeypatch)
    assert rebuild().digest_before == old
    new = projections_digest()
    assert new != old
    assert Membership.objects.get(account=ANA).yield_claimed == 8
    reindex(chain, lease)
    assert projections_digest() == new


def net_yield_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another rule: of claimed yield, only what is left after the fee counts."""

    def claim(ledger: Ledger, event: YieldClaimed, at: Position, block_time: int) -> None:
        pool = ledger._pool(event.pool_id, at)
        member = ledger._active(event.pool_id, event.member)
        ledger._advance(pool, at, block_time, members=0, total=0)
        member.yield_claimed += event.net_yield

    monkeypatch.setitem(projection._POOL_FOLDS, YieldClaimed, claim)


def test_logs_that_can_be_read_now_count_from_now_on(
    chain: ScriptedChain, lease: leases.LeaseToken, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mended decoder is what most rebuilds will be for."""
    right, logs, mended = projections_digest(), log_rows(), decoding._DECODERS.copy()
    for kind in ("PoolCreated", "YieldClaimed", "Paused"):
        monkeypatch.setitem(decoding._DECODERS, decoding.SPECS[kind].topic0, unreadable)
    reindex(chain, lease)
    assert Log.objects.filter(kind="").count() == 4
    assert not Pool.objects.exists()
    assert rebuild().digest_before == projections_digest()
    decoding._DECODERS.update(mended)
    rebuild()
    assert (projections_digest(), log_rows()) == (right, logs)


def test_logs_that_turn_out_unreadable_count_no_more(
    chain: ScriptedChain, lease: leases.LeaseToken, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(decoding._DECODERS, decoding.SPECS["PoolCreated"].topic0, unreadable)
    rebuild()
    rebuilt, logs = projections_digest(), log_rows()
    reindex(chain, lease)
    assert (projections_digest(), log_rows()) == (rebuilt, logs)


def unreadable(_topics: bytes, _data: bytes) -> Event:
    raise decoding.DecodingError("the decoder does not know better")


def test_what_the_chain_took_back_stays_so_and_is_read_again_too(
    chain: ScriptedChain, lease: leases.LeaseToken
) -> None:
    gone = chain.blocks[4:]
    chain.drop(1)
    ingest.roll_back(CHAIN_ID, 3, lease=lease)
    logs = log_rows()
    Log.objects.filter(block_number=4).update(kind="", pool_id=None, account="")
    done = rebuild()
    assert done.logs == 9
    assert log_rows() == logs
    chain.put_back(gone)
    ingest.append(chain.segment(4), lease=lease)
    back = projections_digest()
    assert rebuild().digest_before == back
    reindex(chain, lease)
    assert projections_digest() == back


def test_above_a_gap_nothing_is_folded(chain: ScriptedChain, lease: leases.LeaseToken) -> None:
    """The backfill has yet to come there; the events count, the pools wait."""
    with_a_gap(chain, lease)
    waiting = projections_digest()
    assert Contract.objects.get().folded_to == 2
    of_pool(1).update(status=2)
    HourlyActivity.objects.all().delete()
    rebuild()
    assert projections_digest() == waiting
    assert Contract.objects.get().folded_to == 2
    assert Contract.objects.get().events_total == Log.objects.count()


def with_a_gap(chain: ScriptedChain, lease: leases.LeaseToken) -> None:
    """Only block 3 is not read yet."""
    up_to_two = ScriptedChain()
    up_to_two.blocks = chain.blocks[:3]
    reindex(up_to_two, lease)
    ingest.jump(CHAIN_ID, chain.blocks[3].header, lease=lease)
    ingest.append(chain.segment(4), lease=lease)


def test_a_gap_that_is_closed_meanwhile(chain: ScriptedChain, lease: leases.LeaseToken) -> None:
    """Logs that waited are folded while the rebuild has passed them already."""
    right = projections_digest()
    with_a_gap(chain, lease)

    def close_the_gap(_logs: int) -> None:
        if Contract.objects.get().folded_to < 4:
            ingest.fill(chain.segment(3, 3), Contract.objects.get(), lease=lease)
            while ingest.fold(Contract.objects.get(), lease=lease):
                pass

    of_pool(1).update(total_contributed=5)
    rebuild(during=close_the_gap)
    assert projections_digest() == right


def test_an_event_meanwhile_cannot_hide_a_wrong_count(
    chain: ScriptedChain, lease: leases.LeaseToken
) -> None:
    """One too few before, one more while it is counted: as many as there were."""
    HourlyActivity.objects.filter(kind="MemberJoined").update(count=F("count") - 1)

    def somebody_joins(logs: int) -> None:
        if logs == 12 and chain.head == 4:
            chain.mine(joined(1, ANA))  # a pool that the rebuild has passed already
            ingest.append(chain.segment(5), lease=lease)

    rebuild(during=somebody_joins)
    assert chain.head == 5
    rebuilt = projections_digest()
    reindex(chain, lease)
    assert projections_digest() == rebuilt


def test_much_at_the_last_moment_is_not_computed_under_the_lock(
    chain: ScriptedChain, lease: leases.LeaseToken, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recomputing, "_FEW_LOGS", 8)
    of_pool(1).update(status=0)
    rounds: list[int] = []
    catch_up = recomputing.Recomputed.catch_up

    def and_then_much_happens(recomputed: recomputing.Recomputed) -> bool:
        caught_up = catch_up(recomputed)
        rounds.append(recomputed.logs)
        if len(rounds) == 1:
            chain.mine(*(joined(1, account(number)) for number in range(10, 20)))
            ingest.append(chain.segment(5), lease=lease)
        return caught_up

    monkeypatch.setattr(recomputing.Recomputed, "catch_up", and_then_much_happens)
    with writes() as written:
        rebuild()
    assert len(rounds) == 3  # the second has much to do, and only the third has little
    assert written.order.count("pools_outboxrow") == 2  # by the listener, and by the one swap
    rebuilt = projections_digest()
    reindex(chain, lease)
    assert projections_digest() == rebuilt


def test_a_backfill_that_folds_in_memory_sees_that_the_rows_are_others(
    chain: ScriptedChain,
) -> None:
    before = Contract.objects.get().revision
    rebuild()
    assert Contract.objects.get().revision == before
    Membership.objects.filter(account=ANA).update(shares=1)
    rebuild()
    assert Contract.objects.get().revision > before


def test_one_rebuild_at_a_time(chain: ScriptedChain) -> None:
    other = leases.acquire("rebuild", holder="other:1", seconds=60)
    assert other is not None
    with pytest.raises(NotRebuilt, match="another rebuild"):
        rebuild()
    with pytest.raises(CommandError, match="another rebuild"):
        call_command("rebuild")
    leases.release(other)
    assert rebuild().logs == 12
    assert Lease.objects.get(name="rebuild").holder == ""


def test_a_rebuild_that_was_taken_over_writes_nothing(chain: ScriptedChain) -> None:
    of_pool(1).update(status=0)
    damaged = projections_digest()

    def take_over(_logs: int) -> None:
        Lease.objects.filter(name="rebuild").update(token=F("token") + 1, holder="other:1")

    with pytest.raises(leases.LostLease):
        rebuild(during=take_over)
    assert projections_digest() == damaged


def test_the_command_says_what_was_done(chain: ScriptedChain) -> None:
    right = projections_digest()
    of_pool(1).update(status=0)
    said = StringIO()
    call_command("rebuild", "--json", stdout=said)
    told = json.loads(said.getvalue())
    assert set(told) == {
        *("logs", "pools", "memberships", "seconds"),
        *("digest_before", "digest_after"),
    }
    assert (told["logs"], told["digest_after"]) == (12, right)
    assert told["digest_before"] != right
    said = StringIO()
    call_command("rebuild", stdout=said)
    assert "nothing was wrong" in said.getvalue()


@pytest.mark.django_db(transaction=True)
def test_the_listener_goes_on_in_its_own_process_of_writing(
    chain: ScriptedChain, lease: leases.LeaseToken, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Blocks and reorganisations come in from another connection all the time."""
    net_yield_counts(monkeypatch)
    monkeypatch.setattr(recomputing, "_FEW_LOGS", 60)
    monkeypatch.setattr(stored_logs, "PAGE", 3)
    stop, done, busy = threading.Event(), threading.Event(), threading.Event()

    def listen() -> None:
        try:
            number = 0
            while not stop.is_set():
                number += 1
                if number > 12:
                    busy.set()
                chain.mine(joined(2, account(number % 9)), YieldClaimed(1, ANA, 9, 1, 8, 0))
                ingest.append(chain.segment(chain.head), lease=lease)
                if number % 4 == 0:
                    chain.drop(2)
                    chain.mine(MemberLeft(2, account(number % 9), 1, 1, 0))
                    back_to = chain.head - 1
                    ingest.append(chain.segment(chain.head), lease=lease, roll_back_to=back_to)
                stop.wait(0.002)
            done.set()
        finally:
            connection.close()

    listener = threading.Thread(target=listen)
    listener.start()
    try:
        for number in range(100):
            rebuild()
            if number >= 4 and busy.is_set():
                break
    finally:
        stop.set()
        listener.join()
    assert done.is_set()
    assert busy.is_set()
    rebuilt = projections_digest(), records_digest()
    reindex(chain, lease)
    assert (projections_digest(), records_digest()) == rebuilt
