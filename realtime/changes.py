"""What happened between two sequence numbers, captured as plain values for rendering later.

Reads through `pools.selectors`; knows nothing of HTML or sockets. A `Change` is never altered:
whoever renders it in an hour shows the same rows as whoever renders it now.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pools import selectors
from pools.models import Membership, OutboxRow, Pool
from pools.rows import FEED_ROWS, MEMBERS_SHOWN, EventRow, Message, Stats
from realtime.topics import Topic

# Events that change what `live/_banners.html` says.
BANNER_KINDS = frozenset(
    {
        "Paused",
        "Unpaused",
        "EmergencyModeUpdated",
        "PerformanceFeeUpdated",
        "FeeCollectorUpdated",
    }
)

PoolKey = tuple[str, int]
"""A contract's checksummed address and a pool's id in it."""


@dataclass(frozen=True, slots=True)
class PoolDetails:
    """All that a pool's own page shows of it."""

    pool: Pool
    members: tuple[Membership, ...]
    feed: tuple[EventRow, ...]


@dataclass(frozen=True, slots=True)
class Numbered:
    """An event with the number of the message about it, which is not its own."""

    seq: int
    event: EventRow


@dataclass(frozen=True, slots=True)
class Change:
    """The net effect of the messages `first_seq` to `last_seq`, both included.

    `added` is in chain order. `feed` holds the whole dashboard feed, newest first, when putting
    the added rows on top would not give the right list. `numbers` names the fields of `stats` that
    differ from those before. `pools` holds each pool that was touched, None if it is no more; with
    `batch` others were touched too, which no message names.
    A pool's facts and members are not kept here: they would fill the memory, and only the newest
    are worth telling.
    """

    first_seq: int
    last_seq: int
    added: tuple[EventRow, ...] = ()
    struck: tuple[Numbered, ...] = ()
    confirmed: tuple[Numbered, ...] = ()
    feed: tuple[EventRow, ...] | None = None
    stats: Stats | None = None
    numbers: frozenset[str] = frozenset()
    pools: Mapping[PoolKey, Pool | None] = field(default_factory=dict)
    banners: bool = False
    batch: bool = False

    @property
    def created(self) -> frozenset[PoolKey]:
        """The pools that began to exist."""
        rows = (row for row in self.added if row.kind == "PoolCreated")
        return frozenset((row.contract, row.pool_id) for row in rows if row.pool_id is not None)

    @property
    def named_pools(self) -> frozenset[PoolKey]:
        """The pools of which a row is told here."""
        rows = [*self.added, *(item.event for item in (*self.struck, *self.confirmed))]
        return frozenset((row.contract, row.pool_id) for row in rows if row.pool_id is not None)

    def leaves_more_to_tell(self, topic: Topic) -> bool:
        """Whether pages of this topic also show what no frame carries, and that has changed."""
        if topic.kind == "pool":
            return self.batch or (topic.contract, topic.pool_id) in self.pools
        if topic.kind in ("pools", "events"):
            return self.batch
        if topic.kind == "charts":
            return True
        return topic.kind == "dashboard" and (self.batch or bool(self.pools))

    def after(self, seq: int) -> "Change":
        """The part that a reader of `seq` lacks. Lists that are sent whole stay whole."""
        return replace(
            self,
            first_seq=seq + 1,
            added=tuple(row for row in self.added if row.seq > seq),
            struck=tuple(item for item in self.struck if item.seq > seq),
            confirmed=tuple(item for item in self.confirmed if item.seq > seq),
        )


def is_whole(messages: Sequence[Message], *, after: int) -> bool:
    """Whether each message after `after` is here: none was forgotten already."""
    expected = after + 1
    for message in messages:
        if message.first_seq != expected:
            return False
        expected = message.seq + 1
    return True


def net_effect(messages: Sequence[Message]) -> Change:
    """What the messages amount to, from themselves alone. There must be one at least."""
    added: dict[str, EventRow] = {}
    struck: dict[str, Numbered] = {}
    confirmed: dict[str, Numbered] = {}
    for message in messages:
        event = message.event
        if event is None:
            continue  # a batch; or a log that could not be read: kept, counted, not shown
        numbered = Numbered(message.seq, event)
        if message.kind is OutboxRow.Kind.EVENT:
            # An event that was taken back, or brought again under a later number, meanwhile
            # is told of by that later message.
            if not event.retracted and event.seq == message.seq:
                added[event.key] = event
        elif message.kind is OutboxRow.Kind.RETRACTION:
            if event.retracted:
                struck[event.key] = numbered
        elif not event.retracted:
            confirmed[event.key] = numbered
    return Change(
        first_seq=messages[0].first_seq,
        last_seq=messages[-1].seq,
        added=tuple(sorted(added.values(), key=position)),
        struck=tuple(struck.values()),
        confirmed=tuple(item for key, item in confirmed.items() if key not in added),
        banners=any(m.event is not None and m.event.kind in BANNER_KINDS for m in messages),
        batch=any(message.kind is OutboxRow.Kind.BATCH for message in messages),
    )


def touched_pools(messages: Iterable[Message]) -> dict[PoolKey, Pool | None]:
    """The pools that the messages' events name, as they are now. One query each."""
    keys = {
        (message.event.contract, message.event.pool_id)
        for message in messages
        if message.event is not None and message.event.pool_id is not None
    }
    return {(contract, pool_id): selectors.pool(contract, pool_id) for contract, pool_id in keys}


def details_of(pool: Pool, *, up_to: int) -> PoolDetails:
    """A pool's page as of a sequence number: later events are left for later messages."""
    return PoolDetails(
        pool=pool,
        members=tuple(selectors.largest_members(pool, MEMBERS_SHOWN)),
        feed=latest(up_to=up_to, pool=pool),
    )


def latest(*, up_to: int, pool: Pool | None = None) -> tuple[EventRow, ...]:
    """The newest events, newest first, none with a number above `up_to`."""
    rows = selectors.latest_events(FEED_ROWS, pool=pool)
    return tuple(row for row in rows if row.seq <= up_to)


def position(row: EventRow) -> tuple[int, int]:
    return row.block_number, row.log_index


def changed_numbers(before: Stats | None, after: Stats) -> frozenset[str]:
    """The names of the numbers that differ."""
    names = (
        "pools_total",
        "members_total",
        "total_contributed",
        "events_total",
        "events_today",
        "events_this_hour",
        "trend_percent",
    )
    if before is None:
        return frozenset(names)
    return frozenset(name for name in names if getattr(before, name) != getattr(after, name))
