"""Lists and steps of more rows than SQLite takes as parameters at once."""

import pytest
from django.test import Client

from pools import ingest, leases
from pools.events import MemberJoined, PoolCreated
from pools.models import Contract, Log, Membership
from tests.scripted_chain import CHAIN_ID, CONTRACT, ScriptedChain, account

pytestmark = pytest.mark.django_db

BLOCKS = 1500


def test_thousands_of_blocks_are_stored_filled_listed_and_taken_back(client: Client) -> None:
    chain = ScriptedChain()
    ingest.register(CHAIN_ID, [(CONTRACT, 1)], anchor=chain.blocks[0].header)
    lease = leases.acquire("listener", holder="test", seconds=60)
    assert lease is not None
    chain.mine(PoolCreated(1, account(1), b"Junta", 1, 9999, 0))
    for number in range(BLOCKS):
        chain.mine(MemberJoined(1, account(number + 1), 5, 5, 0))
    ingest.append(chain.segment(1), lease=lease)

    answer = client.get("/api/v1/events?limit=1000")
    assert answer.status_code == 200
    assert len(answer.json()["results"]) == 1000

    contract = Contract.objects.get()
    assert ingest.fill(chain.segment(1), contract, lease=lease).logs == 0
    done = ingest.roll_back(CHAIN_ID, 1, lease=lease)
    assert done.last_seq - done.first_seq + 1 == BLOCKS
    assert not Membership.objects.exists()
    assert Log.objects.filter(retracted_seq=None).count() == 1
