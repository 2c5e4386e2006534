"""Rows of pools and members that stand in the tables now, as lines. Writes nothing."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.db import connection

from pools import bulk
from pools.rebuilding import lines
from pools.rebuilding.stored_logs import number

_POOLS_AT_ONCE: Final = 500


@dataclass(slots=True)
class HeldPool:
    """A pool's row, its key, and its members' rows."""

    key: int
    line: str
    members: set[str] = field(default_factory=set)


def between(contract_id: int, after: int | None, up_to: int | None) -> dict[int, HeldPool]:
    """The pools above one number and up to another, by number; None is no bound."""
    uint256 = bulk.spelling().uint256
    condition = ""
    parameters: list[Any] = [contract_id]
    if after is not None:
        condition += " AND p.pool_id > %s"
        parameters.append(uint256(after))
    if up_to is not None:
        condition += " AND p.pool_id <= %s"
        parameters.append(uint256(up_to))
    return _read(condition, parameters)


def of_pools(contract_id: int, pool_ids: Collection[int]) -> dict[int, HeldPool]:
    """These pools, as far as they have rows, by number."""
    uint256 = bulk.spelling().uint256
    wanted = [uint256(pool_id) for pool_id in pool_ids]
    found: dict[int, HeldPool] = {}
    for at in range(0, len(wanted), _POOLS_AT_ONCE):
        part = wanted[at : at + _POOLS_AT_ONCE]
        marks = ", ".join(["%s"] * len(part))
        found |= _read(f" AND p.pool_id IN ({marks})", [contract_id, *part])
    return found


def _read(condition: str, parameters: Sequence[Any]) -> dict[int, HeldPool]:
    # The texts put in are names of our own columns and marks for parameters.
    of_pools = (
        f"SELECT p.pool_id, p.id, {lines.pool_in_sql('p')} FROM pools_pool p "  # noqa: S608
        f"WHERE p.contract_id = %s{condition}"
    )
    of_members = (
        f"SELECT p.pool_id, {lines.member_in_sql('m')} FROM pools_pool p "  # noqa: S608
        "JOIN pools_membership m ON m.pool_id = p.id "
        f"WHERE p.contract_id = %s{condition}"
    )
    with connection.cursor() as cursor:
        cursor.execute(of_pools, parameters)
        found = {spelled: HeldPool(key, line) for spelled, key, line in cursor.fetchall()}
        cursor.execute(of_members, parameters)
        for spelled, line in cursor.fetchall():
            # A pool that was made since the first of the two questions has its turn later.
            if spelled in found:
                found[spelled].members.add(line)
    return {number(spelled): pool for spelled, pool in found.items()}
