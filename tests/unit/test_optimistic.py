"""A hint is told once, and either comes true or is struck out with a reason."""

from typing import Any

import msgspec

from pools.events import Paused
from pools.reorg import Window
from pools.segments import RawLog
from realtime.optimistic import CONFIRMED_WITHIN, MOST_PENDING, Hints, key_of
from realtime.wire import LogJson
from tests.node import log_json
from tests.scripted_chain import CONTRACT, ScriptedChain, account

EMPTY = Window(0, ())


class Told:
    """Hints with what they said."""

    def __init__(self) -> None:
        self.hints: list[dict[str, Any]] = []
        self.struck: list[tuple[str, str]] = []
        self.book = Hints(
            addresses=[CONTRACT],
            announce=self.hints.append,
            retract=lambda key, reason: self.struck.append((key, reason)),
        )

    def hear(self, log: RawLog, *, window: Window = EMPTY, removed: bool = False) -> None:
        entry = msgspec.convert(log_json(log) | {"removed": removed}, LogJson)
        self.book.heard(entry, window=window, now=100.0)


def mined() -> tuple[ScriptedChain, RawLog]:
    chain = ScriptedChain()
    return chain, chain.mine(Paused(account(1))).logs[0]


def test_a_notification_is_told_once_in_full() -> None:
    told = Told()
    _, log = mined()
    told.hear(log)
    told.hear(log)
    (hint,) = told.hints
    assert hint == {
        "block_hash": log.block_hash,
        "log_index": 0,
        "block_number": 1,
        "contract": CONTRACT,
        "topics": "0x" + log.topics.hex(),
        "data": "0x" + log.data.hex(),
        "transaction_hash": log.transaction_hash,
    }


def test_one_that_is_committed_is_not_struck_out() -> None:
    told = Told()
    chain, log = mined()
    told.hear(log)
    told.book.committed(chain.segment(0))
    told.book.expire(now=1e9)
    assert (len(told.book), told.struck) == (0, [])


def test_a_block_that_comes_without_it_strikes_it_out() -> None:
    told = Told()
    chain, log = mined()
    told.hear(log)
    chain.drop(1)
    chain.mine()
    told.book.committed(chain.segment(1))
    assert told.struck == [(key_of(log), "block 1 came without it")]


def test_the_node_may_take_it_back() -> None:
    told = Told()
    _, log = mined()
    told.hear(log)
    told.hear(log, removed=True)
    told.hear(log, removed=True)
    assert told.struck == [(key_of(log), "the node took it back")]


def test_it_does_not_wait_for_ever() -> None:
    told = Told()
    _, log = mined()
    told.hear(log)
    told.book.expire(now=100.0 + CONFIRMED_WITHIN - 0.1)
    assert told.struck == []
    told.book.expire(now=100.0 + CONFIRMED_WITHIN)
    assert told.struck == [(key_of(log), "not confirmed within 30 seconds")]


def test_what_is_stored_already_or_not_ours_is_not_told() -> None:
    told = Told()
    chain, log = mined()
    told.hear(log, window=Window(1, (log.block_hash,)))
    told.hear(log, window=Window(5, ("0x" + "00" * 32,)))
    (foreign,) = chain.mine(Paused(account(1)), contract=account(9)).logs
    told.hear(foreign)
    assert told.hints == []


def test_an_unreadable_one_is_let_go() -> None:
    told = Told()
    _, log = mined()
    entry = msgspec.convert(log_json(log) | {"data": "0xz"}, LogJson)
    told.book.heard(entry, window=EMPTY, now=0.0)
    assert told.hints == []


def test_a_flood_is_bounded() -> None:
    told = Told()
    chain = ScriptedChain()
    for _ in range(MOST_PENDING + 5):
        told.hear(chain.mine(Paused(account(1))).logs[0])
    assert len(told.hints) == len(told.book) == MOST_PENDING
