"""Which blocks belong to which moments. Their times never fall as their numbers rise.

Logs are found by block: only blocks are indexed by time, and every block with logs is on record.
"""

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from django.db.models import Max, Min

from pools.models import Block
from pools.ranges import Range

NEWEST: Final = 64  # blocks by which the chain's pace is judged


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


def pace() -> timedelta | None:
    """How long the chain usually took to grow by a block of late; None while nothing is known.

    The median, so that a time in which it stood still, or a past not yet read, says little.
    """
    newest = Block.objects.filter(canonical=True).order_by("-timestamp", "-number")
    found = newest.values_list("number", "timestamp")[:NEWEST]
    steps = sorted(
        (newer[1] - older[1]) / (newer[0] - older[0])
        for newer, older in pairwise(found)
        if newer[0] > older[0]
    )
    return steps[len(steps) // 2] if steps else None
