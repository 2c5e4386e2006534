"""The backfill's account: the rows of `HistoricalScan` and the alerts about them.

They are about our work, not about the chain. Each row ends as what it says: a range that is done,
or exactly the range that could not be proved, with the reason.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from pools import alerts, ranges
from pools.models import Contract, CoveredRange, Cursor, HistoricalScan
from pools.segments import Segment

from . import differences
from .history import Unproved
from .planning import gaps

Kind = HistoricalScan.Kind
State = HistoricalScan.State

KEEP_ENDED: Final = timedelta(days=30)
ENDED: Final = "its worker ended before it did"
# Pools go on at once behind a short gap that no node proves. A long one mostly means that nodes
# are away, and once passed over it would be folded afresh pool by pool when they are back. So it
# is waited for until it has failed for long while nodes gave us the newest blocks.
SHORT_GAP: Final = 100
GAP_PATIENCE: Final = timedelta(minutes=10)
SHORT_GAP_PATIENCE: Final = timedelta(minutes=2)
NODES_ANSWERED: Final = timedelta(minutes=5)
RESCAN_ALERT: Final = timedelta(minutes=10)
CLOSER_LOOKS: Final = 100  # of one segment; a scan that finds more has found a node that lies
GAP: Final = "gap"
RESCAN: Final = "rescan"
_REASON: Final = 400


def begin(scan: HistoricalScan) -> None:
    """The work on this range begins, perhaps again: why it failed before is still to be seen."""
    scan.state = State.RUNNING
    scan.started_at = timezone.now()
    scan.finished_at = None
    scan.done_to = None
    scan.events_found = scan.requests = scan.retries = 0
    scan.endpoints = ""
    scan.save()


def note(scan_id: int, facts: Mapping[str, Any]) -> None:
    """How far it has come, unless it is over."""
    HistoricalScan.objects.filter(pk=scan_id, state=State.RUNNING).update(**facts)


@transaction.atomic
def finish(scan: HistoricalScan, *, done_to: int) -> None:
    """It is done up to and with that block.

    What a backfill leaves is a gap still; what a re-scan leaves is requested anew.
    """
    if done_to < scan.to_block and scan.kind == Kind.RESCAN:
        HistoricalScan.objects.create(
            contract=scan.contract, kind=scan.kind, from_block=done_to + 1, to_block=scan.to_block
        )
    if done_to < scan.from_block:
        scan.delete()
        return
    if scan.kind == Kind.RESCAN:
        alerts.resolve(_key(RESCAN, scan))
    scan.state = State.DONE
    scan.done_to = scan.to_block = done_to
    scan.error = ""
    scan.finished_at = timezone.now()
    scan.save()


@transaction.atomic
def fail(scan: HistoricalScan, failure: Unproved) -> HistoricalScan | None:
    """What lies below the failure is done, the failure is a row of its own, with an alert.

    Returns a row for what lies above, at work already, if there is any.
    """
    end = scan.to_block
    failed = scan
    if failure.from_block > scan.from_block:
        scan.to_block = failure.from_block - 1
        finish(scan, done_to=scan.to_block)
        failed = HistoricalScan(contract=scan.contract, kind=scan.kind, started_at=scan.started_at)
    failed.from_block, failed.to_block = failure.from_block, failure.to_block
    failed.state = State.FAILED
    failed.done_to = None
    failed.error = failure.reason[:_REASON]
    failed.finished_at = timezone.now()
    failed.save()
    _raise(failed)
    if failure.to_block >= end:
        return None
    rest = HistoricalScan(contract=scan.contract, kind=scan.kind)
    rest.from_block, rest.to_block = failure.to_block + 1, end
    begin(rest)
    return rest


def _raise(failed: HistoricalScan) -> None:
    blocks = f"blocks {failed.from_block} to {failed.to_block} of {failed.contract.address}"
    details = {
        "contract": failed.contract.address,
        "from_block": failed.from_block,
        "to_block": failed.to_block,
        "reason": failed.error,
    }
    if failed.kind == Kind.BACKFILL:
        message = f"No node proves {blocks}: {failed.error}"
        alerts.raise_alert(GAP, _key(GAP, failed), message, details)
    elif timezone.now() - failed.created_at > RESCAN_ALERT:
        message = f"The {blocks} cannot be scanned again: {failed.error}"
        alerts.raise_alert(RESCAN, _key(RESCAN, failed), message, details)


def _key(kind: str, scan: HistoricalScan) -> str:
    return f"{kind}:{scan.contract.address}:{scan.from_block}-{scan.to_block}"


def resolve_closed_gaps(chain_id: int) -> None:
    """Resolve alerts about gaps that are closed, or that stand as others now."""
    open_gaps = alerts.open_alerts(GAP)
    if not open_gaps:
        return
    left: dict[int, list[ranges.Range]] = {}
    for contract, gap in gaps(chain_id):
        left.setdefault(contract.pk, []).append(gap)
    failed = HistoricalScan.objects.filter(kind=Kind.BACKFILL, state=State.FAILED)
    standing = {
        _key(GAP, scan)
        for scan in failed.select_related("contract")
        if any(
            first <= scan.from_block and scan.to_block <= last
            for first, last in left.get(scan.contract_id, [])
        )
    }
    for alert in open_gaps:
        if alert.key not in standing:
            alerts.resolve(alert.key)


def given_up(contract_id: int, *, since: datetime) -> int | None:
    """The last block of the gap right behind what is folded, if pools need not wait for it.

    None where there is no such gap. It is given up only if it was tried `since` then.
    """
    folded_to = Contract.objects.values_list("folded_to", flat=True).get(pk=contract_id)
    covered = CoveredRange.objects.filter(contract=contract_id, to_block__gt=folded_to)
    above = covered.order_by("from_block").values_list("from_block", flat=True).first()
    if above is not None and above <= folded_to + 1:
        return None
    failed = HistoricalScan.objects.filter(
        contract=contract_id,
        kind=Kind.BACKFILL,
        state=State.FAILED,
        from_block__lte=folded_to + 1,
        to_block__gt=folded_to,
    )
    for scan in failed.select_related("contract"):
        if _is_hopeless(scan, since):
            return scan.to_block if above is None else min(scan.to_block, above - 1)
    return None


def _is_hopeless(scan: HistoricalScan, since: datetime) -> bool:
    """Whether a range failed once more just now, as for a long time, while nodes were there."""
    is_short = scan.to_block - scan.from_block < SHORT_GAP
    patience = SHORT_GAP_PATIENCE if is_short else GAP_PATIENCE
    cursor = Cursor.objects.filter(chain=scan.contract.chain_id).first()
    if cursor is None or scan.started_at is None or scan.finished_at is None:
        return False
    return (
        scan.finished_at >= since
        and scan.finished_at - scan.created_at >= patience
        and cursor.updated_at >= scan.started_at - NODES_ANSWERED
    )


def settle_interrupted(chain_id: int) -> None:
    """For the holder of the backfill's lease: what says RUNNING was left by a worker that ended.

    What it had done is done; the rest is a gap like any other. Re-scans are begun again.
    """
    backfills = HistoricalScan.objects.filter(contract__chain_id=chain_id, kind=Kind.BACKFILL)
    running = backfills.filter(state=State.RUNNING)
    running.filter(done_to__gte=F("from_block")).update(
        state=State.DONE, to_block=F("done_to"), error=ENDED, finished_at=timezone.now()
    )
    running.update(state=State.REQUESTED, error=ENDED, started_at=None)
    left = gaps(chain_id)
    for scan in backfills.filter(state=State.REQUESTED):
        if not any(
            contract.pk == scan.contract_id and first <= scan.to_block and scan.from_block <= last
            for contract, (first, last) in left
        ):
            scan.delete()


def request_closer_look(contract: Contract, segment: Segment) -> None:
    """Have the blocks compared one by one in which we hold logs that the segment lacks."""
    blocks = {held.block_number for held in differences.between(contract, segment).surplus}
    for number in sorted(blocks)[:CLOSER_LOOKS]:
        HistoricalScan.objects.get_or_create(
            contract=contract,
            kind=Kind.RESCAN,
            state=State.REQUESTED,
            from_block=number,
            to_block=number,
        )


def forget_old() -> None:
    """Drop the rows of scans that ended a month ago or earlier."""
    HistoricalScan.objects.filter(finished_at__lt=timezone.now() - KEEP_ENDED).delete()
