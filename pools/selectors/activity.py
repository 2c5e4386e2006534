"""Reads behind the dashboard's charts. None grows with the number of events.

The last weeks are read by the index of hours, the whole past as `summed_past` keeps it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import connection
from django.db.models import Count, Sum
from django.utils import timezone

from pools.charts import buckets
from pools.charts.buckets import Hour
from pools.models import Contract, Pool
from pools.selectors.hours import hours
from pools.selectors.summed_past import summed_past

SIZES: Final = ((0, 0), (1, 1), (2, 5), (6, 10), (11, 25), (26, None))
MOST_MEMBERS: Final = 2**62


@dataclass(frozen=True, slots=True)
class Activity:
    """All that the charts of one period show.

    `hours` are those of the period, and perhaps some before it; `first` is when the very first
    event happened, if the whole past was asked for.
    """

    now: datetime
    first: datetime | None
    hours: Sequence[Hour]
    rhythm: Sequence[int]
    pools_total: int
    sizes: Sequence[int]
    categories: Sequence[tuple[str, int]]


def read(period: str, now: datetime) -> Activity:
    """What happened in a period, one of `buckets.PERIODS`, and how things are now."""
    zone = timezone.get_default_timezone()
    if period == "all":
        past = summed_past(now, zone)
        recent = hours(since=past.until)
        happened = [*past.days, *recent]
        first = past.first or (recent[0][0] if recent else None)
        rhythm = [
            before + new
            for before, new in zip(past.rhythm, buckets.rhythm(recent, zone), strict=True)
        ]
    else:
        # A picture of the week takes a week, also beside the bars of a day.
        window = buckets.buckets("7d" if period == "24h" else period, now, zone)
        happened, first = hours(since=window.edges[0]), None
        rhythm = buckets.rhythm(happened, zone)
    return Activity(
        now=now,
        first=first,
        hours=happened,
        rhythm=rhythm,
        pools_total=Contract.objects.aggregate(total=Sum("pools_total"))["total"] or 0,
        sizes=_sizes(),
        categories=_categories(),
    )


def _sizes() -> list[int]:
    """How many pools have so many members, by the ranges of `SIZES`, from the index alone."""
    one = "(SELECT COUNT(*) FROM pools_pool WHERE member_count BETWEEN %s AND %s)"
    ends = [end for low, high in SIZES for end in (low, MOST_MEMBERS if high is None else high)]
    with connection.cursor() as cursor:
        cursor.execute("SELECT " + ", ".join([one] * len(SIZES)), ends)
        return list(cursor.fetchone())


def _categories() -> list[tuple[str, int]]:
    """How many pools are of each category, the fullest first."""
    rows = Pool.objects.order_by().values_list("category").annotate(pools=Count("pk"))
    return sorted(rows, key=lambda row: (-row[1], row[0]))
