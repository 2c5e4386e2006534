"""Cursors come back as they were written, and nothing else is taken for one."""

import base64
import json
from datetime import UTC, datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pools import paging
from pools.paging import BadCursor, Ordering, read_cursor, values_of, write_cursor

EVERY_TYPE = Ordering(
    "-some",
    (paging.uint256("total"), paging.integer("id"), paging.time("moment"), paging.text("account")),
)
BIGGEST = 2**256 - 1


def cursor_of(content: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


@given(
    st.integers(0, BIGGEST),
    st.integers(0, 2**63 - 1),
    st.datetimes(timezones=st.just(UTC)),
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20),
)
@example(
    BIGGEST, 2**63 - 1, datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC), "0x" + "F" * 40
)
def test_a_cursor_gives_back_the_values_of_its_row(
    total: int, key: int, moment: datetime, account: str
) -> None:
    row = SimpleNamespace(total=total, id=key, moment=moment, account=account)
    written = write_cursor(EVERY_TYPE, row)  # type: ignore[arg-type]
    if len(written) <= paging.LONGEST_CURSOR:
        assert values_of(read_cursor(written), EVERY_TYPE) == (total, key, moment, account)


def test_the_longest_values_of_our_lists_fit_into_a_cursor() -> None:
    row = SimpleNamespace(
        total=BIGGEST,
        id=2**63 - 1,
        moment=datetime(2025, 1, 1, 1, 1, 1, 999999, tzinfo=timezone(timedelta(hours=-11))),
        account="0x" + "F" * 40,
    )
    assert len(write_cursor(EVERY_TYPE, row)) <= paging.LONGEST_CURSOR  # type: ignore[arg-type]


@given(st.text() | st.binary().map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
@example("[" * 300)
@example(cursor_of([[[[]]]]))
def test_anything_else_is_refused_without_a_crash(text: str) -> None:
    try:
        values_of(read_cursor(text), EVERY_TYPE)
    except BadCursor:
        return
    raise AssertionError(f"{text!r} passed for a cursor")


@pytest.mark.parametrize(
    "content",
    [
        None,
        {},
        [],
        ["-some"],
        ["-some", 1, 1, "2025-01-01T00:00:00+00:00"],
        ["some", 1, 1, "2025-01-01T00:00:00+00:00", "x"],
        ["-some", -1, 1, "2025-01-01T00:00:00+00:00", "x"],
        ["-some", BIGGEST + 1, 1, "2025-01-01T00:00:00+00:00", "x"],
        ["-some", 1, 2**63, "2025-01-01T00:00:00+00:00", "x"],
        ["-some", True, 1, "2025-01-01T00:00:00+00:00", "x"],
        ["-some", 1.5, 1, "2025-01-01T00:00:00+00:00", "x"],
        ["-some", "1", 1, "2025-01-01T00:00:00+00:00", "x"],
        ["-some", 1, 1, "0001-01-01T00:00:00+14:00", "x"],
        ["-some", 1, 1, "yesterday", "x"],
        ["-some", 1, 1, 5, "x"],
        ["-some", 1, 1, "2025-01-01T00:00:00+00:00", "x\0"],
        ["-some", 1, 1, "2025-01-01T00:00:00+00:00", "\ud800"],
        ["-some", float("nan"), 1, "2025-01-01T00:00:00+00:00", "x"],
    ],
)
def test_a_cursor_with_wrong_content_is_refused(content: Any) -> None:
    with pytest.raises(BadCursor):
        values_of(read_cursor(cursor_of(content)), EVERY_TYPE)
