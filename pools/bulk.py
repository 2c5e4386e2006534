"""Many rows at once, past the ORM: how they are written, and how values are spelled for it.

On SQLite rows go in by statements of many rows each, on PostgreSQL by binary COPY. Knows tables
and columns by name only; what the rows mean is the caller's business. Callers are in a
transaction.
"""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from itertools import chain
from typing import Any

from django.db import connection

from pools.fields import sortable

Row = tuple[Any, ...]

# One statement for many rows lets other threads work: SQLite's driver gives the interpreter's lock
# back for a whole statement, and beside a busy thread it waits long to get it again. The sizes are
# few, so that the texts stay prepared; the largest keeps to SQLite's 32,766 parameters.
_SIZES = (2_000, 200, 20, 1)
_WORTH_COPYING = 50


@dataclass(frozen=True, slots=True)
class Table:
    """A table of ours, with PostgreSQL's types of the columns to be written: COPY guesses none."""

    name: str
    types: Mapping[str, str]

    @property
    def columns(self) -> tuple[str, ...]:
        """The order in which rows hold their values."""
        return tuple(self.types)


def insert(table: Table, rows: Sequence[Row]) -> None:
    """Insert rows that are known to be new; raises IntegrityError for one that is not."""
    if _is_worth_copying(rows):
        _copy(table.name, table, rows)
    else:
        _insert(table, rows, "")


def upsert(
    table: Table,
    rows: Sequence[Row],
    *,
    key: tuple[str, ...],
    update: tuple[str, ...],
    returning: tuple[str, ...] = (),
) -> list[Row]:
    """Insert rows, or set the columns `update` where one with this `key` stands already.

    Returns the columns `returning` of all of them, in no order.
    """
    changes = ", ".join(f"{name} = excluded.{name}" for name in update)
    suffix = f" ON CONFLICT ({', '.join(key)}) DO UPDATE SET {changes}"
    if returning:
        suffix += f" RETURNING {', '.join(returning)}"
    return _stage(table, rows, suffix) if _is_worth_copying(rows) else _insert(table, rows, suffix)


def matching(query: str, keys: Sequence[Row]) -> list[Row]:
    """The rows of a query that names `{values}`, a list of these keys.

    In it they are a table whose columns are called column1, column2 …, on both databases.
    """
    found: list[Row] = []
    for part in _parts(keys, len(keys[0]) if keys else 1):
        values = list(chain.from_iterable(part))
        found += _execute(query.format(values=_values(len(part), len(part[0]))), values)
    return found


def expect_much() -> None:
    """Prepare this thread's connection for a long history: it writes all over the indices.

    SQLite then keeps 16 MB of pages at hand, and copies its journal into the file after 64 MB
    instead of 4.
    """
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA cache_size = -16000")
            cursor.execute("PRAGMA wal_autocheckpoint = 16000")


def _is_worth_copying(rows: Sequence[Row]) -> bool:
    return len(rows) >= _WORTH_COPYING and connection.vendor == "postgresql"


def _insert(table: Table, rows: Sequence[Row], suffix: str) -> list[Row]:
    found: list[Row] = []
    columns = table.columns
    for part in _parts(rows, len(columns)):
        query = _insertion(table.name, columns, len(part), suffix)
        found += _execute(query, list(chain.from_iterable(part)))
    return found


@lru_cache(maxsize=64)
def _insertion(name: str, columns: tuple[str, ...], rows: int, suffix: str) -> str:
    # The names are those of our own tables and columns; values are parameters.
    values = _values(rows, len(columns))
    return f"INSERT INTO {name} ({', '.join(columns)}) {values}{suffix}"


@lru_cache(maxsize=64)
def _values(rows: int, columns: int) -> str:
    one = f"({', '.join(['?'] * columns)})"
    return f"VALUES {', '.join([one] * rows)}"


def _parts(rows: Sequence[Row], columns: int) -> Iterator[Sequence[Row]]:
    """The rows in parts of the standard sizes that a statement's parameters allow."""
    at = 0
    for size in _SIZES:
        if size * columns > _most_parameters():
            continue
        while len(rows) - at >= size:
            yield rows[at : at + size]
            at += size


def _execute(query: str, values: list[Any]) -> list[Row]:
    """Run a statement with `?` for each value; SQLite's own driver saves rewriting long ones."""
    if connection.vendor == "sqlite":
        connection.ensure_connection()
        with connection.wrap_database_errors:
            done: sqlite3.Cursor = connection.connection.execute(query, values)
            return done.fetchall()
    with connection.cursor() as cursor:
        cursor.execute(query.replace("?", "%s"), values)
        return list(cursor.fetchall()) if cursor.description else []


def _copy(name: str, table: Table, rows: Sequence[Row]) -> None:
    query = f"COPY {name} ({', '.join(table.columns)}) FROM STDIN (FORMAT BINARY)"
    with connection.cursor() as cursor, cursor.copy(query) as copy:
        copy.set_types(table.types.values())
        for row in rows:
            copy.write_row(row)


def _stage(table: Table, rows: Sequence[Row], suffix: str) -> list[Row]:
    """COPY knows no conflicts: the rows go into a table of this connection first."""
    staging, names = f"staged_{table.name}", ", ".join(table.columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE TEMP TABLE IF NOT EXISTS {staging} ON COMMIT DELETE ROWS "  # noqa: S608
            f"AS SELECT {names} FROM {table.name} WITH NO DATA"
        )
        _copy(staging, table, rows)
        query = f"INSERT INTO {table.name} ({names}) SELECT {names} FROM {staging}{suffix}"  # noqa: S608
        cursor.execute(query)
        found = list(cursor.fetchall()) if cursor.description else []
        cursor.execute(f"TRUNCATE {staging}")
        return found


@dataclass(frozen=True, slots=True)
class Spelling:
    """How the database in use writes the values that drivers do not know by themselves."""

    uint256: Callable[[int], int | str]
    moment: Callable[[int], datetime | str]


def spelling() -> Spelling:
    """The functions to be used for many values; looking them up for each would cost more."""
    if connection.vendor == "sqlite":
        return Spelling(uint256=_sortable, moment=_naive)
    return Spelling(uint256=int, moment=_aware)


# The same few pools and seconds come again and again: a hit saves the making.
_sortable = lru_cache(maxsize=8_192)(sortable)


@lru_cache(maxsize=8_192)
def _aware(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


@lru_cache(maxsize=8_192)
def _naive(seconds: int) -> str:
    return str(datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None))


@lru_cache(maxsize=1)
def _most_parameters() -> int:
    if connection.vendor != "sqlite":
        return 65_535
    connection.ensure_connection()
    database: sqlite3.Connection = connection.connection
    return database.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER)
