"""What every page and every live page shows around its own matter, and what concerns everybody."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from pools.models import Contract, Pool
from pools.rows import EventRow, Stats
from pools.selectors import hours
from pools.selectors.alerts import passed_over
from pools.selectors.coverage import behind
from pools.selectors.fees import fee_changes
from pools.selectors.hours import ByHour
from pools.selectors.lists import newest_pools
from pools.selectors.overview import contracts, stats_of
from pools.status_rows import Behind


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
    pools, recent = newest_pools(newest, found), hours.recent(now)
    return Surroundings(
        stats=stats_of(found, pools, recent, now=now),
        newest=pools,
        recent=recent,
        contracts=found,
        fee_changes=fee_changes(now, recent, found),
        behind=behind(found),
        passed_over=passed_over(),
    )
