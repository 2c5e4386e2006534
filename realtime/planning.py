"""What the backfill has to do, read from the records: gaps, requested scans, the last blocks again.

Decides the order and what can wait. Writes nothing.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.utils import timezone

from pools import ranges, selectors
from pools.models import Contract, CoveredRange, Cursor, HistoricalScan

from .chain import ContractSetting

Kind = HistoricalScan.Kind
State = HistoricalScan.State

RESCAN_EVERY: Final = timedelta(minutes=10)
RECENT_BLOCKS: Final = 100
MOST_RECENT_BLOCKS: Final = 1_000
# What failed is tried again each turn at first; later when it has waited half as long as it had
# been failing, at most so long.
FIRST_TRIES: Final = timedelta(minutes=2)
LONGEST_WAIT: Final = timedelta(minutes=5)
# A re-scan that still fails after so long stays as it is; a gap is tried for ever.
RESCAN_PATIENCE: Final = timedelta(days=1)
_REQUESTED_AT_ONCE: Final = 100


class NothingStored(Exception):
    """There is no cursor yet, so nothing lies below it."""


@dataclass(frozen=True, slots=True)
class Task:
    """One closed range of one contract, and the row that keeps account of it."""

    contract: Contract
    scan: HistoricalScan
    failed_before: bool = False

    @property
    def blocks(self) -> int:
        return self.scan.to_block - self.scan.from_block + 1


def followed(chain_id: int) -> list[tuple[Contract, int]]:
    """The contracts with the cursor, which is the same for all; none before the first block."""
    cursor = Cursor.objects.filter(chain_id=chain_id).first()
    if cursor is None:
        return []
    rows = Contract.objects.filter(chain_id=chain_id).order_by("start_block", "address")
    return [(row, cursor.number) for row in rows]


def gaps(
    chain_id: int,
    *,
    contract: str | None = None,
    from_block: int | None = None,
    to_block: int | None = None,
) -> list[tuple[Contract, ranges.Range]]:
    """Closed ranges up to the cursor that no row covers, oldest first within each contract."""
    holes = {one.contract: one.gaps for one in selectors.coverage() if one.chain_id == chain_id}
    found: list[tuple[Contract, ranges.Range]] = []
    for row, cursor in followed(chain_id):
        if contract is not None and row.address != contract:
            continue
        lowest = from_block or 0
        highest = cursor if to_block is None else min(cursor, to_block)
        within = [(max(first, lowest), min(last, highest)) for first, last in holes[row.address]]
        found += [(row, (first, last)) for first, last in within if first <= last]
    return found


def extent(
    chain_id: int, *, contract: str | None, from_block: int | None, to_block: int | None
) -> ranges.Range:
    """The blocks that a run with these bounds looks at. Raises NothingStored before the first."""
    rows = [(row, at) for row, at in followed(chain_id) if contract in (None, row.address)]
    if not rows:
        raise NothingStored("no block is stored yet: the listener has only just begun")
    first = max(min(row.start_block for row, _ in rows), from_block or 0)
    return first, rows[0][1] if to_block is None else min(rows[0][1], to_block)


def tasks_for_gaps(
    chain_id: int,
    *,
    contract: str | None = None,
    from_block: int | None = None,
    to_block: int | None = None,
) -> list[Task]:
    """The gaps as work: contracts with little to do first, then oldest first.

    What failed last time is cut out of its gap and comes at the end of its contract, so that it
    holds up nothing else; its row is used again. Only what the pools wait for, since they are
    folded just up to there, is tried first.
    """
    found = gaps(chain_id, contract=contract, from_block=from_block, to_block=to_block)
    missing: dict[int, int] = {}
    for row, (first, last) in found:
        missing[row.pk] = missing.get(row.pk, 0) + last - first + 1
    tasks = [task for row, gap in found for task in _tasks(row, gap)]
    return sorted(
        tasks,
        key=lambda task: (
            missing[task.contract.pk],
            task.contract.pk,
            task.failed_before and task.scan.from_block > task.contract.folded_to + 1,
            task.scan.from_block,
        ),
    )


def _tasks(contract: Contract, gap: ranges.Range) -> Iterator[Task]:
    known = HistoricalScan.objects.filter(
        contract=contract,
        kind=Kind.BACKFILL,
        state__in=(State.FAILED, State.REQUESTED),
        from_block__lte=gap[1],
        to_block__gte=gap[0],
    )
    left = [gap]
    for scan in known.order_by("-pk"):
        failed = scan.state == State.FAILED
        own = [(scan.from_block, scan.to_block)]
        for first, last in ranges.subtract(left, ranges.subtract(left, own)):
            yield Task(contract, _placed(scan, first, last), failed)
            scan = HistoricalScan(contract=contract, kind=Kind.BACKFILL)
        left = ranges.subtract(left, own)
    for first, last in left:
        new = HistoricalScan(contract=contract, kind=Kind.BACKFILL)
        yield Task(contract, _placed(new, first, last))


def _placed(scan: HistoricalScan, first: int, last: int) -> HistoricalScan:
    scan.from_block, scan.to_block = first, last
    return scan


def requested_scans(chain_id: int) -> list[Task]:
    """Scans that wait to be done and lie below the cursor, and re-scans that failed."""
    tasks = []
    for contract, cursor in followed(chain_id):
        own = HistoricalScan.objects.filter(
            contract=contract, kind=Kind.RESCAN, to_block__lte=cursor
        )
        waiting = own.filter(state__in=(State.REQUESTED, State.RUNNING)).order_by("pk")
        failed = own.filter(
            state=State.FAILED, created_at__gt=timezone.now() - RESCAN_PATIENCE
        ).order_by("pk")
        tasks += [Task(contract, scan) for scan in waiting[:_REQUESTED_AT_ONCE]]
        tasks += [Task(contract, scan, failed_before=True) for scan in failed[:_REQUESTED_AT_ONCE]]
    return tasks


def may_try(task: Task) -> bool:
    """Whether a range that failed has waited long enough: the longer it fails, the more rarely."""
    scan = task.scan
    if not task.failed_before or scan.finished_at is None:
        return True
    failing = scan.finished_at - scan.created_at
    if failing < FIRST_TRIES:
        return True
    return timezone.now() >= scan.finished_at + min(failing / 2, LONGEST_WAIT)


def recent_blocks(chain_id: int) -> list[Task]:
    """The newest blocks of each contract once more, ten minutes after the last time.

    Taken from the rows, not from a clock in memory: it holds across restarts. Of the rows the one
    that goes highest counts, since scans on request mostly look at older blocks; what came after
    it is looked at too, so that no block is left out between two.
    """
    due = []
    for contract, cursor in followed(chain_id):
        ended = HistoricalScan.objects.filter(
            contract=contract, kind=Kind.RESCAN, to_block__lte=cursor, finished_at__isnull=False
        )
        newest = ended.order_by("-to_block", "-finished_at").first()
        first = cursor - RECENT_BLOCKS + 1
        if newest is not None and newest.finished_at is not None:
            if newest.finished_at > timezone.now() - RESCAN_EVERY:
                continue
            first = min(first, max(newest.to_block + 1, cursor - MOST_RECENT_BLOCKS + 1))
        first = max(first, contract.start_block)
        if first <= cursor:
            scan = HistoricalScan(contract=contract, kind=Kind.RESCAN)
            due.append(Task(contract, _placed(scan, first, cursor)))
    return due


def unfolded(chain_id: int) -> list[Contract]:
    """Contracts with stored logs that wait to be folded although nothing below them is missing."""
    return [
        contract
        for contract, cursor in followed(chain_id)
        if contract.folded_to < cursor
        and CoveredRange.objects.filter(
            contract=contract,
            from_block__lte=contract.folded_to + 1,
            to_block__gt=contract.folded_to,
        ).exists()
    ]


def work_waits(chain_id: int, contracts: Iterable[ContractSetting]) -> bool:
    """Whether there is anything to do now, asked of the database alone.

    So there is when the settings name a contract, or a start block, that is not on record.
    """
    on_record = Contract.objects.filter(chain_id=chain_id).values_list("address", "start_block")
    if not {(one.address, one.start_block) for one in contracts}.issubset(on_record):
        return True
    tasks = [*tasks_for_gaps(chain_id), *requested_scans(chain_id), *recent_blocks(chain_id)]
    return any(map(may_try, tasks)) or bool(unfolded(chain_id))
