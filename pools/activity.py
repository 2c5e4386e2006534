"""Keeps the hourly counts in step with the stored logs. Called by `ingest` only."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from django.db.models import F

from pools.models import HourlyActivity, Log


def count_events(logs: Iterable[Log], step: int) -> None:
    """Add `step` (+1 stored, -1 taken back) for each decoded log to its hour."""
    hours: Counter[tuple[int, datetime, str]] = Counter()
    for log in logs:
        if not log.kind:
            continue
        hour = log.timestamp.replace(minute=0, second=0, microsecond=0)
        hours[log.contract_id, hour, log.kind] += step
    for (contract_id, hour, kind), count in hours.items():
        row = HourlyActivity.objects.filter(contract_id=contract_id, hour=hour, kind=kind)
        if not row.update(count=F("count") + count):
            HourlyActivity.objects.create(
                contract_id=contract_id, hour=hour, kind=kind, count=count
            )
    if step < 0:
        HourlyActivity.objects.filter(count=0).delete()
