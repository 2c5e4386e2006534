"""Any history of blocks, holes, reorganisations and returns ends in what a fresh index holds."""

from dataclasses import replace

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pools import ingest, leases
from pools.events import (
    Event,
    FeesCollected,
    MemberJoined,
    MemberLeft,
    PartialWithdrawal,
    Paused,
    PoolClosed,
    PoolCreated,
    Unpaused,
    YieldClaimed,
)
from pools.models import Contract
from tests.integration.test_ingest import assert_messages_tile, covered, fresh_index, tables
from tests.scripted_chain import CHAIN_ID, CONTRACT, ScriptedBlock, ScriptedChain, account

pytestmark = pytest.mark.django_db

pools = st.integers(0, 2)
accounts = st.integers(1, 3).map(account)
amounts = st.integers(0, 5)
# Many of these contradict each other on purpose: what cannot be folded is part of the promise.
events: st.SearchStrategy[Event] = st.one_of(
    st.builds(PoolCreated, pools, accounts, st.binary(max_size=4), amounts, amounts, st.just(0)),
    st.builds(MemberJoined, pools, accounts, amounts, amounts, st.just(0)),
    st.builds(MemberLeft, pools, accounts, amounts, amounts, st.just(0)),
    st.builds(PartialWithdrawal, pools, accounts, amounts, amounts, st.just(0)),
    st.builds(YieldClaimed, pools, accounts, amounts, amounts, amounts, st.just(0)),
    st.builds(PoolClosed, pools, amounts),
    st.builds(Paused, accounts),
    st.builds(Unpaused, accounts),
    st.builds(FeesCollected, accounts, amounts),
)
block = st.lists(events, max_size=4)
steps = st.one_of(
    st.tuples(st.just("mine"), st.lists(block, min_size=1, max_size=3)),
    st.tuples(st.just("mine, seen with a hole"), st.lists(block, min_size=1, max_size=3)),
    st.tuples(st.just("reorganise"), st.lists(block, min_size=1, max_size=3)),
    st.tuples(st.just("bring back"), st.just([])),
    st.tuples(st.just("fill"), st.just([])),
)


class Follower:
    """Does to the database what a listener and a backfill would, in the order it is told."""

    def __init__(self) -> None:
        self.chain = ScriptedChain()
        self.chain.mine()
        ingest.register(CHAIN_ID, [(CONTRACT, 1)], anchor=self.chain.blocks[0].header)
        lease = leases.acquire("listener", holder="test", seconds=60)
        assert lease is not None
        self.lease = lease
        ingest.append(self.chain.segment(1), lease=lease)
        self.dropped: tuple[int, list[ScriptedBlock]] | None = None
        self.holes: set[int] = set()

    def take(self, step: str, blocks: list[list[Event]]) -> None:
        if step == "fill":
            self.fill()
        elif step == "bring back":
            self.bring_back()
        elif step == "reorganise":
            depth = min(len(blocks), self.chain.head - 1)
            base = self.chain.head - depth
            self.dropped = (base, self.chain.blocks[base + 1 :])
            self.chain.drop(depth)
            self.append(blocks, roll_back_to=base)
        else:
            self.append(blocks, hole="hole" in step)

    def append(
        self, blocks: list[list[Event]], *, roll_back_to: int | None = None, hole: bool = False
    ) -> None:
        first = self.chain.head + 1
        for events in blocks:
            self.chain.mine(*events)
        segment = self.chain.segment(first)
        if roll_back_to is not None:
            self.holes = {number for number in self.holes if number <= roll_back_to}
        if hole:
            segment = replace(segment, logs=())
            self.holes.update(range(first, self.chain.head + 1))
        ingest.append(segment, lease=self.lease, roll_back_to=roll_back_to)

    def bring_back(self) -> None:
        if self.dropped is None or self.dropped[0] > self.chain.head:
            return
        base, blocks = self.dropped
        here = self.chain.blocks[base].header.hash
        if blocks and blocks[0].header.parent_hash == here:
            self.chain.drop(self.chain.head - base)
            self.chain.put_back(blocks)
            self.holes = {number for number in self.holes if number <= base}
            ingest.append(self.chain.segment(base + 1), lease=self.lease, roll_back_to=base)
        self.dropped = None

    def fill(self) -> None:
        for number in sorted(self.holes, reverse=True):
            ingest.fill(
                self.chain.segment(number, number), Contract.objects.get(), lease=self.lease
            )
        self.holes.clear()


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(history=st.lists(steps, max_size=10))
def test_every_history_ends_as_a_fresh_index(history: list[tuple[str, list[list[Event]]]]) -> None:
    with transaction.atomic():
        follower = Follower()
        for step, blocks in history:
            follower.take(step, blocks)
            assert_messages_tile()
        follower.fill()
        assert_messages_tile()
        assert covered() == [(1, follower.chain.head)]
        after = tables()
        assert after == fresh_index(follower.chain, follower.lease)
        transaction.set_rollback(True)
