"""What is found wrong is an alert until it is found right."""

import pytest

from pools.alerts import open_alerts
from pools.models import Contract, Log, Membership, Pool, Verification
from tests.chain import AnvilChain
from tests.integration.verify.everything import MINIMUM, verify

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_mismatch_is_an_alert_with_both_numbers_and_the_events_behind_ours(
    chain: AnvilChain, stored: int
) -> None:
    ana = chain.accounts[2]
    Membership.objects.filter(pool__pool_id=1, account=ana).update(contribution=5)
    verify(expect=1)
    verify(expect=1)
    (alert,) = open_alerts("mismatch")
    assert alert.count == 2
    assert f"pool 1 of {chain.address}" in alert.message
    assert f"is 5 here and {3 * MINIMUM} on the chain at block {stored}" in alert.message
    own = Log.objects.filter(account=ana, pool_id=1).order_by("block_number", "log_index")
    expected = [f"{log.block_number}:{log.log_index} {log.kind}" for log in own]
    assert [line.split()[1] for line in expected] == [
        "MemberJoined",
        "YieldClaimed",
        "MemberLeft",
        "MemberJoined",
    ]
    assert alert.details == {
        "contract": chain.address,
        "pool_id": "1",
        "field": f"members[{ana}].contribution",
        "stored": "5",
        "onchain": str(3 * MINIMUM),
        "block": stored,
        "endpoints": [chain.http_url.removeprefix("http://")],
        "events": expected,
    }
    assert Verification.objects.order_by("-pk")[0].mismatches == [
        {key: alert.details[key] for key in ("contract", "pool_id", "field", "stored", "onchain")}
    ]


def test_an_alert_is_resolved_when_its_field_is_found_right_again(
    chain: AnvilChain, stored: int
) -> None:
    Pool.objects.filter(pool_id=1).update(status=2)
    Pool.objects.filter(pool_id=2).update(status=2)
    Contract.objects.update(paused=True)
    verify(expect=1)
    assert len(open_alerts("mismatch")) == 3
    Pool.objects.filter(pool_id=1).update(status=1)
    verify(expect=1, block=None)
    assert {alert.details["pool_id"] for alert in open_alerts()} == {"2", None}
    Pool.objects.filter(pool_id=2).update(status=0)
    Contract.objects.update(paused=False)
    verify(block=stored)  # of an earlier block: says nothing of what the tables hold
    assert len(open_alerts()) == 2
    verify()
    assert open_alerts() == []


def test_very_many_mismatches_are_not_as_many_alerts(
    chain: AnvilChain, stored: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pools.verdicts.MOST_ALERTS", 2)
    Pool.objects.update(min_contribution=1)
    assert len(verify(expect=1)["mismatches"]) == 4
    assert sorted(alert.key.count(":min_contribution") for alert in open_alerts()) == [0, 1, 1]
    assert "2 more fields" in open_alerts()[0].message
    Pool.objects.update(min_contribution=MINIMUM)
    verify()
    assert open_alerts() == []
