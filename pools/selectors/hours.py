"""The stored counts by hour: for charts a number for each group of kinds, for the API each kind."""

from collections import Counter
from datetime import datetime
from typing import Final

from django.db.models import Q, Sum

from pools.charts.buckets import Buckets, Hour
from pools.models import HourlyActivity

# Kinds that people tell apart; whatever else there is comes last.
GROUPS: Final = (
    "PoolCreated",
    "MemberJoined",
    "MemberLeft",
    "PartialWithdrawal",
    "YieldClaimed",
)


def activity_by_kind(stretch: Buckets) -> list[dict[str, int]]:
    """How many events of each kind every bucket holds; kinds without any are left out."""
    found = HourlyActivity.objects.filter(hour__gte=stretch.edges[0], hour__lt=stretch.edges[-1])
    sums: list[Counter[str]] = [Counter() for _ in range(len(stretch))]
    for hour, kind, count in found.values_list("hour", "kind", "count").order_by():
        place = stretch.place(hour)
        if place is not None:
            sums[place][kind] += count
    return [dict(sorted(counts.items())) for counts in sums]


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
