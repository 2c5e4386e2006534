"""`verify` finds every field that differs from the contract's own views, and nothing else."""

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F

from pools.models import Alert, Contract, Membership, Pool, Verification
from tests.chain import AnvilChain
from tests.integration.verify.everything import MINIMUM, found, verify

pytestmark = pytest.mark.django_db(transaction=True)


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
