"""Reads of the ledger of covered ranges: what is proved, what is missing, and why.

A ledger may have a hundred thousand rows and is never brought here row by row: the database finds
the places where two ranges do not meet. Nothing is written.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Count, F, Max, Min, Q, Sum, Window
from django.db.models.functions import Lag
from django.utils import timezone

from pools import ranges
from pools.models import Contract, CoveredRange, HistoricalScan, Lease
from pools.ranges import Range
from pools.selectors.overview import connection
from pools.status_rows import Behind, Coverage, Evidence, Missing, MissingState

BACKFILL_LEASE: Final = "backfill"  # whoever holds it is at work on the scans that say RUNNING
MOST_FAILURES: Final = 500  # failed scans that are asked why blocks are missing, newest first

State = HistoricalScan.State


@dataclass(slots=True)
class _Ledger:
    """The rows of one contract, in sum. The ends are None without any row."""

    first: int | None
    last: int | None
    evidence: list[Evidence]
    holes: list[Range]
    broken_seams: list[int]


def coverage(now: datetime | None = None) -> list[Coverage]:
    """For each contract, the blocks from its start to the newest one known, proved or not.

    Blocks that the listener has heard of and not yet read are gaps like any others.
    """
    at = connection(now)
    ledgers = _ledgers()
    scans = _scans(now or timezone.now())
    return [
        _coverage(
            contract,
            ledgers.get(contract.pk) or _Ledger(None, None, [], [], []),
            [scan for scan in scans if scan.contract_id == contract.pk],
            head=at.head,
            cursor=at.cursor,
        )
        for contract in Contract.objects.order_by("start_block", "address")
    ]


def behind(contracts: Iterable[Contract]) -> list[Behind]:
    """Those of the contracts whose pools wait below a gap of history.

    They have to be read in one statement, each with its chain's cursor. Empty in normal following:
    events are stored and folded in one transaction.
    """
    found = []
    for contract in contracts:
        cursor = getattr(contract.chain, "cursor", None)
        if cursor and contract.start_block <= cursor.number > contract.folded_to:
            found.append(_behind(contract, cursor.number))
    return found


def backfill_is_at_work(now: datetime) -> bool:
    """Whether somebody holds the backfill's lease: else a scan that says RUNNING has stopped."""
    return Lease.objects.filter(name=BACKFILL_LEASE, expires_at__gt=now).exclude(holder="").exists()


def _behind(contract: Contract, cursor: int) -> Behind:
    folded = contract.folded_to - contract.start_block + 1
    known = cursor - contract.start_block + 1
    return Behind(
        contract=contract.address,
        start_block=contract.start_block,
        folded_to=contract.folded_to,
        percent=max(0, folded) * 100 // known,
    )


def _coverage(
    contract: Contract,
    ledger: _Ledger,
    scans: Sequence[HistoricalScan],
    *,
    head: int | None,
    cursor: int | None,
) -> Coverage:
    known_to = contract.start_block - 1 if head is None else head
    gaps = _gaps(ledger, contract.start_block, known_to)
    return Coverage(
        contract=contract.address,
        chain_id=contract.chain_id,
        start_block=contract.start_block,
        head=head,
        cursor=cursor,
        folded_to=contract.folded_to,
        # Not the sum over the rows: a start block that was raised leaves some of them below it.
        covered_blocks=ranges.total(ranges.gaps(contract.start_block, known_to, gaps)),
        gaps=gaps,
        missing=_missing(gaps, scans, cursor=cursor),
        evidence=ledger.evidence,
        broken_seams=ledger.broken_seams,
    )


def _ledgers() -> dict[int, _Ledger]:
    """What the rows of each contract amount to, by its key."""
    found: dict[int, _Ledger] = {}
    by_node = CoveredRange.objects.order_by("contract", "endpoint").values("contract", "endpoint")
    for row in by_node.annotate(
        first=Min("from_block"),
        last=Max("to_block"),
        pieces=Count("pk"),
        blocks=Sum(F("to_block") - F("from_block") + 1),
        all_logs=Sum("logs"),
        witnessed=Count("pk", filter=~Q(witness="")),
        with_headers=Count("pk", filter=Q(linked=True)),
        agreeing=Count("pk", filter=Q(bloom_agrees=True)),
    ):
        ledger = found.setdefault(row["contract"], _Ledger(row["first"], row["last"], [], [], []))
        ledger.first = min(row["first"], ledger.first)
        ledger.last = max(row["last"], ledger.last)
        ledger.evidence.append(
            Evidence(
                endpoint=row["endpoint"],
                pieces=row["pieces"],
                blocks=row["blocks"],
                logs=row["all_logs"],
                witnessed=row["witnessed"],
                linked=row["with_headers"],
                bloom_agrees=row["agreeing"],
            )
        )
    for contract, below, from_block in _seams_that_do_not_hold():
        if below == from_block - 1:
            found[contract].broken_seams.append(from_block)
        else:
            found[contract].holes.append((below + 1, from_block - 1))
    return found


def _seams_that_do_not_hold() -> Iterable[tuple[int, int, int]]:
    """Where a range does not go on from the one below it, in order.

    Each as (contract, last block below, first block above): with blocks between them a hole, and
    without any a contradiction, since the block above names another parent.
    """

    def below(field: str) -> Window:
        return Window(Lag(field), partition_by=["contract"], order_by=["from_block"])

    rows = CoveredRange.objects.annotate(below=below("to_block"), below_hash=below("end_hash"))
    apart = Q(below__lt=F("from_block") - 1)
    both_known = Q(below_hash__gt="") & Q(below_hash__isnull=False) & ~Q(parent_hash="")
    contradicts = both_known & ~Q(below_hash=F("parent_hash"))
    found = rows.filter(apart | contradicts).order_by("contract", "from_block")
    return found.values_list("contract", "below", "from_block")


def _gaps(ledger: _Ledger, first: int, last: int) -> list[Range]:
    """The blocks from `first` to `last` that no row covers."""
    if ledger.first is None or ledger.last is None:
        return [(first, last)] if first <= last else []
    holes = [(first, ledger.first - 1), *ledger.holes, (ledger.last + 1, last)]
    within = ((max(one_first, first), min(one_last, last)) for one_first, one_last in holes)
    return [(one_first, one_last) for one_first, one_last in within if one_first <= one_last]


def _scans(now: datetime) -> list[HistoricalScan]:
    """What is known of missing blocks: scans at work, then the newest that failed."""
    running = HistoricalScan.objects.filter(state=State.RUNNING).order_by("-pk")
    failed = HistoricalScan.objects.filter(state=State.FAILED).order_by("-pk")
    at_work = list(running) if backfill_is_at_work(now) else []
    return [*at_work, *failed[:MOST_FAILURES]]


def _missing(
    gaps: Sequence[Range], scans: Sequence[HistoricalScan], *, cursor: int | None
) -> list[Missing]:
    """The gaps, cut so that each piece has one reason; of several scans the first one counts."""
    found = []
    left: list[Range] = []
    for first, last in gaps:
        if cursor is not None and last > cursor:
            found.append(Missing(max(first, cursor + 1), last, MissingState.NEW))
            last = cursor
        if first <= last:
            left.append((first, last))
    for scan in scans:
        state = MissingState.READING if scan.state == State.RUNNING else MissingState.UNPROVED
        for first, last in _take(left, scan.from_block, scan.to_block):
            since = scan.created_at if scan.error else None
            found.append(Missing(first, last, state, scan.error, since))
    found += [Missing(first, last, MissingState.WAITING) for first, last in left]
    return sorted(found, key=lambda one: one.from_block)


def _take(left: list[Range], first: int, last: int) -> list[Range]:
    """The blocks of these ranges (ascending, apart) within the bounds; they are taken out."""
    start = bisect_left(left, first, key=lambda each: each[1])
    end = start
    taken: list[Range] = []
    rest: list[Range] = []
    while end < len(left) and left[end][0] <= last:
        here_first, here_last = left[end]
        taken.append((max(here_first, first), min(here_last, last)))
        rest += [(here_first, first - 1)] if here_first < first else []
        rest += [(last + 1, here_last)] if here_last > last else []
        end += 1
    left[start:end] = rest
    return taken
