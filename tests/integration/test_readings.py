"""What only the contract's views tell: kept with its block, asked for when due, shown as it is."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from pools import leases, readings, selectors
from pools.contract_views import NOBODY, PoolInfo
from pools.leases import LeaseToken, LostLease
from pools.models import Block, Pool, PoolReading
from tests.factories import ANA, BTC, CHAIN_ID, CONTRACT, ChainFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def chain() -> ChainFactory:
    chain = ChainFactory()
    chain.block(*(chain.created(pool_id) for pool_id in (1, 2, 3)))
    return chain


@pytest.fixture
def lease() -> LeaseToken:
    lease = leases.acquire("verify", holder="test", seconds=60)
    assert lease is not None
    return lease


def info(*, maximum: int = 5 * BTC, yielded: int = 7, creator: str = ANA) -> PoolInfo:
    return PoolInfo(1, maximum, 10, 0, 0, 0, True, creator, b"", 0, 2**255, yielded)


def read(chain: ChainFactory, lease: LeaseToken, *pool_ids: int, at: int | None = None) -> None:
    header = next(one for one in chain.headers if one.number == (at or chain.head.number))
    readings.store(
        chain.contract.pk,
        {pool_id: info() for pool_id in pool_ids},
        number=header.number,
        block_hash=header.hash,
        lease=lease,
    )


def wanted(chain: ChainFactory, *, most: int = 100, later: timedelta = timedelta()) -> list[int]:
    due = readings.wanted(CHAIN_ID, now=timezone.now() + later, most=most)
    assert (due.number, due.hash) == (chain.head.number, chain.head.hash)
    return [pool_id for _, pool_ids in due.pools for pool_id in pool_ids]


def test_new_pools_and_those_with_events_since_are_asked_about(
    chain: ChainFactory, lease: LeaseToken
) -> None:
    assert sorted(wanted(chain)) == [1, 2, 3]
    assert len(wanted(chain, most=2)) == 2
    read(chain, lease, 1, 2, 3)
    assert wanted(chain) == []
    chain.block(chain.joined(2))
    assert wanted(chain) == [2]


def test_quiet_pools_are_asked_about_again_those_read_longest_ago_first(
    chain: ChainFactory, lease: LeaseToken
) -> None:
    for pool_id in (2, 3, 1):
        read(chain, lease, pool_id)
    chain.block(chain.joined(3))
    soon = timedelta(hours=2)
    assert wanted(chain, later=soon) == [3, 2, 1]
    assert wanted(chain, later=soon, most=2) == [3, 2]


def test_a_reading_of_an_earlier_block_changes_nothing(
    chain: ChainFactory, lease: LeaseToken
) -> None:
    chain.block()
    read(chain, lease, 1)
    read(chain, lease, 1, 2, at=100)
    assert dict(PoolReading.objects.values_list("pool_id", "block_number")) == {1: 101, 2: 100}


def test_what_was_read_of_a_block_that_was_taken_back_counts_no_more(
    chain: ChainFactory, lease: LeaseToken
) -> None:
    chain.block(chain.created(4))
    read(chain, lease, 1, 4)
    chain.roll_back(100)
    chain.block(chain.created(4, name="Another one"))
    pool = Pool.objects.get(pool_id=4)
    assert selectors.reading(pool) is None
    assert sorted(wanted(chain)) == [1, 2, 3, 4]
    read(chain, lease, 1, 4)  # the same height, another block
    found = selectors.reading(pool)
    assert found is not None
    assert found.block_hash == chain.head.hash == Block.objects.get(canonical=True, number=101).hash


def test_a_pool_that_the_contract_does_not_know_is_not_kept(
    chain: ChainFactory, lease: LeaseToken
) -> None:
    readings.store(
        chain.contract.pk,
        {1: info(creator=NOBODY)},
        number=100,
        block_hash=chain.head.hash,
        lease=lease,
    )
    assert not PoolReading.objects.exists()


def test_a_worker_whose_lease_was_taken_over_writes_nothing(
    chain: ChainFactory, lease: LeaseToken
) -> None:
    leases.release(lease)
    assert leases.acquire("verify", holder="another", seconds=60)
    with pytest.raises(LostLease):
        read(chain, lease, 1)
    assert not PoolReading.objects.exists()


def test_the_api_tells_a_reading_with_its_block(
    client: Client, chain: ChainFactory, lease: LeaseToken
) -> None:
    read(chain, lease, 3)
    expected = {
        "max_contribution": str(5 * BTC),
        "musd_minted": str(2**255),
        "yield_generated": "7",
        "block_number": 100,
    }
    assert client.get(f"/api/v1/pools/{CONTRACT}/3").json()["reading"] == expected
    listed = client.get("/api/v1/pools").json()["results"]
    assert {pool["pool_id"]: pool["reading"] for pool in listed} == {
        "1": None,
        "2": None,
        "3": expected,
    }
    assert client.get("/api/v1/stats").json()["latest_pool"]["reading"] == expected


def test_the_page_of_a_pool_shows_what_was_read_and_when(
    client: Client, chain: ChainFactory, lease: LeaseToken
) -> None:
    assert "pool-readings" not in client.get(f"/pools/{CONTRACT}/1/").content.decode()
    read(chain, lease, 1)
    shown = client.get(f"/pools/{CONTRACT}/1/").content.decode()
    assert "As of block 100" in shown
    assert f'value="{5 * BTC}"' in shown
    assert f'value="{2**255}"' in shown
