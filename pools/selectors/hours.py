"""The stored counts by hour, as charts take them: a row for each hour, a number for each group."""

from datetime import datetime
from typing import Final

from django.db.models import Q, Sum

from pools.charts.buckets import Hour
from pools.models import HourlyActivity

# Kinds that people tell apart; whatever else there is comes last.
GROUPS: Final = (
    "PoolCreated",
    "MemberJoined",
    "MemberLeft",
    "PartialWithdrawal",
    "YieldClaimed",
)


def hours(*, since: datetime | None = None, until: datetime | None = None) -> list[Hour]:
    """The counts of each hour that has any, by group, oldest first."""
    found = HourlyActivity.objects.all()
    if since is not None:
        found = found.filter(hour__gte=since)
    if until is not None:
        found = found.filter(hour__lt=until)
    sums = {kind: Sum("count", filter=Q(kind=kind), default=0) for kind in GROUPS}
    rows = found.values_list("hour").annotate(**sums, every=Sum("count")).order_by("hour")
    # PostgreSQL sums to decimals.
    return [(hour, (*map(int, counts), int(every - sum(counts)))) for hour, *counts, every in rows]
