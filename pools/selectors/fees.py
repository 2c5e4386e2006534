"""The changes of fees that concern everybody for a day."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

from pools.models import Contract
from pools.periods import whole_hour
from pools.rows import EventRow
from pools.selectors.hours import ByHour
from pools.selectors.lists import newest_of_each

FEE_KINDS: Final = ("PerformanceFeeUpdated", "FeeCollectorUpdated")
SHOWN_FOR: Final = timedelta(days=1)


def fee_changes(now: datetime, recent: ByHour, contracts: Sequence[Contract]) -> list[EventRow]:
    """The newest change of each contract's fee and of who collects it, none older than a day.

    No query while there is none in the counts of now, nor until the chain has other logs.
    """
    since = now - SHOWN_FOR
    counts = [kinds for hour, kinds in recent.items() if hour >= whole_hour(since)]
    kinds = [kind for kind in FEE_KINDS if any(counted.get(kind) for counted in counts)]
    last_seqs = tuple(one.chain.last_seq for one in contracts)
    newest = _newest(tuple(kinds), tuple(contracts), last_seqs)
    return [row for row in newest if row.timestamp > since]


@lru_cache(maxsize=1)
def _newest(
    kinds: Sequence[str], contracts: Sequence[Contract], _last_seqs: Sequence[int]
) -> list[EventRow]:
    """Read once: no log of a chain is stored or taken back without a number."""
    return newest_of_each(kinds, contracts)


def forget() -> None:
    """Read all anew when it is asked for next."""
    _newest.cache_clear()
