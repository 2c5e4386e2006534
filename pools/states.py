"""What folded events amount to: the state of a pool, of a member, of the contract as a whole.

Plain values. `projection` changes them by events, `projecting` loads and stores them.
"""

import msgspec

Position = tuple[int, int]
"""Where a log stands on the chain: (block number, log index)."""


class PoolState(msgspec.Struct):
    """A pool as its events tell it. Amounts in wei, times in seconds, `status` as PoolStatus."""

    pool_id: int
    name: bytes
    creator: str
    status: int
    min_contribution: int
    max_members: int
    member_count: int
    total_contributed: int
    created_at: int
    last_event_at: int
    events: int
    closed_at: int | None
    last_position: Position


class MemberState(msgspec.Struct, gc=False):
    """One account in one pool. Who has left keeps a record with nothing in it."""

    pool_id: int
    account: str
    contribution: int
    shares: int
    active: bool
    joined_at: int
    left_at: int | None
    yield_claimed: int


class ContractState(msgspec.Struct, gc=False):
    """The contract as a whole; the totals are sums over its pools, kept up as they change.

    `members_total` counts memberships: an account in two pools counts twice, as the pools do.
    """

    paused: bool = False
    emergency_mode: bool = False
    performance_fee: int | None = None
    fee_collector: str | None = None
    owner: str | None = None
    implementation: str | None = None
    initialized_version: int | None = None
    fees_collected: int = 0
    pools_total: int = 0
    members_total: int = 0
    total_contributed: int = 0
    events_total: int = 0
