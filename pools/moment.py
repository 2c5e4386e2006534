"""One moment of the records: several reads that belong together, while others go on writing."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


@contextmanager
def one_moment() -> Iterator[None]:
    """Every read inside sees the records as the first one does; nothing may be written.

    No writer waits for it, nor it for a writer. Inside of a transaction it is that transaction.
    """
    if connection.in_atomic_block:
        yield
        return
    # Django's own transactions would take the writers' lock on SQLite.
    modes = {"postgresql": " ISOLATION LEVEL REPEATABLE READ READ ONLY", "sqlite": " DEFERRED"}
    with connection.cursor() as cursor:
        cursor.execute(f"BEGIN{modes[connection.vendor]}")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ROLLBACK")
