"""The backfill's account: which ranges are gaps, which scans were asked for, how each went.

Reads coverage and keeps the rows of `HistoricalScan`, which are about our work, not the chain.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.db import transaction
from django.utils import timezone

from pools import ranges
from pools.models import Contract, CoveredRange, Cursor, HistoricalScan

Kind = HistoricalScan.Kind
State = HistoricalScan.State

RESCAN_EVERY: Final = timedelta(hours=1)
KEEP_ENDED: Final = timedelta(days=30)


class NothingStored(Exception):
    """There is no cursor yet, so nothing lies below it."""


@dataclass(frozen=True, slots=True)
class Task:
    """One closed range of one contract, and the row that keeps account of it."""

    contract: Contract
    scan: HistoricalScan

    @property
    def failed_before(self) -> bool:
        return self.scan.state == State.FAILED


def gaps(
    chain_id: int,
    *,
    contract: str | None = None,
    from_block: int | None = None,
    to_block: int | None = None,
) -> list[tuple[Contract, ranges.Range]]:
    """Closed ranges up to the cursor that no row covers, oldest first within each contract."""
    found: list[tuple[Contract, ranges.Range]] = []
    for row, cursor in followed(chain_id):
        if contract is not None and row.address != contract:
            continue
        first = max(row.start_block, from_block or 0)
        last = cursor if to_block is None else min(cursor, to_block)
        covered = CoveredRange.objects.filter(contract=row).values_list("from_block", "to_block")
        found += [(row, gap) for gap in ranges.gaps(first, last, covered)]
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
    """The gaps as work, those that failed last time at the end, so that they hold up no other.

    For the holder of the backfill lease: a row that says RUNNING was left by a worker that ended.
    A gap's row is written when its work begins; one that failed before is used again.
    """
    rows = HistoricalScan.objects.filter(contract__chain_id=chain_id, kind=Kind.BACKFILL)
    rows.filter(state=State.RUNNING).update(
        state=State.FAILED, error="its worker ended before it did", finished_at=timezone.now()
    )
    tasks = []
    for row, (first, last) in gaps(
        chain_id, contract=contract, from_block=from_block, to_block=to_block
    ):
        place = {"contract": row, "from_block": first, "to_block": last}
        failed = rows.filter(state=State.FAILED, **place).order_by("-pk").first()
        tasks.append(Task(row, failed or HistoricalScan(kind=Kind.BACKFILL, **place)))
    return sorted(tasks, key=lambda task: task.failed_before)


def requested_scans(chain_id: int) -> list[Task]:
    """Scans that wait to be done and lie below the cursor.

    Only the holder of the backfill lease runs any: for it, one that says RUNNING was left by a
    worker that ended, and waits too.
    """
    tasks = []
    for contract, cursor in followed(chain_id):
        waiting = HistoricalScan.objects.filter(
            contract=contract,
            kind=Kind.RESCAN,
            state__in=(State.REQUESTED, State.RUNNING),
            to_block__lte=cursor,
        )
        tasks += [Task(contract, scan) for scan in waiting.order_by("pk")[:100]]
    return tasks


def due_for_rescan(chain_id: int) -> list[tuple[Contract, int]]:
    """Contracts whose newest blocks were last scanned again an hour ago or more, and the cursor.

    Taken from the rows, not from a clock in memory: it holds across restarts. Of the rows the one
    that goes highest counts, since scans on request mostly look at older blocks.
    """
    due = []
    for contract, cursor in followed(chain_id):
        ended = HistoricalScan.objects.filter(
            contract=contract, kind=Kind.RESCAN, to_block__lte=cursor, finished_at__isnull=False
        ).order_by("-to_block", "-finished_at")
        at = ended.values_list("finished_at", flat=True).first()
        if at is None or at <= timezone.now() - RESCAN_EVERY:
            due.append((contract, cursor))
    return due


def work_waits(chain_id: int) -> bool:
    """Whether there is anything to do, asked of the database alone."""
    return bool(gaps(chain_id) or requested_scans(chain_id) or due_for_rescan(chain_id))


def followed(chain_id: int) -> list[tuple[Contract, int]]:
    cursor = Cursor.objects.filter(chain_id=chain_id).first()
    if cursor is None:
        return []
    rows = Contract.objects.filter(chain_id=chain_id).order_by("start_block", "address")
    return [(row, cursor.number) for row in rows]


def begin(scan: HistoricalScan) -> None:
    scan.state = State.RUNNING
    scan.started_at = timezone.now()
    scan.finished_at = None
    scan.events_found = 0
    scan.save()


@transaction.atomic
def end(scan: HistoricalScan, *, done_to: int) -> None:
    """Failed if it has an error, else done as far as it went.

    What a backfill leaves is a gap still; what a re-scan leaves is requested anew.
    """
    scan.state = State.FAILED if scan.error else State.DONE
    scan.finished_at = timezone.now()
    if not scan.error and done_to < scan.to_block:
        if scan.kind == Kind.RESCAN:
            HistoricalScan.objects.create(
                contract=scan.contract,
                kind=scan.kind,
                from_block=done_to + 1,
                to_block=scan.to_block,
            )
        scan.to_block = done_to
    scan.save()


def forget_old() -> None:
    """Drop the rows of scans that ended a month ago or earlier."""
    HistoricalScan.objects.filter(finished_at__lt=timezone.now() - KEEP_ENDED).delete()
