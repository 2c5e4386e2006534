"""What every page and every live page shows around its own matter, and what concerns everybody."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.utils import timezone

from pools.models import Contract, Pool
from pools.periods import whole_hour
from pools.rows import EventRow, Stats
from pools.selectors import hours
from pools.selectors.alerts import passed_over
from pools.selectors.coverage import behind
from pools.selectors.hours import ByHour
from pools.selectors.lists import newest_of_each, newest_pools
from pools.selectors.overview import contracts, stats_of
from pools.status_rows import Behind

FEE_KINDS: Final = ("PerformanceFeeUpdated", "FeeCollectorUpdated")
SHOWN_FOR: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Numbers, connection and banners, as read at one moment."""

    stats: Stats
    newest: Sequence[Pool]
    recent: ByHour
    contracts: Sequence[Contract]
    fee_changes: Sequence[EventRow]
    behind: Sequence[Behind]
    passed_over: Sequence[str]

    @property
    def troubled(self) -> list[Contract]:
        return [one for one in self.contracts if one.paused or one.emergency_mode]


def surroundings(now: datetime | None = None, *, newest: int = 1) -> Surroundings:
    """With so many of the newest pools."""
    now = now or timezone.now()
    found = contracts()  # with the sequence number, than which nothing that follows is older
    pools, recent = newest_pools(newest), hours.recent(now)
    return Surroundings(
        stats=stats_of(found, pools, recent, now=now),
        newest=pools,
        recent=recent,
        contracts=found,
        fee_changes=fee_changes(now, recent, found),
        behind=behind(found),
        passed_over=passed_over(),
    )


def fee_changes(now: datetime, recent: ByHour, contracts: Sequence[Contract]) -> list[EventRow]:
    """The newest change of each contract's fee and of who collects it, none older than a day.

    No query while there is none in the counts of now.
    """
    since = now - SHOWN_FOR
    counts = [kinds for hour, kinds in recent.items() if hour >= whole_hour(since)]
    kinds = [kind for kind in FEE_KINDS if any(counted.get(kind) for counted in counts)]
    return [row for row in newest_of_each(kinds, contracts) if row.timestamp > since]
