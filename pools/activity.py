"""Keeps the hourly counts and the contracts' numbers of events in step with the stored logs.

Called by `ingest` and its parts, and by rebuilding under the same lock.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from datetime import UTC, datetime

from django.db.models import F
from django.utils import timezone

from pools.models import Chain, Contract, HourlyActivity
from pools.models.chain import new_mark


def count_events(counts: Mapping[tuple[int, int, str], int]) -> None:
    """Add the counts of (contract's key, block's time in seconds, kind); negative: taken back."""
    hours: Counter[tuple[int, datetime, str]] = Counter()
    totals: Counter[int] = Counter()
    for (contract_id, seconds, kind), count in counts.items():
        hours[contract_id, datetime.fromtimestamp(seconds - seconds % 3600, UTC), kind] += count
        totals[contract_id] += count
    for (contract_id, hour, kind), count in hours.items():
        row = HourlyActivity.objects.filter(contract_id=contract_id, hour=hour, kind=kind)
        if not row.update(count=F("count") + count):
            HourlyActivity.objects.create(
                contract_id=contract_id, hour=hour, kind=kind, count=count
            )
        if count < 0:
            row.filter(count=0).delete()
    for contract_id, total in totals.items():
        Contract.objects.filter(pk=contract_id).update(events_total=F("events_total") + total)
    mark_changes({hour for _, hour, _ in hours}, of=totals)


def mark_changes(hours: Collection[datetime], *, of: Collection[int]) -> None:
    """Let sums over past hours be made anew if one of these, of the contracts with these keys, is.

    Of today's hours nobody keeps a sum.
    """
    midnight = timezone.now().astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if any(hour < midnight for hour in hours):
        Chain.objects.filter(contracts__in=of).update(activity_mark=new_mark())
