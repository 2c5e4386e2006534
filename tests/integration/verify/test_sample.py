"""Each night a sample is compared, by chance and with bounds; readings are kept fresh beside it."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from random import Random

import pytest
from django.conf import settings
from django.utils import timezone

from pools import leases
from pools.alerts import open_alerts
from pools.models import Cursor, Membership, Pool, PoolReading, Verification
from pools.verdicts import KEEP, Report, is_sample_due
from realtime import verification
from realtime.configuration import from_settings
from tests.chain import BTC, AnvilChain
from tests.integration.verify.everything import MINIMUM, verify
from tests.meddler import Meddler
from tests.storing import store_chain

pytestmark = pytest.mark.django_db(transaction=True)


def compare(seed: int = 1) -> Report | None:
    return asyncio.run(verification.compare_sample(from_settings(settings), random=Random(seed)))


def read_due_pools() -> int:
    return asyncio.run(verification.read_due_pools(from_settings(settings)))


def test_a_sample_is_some_pools_with_all_their_members(
    chain: AnvilChain, stored: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verification, "SAMPLE_POOLS", 2)
    seen = set()
    for seed in range(12):
        report = compare(seed)
        assert report is not None
        assert (report.pools, report.mismatches, report.remarks) == (2, [], [])
        pools = {pool_id for _, pool_id in report.checked}
        assert report.members == Membership.objects.filter(pool__pool_id__in=pools).count()
        seen |= pools
    assert seen == {1, 2, 3, 4}
    row = Verification.objects.order_by("-pk")[0]
    assert (row.whole, row.pools_checked) == (False, 2)


def test_a_sample_asks_about_so_many_members_and_no_more(
    chain: AnvilChain, stored: int, meddler: Meddler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verification, "SAMPLE_MEMBERS", 2)
    Membership.objects.filter(pool__pool_id=2).update(shares=1)
    report = compare()
    assert report is not None
    assert report.members == 2
    # Whoever was not asked about still counts in the sum.
    assert [one.field for one in report.mismatches][-1:] == ["total_shares"]
    assert (chain.address, 1) not in report.checked


def test_pools_that_were_wrong_are_in_every_sample_until_they_are_right(
    chain: AnvilChain, stored: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    Pool.objects.filter(pool_id__in=[1, 3]).update(max_members=1)
    verify(expect=1)
    monkeypatch.setattr(verification, "SAMPLE_POOLS", 0)
    Pool.objects.filter(pool_id=3).update(max_members=2)
    report = compare()
    assert report is not None
    assert {pool_id for _, pool_id in report.checked} == {1, 3}
    assert [alert.details["pool_id"] for alert in open_alerts()] == ["1"]


def test_a_sample_that_cannot_be_compared_is_an_alert_until_one_can(
    chain: AnvilChain, stored: int, point_at: Callable[..., None]
) -> None:
    chain.mine(200)
    assert compare() is None
    (alert,) = open_alerts()
    assert alert.kind == "unverified"
    assert "answers no view" in alert.message
    store_chain(chain)
    assert compare() is not None
    assert open_alerts() == []


def test_a_past_that_is_still_read_is_no_alarm(chain: AnvilChain, stored: int) -> None:
    Pool.objects.all().delete()
    chain_contract = Cursor.objects.get().chain.contracts
    chain_contract.update(folded_to=5)
    assert compare() is None
    assert open_alerts() == []


def test_a_second_task_at_once_does_nothing(chain: AnvilChain, stored: int) -> None:
    assert leases.acquire(verification.LEASE, holder="another", seconds=60)
    assert compare() is None
    assert read_due_pools() == 0
    assert not Verification.objects.exists()
    assert open_alerts() == []


def test_the_task_compares_once_a_night(chain: AnvilChain, stored: int) -> None:
    for _ in range(3):
        verification.verify_sample()
    (row,) = Verification.objects.all()
    assert not row.whole
    later = timezone.now() + timedelta(days=1)
    assert is_sample_due(now=later)
    old = timezone.now() - KEEP - timedelta(days=1)
    Verification.objects.update(started_at=old)
    verification.verify_sample()
    assert Verification.objects.get().started_at > old


def test_what_failed_is_tried_an_hour_later(chain: AnvilChain, stored: int) -> None:
    chain.mine(200)
    verification.verify_sample()
    tried = Verification.objects.count()
    verification.verify_sample()
    assert Verification.objects.count() == tried > 0
    assert is_sample_due(now=timezone.now() + timedelta(hours=1))


def test_nothing_is_due_before_anything_is_stored() -> None:
    assert not is_sample_due(now=timezone.now())
    verification.verify_sample()
    verification.refresh_readings()


# Readings


def test_a_comparison_keeps_what_only_the_views_tell(chain: AnvilChain, stored: int) -> None:
    verify()
    readings = {row.pool_id: row for row in PoolReading.objects.all()}
    assert sorted(readings) == [1, 2, 3, 4]
    first = readings[1]
    assert (first.max_contribution, first.musd_minted) == (10 * BTC, 0)
    assert first.yield_generated == MINIMUM
    assert (first.block_number, first.block_hash) == (stored, chain.block(stored)["hash"])


def test_the_task_reads_new_pools_and_those_with_events(
    chain: AnvilChain, stored: int, meddler: Meddler
) -> None:
    verification.refresh_readings()
    assert PoolReading.objects.count() == 4
    asked = meddler.methods.total()
    verification.refresh_readings()
    assert meddler.methods.total() == asked  # nothing is due: nobody is asked
    chain.fund_yield(2, 3 * MINIMUM)  # tells no event
    chain.join(1, chain.accounts[8], MINIMUM)
    chain.create_pool("Nueva", maximum=BTC)
    newest = store_chain(chain)
    verification.refresh_readings()
    read = dict(PoolReading.objects.values_list("pool_id", "block_number"))
    assert read == {1: newest, 2: stored, 3: stored, 4: stored, 5: newest}
    PoolReading.objects.filter(pool_id=2).update(read_at=timezone.now() - timedelta(hours=2))
    verification.refresh_readings()
    second = PoolReading.objects.get(pool_id=2)
    assert (second.yield_generated, second.block_number) == (3 * MINIMUM, newest)


def test_readings_come_in_bounded_numbers(
    chain: AnvilChain, stored: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verification, "READ_AT_ONCE", 3)
    assert read_due_pools() == 3
    assert read_due_pools() == 1
    assert read_due_pools() == 0


def test_a_node_without_the_state_leaves_readings_as_they_are(
    chain: AnvilChain, stored: int
) -> None:
    chain.mine(200)
    verification.refresh_readings()
    assert not PoolReading.objects.exists()
