"""Folding events into pools, members and the contract's own state: the one meaning of each event.

Pure. Live blocks, backfill, rollback and rebuild all fold here. The caller puts the states that
the events touch into the ledger first and stores what changed afterwards.
"""

from collections.abc import Callable, Collection, Iterable

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
    that the events name: what is missing counts as unknown to the chain. Folding changes the
    states in place: history is millions of events, and a copy for each would be half of the work.
    In the `changed` sets, a key whose state is gone from `pools` or `members` is one to delete.
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
            _tell(event, self.contract)

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
        whole.pools_total -= len(gone)
        whole.members_total -= sum(pool.member_count for pool in gone)
        whole.total_contributed -= sum(pool.total_contributed for pool in gone)
        whole.events_total -= sum(pool.events for pool in gone)

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
        self.contract.pools_total += 1
        self.contract.events_total += 1

    def _join(self, event: MemberJoined, at: Position, block_time: int) -> None:
        pool = self._pool(event.pool_id, at)
        key = event.pool_id, event.member
        member = self.members.get(key)
        if member is not None and member.active:
            self._advance(pool, at, block_time, members=0, total=event.btc_amount)
            member.contribution += event.btc_amount
            member.shares = event.shares
        else:
            joined = MemberState(
                event.pool_id,
                event.member,
                event.btc_amount,
                event.shares,
                active=True,
                joined_at=_time(event.timestamp),
                left_at=None,
                yield_claimed=0,
            )
            self._advance(pool, at, block_time, members=1, total=event.btc_amount)
            self.members[key] = joined
        self.changed_members.add(key)

    def _leave(self, event: MemberLeft, at: Position, block_time: int) -> None:
        pool = self._pool(event.pool_id, at)
        member = self._active(event.pool_id, event.member)
        left_at = _time(event.timestamp)
        self._advance(pool, at, block_time, members=-1, total=-member.contribution)
        member.contribution = member.shares = 0
        member.active = False
        member.left_at = left_at

    def _withdraw(self, event: PartialWithdrawal, at: Position, block_time: int) -> None:
        pool = self._pool(event.pool_id, at)
        member = self._active(event.pool_id, event.member)
        remaining = event.remaining_contribution
        if remaining > member.contribution:
            raise FoldingError(
                f"{event.member} is left with {remaining} wei in pool {event.pool_id} "
                f"after a withdrawal from {member.contribution}"
            )
        self._advance(pool, at, block_time, members=0, total=remaining - member.contribution)
        member.contribution = member.shares = remaining

    def _claim(self, event: YieldClaimed, at: Position, block_time: int) -> None:
        pool = self._pool(event.pool_id, at)
        member = self._active(event.pool_id, event.member)
        claimed = _uint256(member.yield_claimed + event.gross_yield, "claimed yield")
        self._advance(pool, at, block_time, members=0, total=0)
        member.yield_claimed = claimed

    def _set_status(self, event: PoolStatusUpdated, at: Position, block_time: int) -> None:
        pool = self._pool(event.pool_id, at)
        self._advance(pool, at, block_time, members=0, total=0)
        if pool.status != PoolStatus.CLOSED:
            pool.status = event.new_status
            pool.closed_at = block_time if event.new_status == PoolStatus.CLOSED else None

    def _close(self, event: PoolClosed, at: Position, block_time: int) -> None:
        pool = self._pool(event.pool_id, at)
        self._advance(pool, at, block_time, members=0, total=0)
        if pool.status != PoolStatus.CLOSED:
            pool.status = PoolStatus.CLOSED.value
            pool.closed_at = block_time

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
        """The member, who is about to change."""
        member = self.members.get((pool_id, account))
        if member is None or not member.active:
            raise FoldingError(f"{account} is no active member of pool {pool_id}")
        self.changed_members.add((pool_id, account))
        return member

    def _advance(
        self, pool: PoolState, at: Position, block_time: int, *, members: int, total: int
    ) -> None:
        """Count one event of a pool; `members` and `total` are differences.

        The last step that may refuse: whoever calls it changes nothing before.
        """
        whole = self.contract
        pool_total = _uint256(pool.total_contributed + total, "total of the pool")
        whole_total = _uint256(whole.total_contributed + total, "total of all pools")
        if pool.member_count + members < 0:
            raise FoldingError(f"pool {pool.pool_id} would have fewer members than none")
        pool.member_count += members
        pool.total_contributed = pool_total
        pool.last_event_at = block_time
        pool.events += 1
        pool.last_position = at
        self.changed_pools.add(pool.pool_id)
        whole.members_total += members
        whole.total_contributed = whole_total
        whole.events_total += 1


def _tell(event: Event, whole: ContractState) -> None:
    """Change the contract's own state by an event about itself."""
    match event:
        case Paused():
            whole.paused = True
        case Unpaused():
            whole.paused = False
        case EmergencyModeUpdated():
            whole.emergency_mode = event.enabled
        case PerformanceFeeUpdated():
            whole.performance_fee = event.new_fee
        case FeeCollectorUpdated():
            whole.fee_collector = event.new_collector
        case FeesCollected():
            whole.fees_collected = _uint256(whole.fees_collected + event.amount, "collected fees")
        case Upgraded():
            whole.implementation = event.implementation
        case Initialized():
            whole.initialized_version = event.version
        case OwnershipTransferred():
            whole.owner = event.new_owner
        case _:
            raise TypeError(f"{event.kind} is about a pool")
    whole.events_total += 1


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
