"""Hourly counts against the logs they count. An hour is named by its first second.

Part of rebuilding; `put_right` is called under the writer's lock only.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

from django.db.models import Count, QuerySet

from pools import block_times
from pools.activity import mark_changes
from pools.models import HourlyActivity, Log

HOUR: Final = 3_600
Counts = dict[tuple[int, str], int]
"""By the contract's key and the kind of event."""


def is_right(hour: int) -> bool:
    """Whether the counts of an hour are those of its logs."""
    start = datetime.fromtimestamp(hour, UTC)
    held = _rows(start).values_list("contract_id", "kind", "hour", "count")
    counted = {(contract, kind, start, count) for (contract, kind), count in _count(start).items()}
    return counted == set(held)


def put_right(hour: int) -> set[int]:
    """Make the counts of an hour those of its logs; returns the contracts whose rows changed."""
    start = datetime.fromtimestamp(hour, UTC)
    counts = _count(start)
    changed = set()
    for row in _rows(start):
        # A row that begins within the hour is nobody's, and one that counts nothing is to go.
        right = counts.pop((row.contract_id, row.kind), 0) if row.hour == start else 0
        if row.count == right and right:
            continue
        changed.add(row.contract_id)
        if right:
            row.count = right
            row.save(update_fields=["count"])
        else:
            row.delete()
    for (contract_id, kind), count in counts.items():
        changed.add(contract_id)
        HourlyActivity.objects.create(contract_id=contract_id, hour=start, kind=kind, count=count)
    if changed:
        mark_changes([start], of=changed)
    return changed


def _rows(start: datetime) -> QuerySet[HourlyActivity]:
    return HourlyActivity.objects.filter(hour__gte=start, hour__lt=start + timedelta(hours=1))


def _count(start: datetime) -> Counts:
    end = start + timedelta(hours=1)
    blocks = block_times.between(start, end)
    if blocks is None:
        return {}
    standing = Log.objects.filter(
        block_number__range=blocks, timestamp__gte=start, timestamp__lt=end, retracted_seq=None
    ).exclude(kind="")
    counted = standing.order_by().values_list("contract_id", "kind").annotate(logs=Count("pk"))
    return {(contract_id, kind): logs for contract_id, kind, logs in counted}
