"""Reads of what happened to a pool, to an account or to all, by the hour; bounded however much."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from django.db.models import QuerySet, TextField
from django.db.models.functions import Cast, Substr

from pools import block_times
from pools.buckets import Hour
from pools.decoding import WORD
from pools.interface import SPECS
from pools.models import Contract, Log, Pool
from pools.own_charts import EVERYTHING, Subject
from pools.periods import next_hour
from pools.selectors.hours import GROUPS
from pools.selectors.lists import standing_events

MOST_LOGS: Final = 1_000  # the newest
MOST_SCANNED: Final = 20_000  # of a subject's, where only some of its kinds count
# As text, which begins alike in both databases: hundreds of moments take their time to make.
_HOUR: Final = Substr(Cast("timestamp", TextField()), 1, len("2025-01-31 12"))
_AMOUNTS: Final = {
    kind: WORD * [each.field for each in SPECS[kind].arguments if not each.indexed].index(field)
    for kind, field in {
        "MemberJoined": "btc_amount",
        "MemberLeft": "btc_amount",
        "PartialWithdrawal": "btc_amount",
        "YieldClaimed": "net_yield",
    }.items()
}
"""Where in a log's data its amount begins; all of theirs is words."""
_PLACES: Final = {kind: place for place, kind in enumerate(GROUPS)}


@dataclass(frozen=True, slots=True)
class Happened:
    """The hours of a subject, with a count, or an amount in wei, for each group of kinds.

    `cut_at`: there was more than is read, the last of it in this hour, which is not all here, or
    earlier. `name` is a pool's cleaned one, None if there is no such pool.
    """

    hours: Sequence[Hour]
    cut_at: datetime | None = None
    name: str | None = None


def happened(
    subject: Subject,
    *,
    since: datetime | None,
    until: datetime | None,
    groups: Collection[int],
    amounts: bool,
) -> Happened:
    """Of these groups, from and up to, not including, these moments; five queries at most.

    Where zones begin their days within an hour (UTC), that is the earlier day's, as in `hours`.
    Amounts are those of events that the fold took in, as in the totals of pools.
    """
    found, name = logs_of(subject)
    if found is None:
        return Happened((), name=name)
    if since is not None:
        first = block_times.first_since(next_hour(since))
        if first is None:
            return Happened((), name=name)
        found = found.filter(block_number__gte=first)
    if until is not None:
        last = block_times.last_before(next_hour(until))
        found = found.filter(block_number__lte=-1 if last is None else last)
    found = found.order_by("-block_number", "-log_index").annotate(hour=_HOUR)
    cut_at = None
    # Of everything, some kinds may lie far apart: all are read then.
    if len(GROUPS) not in groups and subject != EVERYTHING:
        for block, hour in found.values_list("block_number", "hour")[MOST_SCANNED:][:1]:
            found, cut_at = found.filter(block_number__gt=block), _moment(hour)
        found = found.filter(kind__in=[GROUPS[group] for group in groups])
    if amounts:
        found = found.filter(problem="")
    fields = ("hour", "kind", "data") if amounts else ("hour", "kind")
    rows = list(found.values_list(*fields)[: MOST_LOGS + 1])
    sums: dict[str, list[int]] = {}
    for hour, kind, *data in reversed(rows[:MOST_LOGS]):
        counts = sums.get(hour) or sums.setdefault(hour, [0] * (len(GROUPS) + 1))
        counts[_PLACES.get(kind, len(GROUPS))] += amount_in(kind, *data) if amounts else 1
    hours = [(_moment(hour), tuple(counts)) for hour, counts in sums.items()]
    if len(rows) > MOST_LOGS:
        cut_at = hours[0][0]
    return Happened(hours, cut_at, name)


def _moment(hour: str) -> datetime:
    return datetime.strptime(hour, "%Y-%m-%d %H").replace(tzinfo=UTC)


def logs_of(subject: Subject) -> tuple[QuerySet[Log] | None, str | None]:
    """Its standing events, None if there is no such pool; and a pool's name."""
    if subject == EVERYTHING:
        return standing_events(), None
    if subject.pool_id is None:
        return standing_events().filter(account=subject.address), None
    pools = Pool.objects.filter(contract__address=subject.address, pool_id=subject.pool_id)
    pool = pools.values_list("contract_id", "name").first()
    if pool is None:
        return None, None
    contract, name = pool
    return standing_events().filter(contract=contract, pool_id=subject.pool_id), name


def amount_in(kind: str, data: bytes) -> int:
    """Read where `decoding` found it when the log was stored: to read all of it again takes thrice
    as long."""
    begin = _AMOUNTS.get(kind)
    return 0 if begin is None else int.from_bytes(data[begin : begin + WORD])


def contracts_of_pool(pool_id: int) -> list[str]:
    """The addresses of the contracts that have a pool of this number."""
    contracts = dict(Contract.objects.values_list("pk", "address"))
    found = Pool.objects.filter(contract__in=contracts, pool_id=pool_id)
    return [contracts[key] for key in found.values_list("contract_id", flat=True)]
