"""Stored logs as they are folded anew: plain rows in chain order, in flat memory. Writes nothing.

For a rebuild they come page by page, each of the moment it is asked for, and those that the chain
took back come too.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import Any, Final

from django.db import connection

from pools import bulk
from pools.fields import UInt256Field

StoredLog = tuple[int, Any, int, int, int, str, bytes, bytes, str, str, str, bool]
"""Key, pool id as the database spells it (None where there is none), block number, log index, the
block's time in seconds, transaction's hash, topics, data, kind, account, problem, and whether the
chain stands by it. A plain tuple, since history is millions of them."""

PAGE: Final = 2_000  # logs in memory at a time
_KEYS_AT_ONCE: Final = 500
_COLUMNS: Final = (
    "seq, pool_id, block_number, log_index, {seconds}, transaction_hash, topics, data, kind, "
    "account, problem, retracted_seq IS NULL"
)
_from_database = UInt256Field[int, int]().from_db_value
_SECONDS: Final = {
    "sqlite": "CAST(strftime('%%s', timestamp) AS INTEGER)",
    "postgresql": "extract(epoch FROM timestamp)::bigint",
}


def number(spelled: Any) -> int:
    """A pool's number as the database gives it."""
    found = _from_database(spelled, None, connection)
    assert found is not None  # noqa: S101 - only asked where a pool is named
    return found


def let_planner_look() -> None:
    """Before much is read: PostgreSQL plans by what it saw when it last looked at the tables.

    If that was before a backfill had filled them, it would sort all of history for each page.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE pools_log, pools_pool, pools_membership")


def by_pool(contract_id: int) -> Iterator[list[StoredLog]]:
    """All logs of a contract that name a pool, pool after pool in the order of their numbers."""
    first = "" if connection.vendor == "sqlite" else -1  # below every number
    after: tuple[Any, ...] = (first, -1, -1, -1)
    while page := _page(
        "contract_id = %s AND (pool_id, block_number, log_index, seq) > (%s, %s, %s, %s)",
        (contract_id, *after),
        order="contract_id, pool_id, block_number, log_index, seq",
    ):
        yield page
        key, pool_id, block_number, log_index, *_ = page[-1]
        after = (pool_id, block_number, log_index, key)


def of_pool(contract_id: int, pool_id: int | None) -> Iterator[list[StoredLog]]:
    """The logs that name this pool; with None those that name none, unreadable ones included."""
    condition, named = "pool_id IS NULL", []
    if pool_id is not None:
        condition, named = "pool_id = %s", [bulk.spelling().uint256(pool_id)]
    after: tuple[int, ...] = (-1, -1, -1)
    while page := _page(
        f"contract_id = %s AND {condition} AND (block_number, log_index, seq) > (%s, %s, %s)",
        (contract_id, *named, *after),
        order="contract_id, pool_id, block_number, log_index, seq",
    ):
        yield page
        key, _, block_number, log_index, *_ = page[-1]
        after = (block_number, log_index, key)


def standing(contract_id: int, pool_id: int, *, up_to: int) -> Iterator[StoredLog]:
    """The readable logs of a pool that stand, up to a block: one question, answered bit by bit."""
    condition = (
        "contract_id = %s AND pool_id = %s AND block_number <= %s "
        "AND retracted_seq IS NULL AND kind <> ''"
    )
    order = "contract_id, pool_id, block_number, log_index"
    parameters = (contract_id, bulk.spelling().uint256(pool_id), up_to)
    # PostgreSQL's ordinary cursors would bring all rows at once.
    with connection.chunked_cursor() as cursor:
        cursor.execute(_query(condition, order), parameters)
        while page := cursor.fetchmany(PAGE):
            yield from page


def of_keys(keys: Collection[int]) -> list[StoredLog]:
    """The logs with these keys, in chain order."""
    wanted = sorted(keys)
    found: list[StoredLog] = []
    for at in range(0, len(wanted), _KEYS_AT_ONCE):
        part = wanted[at : at + _KEYS_AT_ONCE]
        marks = ", ".join(["%s"] * len(part))
        found += _page(f"seq IN ({marks})", part, order="seq")
    return sorted(found, key=lambda log: (log[2], log[3], log[0]))


def _page(condition: str, parameters: Sequence[Any], *, order: str) -> list[StoredLog]:
    with connection.cursor() as cursor:
        cursor.execute(f"{_query(condition, order)} LIMIT {PAGE}", parameters)
        found: list[StoredLog] = cursor.fetchall()
        return found


def _query(condition: str, order: str) -> str:
    columns = _COLUMNS.format(seconds=_SECONDS[connection.vendor])
    # Only names of our own columns are put into the text.
    return f"SELECT {columns} FROM pools_log WHERE {condition} ORDER BY {order}"  # noqa: S608
