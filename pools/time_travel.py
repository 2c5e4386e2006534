"""A pool as it was right after a past block: its stored logs up to there, folded once more.

The same fold as for the pools of today, so that the newest block gives the same numbers. Reading
the logs, and whether they are all there, is left to `pools.selectors.past`.
"""

import heapq
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from pools import paging
from pools.decoding import decode
from pools.filters import MemberFilter
from pools.models import Contract, Membership, Pool
from pools.names import clean_name
from pools.paging import Page
from pools.projection import FoldingError, Ledger
from pools.rebuilding.stored_logs import StoredLog
from pools.states import MemberState, PoolState


@dataclass(frozen=True, slots=True)
class PastPool:
    """A pool right after `at_block`. `pool` is a record like any other, but never saved.

    `known_block` is the newest one up to `at_block` whose time is stored.
    """

    pool: Pool
    at_block: int
    known_block: int
    known_time: datetime
    folded: tuple[MemberState, ...]

    def largest_members(self, limit: int) -> list[Membership]:
        """Those who held most, then those who had left."""

        def rank(member: MemberState) -> tuple[bool, int, str]:
            return not member.active, -member.contribution, member.account

        return [self._record(member) for member in heapq.nsmallest(limit, self.folded, key=rank)]

    def members(self, filters: MemberFilter) -> Page[Membership]:
        """The members in the order in which they joined, those who had left included."""
        ordering = filters.ordering
        members: Iterable[MemberState] = self.folded
        if filters.after is not None:
            after = paging.values_of(filters.after, ordering)
            members = (member for member in self.folded if _joined(member) > after)
        found = heapq.nsmallest(filters.size + 1, members, key=_joined)
        page = [self._record(member) for member in found[: filters.size]]
        more = len(found) > filters.size
        return Page(page, paging.write_cursor(ordering, page[-1]) if more else None)

    def _record(self, member: MemberState) -> Membership:
        return Membership(
            pool=self.pool,
            account=member.account,
            contribution=member.contribution,
            shares=member.shares,
            active=member.active,
            joined_at=_moment(member.joined_at),
            left_at=None if member.left_at is None else _moment(member.left_at),
            yield_claimed=member.yield_claimed,
        )


def fold_pool(
    contract: Contract, logs: Iterable[StoredLog]
) -> tuple[Pool, tuple[MemberState, ...]] | None:
    """The pool that its readable logs, in chain order, amount to; None if none creates it.

    A log that contradicts what was before it is left out, as it is from the pools of today.
    """
    ledger = Ledger()
    created: tuple[int, int, str] | None = None
    for _, _, number, index, time, transaction, topics, data, *_ in logs:
        try:
            ledger.fold(decode(topics, data), at=(number, index), block_time=time)
        except FoldingError:
            continue
        # Nothing can be folded into a pool before its creation.
        created = created or (number, index, transaction)
    if created is None:
        return None
    (state,) = ledger.pools.values()
    return _pool(contract, state, created), tuple(ledger.members.values())


def _pool(contract: Contract, state: PoolState, created: tuple[int, int, str]) -> Pool:
    created_block, created_log_index, created_tx = created
    last_block, last_log_index = state.last_position
    return Pool(
        contract=contract,
        pool_id=state.pool_id,
        name=clean_name(state.name),
        name_raw=state.name,
        creator=state.creator,
        status=state.status,
        min_contribution=state.min_contribution,
        max_members=state.max_members,
        member_count=state.member_count,
        total_contributed=state.total_contributed,
        created_at=_moment(state.created_at),
        created_block=created_block,
        created_log_index=created_log_index,
        created_tx=created_tx,
        closed_at=None if state.closed_at is None else _moment(state.closed_at),
        events=state.events,
        last_event_at=_moment(state.last_event_at),
        last_block=last_block,
        last_log_index=last_log_index,
    )


def _joined(member: MemberState) -> tuple[datetime, str]:
    return _moment(member.joined_at), member.account


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
