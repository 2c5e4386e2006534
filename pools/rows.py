"""What the reads hand out: plain values for pages, frames and API alike.

`selectors` fills them from the records; nothing here asks the database.
"""

from dataclasses import dataclass, field
from datetime import datetime

from pools import events
from pools.events import Event
from pools.models import OutboxRow, Pool

# How much of a list pages show, and frames keep.
FEED_ROWS = 10
NEWEST_POOLS = 6
MEMBERS_SHOWN = 30


@dataclass(frozen=True, slots=True)
class EventRow:
    """One log of a pool contract as people see it.

    `amount` is the wei that the feed shows, None for kinds that move none. `pool_name` is the
    cleaned name, None for events about the contract as a whole and for unknown pools.
    `contract_id` is the contract's key in the records, its short name in a row's links.
    """

    seq: int
    kind: str
    chain_id: int
    contract: str
    contract_id: int
    pool_id: int | None
    pool_name: str | None
    account: str | None
    amount: int | None
    args: dict[str, str | bool] = field(hash=False)  # the key alone tells most rows apart
    block_number: int
    block_hash: str
    transaction_hash: str
    log_index: int
    timestamp: datetime
    confirmed: bool
    retracted: bool
    problem: str

    @property
    def key(self) -> str:
        return f"{self.block_hash}:{self.log_index}"


@dataclass(frozen=True, slots=True)
class Connection:
    """The listener's link to the chain. `state` is offline when the listener fell silent."""

    state: str
    endpoint: str
    connected_at: datetime | None
    uptime_seconds: float | None
    latency_ms: float | None
    reconnect_attempts: int
    reconnects_total: int
    events_received: int
    last_event_at: datetime | None
    head: int | None
    cursor: int | None
    lag_blocks: int | None
    updated_at: datetime | None
    detail: str
    halted_since: datetime | None = None  # live, but no new block since then: the chain stands
    broken_since: datetime | None = None  # no link, or no listener, for long enough to say so


@dataclass(frozen=True, slots=True)
class Stats:
    """The dashboard's numbers. `seq` was read first: what events change is at least as new."""

    pools_total: int
    members_total: int
    total_contributed: int
    events_total: int
    events_today: int
    events_yesterday_same_time: int
    events_this_hour: int
    trend_percent: float | None
    latest_pool: Pool | None
    seq: int
    connection: Connection


@dataclass(frozen=True, slots=True)
class Message:
    """One outbox row with the event that it is about; None for a batch."""

    seq: int
    first_seq: int
    kind: OutboxRow.Kind
    created_at: datetime
    event: EventRow | None


def shown_amount(event: Event) -> int | None:
    """The amount in wei that tells most about an event."""
    match event:
        case events.MemberJoined() | events.MemberLeft() | events.PartialWithdrawal():
            return event.btc_amount
        case events.YieldClaimed():
            return event.net_yield
        case events.PoolCreated():
            return event.min_contribution
        case events.PoolClosed():
            return event.final_balance
        case events.FeesCollected():
            return event.amount
    return None
