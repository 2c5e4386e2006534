"""What a comparison with the views found, written down: its own row, and an alert for each
mismatch, with both numbers and the events behind ours; resolved when the field is found right.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from pools import leases
from pools.alerts import open_alerts, raise_alert, resolve
from pools.leases import LeaseToken
from pools.models import Alert, Cursor, Log, Verification, is_of_kind
from pools.sampling import MISMATCH
from pools.verifying import TOTALS, Mismatch

MOST_ALERTS: Final = 100
MOST_STORED: Final = 1_000
EVENTS_TOLD: Final = 20
NIGHT_HOUR: Final = 3  # UTC
TRY_AGAIN: Final = timedelta(hours=1)
KEEP: Final = timedelta(days=90)
MORE: Final = f"{MISMATCH}:more"


@dataclass(slots=True)
class Report:
    """One comparison: what was looked at, and what of it is wrong.

    `compared` are the contracts' keys by address; `whole` means each of their pools and members,
    and otherwise those pools of `checked` (contract, number). `past` means that our side was folded
    from logs up to an earlier block; then the contracts' totals are not compared. `remarks` say
    what was left out, `endpoints` are the hosts that answered. With `broken_off` the rest was not
    looked at.
    """

    block: int
    whole: bool
    past: bool = False
    compared: dict[str, int] = field(default_factory=dict)
    checked: set[tuple[str, int]] = field(default_factory=set)
    pools: int = 0
    members: int = 0
    mismatches: list[Mismatch] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    endpoints: set[str] = field(default_factory=set)
    broken_off: bool = False

    def as_json(self) -> dict[str, Any]:
        """As INTERFACE.md has it."""
        return {
            "block": self.block,
            "pools_checked": self.pools,
            "members_checked": self.members,
            "mismatches": [told(mismatch) for mismatch in self.mismatches],
        }


def told(mismatch: Mismatch) -> dict[str, str | None]:
    """A mismatch as JSON; the pool's number is a string, null for the contract as a whole."""
    return {
        "contract": mismatch.contract,
        "pool_id": None if mismatch.pool_id is None else str(mismatch.pool_id),
        "field": mismatch.field,
        "stored": mismatch.stored,
        "onchain": mismatch.onchain,
    }


def is_sample_due(*, now: datetime) -> bool:
    """Whether a sample is yet to be compared since last night: none was, or none to the end. After
    a failure it is due an hour later.
    """
    night = now.astimezone(UTC).replace(hour=NIGHT_HOUR, minute=0, second=0, microsecond=0)
    if night > now:
        night -= timedelta(days=1)
    since = Verification.objects.filter(whole=False, started_at__gte=night)
    done = since.filter(finished_at__isnull=False, error="")
    tried = since.filter(started_at__gt=now - TRY_AGAIN)
    return Cursor.objects.exists() and not done.exists() and not tried.exists()


def forget_old(*, now: datetime) -> None:
    Verification.objects.filter(started_at__lt=now - KEEP).delete()


def begin(*, block: int, whole: bool) -> Verification:
    return Verification.objects.create(block_number=block, whole=whole)


def fail(row: Verification, reason: str) -> None:
    """It could not be done: nothing is known of any field."""
    row.error = reason[:400]
    row.finished_at = timezone.now()
    row.save()


@transaction.atomic
def finish(row: Verification, report: Report, *, lease: LeaseToken) -> None:
    """Write down what was found, raise alerts and resolve those that are settled.

    Raises LostLease.
    """
    leases.check(lease)
    row.block_number = report.block
    row.pools_checked = report.pools
    row.members_checked = report.members
    row.mismatches = [told(mismatch) for mismatch in report.mismatches[:MOST_STORED]]
    row.error = "; ".join(report.remarks)[:400]
    row.finished_at = timezone.now()
    row.save()
    for mismatch in report.mismatches[:MOST_ALERTS]:
        _raise(mismatch, report)
    more = len(report.mismatches) - MOST_ALERTS
    if more > 0:
        raise_alert(MISMATCH, MORE, f"{more} more fields differ from the chain", {"row": row.pk})
    _resolve_settled(report)


def _raise(mismatch: Mismatch, report: Report) -> None:
    where = mismatch.contract
    if mismatch.pool_id is not None:
        where = f"pool {mismatch.pool_id} of {where}"
    raise_alert(
        MISMATCH,
        _key(mismatch.contract, mismatch.pool_id, mismatch.field),
        f"{where}: {mismatch.field} is {mismatch.stored} here and {mismatch.onchain} on the chain "
        f"at block {report.block}",
        {
            **told(mismatch),
            "block": report.block,
            "endpoints": sorted(report.endpoints),
            "events": _events(report.compared[mismatch.contract], mismatch, report.block),
        },
    )


def _events(contract_id: int, mismatch: Mismatch, block: int) -> list[str]:
    """The last events that our side follows from, oldest first, as `block:log_index kind`."""
    logs = Log.objects.filter(contract=contract_id, retracted_seq=None, block_number__lte=block)
    if mismatch.field == "pools_total":
        logs = logs.filter(is_of_kind("PoolCreated"))
    elif mismatch.field not in TOTALS:
        logs = logs.filter(pool_id=mismatch.pool_id)
    if mismatch.account is not None:
        logs = logs.filter(account=mismatch.account)
    newest = logs.order_by("-block_number", "-log_index")[:EVENTS_TOLD]
    return [
        f"{log.block_number}:{log.log_index} {log.kind or 'undecoded'}" for log in reversed(newest)
    ]


def _resolve_settled(report: Report) -> None:
    """Resolve what this comparison has looked at and found right. An earlier block proves nothing
    of now, nor does one that was broken off prove anything of the rest.
    """
    if report.past or report.broken_off:
        return
    standing = {_key(one.contract, one.pool_id, one.field) for one in report.mismatches}
    for alert in open_alerts(MISMATCH):
        if alert.key not in standing and _was_looked_at(alert, report):
            resolve(alert.key)


def _was_looked_at(alert: Alert, report: Report) -> bool:
    if alert.key == MORE:
        return report.whole and len(report.mismatches) <= MOST_ALERTS
    contract, pool_id = alert.details.get("contract"), alert.details.get("pool_id")
    if contract not in report.compared:
        return False
    if report.whole:
        return True
    if pool_id is None:
        return alert.details.get("field") not in TOTALS
    return (contract, int(pool_id)) in report.checked


def _key(contract: str, pool_id: int | None, name: str) -> str:
    return f"{MISMATCH}:{contract}:{'' if pool_id is None else pool_id}:{name}"
