"""The counts behind the cards' small pictures: two queries over the hours of a month, or one.

They follow from the hourly counts alone, so they cost the same however many events there are. The
clock is handed in by tests.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import DateTimeField
from django.utils import timezone

from pools.compiled import CompiledQuery
from pools.models import HourlyActivity
from pools.periods import HOUR, periods, whole_hour
from pools.selectors import hours
from pools.selectors.hours import ByHour
from pools.sparklines import DAYS, HOURS, Counts

IN = frozenset({"MemberJoined"})
OUT = frozenset({"MemberLeft", "PartialWithdrawal"})
DAY = timedelta(days=1)
_CREATED_SINCE = CompiledQuery(
    lambda since: HourlyActivity.objects.filter(hour__gte=since, kind="PoolCreated").values_list(
        "hour", "count"
    ),
    since=DateTimeField(),
)


def spark_counts(
    pools_total: int, now: datetime | None = None, *, recent: ByHour | None = None
) -> Counts:
    """What the cards' pictures show, `pools_total` being how many pools there are now.

    `recent` are the hours of now, where they have been read.
    """
    now = now or timezone.now()
    counted = hours.recent(now) if recent is None else recent
    zone = timezone.get_default_timezone()
    today = periods(now, zone).today.start
    yesterday = periods(today - HOUR, zone).today.start
    this_hour = now.replace(minute=0, second=0, microsecond=0)
    last = [this_hour - back * HOUR for back in reversed(range(HOURS))]

    def of(hours: Iterable[datetime], kinds: Iterable[str] = ()) -> tuple[int, ...]:
        each = [counted.get(hour, {}) for hour in hours]
        if not kinds:
            return tuple(sum(counts.values()) for counts in each)
        return tuple(sum(counts.get(kind, 0) for kind in kinds) for counts in each)

    return Counts(
        pools=_pools_by_day(pools_total, now=now),
        # An hour in which midnight is belongs to both days.
        today=of(_hours(whole_hour(today), this_hour + HOUR)),
        yesterday=of(_hours(whole_hour(yesterday), today)),
        hours=of(last),
        joins=of(last, IN),
        leaves=of(last, {"MemberLeft"}),
        paid_in=of(last, IN),
        paid_out=of(last, OUT),
    )


def _pools_by_day(total: int, *, now: datetime) -> tuple[int, ...]:
    """How many pools there were a whole number of days ago, to the hour, up to now."""
    since = now - DAYS * DAY
    by_day: Counter[int] = Counter()
    for hour, count in _CREATED_SINCE.rows(since=since):
        by_day[max(0, (now - hour) // DAY)] += count
    numbers = [total]
    for day in range(DAYS):
        numbers.append(max(0, numbers[-1] - by_day[day]))
    return tuple(reversed(numbers))


def _hours(start: datetime, end: datetime) -> list[datetime]:
    """The clock hours (UTC) from this one on that begin before `end`."""
    return [start + step * HOUR for step in range(max(0, -((start - end) // HOUR)))]
