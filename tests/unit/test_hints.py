"""Announced events come and go without ever being counted twice."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from pools.rows import EventRow
from realtime.hints import MOST_PENDING, PATIENCE, REMEMBERED, PendingRows, read_hint

ROW = EventRow(
    seq=0,
    kind="PoolClosed",
    chain_id=1,
    contract="0x",
    contract_id=1,
    pool_id=1,
    pool_name=None,
    account=None,
    amount=None,
    args={},
    block_number=1,
    block_hash="0xaa",
    transaction_hash="0xbb",
    log_index=0,
    timestamp=datetime(2026, 1, 1, tzinfo=UTC),
    confirmed=False,
    retracted=False,
    problem="",
)


def row(index: int) -> EventRow:
    return replace(ROW, log_index=index)


def test_one_announcement_is_news_the_second_is_not() -> None:
    pending = PendingRows()
    assert pending.awaits("0xaa:1")
    pending.add(row(1), now=0)
    assert not pending.awaits("0xaa:1")


def test_what_is_committed_needs_no_announcement_any_more() -> None:
    pending = PendingRows()
    pending.add(row(1), now=0)
    pending.settle(["0xaa:1", "0xaa:2"])
    assert len(pending) == 0
    assert not pending.awaits("0xaa:1")
    assert not pending.awaits("0xaa:2")
    assert pending.take_back("0xaa:1", reason="late") is None


def test_what_is_taken_back_is_struck_out_once_and_may_come_again() -> None:
    pending = PendingRows()
    pending.add(row(1), now=0)
    struck = pending.take_back("0xaa:1", reason="the block was replaced")
    assert struck is not None
    assert struck.retracted
    assert struck.problem == "the block was replaced"
    assert pending.take_back("0xaa:1", reason="again") is None
    assert pending.awaits("0xaa:1")


def test_patience_ends() -> None:
    pending = PendingRows()
    pending.add(row(1), now=0)
    pending.add(row(2), now=5)
    assert pending.next_expiry() == PATIENCE
    assert pending.expire(now=PATIENCE - 0.1) == []
    assert [late.key for late in pending.expire(now=PATIENCE)] == ["0xaa:1"]
    assert pending.next_expiry() == PATIENCE + 5


def test_neither_announcements_nor_memory_grow_without_bound() -> None:
    pending = PendingRows()
    for index in range(MOST_PENDING):
        pending.add(row(index), now=0)
    assert not pending.awaits("0xcc:0")
    pending.settle(f"0xdd:{index}" for index in range(REMEMBERED + 10))
    pending.settle(f"0xaa:{index}" for index in range(MOST_PENDING))
    assert not pending.awaits(f"0xdd:{REMEMBERED + 9}")
    assert pending.awaits("0xdd:0")


@pytest.mark.parametrize(
    "message", [None, 7, {}, [], {"block_hash": 1}, {"topics": "x"}, {"key": "x", "reason": "y"}]
)
def test_a_malformed_announcement_is_none(message: object) -> None:
    assert read_hint(message) is None
