"""What was touched since a moment: which pools, contracts and hours the writers have changed.

Part of rebuilding, which computes those again. Reads only.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.db import connection

from pools.models import Chain, Contract, Log
from pools.rebuilding.hourly import HOUR
from pools.rebuilding.stored_logs import number

PoolOrWhole = tuple[int, int | None]
"""A contract's key and a pool's number; None stands for the logs about the contract itself."""

_POOLS_AT_ONCE: Final = 500
_HOUR_OF: Final = {
    "sqlite": f"CAST(strftime('%%s', timestamp) AS INTEGER) / {HOUR} * {HOUR}",
    "postgresql": f"extract(epoch FROM timestamp)::bigint / {HOUR} * {HOUR}",
}


@dataclass(frozen=True, slots=True)
class Mark:
    """How far everything was at one moment: the last sequence number, and what was folded."""

    seq: int = 0
    folded_to: dict[int, int] = field(default_factory=dict)  # by contract

    @classmethod
    def now(cls, chain_id: int) -> "Mark":
        seq = Chain.objects.values_list("last_seq", flat=True).get(pk=chain_id)
        folded_to = Contract.objects.filter(chain=chain_id).values_list("pk", "folded_to")
        return cls(seq, dict(folded_to))


def between(before: Mark, after: Mark) -> tuple[set[PoolOrWhole], set[int]]:
    """What writers touched from one mark to the other, or later; and the hours (first seconds).

    Logs became part of the chain or were taken back: either has a new sequence number. Or they
    had been stored before and were folded now.
    """
    pools, hours = set(), set()
    # The plus keeps SQLite from walking through the index by pool, which is all of history.
    for column in ("seq", "retracted_seq"):
        rows = _ask(
            f"SELECT DISTINCT +contract_id, pool_id, {_HOUR_OF[connection.vendor]} "  # noqa: S608
            f"FROM pools_log WHERE {column} > %s",
            [before.seq],
        )
        for contract_id, spelled, hour in rows:
            pools.add((contract_id, None if spelled is None else number(spelled)))
            hours.add(hour)
    for contract_id, folded_to in after.folded_to.items():
        if contract_id not in before.folded_to:
            pools.add((contract_id, None))
        rows = _ask(
            "SELECT DISTINCT pool_id FROM pools_log "
            "WHERE +contract_id = %s AND block_number > %s AND block_number <= %s",
            [contract_id, before.folded_to.get(contract_id, -1), folded_to],
        )
        pools |= {(contract_id, None if row[0] is None else number(row[0])) for row in rows}
    return pools, hours


def logs_of(places: set[PoolOrWhole]) -> int:
    """How many logs these have."""
    total = 0
    for contract_id in {contract_id for contract_id, _ in places}:
        logs = Log.objects.filter(contract=contract_id)
        if (contract_id, None) in places:
            total += logs.filter(pool_id=None).count()
        ids = [pool_id for key, pool_id in places if key == contract_id and pool_id is not None]
        for at in range(0, len(ids), _POOLS_AT_ONCE):
            total += logs.filter(pool_id__in=ids[at : at + _POOLS_AT_ONCE]).count()
    return total


def _ask(query: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found
