"""What the status page shows, as plain values: the ledger in sum, its gaps, and the work on them.

`selectors` fills them from the records; nothing here asks the database.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pools.bar import Stretch
from pools.models import Alert, CoveredRange, EndpointRecord, HistoricalScan, Verification
from pools.paging import Page
from pools.rows import Connection
from pools.status_spells import Spell


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
    def known_blocks(self) -> int:
        """The blocks from the start to the cursor: those that should be proved by now."""
        last = self.head if self.cursor is None else self.cursor
        return 0 if last is None else max(0, last - self.start_block + 1)

    @property
    def proved_blocks(self) -> int:
        """How many of the known blocks are proved."""
        return self.known_blocks - sum(one.blocks for one in self.old_gaps)

    @property
    def old_gaps(self) -> list[Missing]:
        """What is missing of the known blocks."""
        return [one for one in self.missing if one.state is not MissingState.NEW]

    @property
    def pieces(self) -> int:
        return sum(one.pieces for one in self.evidence)

    @property
    def unproved(self) -> list[Missing]:
        """The missing blocks that somebody tried to prove, in vain so far."""
        return [one for one in self.missing if one.reason or one.state is MissingState.UNPROVED]


class Telling(StrEnum):
    """How far whoever is to be told of an alert has been told."""

    NOBODY = "nobody"  # is to be told of it
    WAITING = "waiting"  # somebody is not told yet
    TOLD = "told"
    FAILED = "failed"  # for one at least it was given up
    HELD = "held"  # nobody is told while a silence holds


@dataclass(frozen=True, slots=True)
class StandingAlert:
    """An alert that stands, as the page shows it, and what became of the telling."""

    key: str
    kind: str
    message: str
    raised_at: datetime
    count: int
    acknowledged_at: datetime | None
    silenced_until: datetime | None
    telling: Telling


@dataclass(frozen=True, slots=True)
class Behind:
    """A contract whose pools are those of block `folded_to`, which is below the cursor.

    `percent` says how much of the blocks up to the cursor they hold, rounded down.
    """

    contract: str
    start_block: int
    folded_to: int
    percent: int


@dataclass(frozen=True, slots=True)
class History:
    """How the link stood in a window that begins at `start`, known from `since` (None: all of it).

    `spells` are the last ones, the newest first; `more` were left out.
    """

    period: str
    start: datetime
    since: datetime | None
    live_ms: int
    told_ms: int
    stretches: list[Stretch]
    spells: list[Spell]
    more: int


@dataclass(frozen=True, slots=True)
class Bucket:
    """Milliseconds of some minutes from `at`: answers of the node, and ways from head to commit."""

    at: datetime
    average: float | None
    worst: float | None
    store_average: float | None
    store_worst: float | None


@dataclass(frozen=True, slots=True)
class Quantiles:
    """Of the minutes' averages in ms: half and 95 % of them were at most this."""

    half: float
    most: float
    measured: int


@dataclass(frozen=True, slots=True)
class Latency:
    """How quick the link was; buckets of so many minutes, those without a measurement left out."""

    period: str
    minutes: int
    start: datetime
    buckets: list[Bucket]
    answers: Quantiles | None
    stores: Quantiles | None


class Verdict(StrEnum):
    """Whether the numbers are true, in one word. What is worse comes first where both hold."""

    NO_LISTENER = "gone"  # our own listener does not report
    NO_LINK = "cut"  # it does, and reaches no node
    HALTED = "halted"  # it reaches one, and the chain does not grow
    MISSING = "missing"  # blocks that cannot be proved, or numbers that differ
    CATCHING_UP = "behind"
    GOOD = "good"


@dataclass(frozen=True, slots=True)
class Status:
    """All that the status page shows; each field is a panel of it."""

    verdict: Verdict
    history: History
    latency: Latency
    connection: Connection
    alerts: list[StandingAlert]  # that stand
    settled: list[Alert]  # the last ones that do no longer
    coverage: list[Coverage]
    running: list[HistoricalScan]
    waiting: list[HistoricalScan]
    waiting_total: int  # the list has room for a few of them
    ended: list[HistoricalScan]
    endpoints: list[EndpointRecord]
    checks: list[Verification]
    pieces: Page[CoveredRange]
