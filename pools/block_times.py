"""Which blocks belong to which moments. Their times never fall as their numbers rise.

Logs are found by block: only blocks are indexed by time, and every block with logs is on record.
"""

from datetime import datetime

from django.db.models import Max, Min

from pools.models import Block
from pools.ranges import Range


def first_since(moment: datetime) -> int | None:
    """The first block on record at this moment or later; None when there is none yet."""
    found = Block.objects.filter(canonical=True, timestamp__gte=moment)
    return found.order_by("timestamp", "number").values_list("number", flat=True).first()


def last_before(moment: datetime) -> int | None:
    """The last block on record before this moment; None when there is none."""
    found = Block.objects.filter(canonical=True, timestamp__lt=moment)
    return found.order_by("-timestamp", "-number").values_list("number", flat=True).first()


def between(start: datetime, end: datetime) -> Range | None:
    """The first and the last block on record from `start` up to, not including, `end`."""
    found = Block.objects.filter(canonical=True, timestamp__gte=start, timestamp__lt=end)
    ends = found.aggregate(first=Min("number"), last=Max("number"))
    return None if ends["first"] is None else (ends["first"], ends["last"])
