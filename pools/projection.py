"""Folding events into pools, members and the contract's own state: the one meaning of each event.

Pure. Live blocks, backfill, rollback and rebuild all fold here. The caller puts the states that
the events touch into the ledger first and stores what changed afterwards.
"""

from collections.abc import Callable, Collection, Iterable

from msgspec.structs import replace

from pools.events import (
    EmergencyModeUpdated,
    Event,
    FeeCollectorUpdated,
    FeesCollected,
    Initialized,
    MemberJoined,
    MemberLeft,
    OwnershipTransferred,
    PartialWithdrawal,
    Paused,
    PerformanceFeeUpdated,
    PoolClosed,
    PoolCreated,
    PoolStatus,
    PoolStatusUpdated,
    Unpaused,
    Upgraded,
    YieldClaimed,
)
from pools.states import ContractState, MemberState, PoolState, Position

__all__ = [
    "ContractState",
    "FoldingError",
    "Ledger",
    "MemberState",
    "OutOfOrder",
    "PoolState",
    "Position",
    "fold_all",
]

LAST_SECOND = 253_402_300_799
"""The end of the year 9999, the last that calendars and databases can hold."""

MAX_UINT256 = 2**256 - 1


class FoldingError(Exception):
    """The event contradicts what is known; nothing was changed. The message is for operators."""


class OutOfOrder(FoldingError):
    """The pool has already taken an event at or after this place: it must be folded afresh."""


class Ledger:
    """States of one contract, and which of them folding has changed.

    Before folding, `pools` and `members` must hold the stored state of every pool and member
    that the events name: what is missing counts as unknown to the chain. In the `changed` sets, a
    key whose state is gone from `pools` or `members` is one to delete.
    """

    def __init__(self, contract: ContractState | None = None) -> None:
        self.contract = contract or ContractState()
        self.pools: dict[int, PoolState] = {}
        self.members: dict[tuple[int, str], MemberState] = {}
        self.changed_pools: set[int] = set()
        self.changed_members: set[tuple[int, str]] = set()

    def fold(self, event: Event, *, at: Position, block_time: int) -> None:
        """Take in one event, `block_time` in seconds; a pool's events come in chain order.

        Raises FoldingError, and changes nothing, for an event that cannot have happened.
        """
        fold_pool_event = _POOL_FOLDS.get(type(event))
        if fold_pool_event:
            fold_pool_event(self, event, at, block_time)
        else:
            self.contract = _told(event, self.contract)

    def forget_pools(self, pool_ids: Collection[int]) -> None:
        """Take pools out as if they had never been, to fold their events afresh.

        The ledger must hold these pools' states and all of their members.
        """
        gone = [self.pools.pop(pool_id) for pool_id in pool_ids if pool_id in self.pools]
        for key in [key for key in self.members if key[0] in pool_ids]:
            del self.members[key]
            self.changed_members.add(key)
        self.changed_pools.update(pool.pool_id for pool in gone)
        whole = self.contract
        self.contract = replace(
            whole,
            pools_total=whole.pools_total - len(gone),
            members_total=whole.members_total - sum(pool.member_count for pool in gone),
            total_contributed=whole.total_contributed
            - sum(pool.total_contributed for pool in gone),
            events_total=whole.events_total - sum(pool.events for pool in gone),
        )

    def _create(self, event: PoolCreated, at: Position, block_time: int) -> None:
        if event.pool_id in self.pools:
            raise FoldingError(f"pool {event.pool_id} is created a second time")
        self.pools[event.pool_id] = PoolState(
            event.pool_id,
            event.name,
            event.creator,
            PoolStatus.ACCEPTING.value,
            event.min_contribution,
            event.max_members,
            member_count=0,
            total_contributed=0,
            created_at=_time(event.timestamp),
            last_event_at=block_time,
            events=1,
            closed_at=None,
            last_position=at,
        )
        self.changed_pools.add(event.pool_id)
        whole = self.contract
        self.contract = replace(
            whole, pools_total=whole.pools_total + 1, events_total=whole.events_total + 1
        )

    def _join(self, event: MemberJoined, at: Position, block_time: int) -> None:
        pool = self._pool(event.pool_id, at)
        member = self.members.get((event.pool_id, event.member))
        if member and member.active:
            joined = replace(
                member, contribution=member.contribution + event.btc_amount, shares=event.shares
            )
            newcomers = 0
        else:
            joined = MemberState(
                event.pool_id,
                event.member,
                contribution=event.btc_amount,
                shares=event.shares,
                active=True,
                joined_at=_time(event.timestamp),
                left_at=None,
                yield_claimed=0,
            )
            newcomers = 1
        self._put(pool, joined, at, block_time, members=newcomers, total=event.btc_amount)

    def _leave(self, event: MemberLeft, at: Position, block_time: int) -> None:
        pool = self._pool(event.pool_id, at)
        member = self._active(event.pool_id, event.member)
        left = replace(
            member, contribution=0, shares=0, active=False, left_at=_time(event.timestamp)
        )
        self._put(pool, left, at, block_time, members=-1, total=-member.contribution)

    def _withdraw(self, event: PartialWithdrawal, at: Position, block_time: int) -> None:
        pool = self._pool(event.pool_id, at)
        member = self._active(event.pool_id, event.member)
        remaining = event.remaining_contribution
        if remaining > member.contribution:
            raise FoldingError(
                f"{event.member} is left with {remaining} wei in pool {event.pool_id} "
                f"after a withdrawal from {member.contribution}"
            )
        reduced = replace(member, contribution=remaining, shares=remaining)
        self._put(pool, reduced, at, block_time, members=0, total=remaining - member.contribution)

    def _claim(self, event: YieldClaimed, at: Position, block_time: int) -> None:
        pool = self._pool(event.pool_id, at)
        member = self._active(event.pool_id, event.member)
        claimed = _uint256(member.yield_claimed + event.gross_yield, "claimed yield")
        richer = replace(member, yield_claimed=claimed)
        self._put(pool, richer, at, block_time, members=0, total=0)

    def _set_status(self, event: PoolStatusUpdated, at: Position, block_time: int) -> None:
        pool = self._pool(event.pool_id, at)
        if pool.status != PoolStatus.CLOSED:
            closed_at = block_time if event.new_status == PoolStatus.CLOSED else None
            pool = replace(pool, status=event.new_status, closed_at=closed_at)
        self._put(pool, None, at, block_time, members=0, total=0)

    def _close(self, event: PoolClosed, at: Position, block_time: int) -> None:
        pool = self._pool(event.pool_id, at)
        if pool.status != PoolStatus.CLOSED:
            pool = replace(pool, status=PoolStatus.CLOSED.value, closed_at=block_time)
        self._put(pool, None, at, block_time, members=0, total=0)

    def _pool(self, pool_id: int, at: Position) -> PoolState:
        pool = self.pools.get(pool_id)
        if pool is None:
            raise FoldingError(f"pool {pool_id} is not known: its PoolCreated was not folded")
        if at <= pool.last_position:
            raise OutOfOrder(
                f"pool {pool_id} stands at block {pool.last_position[0]}, log "
                f"{pool.last_position[1]}; an event of block {at[0]}, log {at[1]} comes too late"
            )
        return pool

    def _active(self, pool_id: int, account: str) -> MemberState:
        member = self.members.get((pool_id, account))
        if member is None or not member.active:
            raise FoldingError(f"{account} is no active member of pool {pool_id}")
        return member

    def _put(
        self,
        pool: PoolState,
        member: MemberState | None,
        at: Position,
        block_time: int,
        *,
        members: int,
        total: int,
    ) -> None:
        """Write the states after one event of a pool; `members` and `total` are differences."""
        whole = self.contract
        pool_total = _uint256(pool.total_contributed + total, "total of the pool")
        whole_total = _uint256(whole.total_contributed + total, "total of all pools")
        if pool.member_count + members < 0:
            raise FoldingError(f"pool {pool.pool_id} would have fewer members than none")
        self.pools[pool.pool_id] = replace(
            pool,
            member_count=pool.member_count + members,
            total_contributed=pool_total,
            last_event_at=block_time,
            events=pool.events + 1,
            last_position=at,
        )
        self.changed_pools.add(pool.pool_id)
        if member:
            key = (member.pool_id, member.account)
            self.members[key] = member
            self.changed_members.add(key)
        self.contract = replace(
            whole,
            members_total=whole.members_total + members,
            total_contributed=whole_total,
            events_total=whole.events_total + 1,
        )


def _told(event: Event, whole: ContractState) -> ContractState:
    """The contract's own state after an event about itself."""
    events = whole.events_total + 1
    match event:
        case Paused():
            return replace(whole, events_total=events, paused=True)
        case Unpaused():
            return replace(whole, events_total=events, paused=False)
        case EmergencyModeUpdated():
            return replace(whole, events_total=events, emergency_mode=event.enabled)
        case PerformanceFeeUpdated():
            return replace(whole, events_total=events, performance_fee=event.new_fee)
        case FeeCollectorUpdated():
            return replace(whole, events_total=events, fee_collector=event.new_collector)
        case FeesCollected():
            collected = _uint256(whole.fees_collected + event.amount, "collected fees")
            return replace(whole, events_total=events, fees_collected=collected)
        case Upgraded():
            return replace(whole, events_total=events, implementation=event.implementation)
        case Initialized():
            return replace(whole, events_total=events, initialized_version=event.version)
        case OwnershipTransferred():
            return replace(whole, events_total=events, owner=event.new_owner)
        case _:
            raise TypeError(f"{event.kind} is about a pool")


def _uint256(amount: int, what: str) -> int:
    """An amount that the contract, and every store of ours, can hold."""
    if not 0 <= amount <= MAX_UINT256:
        raise FoldingError(f"the {what} would be {amount} wei")
    return amount


def _time(seconds: int) -> int:
    """A timestamp that an event carries, if any calendar can hold it."""
    if seconds > LAST_SECOND:
        raise FoldingError(f"no date is {seconds} seconds after 1970")
    return seconds


_POOL_FOLDS: dict[type[Event], Callable[..., None]] = {
    PoolCreated: Ledger._create,
    MemberJoined: Ledger._join,
    MemberLeft: Ledger._leave,
    PartialWithdrawal: Ledger._withdraw,
    YieldClaimed: Ledger._claim,
    PoolStatusUpdated: Ledger._set_status,
    PoolClosed: Ledger._close,
}


def fold_all(events: Iterable[tuple[Event, Position, int]]) -> Ledger:
    """A fresh ledger of (event, position, block time) in chain order. Raises FoldingError."""
    ledger = Ledger()
    for event, at, block_time in events:
        ledger.fold(event, at=at, block_time=block_time)
    return ledger
