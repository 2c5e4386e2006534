"""The block that is compared: one and the same on both sides, whatever moves meanwhile."""

import json
from collections.abc import Callable
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from pools import leases
from pools.models import Alert, Contract, CoveredRange, Log, Membership, Pool
from realtime import verification
from tests.chain import AnvilChain
from tests.integration.verify.everything import MINIMUM, found, verify
from tests.meddler import Json, Meddler
from tests.storing import store_chain

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_reorganisation_between_reading_and_asking_is_no_mismatch(
    chain: AnvilChain, meddler: Meddler, stored: int
) -> None:
    chain.join(4, chain.accounts[7], MINIMUM)
    store_chain(chain)

    def reorganise(requests: list[Json]) -> None:
        if any(request["method"] == "eth_call" for request in requests):
            meddler.before = lambda _: None
            chain.reorg(1)

    meddler.before = reorganise
    with pytest.raises(CommandError, match=rf"block {stored + 1} is 0x\w+ there and 0x\w+ here"):
        verify()
    assert not Alert.objects.exists()
    store_chain(chain, roll_back_to=stored)
    assert verify()["mismatches"] == []


def test_a_reorganisation_that_the_listener_follows_at_once_is_survived(
    chain: AnvilChain, meddler: Meddler, stored: int
) -> None:
    chain.join(4, chain.accounts[7], MINIMUM)
    store_chain(chain)
    before = verify()

    def reorganise(requests: list[Json]) -> None:
        if any(request["method"] == "eth_call" for request in requests):
            meddler.before = lambda _: None
            chain.reorg(1)
            store_chain(chain, roll_back_to=stored)

    meddler.before = reorganise
    after = verify()
    assert (before["members_checked"], after["members_checked"]) == (6, 5)
    assert after["mismatches"] == []


def test_what_the_listener_stores_while_we_compare_is_not_mixed_in(
    chain: AnvilChain, meddler: Meddler, stored: int
) -> None:
    """With each request the chain grows and the listener stores it; ours stay of the block."""
    members = iter(chain.accounts[10:])

    def go_on(requests: list[Json]) -> None:
        if any(request["method"] == "eth_call" for request in requests):
            chain.join(1, next(members), MINIMUM)
            store_chain(chain)

    meddler.before = go_on
    answer = verify()
    assert (answer["block"], answer["members_checked"], answer["mismatches"]) == (stored, 5, [])
    assert Membership.objects.count() > 8


# An earlier block


def test_an_earlier_block_is_compared_with_what_the_logs_amount_to(
    chain: AnvilChain, stored: int
) -> None:
    ana = chain.accounts[2]
    chain.leave(1, ana)
    store_chain(chain)
    Membership.objects.filter(account=ana).update(contribution=77)  # of now: not of then
    for block in range(chain.start_block, stored + 1):
        assert verify(block=block)["mismatches"] == [], block
    assert verify(block=stored)["members_checked"] == 5
    verify(expect=1)


def test_an_earlier_block_with_a_log_that_was_altered_is_found(
    chain: AnvilChain, stored: int
) -> None:
    left = Log.objects.filter(kind="MemberLeft", account=chain.accounts[2]).get()
    Log.objects.filter(pk=left.pk).update(retracted_seq=10**9)
    fields = {field for _, field, _, _ in found(verify(expect=1, block=stored))}
    assert f"members[{chain.accounts[2]}].contribution" in fields
    assert "total_contributed" in fields


def test_what_is_not_there_yet_or_not_proved_cannot_be_compared(
    chain: AnvilChain, stored: int
) -> None:
    with pytest.raises(CommandError, match=f"block {stored + 1} is not stored yet"):
        verify(block=stored + 1)
    with pytest.raises(CommandError, match="no contract had begun at block"):
        verify(block=chain.start_block - 1)
    CoveredRange.objects.all().delete()
    with pytest.raises(CommandError, match=f"blocks {chain.start_block} to {stored} are not prov"):
        verify(block=stored)


def test_a_contract_whose_past_is_still_read_is_named_and_the_others_compared(
    chain: AnvilChain, stored: int
) -> None:
    other = "0x" + "22" * 20
    Contract.objects.create(chain_id=chain.chain_id, address=other, start_block=1, folded_to=3)
    out = StringIO()
    with pytest.raises(CommandError, match=f"{other} is folded up to block 3 only"):
        call_command("verify", "--json", stdout=out)
    assert json.loads(out.getvalue())["pools_checked"] == 4
    Contract.objects.exclude(address=other).update(folded_to=4)
    with pytest.raises(CommandError, match="folded up to block 4 only"):
        verify()


def test_a_contract_that_begins_later_is_no_matter_yet(chain: AnvilChain, stored: int) -> None:
    Contract.objects.create(
        chain_id=chain.chain_id,
        address="0x" + "22" * 20,
        start_block=stored + 1,
        folded_to=stored,
    )
    assert verify()["pools_checked"] == 4
    assert verify(block=stored)["pools_checked"] == 4


def test_an_empty_database_says_what_has_to_run_first(point_at: Callable[..., None]) -> None:
    with pytest.raises(CommandError, match="the listener has to run first"):
        verify()


def test_two_comparisons_do_not_run_at_once(
    chain: AnvilChain, stored: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("realtime.management.commands.verify.WAIT_SECONDS", 0.1)
    lease = leases.acquire(verification.LEASE, holder="another", seconds=60)
    assert lease
    with pytest.raises(CommandError, match="another comparison is at work"):
        verify()
    leases.release(lease)
    verify()


def test_people_are_told_in_lines(chain: AnvilChain, stored: int) -> None:
    out = StringIO()
    call_command("verify", stdout=out)
    assert out.getvalue() == f"block {stored}: 4 pools, 5 members; all of it right\n"
    Pool.objects.filter(pool_id=2).update(status=2)
    out = StringIO()
    with pytest.raises(SystemExit):
        call_command("verify", stdout=out)
    assert "pool 2 status: 2, chain 0\n" in out.getvalue()
    assert "1 mismatches" in out.getvalue()
