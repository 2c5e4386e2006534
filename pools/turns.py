"""Whose turn it is to write to SQLite: the listener goes first, who has time lets it pass.

SQLite takes one writer at a time and keeps no queue. Who waits looks again after growing pauses
and starves beside a writer that comes back at once. So a turnstile stands beside the database
file: the listener holds it while it waits and writes, the others go through it before each write.
It only orders and never guards, so whoever cannot get it goes without. Nothing is done on
PostgreSQL, where those who wait for a row stand in line.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from django.db import connection

# Longer than any write; one whose process was stopped in the middle holds up nobody for ever.
PATIENCE_SECONDS: Final = 5.0
LOOK_SECONDS: Final = 0.002


@contextmanager
def going_first() -> Iterator[None]:
    """For the listener: whoever gives way waits until this block has ended."""
    turnstile = _open()
    try:
        if turnstile is not None:
            _take(turnstile)
        yield
    finally:
        if turnstile is not None:
            os.close(turnstile)  # which gives it back


@contextmanager
def giving_way() -> Iterator[None]:
    """For whoever can wait: the block begins when nobody who goes first is waiting or writing.

    It should write once and briefly, since it is not interrupted.
    """
    turnstile = _open()
    if turnstile is not None:
        try:
            _take(turnstile)
        finally:
            os.close(turnstile)
    yield


def _open() -> int | None:
    """The turnstile's file, opened anew: locks belong to openings, not to processes."""
    database = str(connection.settings_dict["NAME"])
    if connection.vendor != "sqlite" or database.startswith((":memory:", "file:")):
        return None
    try:
        return os.open(f"{database}-turn", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError:
        return None  # a full disk, say: the database itself will tell


def _take(turnstile: int) -> None:
    """Lock it, or give up after a while. Looks instead of waiting, which could not be ended."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        try:
            fcntl.flock(turnstile, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            time.sleep(LOOK_SECONDS)
        else:
            return
