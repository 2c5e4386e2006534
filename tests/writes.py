"""Sees each statement that writes, whichever way it takes to the database, and can break one."""

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

from django.db import connection

from pools import bulk

_WRITE = re.compile(
    r"\s*(?:INSERT(?: OR \w+)? INTO|UPDATE|DELETE FROM|COPY)\s+\"?(\w+)", re.IGNORECASE
)


class Broken(Exception):
    """The crash that was asked for."""


class Writes:
    """The tables written to so far, in order, but for leases."""

    def __init__(self, break_at: int | None = None) -> None:
        self.order: list[str] = []
        self._break_at = break_at

    def see(self, query: str) -> None:
        found = _WRITE.match(query)
        if found and found[1] != "pools_lease":
            self.order.append(found[1])
            if len(self.order) == self._break_at:
                raise Broken(query[:100])


@contextmanager
def writes(break_at: int | None = None) -> Iterator[Writes]:
    """What this thread writes meanwhile; the write `break_at` (from 1) raises Broken instead."""
    seen = Writes(break_at)
    execute, copy = bulk._execute, bulk._copy

    def through_django(run: Any, query: str, *rest: Any) -> Any:
        seen.see(query)
        return run(query, *rest)

    def past_django(query: str, values: list[Any]) -> Any:
        seen.see(query)
        return execute(query, values)

    def copied(name: str, *rest: Any) -> None:
        seen.see(f"COPY {name}")
        copy(name, *rest)

    with ExitStack() as stack:
        stack.enter_context(connection.execute_wrapper(through_django))
        stack.enter_context(mock.patch.object(bulk, "_copy", copied))
        if connection.vendor == "sqlite":  # elsewhere this way leads through Django
            stack.enter_context(mock.patch.object(bulk, "_execute", past_django))
        yield seen
