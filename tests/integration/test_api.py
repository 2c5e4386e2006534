"""The JSON API answers as the interface says, and says no as it should."""

from typing import Any

import pytest
from django.test import Client

from tests.factories import ANA, BEA, BTC, CONTRACT, ChainFactory, undecodable

pytestmark = pytest.mark.django_db


@pytest.fixture
def chain() -> ChainFactory:
    return ChainFactory()


def get(client: Client, path: str, status: int = 200, **query: Any) -> Any:
    answer = client.get(f"/api/v1{path}", query)
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"].startswith("application/json")
    return answer.json()


def test_a_pool_is_told_with_its_numbers(client: Client, chain: ChainFactory) -> None:
    chain.block(chain.created(1, name="Casa común", creator=BEA))
    chain.block(chain.joined(1, ANA, 2 * BTC))
    pool = get(client, f"/pools/{CONTRACT}/1")
    assert pool == {
        "chain_id": 1337611,
        "contract": CONTRACT,
        "pool_id": "1",
        "name": "Casa común",
        "creator": BEA,
        "status": "accepting",
        "min_contribution": str(BTC // 1000),
        "max_members": 10,
        "member_count": 1,
        "total_contributed": str(2 * BTC),
        "created_at": "2025-06-15T12:00:00Z",
        "created_block": 100,
        "created_tx": pool["created_tx"],
        "category": None,
        "last_event_at": "2025-06-15T12:00:10Z",
    }
    assert get(client, "/pools") == {"results": [pool], "next": None}
    assert get(client, "/stats")["latest_pool"] == pool
