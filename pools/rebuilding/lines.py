"""Rows of pools and members as one line of text each: the same from either database, or a state.

By them rebuilding sees whether a row is right, and digests name what stands in the tables. Values
are exact, and a line can be read in one way only: what strangers chose (names) is in hexadecimal
digits. Keys are not in them, since each database gives its own, nor a pool's category, which does
not follow from its logs.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from django.db import connection

from pools.loading import PoolPlace
from pools.names import clean_name
from pools.states import MemberState, PoolState

NOTHING: Final = "-"

# How a column becomes text: as it is, or by one of the spellings below.
_POOL: Final = (
    *(("pool_id", "number"), ("name_raw", "octets"), ("name", "words"), ("creator", "text")),
    *(("status", "text"), ("min_contribution", "number"), ("max_members", "number")),
    *(("member_count", "text"), ("total_contributed", "number"), ("created_at", "moment")),
    *(("closed_at", "moment"), ("events", "text"), ("last_event_at", "moment")),
    *(("last_block", "text"), ("last_log_index", "text"), ("created_block", "text")),
    *(("created_log_index", "text"), ("created_tx", "text")),
)
_MEMBER: Final = (
    *(("account", "text"), ("contribution", "number"), ("shares", "number"), ("active", "flag")),
    *(("joined_at", "moment"), ("left_at", "moment"), ("yield_claimed", "number")),
)
_HOUR: Final = (("hour", "moment"), ("kind", "text"), ("count", "text"))
_LOG: Final = (
    *(("block_number", "text"), ("log_index", "text"), ("timestamp", "moment")),
    *(("transaction_hash", "text"), ("transaction_index", "text"), ("topics", "octets")),
    ("data", "octets"),
)
_SPELLINGS: Final[dict[str, dict[str, str]]] = {
    "sqlite": {
        "text": "{0}",
        "flag": "{0}",
        "number": "substr({0}, 3)",  # behind the count of its digits
        "octets": "lower(hex({0}))",
        "words": "lower(hex({0}))",
        "moment": "coalesce({0}, '-')",
    },
    "postgresql": {
        "text": "{0}::text",
        "flag": "{0}::int::text",
        "number": "{0}::text",
        "octets": "encode({0}, 'hex')",
        "words": "encode(convert_to({0}, 'UTF8'), 'hex')",
        "moment": (
            "coalesce(replace(to_char({0} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'),"
            " '.000000', ''), '-')"
        ),
    },
}


def pool_in_sql(table: str) -> str:
    """The expression that gives the line of a pool's row in SQL; `table` is its name there."""
    return _in_sql(table, _POOL)


def member_in_sql(table: str) -> str:
    """The same of a member's row."""
    return _in_sql(table, _MEMBER)


def hour_in_sql(table: str) -> str:
    """The same of a row of hourly counts."""
    return _in_sql(table, _HOUR)


def log_in_sql(table: str, *, contract: str, block: str) -> str:
    """The same of a log's row: only what the chain said, with the rows that it refers to."""
    return f"{contract}.address || '|' || {block}.hash || '|' || {_in_sql(table, _LOG)}"


def number_in_sql(column: str) -> str:
    return _SPELLINGS[connection.vendor]["number"].format(column)


def of_pool(pool: PoolState, place: PoolPlace) -> str:
    """The line of the row that is to hold this pool."""
    values: Iterable[object] = (
        pool.pool_id,
        pool.name.hex(),
        clean_name(pool.name).encode().hex(),
        pool.creator,
        int(pool.status),
        pool.min_contribution,
        pool.max_members,
        pool.member_count,
        pool.total_contributed,
        _moment(pool.created_at),
        NOTHING if pool.closed_at is None else _moment(pool.closed_at),
        pool.events,
        _moment(pool.last_event_at),
        *pool.last_position,
        place.created_block,
        place.created_log_index,
        place.created_tx,
    )
    return "|".join(map(str, values))


def of_member(member: MemberState) -> str:
    """The line of the row that is to hold this member."""
    left_at = NOTHING if member.left_at is None else _moment(member.left_at)
    return (
        f"{member.account}|{member.contribution}|{member.shares}|{member.active:d}|"
        f"{_moment(member.joined_at)}|{left_at}|{member.yield_claimed}"
    )


def account_of(line: str) -> str:
    """Whose the line of a member's row is."""
    return line.partition("|")[0]


def _in_sql(table: str, columns: Iterable[tuple[str, str]]) -> str:
    spellings = _SPELLINGS[connection.vendor]
    return " || '|' || ".join(
        spellings[spelling].format(f"{table}.{column}") for column, spelling in columns
    )


# The same few seconds come again and again.
@lru_cache(maxsize=8_192)
def _moment(seconds: int) -> str:
    return str(datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None))
