"""The counts behind the cards' small pictures: two queries over the hours of a month.

They follow from the hourly counts alone, so they cost the same however many events there are. The
clock is handed in by tests.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Sum
from django.utils import timezone

from pools.models import HourlyActivity
from pools.periods import HOUR, periods
from pools.sparklines import DAYS, HOURS, Counts

IN = frozenset({"MemberJoined"})
OUT = frozenset({"MemberLeft", "PartialWithdrawal"})
DAY = timedelta(days=1)


def spark_counts(pools_total: int, now: datetime | None = None) -> Counts:
    """What the cards' pictures show, `pools_total` being how many pools there are now."""
    now = now or timezone.now()
    zone = timezone.get_default_timezone()
    today = periods(now, zone).today.start
    yesterday = periods(today - HOUR, zone).today.start
    this_hour = now.replace(minute=0, second=0, microsecond=0)
    last = [this_hour - back * HOUR for back in reversed(range(HOURS))]
    counted = _by_hour_and_kind(since=min(yesterday, last[0]))

    def of(hours: Iterable[datetime], kinds: Iterable[str] = ()) -> tuple[int, ...]:
        wanted = frozenset(kinds)
        return tuple(
            sum(count for kind, count in counted.get(hour, ()) if not wanted or kind in wanted)
            for hour in hours
        )

    return Counts(
        pools=_pools_by_day(pools_total, now=now),
        today=of(_hours(today, this_hour + HOUR)),
        yesterday=of(_hours(yesterday, today)),
        hours=of(last),
        joins=of(last, IN),
        leaves=of(last, {"MemberLeft"}),
        paid_in=of(last, IN),
        paid_out=of(last, OUT),
    )


def _by_hour_and_kind(*, since: datetime) -> dict[datetime, list[tuple[str, int]]]:
    """Counts of each kind by hour; hours a little ahead of our clock, by block time, included."""
    found = HourlyActivity.objects.filter(hour__gte=since).order_by()
    counted: dict[datetime, list[tuple[str, int]]] = {}
    for hour, kind, count in found.values_list("hour", "kind").annotate(total=Sum("count")):
        counted.setdefault(hour, []).append((kind, count))
    return counted


def _pools_by_day(total: int, *, now: datetime) -> tuple[int, ...]:
    """How many pools there were a whole number of days ago, to the hour, up to now."""
    since = now - DAYS * DAY
    created = HourlyActivity.objects.filter(hour__gte=since, kind="PoolCreated")
    by_day: Counter[int] = Counter()
    for hour, count in created.values_list("hour", "count"):
        by_day[max(0, (now - hour) // DAY)] += count
    numbers = [total]
    for day in range(DAYS):
        numbers.append(max(0, numbers[-1] - by_day[day]))
    return tuple(reversed(numbers))


def _hours(start: datetime, end: datetime) -> list[datetime]:
    """The clock hours (UTC) that begin from `start` on and before `end`."""
    first = start.replace(minute=0, second=0, microsecond=0)
    first += HOUR if first < start else timedelta(0)
    return [first + step * HOUR for step in range(max(0, -((first - end) // HOUR)))]
