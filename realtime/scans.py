"""The backfill's account: which ranges are gaps, which scans were asked for, how each went.

Reads coverage and keeps the rows of `HistoricalScan`, which are about our work, not the chain.
"""

from dataclasses import dataclass

from django.utils import timezone

from pools import ranges
from pools.models import Contract, CoveredRange, Cursor, HistoricalScan


class NothingStored(Exception):
    """There is no cursor yet, so nothing lies below it."""


@dataclass(frozen=True, slots=True)
class Task:
    """One closed range of one contract, and the row that keeps account of it."""

    contract: Contract
    scan: HistoricalScan


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


def requested_scans(chain_id: int) -> list[Task]:
    """Scans that wait to be done, the part of each that lies below the cursor."""
    tasks = []
    for contract, cursor in followed(chain_id):
        waiting = HistoricalScan.objects.filter(
            contract=contract, state=HistoricalScan.State.REQUESTED, to_block__lte=cursor
        )
        tasks += [Task(contract, scan) for scan in waiting.order_by("pk")[:100]]
    return tasks


def work_waits(chain_id: int) -> bool:
    """Whether there is anything to do, asked of the database alone."""
    return bool(gaps(chain_id) or requested_scans(chain_id))


def followed(chain_id: int) -> list[tuple[Contract, int]]:
    cursor = Cursor.objects.filter(chain_id=chain_id).first()
    if cursor is None:
        return []
    rows = Contract.objects.filter(chain_id=chain_id).order_by("start_block", "address")
    return [(row, cursor.number) for row in rows]


def new_scan(contract: Contract, kind: str, blocks: ranges.Range) -> HistoricalScan:
    return HistoricalScan.objects.create(
        contract=contract, kind=kind, from_block=blocks[0], to_block=blocks[1]
    )


def begin(scan: HistoricalScan) -> None:
    scan.state = HistoricalScan.State.RUNNING
    scan.started_at = timezone.now()
    scan.events_found = 0
    scan.save()


def end(scan: HistoricalScan, *, done_to: int) -> None:
    """Done as far as it went; the rest is a gap still, and the next run finds it."""
    if scan.error or done_to < scan.from_block:
        scan.state = HistoricalScan.State.FAILED
        scan.error = scan.error or "there was no time left for it"
    else:
        scan.state = HistoricalScan.State.DONE
        scan.to_block = done_to
    scan.finished_at = timezone.now()
    scan.save()
