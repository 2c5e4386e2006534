"""`verify` finds every field that differs from the contract's own views, and nothing else."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db.models import F
from pytest_django import Settings

from coopsite.environment import PoolContract
from pools.models import Alert, Contract, Membership, Pool, Verification
from tests.chain import BTC, AnvilChain
from tests.meddler import Json
from tests.storing import store_chain

pytestmark = pytest.mark.django_db(transaction=True)

MINIMUM = BTC // 1000


@pytest.fixture(scope="module")
def node() -> Iterator[AnvilChain]:
    """One node for the module; each test goes on from the same history."""
    with AnvilChain() as chain:
        live_through_everything(chain)
        yield chain


@pytest.fixture
def chain(node: AnvilChain) -> Iterator[AnvilChain]:
    before = node.snapshot()
    yield node
    node.revert(before)


def live_through_everything(chain: AnvilChain) -> None:
    """Joins, top-ups, leaving and coming back, withdrawals, yield, closing, wicked names."""
    ana, bea, caro, dani = chain.accounts[2:6]
    chain.add_reserve(BTC)
    first = chain.create_pool("Mercado Central")
    chain.join(first, ana, 4 * MINIMUM)
    chain.join(first, bea, 8 * MINIMUM)
    chain.join(first, bea, MINIMUM)
    chain.fund_yield(first, MINIMUM)
    chain.claim(first, ana)
    chain.set_payout_rate(first, 9_700)
    chain.leave(first, ana)
    chain.withdraw(first, bea, 2 * MINIMUM)
    chain.join(first, ana, 3 * MINIMUM)  # comes back: starts afresh, stands in the list twice
    chain.join(first, caro, MINIMUM)
    chain.leave(first, caro)
    wicked = chain.create_pool(b"<script>\xff\x00\xe2\x80\xae" + b"x" * 300, creator=dani)
    chain.join(wicked, dani, 2 * MINIMUM)
    closed = chain.create_pool("", max_members=2)
    chain.join(closed, caro, MINIMUM)
    chain.close_pool(closed)
    chain.create_pool("Nadie todavía")
    chain.set_performance_fee(250)
    chain.mine()


@pytest.fixture
def point_at(settings: Settings, chain: AnvilChain) -> Callable[..., None]:
    def point(*urls: str) -> None:
        settings.CHAIN_HTTP_URLS = list(urls) or [chain.http_url]
        settings.CHAIN_WS_URLS = []
        settings.POOL_CONTRACTS = [PoolContract(chain.address, chain.start_block)]

    point()
    return point


@pytest.fixture
def stored(chain: AnvilChain, point_at: Callable[..., None]) -> int:
    """The whole history in the records; the cursor."""
    return store_chain(chain)


def verify(*, expect: int = 0, **options: Any) -> Json:
    """The command's JSON; asserts its exit code."""
    out = StringIO()
    code = 0
    try:
        call_command("verify", "--json", stdout=out, **options)
    except SystemExit as ended:
        code = int(ended.code or 0)
    assert code == expect, out.getvalue()
    answer = json.loads(out.getvalue())
    assert isinstance(answer, dict)
    return answer


def found(answer: Json) -> list[tuple[str | None, str, str, str]]:
    return [
        (one["pool_id"], one["field"], one["stored"], one["onchain"])
        for one in answer["mismatches"]
    ]


def test_a_right_database_agrees_with_every_view(chain: AnvilChain, stored: int) -> None:
    answer = verify()
    assert answer == {
        "block": stored,
        "pools_checked": 4,
        "members_checked": 5,
        "mismatches": [],
    }
    (row,) = Verification.objects.all()
    assert (row.block_number, row.whole, row.error) == (stored, True, "")
    assert (row.pools_checked, row.members_checked, row.mismatches) == (4, 5, [])
    assert row.finished_at is not None
    assert not Alert.objects.exists()
    # Zeros would be equal whatever was read: here there is something to compare.
    ana = Membership.objects.get(pool__pool_id=1, account=chain.accounts[2])
    assert (ana.contribution, ana.yield_claimed) == (3 * MINIMUM, 0)
    assert Pool.objects.get(pool_id=1).total_contributed == 10 * MINIMUM


POOL_DAMAGE: dict[str, Any] = {
    "name_raw": b"Mercado Central ",
    "name": "Mercado Central\u202e",
    "creator": "0x" + "11" * 20,
    "status": 0,
    "min_contribution": MINIMUM + 1,
    "max_members": 21,
    "member_count": F("member_count") - 1,
    "total_contributed": 10 * MINIMUM - 1,
    "created_at": F("created_at") + timedelta(seconds=1),
}


@pytest.mark.parametrize("field", POOL_DAMAGE)
def test_a_damaged_field_of_a_pool_is_found(chain: AnvilChain, stored: int, field: str) -> None:
    Pool.objects.filter(pool_id=1).update(**{field: POOL_DAMAGE[field]})
    (mismatch,) = verify(expect=1)["mismatches"]
    assert (mismatch["contract"], mismatch["pool_id"], mismatch["field"]) == (
        chain.address,
        "1",
        field,
    )
    assert mismatch["stored"] != mismatch["onchain"]


MEMBER_DAMAGE: dict[str, Any] = {
    "contribution": 3 * MINIMUM + 1,
    "active": False,
    "joined_at": F("joined_at") - timedelta(seconds=1),
    "yield_claimed": 1,
}


@pytest.mark.parametrize("field", MEMBER_DAMAGE)
def test_a_damaged_field_of_a_member_is_found(chain: AnvilChain, stored: int, field: str) -> None:
    ana = chain.accounts[2]
    Membership.objects.filter(pool__pool_id=1, account=ana).update(**{field: MEMBER_DAMAGE[field]})
    (mismatch,) = verify(expect=1)["mismatches"]
    assert (mismatch["pool_id"], mismatch["field"]) == ("1", f"members[{ana}].{field}")


def test_damaged_shares_are_found_at_the_member_and_in_the_sum(
    chain: AnvilChain, stored: int
) -> None:
    ana = chain.accounts[2]
    Membership.objects.filter(pool__pool_id=1, account=ana).update(shares=5)
    assert found(verify(expect=1)) == [
        ("1", f"members[{ana}].shares", "5", str(3 * MINIMUM)),
        ("1", "total_shares", str(7 * MINIMUM + 5), str(10 * MINIMUM)),
    ]


CONTRACT_DAMAGE: dict[str, Any] = {
    "pools_total": 3,
    "members_total": 7,
    "total_contributed": 1,
    "paused": True,
    "emergency_mode": True,
    "performance_fee": 100,
}


@pytest.mark.parametrize("field", CONTRACT_DAMAGE)
def test_a_damaged_fact_of_the_contract_is_found(
    chain: AnvilChain, stored: int, field: str
) -> None:
    Contract.objects.update(**{field: CONTRACT_DAMAGE[field]})
    (mismatch,) = verify(expect=1)["mismatches"]
    assert (mismatch["pool_id"], mismatch["field"]) == (None, field)


def test_a_pool_and_a_member_that_we_lack_are_found(chain: AnvilChain, stored: int) -> None:
    bea = chain.accounts[3]
    Pool.objects.filter(pool_id=3).delete()
    Membership.objects.filter(pool__pool_id=1, account=bea).delete()
    mismatches = found(verify(expect=1))
    assert ("3", "pool", "absent", "present") in mismatches
    assert ("1", f"members[{bea}]", "absent", "present") in mismatches
    assert {pool for pool, *_ in mismatches} == {"1", "3"}


def test_a_pool_and_a_member_that_the_chain_lacks_are_found(chain: AnvilChain, stored: int) -> None:
    stranger = chain.accounts[9]
    Membership.objects.filter(pool__pool_id=2).update(account=stranger)
    Pool.objects.filter(pool_id=4).update(pool_id=2**255)
    mismatches = found(verify(expect=1))
    assert ("2", f"members[{stranger}]", "present", "absent") in mismatches
    assert ("2", f"members[{chain.accounts[5]}]", "absent", "present") in mismatches
    assert (str(2**255), "pool", "present", "absent") in mismatches
    assert ("4", "pool", "absent", "present") in mismatches
