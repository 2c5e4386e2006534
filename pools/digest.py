"""Digests of what the tables hold, to compare two databases, or one before and after.

SHA-256 over one line of text for each row, in an order that follows from the rows alone: the same
on SQLite and on PostgreSQL. Exact values only, no keys of the database's own and no times of
writing. Read row by row at one moment, so that the size of the database costs no memory.
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any, Final

from django.db import connection

from pools.loading import CONTRACT_FACTS
from pools.models import Contract
from pools.moment import one_moment
from pools.rebuilding import lines

_ROWS_AT_ONCE: Final = 2_000
_CONTRACT_FACTS: Final = (*CONTRACT_FACTS, "events_total")


def projections_digest() -> str:
    """Of everything that follows from the logs: contracts' facts, pools, members, hourly counts."""
    digest = _Digest()
    by_text = _as_bytes()
    with one_moment():
        for contract in Contract.objects.order_by("address"):
            facts = (getattr(contract, name) for name in _CONTRACT_FACTS)
            digest.add([f"contract|{contract.address}|{'|'.join(map(str, facts))}"])
            digest.add_rows(
                f"SELECT {lines.pool_in_sql('p')} FROM pools_pool p "  # noqa: S608
                "WHERE p.contract_id = %s ORDER BY p.pool_id",
                [contract.pk],
            )
            digest.add_rows(
                f"SELECT {lines.number_in_sql('p.pool_id')} || '|' || {lines.member_in_sql('m')} "  # noqa: S608
                "FROM pools_pool p JOIN pools_membership m ON m.pool_id = p.id "
                f"WHERE p.contract_id = %s ORDER BY p.pool_id, m.account {by_text}",
                [contract.pk],
            )
            digest.add_rows(
                f"SELECT {lines.hour_in_sql('h')} FROM pools_hourlyactivity h "  # noqa: S608
                f"WHERE h.contract_id = %s ORDER BY h.hour, h.kind {by_text}",
                [contract.pk],
            )
    return digest.hexdigest()


def records_digest() -> str:
    """Of the logs that stand, as the chain gave them, each with its block's hash and time."""
    digest = _Digest()
    with one_moment():
        digest.add_rows(
            f"SELECT {lines.log_in_sql('l', contract='c', block='b')} FROM pools_log l "  # noqa: S608
            "JOIN pools_contract c ON c.id = l.contract_id JOIN pools_block b ON b.id = l.block_id "
            "WHERE l.retracted_seq IS NULL ORDER BY l.block_number, l.log_index",
            [],
        )
    return digest.hexdigest()


class _Digest:
    def __init__(self) -> None:
        self._hash = sha256()
        self.hexdigest = self._hash.hexdigest

    def add(self, texts: Sequence[str]) -> None:
        self._hash.update("\n".join([*texts, ""]).encode())

    def add_rows(self, query: str, parameters: Sequence[Any]) -> None:
        """The only column of all rows, as they come."""
        # PostgreSQL's ordinary cursors would bring all rows at once.
        with connection.chunked_cursor() as cursor:
            cursor.execute(query, parameters)
            while rows := cursor.fetchmany(_ROWS_AT_ONCE):
                self.add([row[0] for row in rows])


def _as_bytes() -> str:
    """SQLite compares texts by their bytes, PostgreSQL in the order of some language."""
    return 'COLLATE "C"' if connection.vendor == "postgresql" else ""
