"""A fresh index of a chain: what the tables hold if nothing ever went back, or broke."""

from pools import ingest
from pools.leases import LeaseToken
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
from tests.scripted_chain import CHAIN_ID, ScriptedChain

_EVERYTHING = (
    *(OutboxRow, Membership, Pool, HourlyActivity, CoveredRange, Log, Block, Cursor, Contract),
    Chain,
)


def reindex(chain: ScriptedChain, lease: LeaseToken) -> None:
    """Forget everything and read the chain from its first block on, one block at a time."""
    for model in _EVERYTHING:
        model.objects.all().delete()
    ingest.register(CHAIN_ID, [(chain.contract, 1)], anchor=chain.blocks[0].header)
    for number in range(1, chain.head + 1):
        ingest.append(chain.segment(number, number), lease=lease)
