"""Keyset paging: a page begins after the last row of the one before it, named by a cursor.

Cursors are opaque to readers and checked like any other input. No page costs more for lying deep
in the list, and a row that arrives meanwhile shifts nothing. Knows fields, not models.
"""

import base64
import binascii
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, TypeVar

from django.db.models import Model, Q, QuerySet

LONGEST_CURSOR = 400  # two uint256 values in decimal, base64-encoded, and room
_BIGGEST_INTEGER = 2**63 - 1
_BIGGEST_UINT256 = 2**256 - 1

Value = int | str | datetime
T = TypeVar("T")
U = TypeVar("U")
M = TypeVar("M", bound=Model)


class BadCursor(ValueError):
    """The cursor was not made by this list in this order."""


@dataclass(frozen=True, slots=True)
class Key:
    """One sort column: how its value stands in a cursor and is read back from there."""

    field: str
    read: Callable[[object], Value]


def integer(field: str) -> Key:
    """A column of whole numbers up to 63 bits."""
    return Key(field, lambda raw: _whole(raw, _BIGGEST_INTEGER))


def uint256(field: str) -> Key:
    return Key(field, lambda raw: _whole(raw, _BIGGEST_UINT256))


def time(field: str) -> Key:
    return Key(field, _time)


def text(field: str) -> Key:
    return Key(field, _text)


@dataclass(frozen=True, slots=True)
class Ordering:
    """A total order of a list: its name in the URL, and the columns that together are unique."""

    name: str
    keys: tuple[Key, ...]

    @property
    def descending(self) -> bool:
        return self.name.startswith("-")


@dataclass(frozen=True, slots=True)
class Cursor:
    """The sort values of the last row that a reader has seen, in the order named."""

    ordering: str
    values: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows of a list, and the cursor of what follows them (None at the end)."""

    results: list[T]
    next: str | None

    def map(self, change: Callable[[list[T]], list[U]]) -> "Page[U]":
        return Page(change(self.results), self.next)


def read_cursor(cursor: str) -> Cursor:
    """The parsed cursor; raises BadCursor. Its values are judged by `values_of`."""
    if len(cursor) > LONGEST_CURSOR or not cursor.isascii():
        raise BadCursor("not a cursor of this list")
    try:
        decoded = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError, RecursionError) as error:
        raise BadCursor("not a cursor of this list") from error
    if not isinstance(decoded, list) or not decoded or not isinstance(decoded[0], str):
        raise BadCursor("not a cursor of this list")
    return Cursor(decoded[0], tuple(decoded[1:]))


def values_of(cursor: Cursor, ordering: Ordering) -> tuple[Value, ...]:
    """The cursor's values, typed; raises BadCursor when it belongs to another order."""
    if cursor.ordering != ordering.name or len(cursor.values) != len(ordering.keys):
        raise BadCursor("the cursor belongs to another order")
    return tuple(key.read(raw) for key, raw in zip(ordering.keys, cursor.values, strict=True))


def write_cursor(ordering: Ordering, row: Model) -> str:
    values: list[int | str] = []
    for key in ordering.keys:
        value = getattr(row, key.field)
        values.append(value.isoformat() if isinstance(value, datetime) else value)
    packed = json.dumps([ordering.name, *values], separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def page(rows: QuerySet[M], ordering: Ordering, *, after: Cursor | None, size: int) -> Page[M]:
    """The next `size` rows in this order. Raises BadCursor."""
    if after is not None:
        rows = rows.filter(_beyond(ordering, values_of(after, ordering)))
    sign = "-" if ordering.descending else ""
    found = list(rows.order_by(*(f"{sign}{key.field}" for key in ordering.keys))[: size + 1])
    if len(found) <= size:
        return Page(found, None)
    return Page(found[:size], write_cursor(ordering, found[size - 1]))


def _beyond(ordering: Ordering, values: tuple[Value, ...]) -> Q:
    """Rows after these values. The first column's own bound is what lets an index be entered."""
    step = "lt" if ordering.descending else "gt"
    pairs = list(zip((key.field for key in ordering.keys), values, strict=True))
    field, value = pairs[-1]
    beyond = Q(**{f"{field}__{step}": value})
    for field, value in reversed(pairs[:-1]):
        beyond = Q(**{f"{field}__{step}": value}) | (Q(**{field: value}) & beyond)
    first, bound = pairs[0]
    return Q(**{f"{first}__{step}e": bound}) & beyond


def _whole(raw: object, biggest: int) -> int:
    if type(raw) is not int or not 0 <= raw <= biggest:
        raise BadCursor("not a cursor of this list")
    return raw


def _time(raw: object) -> datetime:
    try:
        moment = datetime.fromisoformat(_text(raw))
        return moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise BadCursor("not a cursor of this list") from error


def _text(raw: object) -> str:
    if not isinstance(raw, str) or "\0" in raw:
        raise BadCursor("not a cursor of this list")
    try:
        raw.encode()
    except UnicodeEncodeError as error:  # JSON may spell half of a surrogate pair
        raise BadCursor("not a cursor of this list") from error
    return raw
