"""One rebuild from its lease to its report: everything that follows from the logs, once more."""

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import Final

from pools import ingest, leases
from pools.digest import projections_digest
from pools.leases import LeaseToken
from pools.models import Chain, Membership, Pool
from pools.rebuilding import stored_logs
from pools.rebuilding.recomputing import Recomputed
from pools.turns import giving_way

LEASE: Final = "rebuild"
_LEASE_SECONDS: Final = 600.0
_RENEWED_EVERY: Final = 10.0  # seconds
# So often it is tried to come so near that only little is left to do under the writer's lock.
_ROUNDS: Final = 10


class NotRebuilt(Exception):
    """Nothing was changed; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a rebuild has done.

    `logs` are those that stand. Digests are those of all projections, and differ as well when
    events came in meanwhile; `changed` says whether any row was not as it should have been.
    """

    changed: bool
    logs: int
    pools: int
    memberships: int
    seconds: float
    digest_before: str
    digest_after: str


def rebuild(*, during: Callable[[int], None] = lambda _logs: None) -> Rebuilt:
    """Compute every projection from the stored logs and put what differs in place, in one step.

    Asks no node. `during` is told now and then how many logs were taken in so far. Raises
    NotRebuilt when another rebuild is at work, and LostLease.
    """
    started = time.monotonic()
    lease = leases.acquire(LEASE, holder=leases.holder(), seconds=_LEASE_SECONDS)
    if lease is None:
        raise NotRebuilt("another rebuild is at work; try again when it is done")
    try:
        stored_logs.let_planner_look()
        before = projections_digest()
        logs, changed = _rebuild(lease, during)
        after = projections_digest()
    finally:
        leases.release(lease)
    return Rebuilt(
        changed=changed,
        logs=logs,
        pools=Pool.objects.count(),
        memberships=Membership.objects.count(),
        seconds=time.monotonic() - started,
        digest_before=before,
        digest_after=after,
    )


def _rebuild(lease: LeaseToken, during: Callable[[int], None]) -> tuple[int, bool]:
    """Returns how many logs stand, and whether any row had to change."""
    chain = Chain.objects.first()
    if chain is None:
        return 0, False
    renewed_at = time.monotonic()

    def go_on(logs: int) -> None:
        nonlocal renewed_at
        during(logs)
        if time.monotonic() - renewed_at > _RENEWED_EVERY:
            leases.renew(lease, seconds=_LEASE_SECONDS)
            renewed_at = time.monotonic()

    with closing(Recomputed(chain.pk, during=go_on)) as recomputed:
        recomputed.begin()
        for _ in range(_ROUNDS):
            if recomputed.catch_up():
                try:
                    changed = _swap(recomputed, lease, however_long=False)
                except ingest.TooMuch:
                    continue
                return recomputed.logs, changed
        return recomputed.logs, _swap(recomputed, lease, however_long=True)


def _swap(recomputed: Recomputed, lease: LeaseToken, *, however_long: bool) -> bool:
    with giving_way():
        return ingest.swap(recomputed, lease=lease, however_long=however_long)
