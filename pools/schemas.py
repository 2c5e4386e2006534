"""The shapes of the JSON API: what each answer holds, as OpenAPI describes it and as it is sent.

Amounts leave as decimal strings in wei, times as RFC 3339 in UTC. Filled from the records and
from `rows`; knows nothing of requests.
"""

from datetime import UTC, datetime
from typing import Annotated, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, PlainSerializer, WithJsonSchema

from pools.models import Membership, Pool, PoolReading
from pools.rows import Connection, EventRow, Stats

EXACT = 2**53  # JSON readers keep whole numbers below this exactly
T = TypeVar("T")


def _exact(value: int) -> int | str:
    return value if value < EXACT else str(value)


def _utc(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


_DIGITS = {"type": "string", "pattern": "^[0-9]+$"}
Wei = Annotated[
    int,
    PlainSerializer(str),
    WithJsonSchema({**_DIGITS, "description": "An amount in wei: 10^18 make one BTC."}),
]
Id = Annotated[int, PlainSerializer(str), WithJsonSchema({**_DIGITS, "description": "A uint256."})]
Whole = Annotated[
    int,
    PlainSerializer(_exact),
    WithJsonSchema({"anyOf": [{"type": "integer"}, {**_DIGITS, "description": "From 2^53 on."}]}),
]
Moment = Annotated[
    datetime, PlainSerializer(_utc), WithJsonSchema({"type": "string", "format": "date-time"})
]
Address = Annotated[
    str,
    WithJsonSchema({"type": "string", "description": "EIP-55.", "pattern": "^0x[0-9a-fA-F]{40}$"}),
]
Hash = Annotated[str, WithJsonSchema({"type": "string", "pattern": "^0x[0-9a-f]{64}$"})]


class Answer(BaseModel):
    """What every answer has in common: it is made once, checked then, and sent."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ReadingAnswer(Answer):
    """What only the contract's views tell of a pool, as of a block."""

    max_contribution: Wei
    musd_minted: Wei
    yield_generated: Wei
    block_number: Whole

    @classmethod
    def of(cls, reading: PoolReading) -> "ReadingAnswer":
        return cls(
            max_contribution=reading.max_contribution,
            musd_minted=reading.musd_minted,
            yield_generated=reading.yield_generated,
            block_number=reading.block_number,
        )


class PoolAnswer(Answer):
    chain_id: Whole
    contract: Address
    pool_id: Id
    name: str
    creator: Address
    status: Annotated[
        str, WithJsonSchema({"type": "string", "enum": [s.word for s in Pool.Status]})
    ]
    min_contribution: Wei
    max_members: Whole
    member_count: int
    total_contributed: Wei
    created_at: Moment
    created_block: Whole
    created_tx: Hash
    category: str | None
    last_event_at: Moment
    reading: ReadingAnswer | None

    @classmethod
    def of(cls, pool: Pool, reading: PoolReading | None) -> "PoolAnswer":
        return cls(
            chain_id=pool.contract.chain_id,
            contract=pool.contract.address,
            pool_id=pool.pool_id,
            name=pool.name,
            creator=pool.creator,
            status=Pool.Status(pool.status).word,
            min_contribution=pool.min_contribution,
            max_members=pool.max_members,
            member_count=pool.member_count,
            total_contributed=pool.total_contributed,
            created_at=pool.created_at,
            created_block=pool.created_block,
            created_tx=pool.created_tx,
            category=pool.category_id or None,
            last_event_at=pool.last_event_at,
            reading=ReadingAnswer.of(reading) if reading else None,
        )


class PoolAtAnswer(PoolAnswer):
    """A pool now, or right after the block `at_block`."""

    at_block: Whole | None

    @classmethod
    def at(cls, pool: Pool, reading: PoolReading | None, *, at_block: int | None) -> "PoolAtAnswer":
        return cls(at_block=at_block, **dict(PoolAnswer.of(pool, reading)))


class MemberAnswer(Answer):
    account: Address
    contribution: Wei
    active: bool
    joined_at: Moment
    left_at: Moment | None
    yield_claimed: Wei

    @classmethod
    def of(cls, member: Membership) -> "MemberAnswer":
        return cls(
            account=member.account,
            contribution=member.contribution,
            active=member.active,
            joined_at=member.joined_at,
            left_at=member.left_at,
            yield_claimed=member.yield_claimed,
        )


class EventAnswer(Answer):
    seq: Whole
    kind: str
    contract: Address
    pool_id: Id | None
    account: Address | None
    args: dict[str, str | bool]
    block_number: Whole
    block_hash: Hash
    transaction_hash: Hash
    log_index: int
    timestamp: Moment
    confirmed: bool

    @classmethod
    def of(cls, event: EventRow) -> "EventAnswer":
        return cls(
            seq=event.seq,
            kind=event.kind,
            contract=event.contract,
            pool_id=event.pool_id,
            account=event.account,
            args=event.args,
            block_number=event.block_number,
            block_hash=event.block_hash,
            transaction_hash=event.transaction_hash,
            log_index=event.log_index,
            timestamp=event.timestamp,
            confirmed=event.confirmed,
        )


class ConnectionAnswer(Answer):
    state: Annotated[
        str,
        WithJsonSchema(
            {
                "type": "string",
                "enum": ["connecting", "live", "reconnecting", "error", "offline"],
            }
        ),
    ]
    endpoint: str
    connected_at: Moment | None
    uptime_seconds: float | None
    latency_ms: float | None
    reconnect_attempts: int
    reconnects_total: int
    events_received: int
    last_event_at: Moment | None
    head: Whole | None
    cursor: Whole | None
    lag_blocks: Whole | None

    @classmethod
    def of(cls, connection: Connection) -> "ConnectionAnswer":
        return cls(
            state=connection.state,
            endpoint=connection.endpoint,
            connected_at=connection.connected_at,
            uptime_seconds=connection.uptime_seconds,
            latency_ms=connection.latency_ms,
            reconnect_attempts=connection.reconnect_attempts,
            reconnects_total=connection.reconnects_total,
            events_received=connection.events_received,
            last_event_at=connection.last_event_at,
            head=connection.head,
            cursor=connection.cursor,
            lag_blocks=connection.lag_blocks,
        )


class StatsAnswer(Answer):
    pools_total: int
    members_total: int
    total_contributed: Wei
    events_total: int
    events_today: int
    events_yesterday_same_time: int
    events_this_hour: int
    trend_percent: float | None
    latest_pool: PoolAnswer | None
    seq: Whole
    connection: ConnectionAnswer

    @classmethod
    def of(cls, stats: Stats, latest_reading: PoolReading | None) -> "StatsAnswer":
        return cls(
            pools_total=stats.pools_total,
            members_total=stats.members_total,
            total_contributed=stats.total_contributed,
            events_total=stats.events_total,
            events_today=stats.events_today,
            events_yesterday_same_time=stats.events_yesterday_same_time,
            events_this_hour=stats.events_this_hour,
            trend_percent=stats.trend_percent,
            latest_pool=(
                PoolAnswer.of(stats.latest_pool, latest_reading) if stats.latest_pool else None
            ),
            seq=stats.seq,
            connection=ConnectionAnswer.of(stats.connection),
        )


class ListAnswer(Answer, Generic[T]):
    """A page of a list; `next` is the address of the following one, null at the end."""

    results: list[T]
    next: str | None


class MembersAnswer(ListAnswer[MemberAnswer]):
    """Members now, or right after the block `at_block`."""

    at_block: Whole | None


class ActivityAnswer(Answer):
    """How much happened in the hour, day or week that begins at `start`, by the event's kind."""

    start: Moment
    counts: dict[str, int]


class ErrorAnswer(Answer):
    detail: str
