"""The listener's books: how its link stood from when to when, and how quick it was by the minute.

Written in the step that writes the status row, under the lease. A spell begins where state or node
change; measurements are summed in memory and become a row when their minute is over.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import F, FloatField, Value
from django.db.models.functions import Greatest
from django.utils import timezone

from pools import leases
from pools.leases import LeaseToken
from pools.models import ConnectionSpell, LatencySample

from . import status
from .statistics import State
from .status import StatusRow

KEEP_SPELLS: Final = timedelta(days=30)
MOST_SPELLS: Final = 50_000  # a link that breaks each second must not fill the disk
KEEP_SAMPLES: Final = timedelta(days=7, hours=1)  # a little more than a page shows


@dataclass(slots=True)
class Sums:
    """Measurements in milliseconds."""

    count: int = 0
    total: float = 0.0
    worst: float = 0.0

    def add(self, value: float) -> None:
        self.count += 1
        self.total += value
        self.worst = max(self.worst, value)


@dataclass(slots=True)
class Minute:
    """What was measured of one node in one minute."""

    number: int
    endpoint: str
    answers: Sums
    stores: Sums


class Books:
    """For the time of one lease: what others wrote before is never continued."""

    def __init__(self, lease: LeaseToken) -> None:
        self._lease = lease
        self._spell: int | None = None
        self._kind: tuple[str, str] | None = None
        self._minute: Minute | None = None
        self._last_answer: float | None = None

    def keep(self, row: StatusRow, delays: list[float], now: datetime | None = None) -> None:
        """Write the status row and what it adds here; `delays` are ms from head to commit.

        Raises LostLease.
        """
        now = now or datetime.now(UTC)
        number = int(now.timestamp()) // 60
        over = self._over(row, number)
        kind = _kind(row)
        with transaction.atomic():
            leases.check(self._lease)
            status.write(row)
            spell = self._keep_spell(row, kind, now)
            if over is not None:
                _store(over)
        # Only now: a step that failed is tried again as a whole.
        self._spell, self._kind = spell, kind
        if over is not None:
            self._minute = None
        self._measure(row, delays, number)

    def _keep_spell(self, row: StatusRow, kind: tuple[str, str], now: datetime) -> int:
        if self._spell is not None:
            mine = ConnectionSpell.objects.filter(pk=self._spell)
            if kind == self._kind:
                attempts = Greatest(F("attempts"), Value(row.reconnect_attempts))
                if mine.update(until=now, attempts=attempts):
                    return self._spell
            mine.update(until=now)
        begun = ConnectionSpell.objects.create(
            state=row.state,
            endpoint=row.endpoint,
            detail=row.detail,
            attempts=row.reconnect_attempts,
            since=now,
            until=now,
        )
        return begun.pk

    def _over(self, row: StatusRow, number: int) -> Minute | None:
        """The minute to which nothing will be added any more."""
        minute = self._minute
        if minute is None:
            return None
        goes_on = (minute.number, minute.endpoint) == (number, row.endpoint)
        return None if goes_on and row.state != State.OFFLINE.value else minute

    def _measure(self, row: StatusRow, delays: list[float], number: int) -> None:
        # A figure that stands unchanged is the same measurement, written once more.
        answer = row.latency_ms if row.latency_ms != self._last_answer else None
        self._last_answer = row.latency_ms
        if not row.endpoint or (answer is None and not delays):
            return
        if self._minute is None:
            self._minute = Minute(number, row.endpoint, Sums(), Sums())
        if answer is not None:
            self._minute.answers.add(answer)
        for delay in delays:
            self._minute.stores.add(delay)


def _kind(row: StatusRow) -> tuple[str, str]:
    """What makes a spell: a link that is being sought tries one node after the other."""
    return row.state, row.endpoint if row.state == State.LIVE.value else ""


def _store(minute: Minute) -> None:
    """Add to the row of that minute: another listener may have begun it."""
    answers, stores = minute.answers, minute.stores
    found = LatencySample.objects.filter(minute=minute.number, endpoint=minute.endpoint)
    if found.update(
        answer_count=F("answer_count") + answers.count,
        answer_sum=F("answer_sum") + answers.total,
        answer_worst=_greater("answer_worst", answers.worst),
        store_count=F("store_count") + stores.count,
        store_sum=F("store_sum") + stores.total,
        store_worst=_greater("store_worst", stores.worst),
    ):
        return
    LatencySample.objects.create(
        minute=minute.number,
        endpoint=minute.endpoint,
        answer_count=answers.count,
        answer_sum=answers.total,
        answer_worst=answers.worst,
        store_count=stores.count,
        store_sum=stores.total,
        store_worst=stores.worst,
    )


def _greater(field: str, value: float) -> Greatest:
    return Greatest(F(field), Value(value, output_field=FloatField()))


def forget_old(now: datetime | None = None) -> None:
    """Drop spells that ended a month ago, and measurements of more than a week ago."""
    now = now or timezone.now()
    ConnectionSpell.objects.filter(until__lt=now - KEEP_SPELLS).delete()
    newest = ConnectionSpell.objects.order_by("-pk").values_list("pk", flat=True)
    for least in newest[MOST_SPELLS : MOST_SPELLS + 1]:
        ConnectionSpell.objects.filter(pk__lte=least).delete()
    oldest = int((now - KEEP_SAMPLES).timestamp()) // 60
    LatencySample.objects.filter(minute__lt=oldest).delete()
