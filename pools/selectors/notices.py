"""What was decided about a contract of late and concerns everybody for a day: its fees."""

from datetime import datetime, timedelta
from typing import Final

from django.utils import timezone

from pools.rows import EventRow
from pools.selectors.lists import latest_of_kinds

FEE_KINDS: Final = ("PerformanceFeeUpdated", "FeeCollectorUpdated")
SHOWN_FOR: Final = timedelta(days=1)
MOST: Final = 6  # looked at


def fee_changes(now: datetime | None = None) -> list[EventRow]:
    """The newest change of each contract's fee and of who collects it, none older than a day."""
    since = (now or timezone.now()) - SHOWN_FOR
    rows = [row for row in latest_of_kinds(FEE_KINDS, MOST) if row.timestamp > since]
    newest = {(row.contract, row.kind): row for row in reversed(rows)}
    return list(newest.values())
