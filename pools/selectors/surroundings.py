"""What every page and every live page shows around its own matter, and what concerns everybody."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.utils import timezone

from pools.models import Contract, HourlyActivity
from pools.rows import EventRow, Stats
from pools.selectors.alerts import passed_over
from pools.selectors.coverage import behind
from pools.selectors.lists import latest_of_kinds
from pools.selectors.overview import contracts, current_seq, stats_of
from pools.status_rows import Behind

FEE_KINDS: Final = ("PerformanceFeeUpdated", "FeeCollectorUpdated")
SHOWN_FOR: Final = timedelta(days=1)
MOST: Final = 6  # looked at


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Numbers, connection and banners, as read at one moment."""

    stats: Stats
    contracts: Sequence[Contract]
    fee_changes: Sequence[EventRow]
    behind: Sequence[Behind]
    passed_over: Sequence[str]

    @property
    def troubled(self) -> list[Contract]:
        return [one for one in self.contracts if one.paused or one.emergency_mode]


def surroundings(now: datetime | None = None) -> Surroundings:
    now = now or timezone.now()
    seq = current_seq()  # before all that follows: what is shown is never older than it says
    found = contracts()
    return Surroundings(
        stats=stats_of(found, seq=seq, now=now),
        contracts=found,
        fee_changes=fee_changes(now),
        behind=behind(found),
        passed_over=passed_over(),
    )


def fee_changes(now: datetime) -> list[EventRow]:
    """The newest change of each contract's fee and of who collects it, none older than a day.

    A single query while there is none.
    """
    since = now - SHOWN_FOR
    hour = since.replace(minute=0, second=0, microsecond=0)
    counted = HourlyActivity.objects.filter(hour__gte=hour, kind__in=FEE_KINDS, count__gt=0)
    kinds = counted.values_list("kind", flat=True).distinct()
    rows = [row for row in latest_of_kinds(sorted(kinds), MOST) if row.timestamp > since]
    newest = {(row.contract, row.kind): row for row in reversed(rows)}
    return list(newest.values())
