"""Reads of the listener's books: how its link stood in a window, and how quick it was.

A constant number of queries, each bounded; buckets and percentiles are the database's work.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.db.models import BigIntegerField, Count, F, Max, QuerySet, Sum

from pools import status_spells
from pools.answer_times import MINUTES, Answers
from pools.compiled import CompiledQuery
from pools.models import ConnectionSpell, LatencySample
from pools.selectors.overview import SILENCE
from pools.status_rows import Bucket, History, Latency, Quantiles
from pools.status_spells import Spell

WINDOWS: Final = {"24h": timedelta(hours=24), "7d": timedelta(days=7)}
BUCKET_MINUTES: Final = {"24h": 15, "7d": 120}
MOST_SPELLS: Final = 1_000  # read of one window; what lies before them is not told
SHOWN: Final = 12
MINUTE: Final = timedelta(minutes=1)
_ANSWERS: Final = CompiledQuery(
    lambda after, last: (
        LatencySample.objects.filter(minute__gt=after, minute__lte=last, answer_count__gt=0)
        .order_by()
        .values_list("minute", "answer_sum", "answer_count")
    ),
    after=BigIntegerField(),
    last=BigIntegerField(),
)


def history(period: str, now: datetime) -> History:
    """How the link stood; `since` is where it begins to be known. Two queries."""
    length = WINDOWS[period]
    start, end = status_spells.window(now, length)
    rows = list(ConnectionSpell.objects.filter(until__gte=start).order_by("-until")[:MOST_SPELLS])
    before = ConnectionSpell.objects.filter(until__lt=start).order_by("-until").first()
    written = [_spell(row) for row in reversed(rows)]
    if len(rows) == MOST_SPELLS:
        before = None  # not the last one before those that are told
    if before is not None:
        written.insert(0, _spell(before))
    spells = status_spells.tiled(written, start=start, end=now, patience=SILENCE)
    known = [spell for spell in spells if spell.state != status_spells.UNKNOWN]
    live, told = status_spells.live_share(spells)
    return History(
        period=period,
        start=start,
        since=known[0].since if known and known[0].since > start else None,
        live_ms=live,
        told_ms=told,
        stretches=status_spells.bar(spells, start=start, end=end),
        spells=known[: -SHOWN - 1 : -1],
        more=max(0, len(known) - SHOWN),
    )


def _spell(row: ConnectionSpell) -> Spell:
    return Spell(row.state, row.since, row.until, row.endpoint, row.detail, row.attempts)


def latency(period: str, now: datetime) -> Latency:
    """Average and worst by bucket, and the percentiles of the minutes' averages. Seven queries."""
    every = BUCKET_MINUTES[period]
    last = int(now.timestamp()) // 60
    first = (last - WINDOWS[period] // MINUTE) // every * every
    samples = LatencySample.objects.filter(minute__gte=first, minute__lte=last)
    rows = (
        samples.annotate(bucket=F("minute") / every)
        .values("bucket")
        .annotate(
            count=Sum("answer_count"),
            total=Sum("answer_sum"),
            worst=Max("answer_worst"),
            stored=Sum("store_count"),
            store_total=Sum("store_sum"),
            store_most=Max("store_worst"),
        )
        .order_by("bucket")
    )
    return Latency(
        period=period,
        minutes=every,
        start=_moment(first),
        buckets=[_bucket(row, every) for row in rows],
        answers=_quantiles(samples, "answer"),
        stores=_quantiles(samples, "store"),
    )


def _bucket(row: Mapping[str, Any], every: int) -> Bucket:
    return Bucket(
        at=_moment(row["bucket"] * every),
        average=row["total"] / row["count"] if row["count"] else None,
        worst=row["worst"] if row["count"] else None,
        store_average=row["store_total"] / row["stored"] if row["stored"] else None,
        store_worst=row["store_most"] if row["stored"] else None,
    )


def answers_of_last_hour(now: datetime) -> Answers:
    """How quick nodes answered in each minute, to a tenth of a millisecond. One query."""
    last = int(now.timestamp()) // 60
    sums: dict[int, tuple[float, int]] = {}
    for minute, total, count in _ANSWERS.rows(after=last - MINUTES, last=last):
        before = sums.get(minute, (0.0, 0))
        sums[minute] = before[0] + total, before[1] + count
    return tuple(
        round(sums[minute][0] / sums[minute][1], 1) if minute in sums else None
        for minute in range(last - MINUTES + 1, last + 1)
    )


def _quantiles(samples: QuerySet[LatencySample], what: str) -> Quantiles | None:
    """Of the averages of those minutes in which anything was measured: three queries."""
    measured = samples.filter(**{f"{what}_count__gt": 0})
    counted = measured.aggregate(rows=Count("pk"), measured=Sum(f"{what}_count"))
    rows = counted["rows"]
    if not rows:
        return None
    places = ((rows - 1) // 2, -(-rows * 95 // 100) - 1)
    averages = (
        measured.annotate(average=F(f"{what}_sum") / F(f"{what}_count"))
        .order_by("average")
        .values_list("average", flat=True)
    )
    half, most = (averages[place] for place in places)
    return Quantiles(half=half, most=most, measured=counted["measured"])


def _moment(minute: int) -> datetime:
    return datetime.fromtimestamp(minute * 60, UTC)
