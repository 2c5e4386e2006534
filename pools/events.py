"""What the pool contract says: one type per event.

Pure values without I/O. How they are written is `interface`'s matter, how they come out of a log
`decoding`'s, what they do to pools and members `projection`'s.
"""

from enum import IntEnum
from typing import ClassVar

import msgspec


class PoolStatus(IntEnum):
    """The contract's own numbers for a pool's state."""

    ACCEPTING = 0
    ACTIVE = 1
    CLOSED = 2


# Structs instead of dataclasses: making one costs a fifth, and history is millions of them.
class _Event(msgspec.Struct, frozen=True, gc=False):
    kind: ClassVar[str]


class PoolCreated(_Event, frozen=True, gc=False):
    kind: ClassVar[str] = "PoolCreated"
    pool_id: int
    creator: str
    name: bytes
    min_contribution: int
    max_members: int
    timestamp: int


class MemberJoined(_Event, frozen=True, gc=False):
    """`btc_amount` is what was added now, `shares` the member's new total."""

    kind: ClassVar[str] = "MemberJoined"
    pool_id: int
    member: str
    btc_amount: int
    shares: int
    timestamp: int


class MemberLeft(_Event, frozen=True, gc=False):
    """`btc_amount` is what was paid out, not what had been contributed."""

    kind: ClassVar[str] = "MemberLeft"
    pool_id: int
    member: str
    btc_amount: int
    yield_amount: int
    timestamp: int


class PartialWithdrawal(_Event, frozen=True, gc=False):
    """`btc_amount` is what was paid out; `remaining_contribution` is the member's new total."""

    kind: ClassVar[str] = "PartialWithdrawal"
    pool_id: int
    member: str
    btc_amount: int
    remaining_contribution: int
    timestamp: int


class YieldClaimed(_Event, frozen=True, gc=False):
    kind: ClassVar[str] = "YieldClaimed"
    pool_id: int
    member: str
    gross_yield: int
    fee_amount: int
    net_yield: int
    timestamp: int


class PoolStatusUpdated(_Event, frozen=True, gc=False):
    kind: ClassVar[str] = "PoolStatusUpdated"
    pool_id: int
    new_status: int


class PoolClosed(_Event, frozen=True, gc=False):
    """Closes the pool by itself; `final_balance` is informative."""

    kind: ClassVar[str] = "PoolClosed"
    pool_id: int
    final_balance: int


class Paused(_Event, frozen=True, gc=False):
    kind: ClassVar[str] = "Paused"
    account: str


class Unpaused(_Event, frozen=True, gc=False):
    kind: ClassVar[str] = "Unpaused"
    account: str


class EmergencyModeUpdated(_Event, frozen=True, gc=False):
    kind: ClassVar[str] = "EmergencyModeUpdated"
    enabled: bool


class PerformanceFeeUpdated(_Event, frozen=True, gc=False):
    kind: ClassVar[str] = "PerformanceFeeUpdated"
    old_fee: int
    new_fee: int


class FeeCollectorUpdated(_Event, frozen=True, gc=False):
    kind: ClassVar[str] = "FeeCollectorUpdated"
    old_collector: str
    new_collector: str


class FeesCollected(_Event, frozen=True, gc=False):
    kind: ClassVar[str] = "FeesCollected"
    collector: str
    amount: int


class Upgraded(_Event, frozen=True, gc=False):
    kind: ClassVar[str] = "Upgraded"
    implementation: str


class Initialized(_Event, frozen=True, gc=False):
    kind: ClassVar[str] = "Initialized"
    version: int


class OwnershipTransferred(_Event, frozen=True, gc=False):
    kind: ClassVar[str] = "OwnershipTransferred"
    previous_owner: str
    new_owner: str


Event = (
    PoolCreated
    | MemberJoined
    | MemberLeft
    | PartialWithdrawal
    | YieldClaimed
    | PoolStatusUpdated
    | PoolClosed
    | Paused
    | Unpaused
    | EmergencyModeUpdated
    | PerformanceFeeUpdated
    | FeeCollectorUpdated
    | FeesCollected
    | Upgraded
    | Initialized
    | OwnershipTransferred
)


def pool_id_of(event: Event) -> int | None:
    """The pool an event is about; None for one about the contract as a whole."""
    return getattr(event, "pool_id", None)


def account_of(event: Event) -> str | None:
    """The creator or member an event names, else None."""
    if isinstance(event, PoolCreated):
        return event.creator
    return getattr(event, "member", None)
