"""Keeps the hourly counts and the contracts' event totals in step with the stored logs."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from django.db.models import F

from pools.models import Contract, HourlyActivity, Log


def count_events(logs: Iterable[Log], step: int) -> None:
    """Add `step` (+1 stored, -1 taken back) for each decoded log to its hour and contract."""
    hours: Counter[tuple[int, datetime, str]] = Counter()
    totals: Counter[int] = Counter()
    for log in logs:
        if not log.kind:
            continue
        hour = log.timestamp.replace(minute=0, second=0, microsecond=0)
        hours[log.contract_id, hour, log.kind] += step
        totals[log.contract_id] += step
    for (contract_id, hour, kind), count in hours.items():
        row = HourlyActivity.objects.filter(contract_id=contract_id, hour=hour, kind=kind)
        if not row.update(count=F("count") + count):
            HourlyActivity.objects.create(
                contract_id=contract_id, hour=hour, kind=kind, count=count
            )
    if step < 0:
        HourlyActivity.objects.filter(count=0).delete()
    for contract_id, count in totals.items():
        Contract.objects.filter(pk=contract_id).update(events_total=F("events_total") + count)
