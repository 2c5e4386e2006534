"""Reads behind the dashboard's charts. None grows with the number of events.

The last weeks are read by the index of hours, the whole past as `summed_past` keeps it.
"""

from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from django.db import connection
from django.db.models import Count, Sum
from django.utils import timezone

from pools import buckets, stretches
from pools.buckets import Hour
from pools.models import Category, CategoryRules, Chain, Pool
from pools.selectors import chosen_days
from pools.selectors.hours import hours
from pools.selectors.regions import regions
from pools.selectors.summed_past import summed_past
from pools.stretches import Days, Period

OF_HOURS: Final = frozenset({"pools", "activity", "rhythm"})  # the charts made of hours
SIZES: Final = ((0, 0), (1, 1), (2, 5), (6, 10), (11, 25), (26, None))
MOST_MEMBERS: Final = 2**62


@dataclass(frozen=True, slots=True)
class Activity:
    """All that some charts of one period show; empty what only others would.

    `hours` are those of the period and of the one before it, and perhaps others; `first` is when
    the very first event happened, if the whole past was asked for. `pools_total` is the number of
    pools at the period's end.
    """

    now: datetime
    first: datetime | None
    hours: Sequence[Hour]
    rhythm: Sequence[int]
    pools_total: int
    sizes: Sequence[int]
    categories: Sequence[tuple[Category | None, int]]  # None: pools of none
    regions: Sequence[tuple[str, int]]


def read(period: Period, now: datetime, *, of: Collection[str]) -> Activity:
    """What happened in a period and in the one before it, and how things are now.

    `of` names the charts that it is for.
    """
    past = _hours_of(period, now) if OF_HOURS.intersection(of) else _Past()
    return Activity(
        now=now,
        first=past.first,
        hours=past.hours,
        rhythm=past.rhythm,
        pools_total=past.pools_total,
        sizes=_sizes() if "sizes" in of else (),
        categories=_categories() if "categories" in of else (),
        regions=_regions_of(period, now) if "regions" in of else (),
    )


@dataclass(frozen=True, slots=True)
class _Past:
    """As `Activity` has it."""

    first: datetime | None = None
    hours: Sequence[Hour] = ()
    rhythm: Sequence[int] = ()
    pools_total: int = 0


def _hours_of(period: Period, now: datetime) -> _Past:
    zone = timezone.get_default_timezone()
    mark, pools_total = _mark_and_total()
    if isinstance(period, Days):
        chosen = chosen_days.read(period, now, zone, mark)
        total = max(0, pools_total - chosen.pools_after)
        return _Past(None, chosen.hours, chosen.rhythm, total)
    if period == "all":
        past = summed_past(now, zone, mark)
        recent = hours(since=past.until)
        first = past.first or (recent[0][0] if recent else None)
        rhythm = [
            before + new
            for before, new in zip(past.rhythm, buckets.rhythm(recent, zone), strict=True)
        ]
        return _Past(first, [*past.days, *recent], rhythm, pools_total)
    # A picture of the week takes a week, also beside the bars of a day.
    window = buckets.buckets("7d" if period == "24h" else period, now, zone)
    within = hours(since=window.edges[0])
    earlier = (
        chosen_days.before(window, stretches.SHIFTS[period], now, zone, mark)
        if period != "24h"
        else ()
    )
    return _Past(None, [*earlier, *within], buckets.rhythm(within, zone), pools_total)


def state(now: datetime) -> Hashable:
    """Equal to another only if charts of both are drawn from the same records.

    Every event, retraction and message that pools are others has a number; staff change things
    without one. Visitors are not asked about, as their counts are many: each minute is another.
    """
    chain = Chain.objects.order_by("pk").values_list("last_seq", "activity_mark").first()
    rules = CategoryRules.objects.order_by("pk").values_list("revision", "done_to").first()
    return chain, rules, int(now.timestamp()) // 60


def _regions_of(period: Period, now: datetime) -> list[tuple[str, int]]:
    """Where visitors of the period's days (UTC) are, by time zone."""
    if isinstance(period, Days):
        return [(zone, int(count)) for zone, count in regions(period.first, period.last)]
    days = {"24h": 1, "7d": 6, "30d": 29}.get(period)
    since = None if days is None else (now.astimezone(UTC) - timedelta(days=days)).date()
    return [(zone, int(count)) for zone, count in regions(since)]


def _mark_and_total() -> tuple[int | None, int]:
    """The chain's `activity_mark`, read before the counts it is about, and the number of pools."""
    totals = Chain.objects.annotate(pools=Sum("contracts__pools_total"))
    found = totals.order_by("pk").values_list("activity_mark", "pools")
    mark, total = found.first() or (None, None)
    return mark, int(total or 0)


def _sizes() -> list[int]:
    """How many pools have so many members, by the ranges of `SIZES`, from the index alone."""
    one = "(SELECT COUNT(*) FROM pools_pool WHERE member_count BETWEEN %s AND %s)"
    ends = [end for low, high in SIZES for end in (low, MOST_MEMBERS if high is None else high)]
    with connection.cursor() as cursor:
        cursor.execute("SELECT " + ", ".join([one] * len(SIZES)), ends)
        return list(cursor.fetchone())


def _categories() -> list[tuple[Category | None, int]]:
    """How many pools are of each category, the fullest first, those of none last."""
    known: dict[str | None, Category] = {
        each.slug: each for each in Category.objects.defer("keywords_en", "keywords_es")
    }
    rows = Pool.objects.order_by().values_list("category_id").annotate(pools=Count("pk"))
    return sorted(
        ((known.get(slug), count) for slug, count in rows),
        key=lambda row: (row[0] is None, -row[1], row[0].slug if row[0] else ""),
    )
