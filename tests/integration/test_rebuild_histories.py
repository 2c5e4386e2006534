"""Whatever came before, and whatever happens meanwhile, a rebuild ends as a fresh index."""

from collections.abc import Iterator

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pools import projection
from pools.digest import projections_digest, records_digest
from pools.events import Event, MemberJoined, PoolCreated
from pools.models import HourlyActivity, Membership, Pool
from pools.projection import Ledger
from pools.rebuilding import recomputing, stored_logs
from pools.rebuilding.run import rebuild
from pools.states import Position
from tests.integration.test_ingest_histories import Follower, steps
from tests.reindex import reindex
from tests.scripted_chain import account
from tests.writes import writes

Step = tuple[str, list[list[Event]]]
# Three pools with three members each: most random events fit to what is there.
POPULATED: list[list[Event]] = [
    [PoolCreated(pool, account(1), b"Pool", 1, 9, 0) for pool in range(3)],
    [MemberJoined(pool, account(who), 5, 5, 0) for pool in range(3) for who in (1, 2, 3)],
]
pytestmark = pytest.mark.django_db


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(history=st.lists(steps, max_size=10))
def test_a_rebuild_after_any_history_writes_nothing(
    history: list[Step],
) -> None:
    with transaction.atomic():
        follower = Follower()
        for step, blocks in history:
            follower.take(step, blocks)
        follower.fill()
        with writes() as written:
            done = rebuild()
        assert written.order == []
        digests = projections_digest(), records_digest()
        assert (done.digest_before, done.digest_after) == (digests[0], digests[0])
        reindex(follower.chain, follower.lease)
        assert (projections_digest(), records_digest()) == digests
        transaction.set_rollback(True)


def double_shares(ledger: Ledger, event: MemberJoined, at: Position, block_time: int) -> None:
    """Another rule, of another fold: shares count twice."""
    Ledger._join(ledger, event, at, block_time)
    ledger.members[event.pool_id, event.member].shares *= 2


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    before=st.lists(steps, max_size=3),
    meanwhile=st.lists(st.tuples(st.integers(0, 3), steps), max_size=8),
    few=st.sampled_from([0, 2, 5_000]),
)
def test_a_rebuild_by_a_new_rule_while_the_chain_goes_on(
    before: list[Step], meanwhile: list[tuple[int, Step]], few: int
) -> None:
    """The listener takes its steps between any two pages that the rebuild reads."""
    with transaction.atomic(), pytest.MonkeyPatch.context() as patch:
        follower = Follower()
        follower.append(POPULATED)
        for step, blocks in before:
            follower.take(step, blocks)
        patch.setitem(projection._POOL_FOLDS, MemberJoined, double_shares)
        patch.setattr(stored_logs, "PAGE", 2)
        patch.setattr(recomputing, "_FEW_LOGS", few)
        Membership.objects.filter(account__endswith="1").delete()
        Pool.objects.filter(pool_id=1).delete()
        HourlyActivity.objects.update(count=1)
        listener = take_now_and_then(follower, meanwhile)
        rebuild(during=lambda _logs: next(listener))
        follower.fill()
        digests = projections_digest(), records_digest()
        reindex(follower.chain, follower.lease)
        assert (projections_digest(), records_digest()) == digests
        transaction.set_rollback(True)


def take_now_and_then(follower: Follower, meanwhile: list[tuple[int, Step]]) -> Iterator[None]:
    """Each next() lets a moment pass; the steps come after as many as they wait for."""
    for wait, (step, blocks) in meanwhile:
        for _ in range(wait):
            yield
        follower.take(step, blocks)
        yield
    while True:
        yield
