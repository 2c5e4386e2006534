"""What the reads hand out: plain values for pages, frames and API alike.

`selectors` fills them from the records; nothing here asks the database.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pools import events
from pools.events import Event
from pools.models import OutboxRow, Pool

# How much of a list pages show, and frames keep.
FEED_ROWS = 10
NEWEST_POOLS = 6
MEMBERS_SHOWN = 100


@dataclass(frozen=True, slots=True)
class EventRow:
    """One log of a pool contract as people see it.

    `amount` is the wei that the feed shows, None for kinds that move none. `pool_name` is the
    cleaned name, None for events about the contract as a whole and for unknown pools.
    `contract_id` is the contract's key in the records, its short name in a row's links.
    """

    seq: int
    kind: str
    contract: str
    contract_id: int
    pool_id: int | None
    pool_name: str | None
    account: str | None
    amount: int | None
    args: dict[str, str | bool]
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


class MissingState(StrEnum):
    """Why blocks (closed range) are not covered."""

    NEW = "new"  # above the cursor: the listener is about to read them
    READING = "reading"  # a scan is at work on them
    UNPROVED = "unproved"  # a scan failed there; it is tried again
    WAITING = "waiting"  # nobody has come to them yet


@dataclass(frozen=True, slots=True)
class Missing:
    """Blocks (closed range) of a contract without proof: in which state, and what stood against it.

    `reason` is what the newest scan that failed there said, and `since` when that scan was first
    asked for; empty and None when none did.
    """

    from_block: int
    to_block: int
    state: MissingState
    reason: str = ""
    since: datetime | None = None

    @property
    def blocks(self) -> int:
        return self.to_block - self.from_block + 1


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one node vouches for: how many pieces of the ledger, with which further proofs."""

    endpoint: str
    pieces: int
    blocks: int
    logs: int
    witnessed: int  # pieces for which a second node said the same
    linked: int  # pieces of which the header of every block was seen
    bloom_agrees: int  # pieces of which the bloom filter of every block agrees


@dataclass(frozen=True, slots=True)
class Coverage:
    """Which blocks of a contract are stored with proof. `head` is None before the first one.

    `gaps` are closed ranges in ascending order, from the start to the head; `missing` holds the
    same blocks, cut by why they are missing. `broken_seams` are the blocks whose parent is not the
    block that the range below ends with: there the ledger contradicts itself.
    """

    contract: str
    chain_id: int
    start_block: int
    head: int | None
    cursor: int | None
    folded_to: int
    covered_blocks: int
    gaps: list[tuple[int, int]]
    missing: list[Missing]
    evidence: list[Evidence]
    broken_seams: list[int]

    @property
    def pieces(self) -> int:
        return sum(one.pieces for one in self.evidence)

    @property
    def unproved(self) -> list[Missing]:
        """The missing blocks that somebody tried to prove, in vain so far."""
        return [one for one in self.missing if one.reason or one.state is MissingState.UNPROVED]


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
