"""On SQLite the listener's writes do not starve beside a writer that never rests."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from pools import turns
from pools.models import Lease

pytestmark = pytest.mark.django_db(transaction=True)

TRANSACTION = 0.1  # seconds, as a large batch of the backfill takes


def write(name: str, *, seconds: float = 0.0) -> None:
    with transaction.atomic():
        Lease.objects.filter(name=name).update(holder=name)
        time.sleep(seconds)


def in_thread(work: Callable[[], None]) -> None:
    """Run with a connection of its own, as another process has."""

    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(run).result(30)


def test_a_listener_waits_for_one_write_of_the_backfill_and_no_more() -> None:
    enough = threading.Event()
    written = 0

    def write_without_rest() -> None:
        nonlocal written
        while not enough.is_set():
            with turns.giving_way():
                write("backfill", seconds=TRANSACTION)
            written += 1

    with ThreadPoolExecutor(1) as pool:
        backfill = pool.submit(in_thread, write_without_rest)
        waits = []
        try:
            for _ in range(10):
                time.sleep(0.03)
                started = time.monotonic()
                with turns.going_first():
                    write("listener")
                waits.append(time.monotonic() - started)
        finally:
            enough.set()
            backfill.result(30)
    assert max(waits) < 4 * TRANSACTION
    assert written >= 5  # and the backfill went on meanwhile


def test_who_gives_way_waits_for_the_end_of_who_goes_first() -> None:
    order = []

    def give_way() -> None:
        with turns.giving_way():
            order.append("backfill")

    with ThreadPoolExecutor(1) as pool:
        with turns.going_first():
            waiting = pool.submit(in_thread, give_way)
            time.sleep(0.1)
            order.append("listener")
        waiting.result(30)
    assert order == ["listener", "backfill"]


def test_a_listener_that_was_stopped_in_the_middle_holds_up_nobody_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(turns, "PATIENCE_SECONDS", 0.1)
    with turns.going_first():
        in_thread(_pass_through)
        with turns.going_first():  # nor another listener
            pass


def _pass_through() -> None:
    with turns.giving_way():
        pass


def test_a_turnstile_that_cannot_be_made_is_done_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connection.settings_dict, "NAME", "/no/such/directory/coopsite.sqlite3")
    with turns.going_first(), turns.giving_way():
        pass
