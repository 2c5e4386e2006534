"""The stored counts by hour: for charts a number for each group of kinds, for the API each kind."""

import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, TypeAlias

from django.db.models import DateTimeField, Q, Sum
from django.utils import timezone

from pools.buckets import DAY, Buckets, Hour
from pools.compiled import CompiledQuery
from pools.models import Chain, HourlyActivity
from pools.periods import periods

ByHour: TypeAlias = Mapping[datetime, Mapping[str, int]]  # how many events of each kind

# Kinds that people tell apart; whatever else there is comes last.
GROUPS: Final = (
    "PoolCreated",
    "MemberJoined",
    "MemberLeft",
    "PartialWithdrawal",
    "YieldClaimed",
)


@dataclass(frozen=True, slots=True)
class PastKinds:
    """What `activity_by_kind` counted before `until`: exact while the chain's mark stands."""

    stretch: Buckets
    until: datetime
    mark: int | None
    sums: Sequence[Counter[str]]


_COUNTS_SINCE = CompiledQuery(
    lambda hour: (
        HourlyActivity.objects.filter(hour__gte=hour)
        .order_by()
        .values_list("hour", "kind", "count")
    ),
    hour=DateTimeField(),
)
_past_kinds: dict[str, PastKinds] = {}  # by unit
_one_at_a_time = threading.Lock()


def activity_by_kind(stretch: Buckets, now: datetime) -> list[dict[str, int]]:
    """How many events of each kind every bucket holds; kinds without any are left out.

    Two years have over 100,000 rows: those of before yesterday (UTC) are kept as summed by the
    process until one of them changes, as `summed_past` does for the charts.
    """
    mark = Chain.objects.order_by("pk").values_list("activity_mark", flat=True).first()
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    until = max(stretch.edges[0], midnight - DAY)
    with _one_at_a_time:
        past = _past_kinds.get(stretch.unit)
        if past is None or (past.stretch, past.until, past.mark) != (stretch, until, mark):
            sums = _by_kind(stretch, stretch.edges[0], until)
            past = PastKinds(stretch, until, mark, sums)
            if mark is not None:
                _past_kinds[stretch.unit] = past
    recent = _by_kind(stretch, until, stretch.edges[-1])
    return [
        dict(sorted((before + new).items())) for before, new in zip(past.sums, recent, strict=True)
    ]


def _by_kind(stretch: Buckets, since: datetime, until: datetime) -> list[Counter[str]]:
    found = HourlyActivity.objects.filter(hour__gte=since, hour__lt=until)
    sums: list[Counter[str]] = [Counter() for _ in range(len(stretch))]
    for hour, kind, count in found.values_list("hour", "kind", "count").order_by():
        place = stretch.place(hour)
        if place is not None:
            sums[place][kind] += count
    return sums


def recent(now: datetime) -> ByHour:
    """The counts of every hour since yesterday began or a day ago: one query for many numbers."""
    yesterday = periods(now, timezone.get_default_timezone()).yesterday_same_time.start
    return counted_since(min(yesterday, now - DAY))


def counted_since(moment: datetime) -> ByHour:
    """The counts of the hour of this moment and of all later ones, some a little ahead of now."""
    hour = moment.replace(minute=0, second=0, microsecond=0)
    counted: dict[datetime, Counter[str]] = {}
    for at, kind, count in _COUNTS_SINCE.rows(hour=hour):
        counted.setdefault(at, Counter())[kind] += count
    return counted


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
