"""The database as the workers see it: every access in one thread of its own, with bounded retries.

Django's connections belong to threads and block; one dedicated thread keeps the event loop free
and the order of writes plain. What is written is `pools.ingest`'s business.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from random import Random
from typing import Final, ParamSpec, TypeVar

import structlog
from django.db import InterfaceError, OperationalError, ProgrammingError, connection

from pools import turns
from pools.models import Block, Chain, Contract, Cursor
from pools.reorg import Window

from .backoff import full_jitter

P = ParamSpec("P")
T = TypeVar("T")
log = structlog.get_logger(__name__)

TRIES: Final = 3
SECONDS: Final = 120.0
LAST_STEP_SECONDS: Final = 3.0
# A table that is missing is OperationalError in SQLite and ProgrammingError in PostgreSQL.
_TROUBLE: Final = (OperationalError, InterfaceError, ProgrammingError)


class DatabaseAway(Exception):
    """The database did not take a step after several tries; nothing of it is stored."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where we stand: the cursor, and the unbroken run of block hashes that ends there.

    Before the first block `hash` is empty and `number` is one below the first to fetch.
    """

    number: int
    hash: str
    window: Window


class Store:
    """A thread for the database, whose steps are taken within `turn`. `close` it at the end."""

    def __init__(
        self,
        *,
        random: Random,
        turn: Callable[[], AbstractContextManager[None]] = turns.giving_way,
    ) -> None:
        self._random = random
        self._turn = turn
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="database")

    async def run(self, work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work` in the database thread; one at a time, in order.

        A lost connection or a lock that is not released is tried again, a few times; raises
        DatabaseAway after that. A caller that is cancelled still waits for the step that has
        begun, so that nobody gives a lease back under a running write.
        """
        delays = full_jitter(first=0.1, longest=2.0, random=self._random)
        loop = asyncio.get_running_loop()
        for attempt in range(1, TRIES + 1):
            future = loop.run_in_executor(
                self._executor, lambda: self._guarded(work, *args, **kwargs)
            )
            try:
                return await self._result(future)
            except TimeoutError:
                raise DatabaseAway(f"the database did not answer within {SECONDS:g} s") from None
            except _TROUBLE as error:
                reason = _reason(error)
                log.warning("database_trouble", attempt=attempt, reason=reason)
                if attempt == TRIES:
                    raise DatabaseAway(f"the database refuses to work: {reason}") from error
                await asyncio.sleep(next(delays))
        raise AssertionError("unreachable")

    async def _result(self, future: "asyncio.Future[T]") -> T:
        try:
            async with asyncio.timeout(SECONDS):
                return await asyncio.shield(future)
        except asyncio.CancelledError:
            await asyncio.wait({future}, timeout=LAST_STEP_SECONDS)
            raise

    def _guarded(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            with self._turn():
                return work(*args, **kwargs)
        except _TROUBLE:
            # A broken connection would fail for ever; the next try opens a new one.
            connection.close()
            raise

    async def close(self) -> None:
        """Close the thread's connection and end the thread."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._executor, _hang_up)
        self._executor.shutdown(wait=False)


def _reason(error: Exception) -> str:
    """One line; PostgreSQL's sentences have several."""
    said = " ".join(f"{type(error).__name__}: {error}".split())
    if "no such table" in said or ("relation" in said and "does not exist" in said):
        said += " (has “python manage.py migrate” been run?)"
    return said


def pinned_chain() -> tuple[int, int, str] | None:
    """The chain that this database follows: id, number and hash of its anchor block."""
    row = Chain.objects.first()
    return None if row is None else (row.chain_id, row.anchor_number, row.anchor_hash)


def followed_addresses(chain_id: int) -> list[str]:
    """Every contract on record: an append covers them all, so all have to be asked for."""
    rows = Contract.objects.filter(chain_id=chain_id)
    return sorted(rows.values_list("address", flat=True))


def position(chain_id: int, *, limit: int) -> Position:
    """The cursor with at most `limit` hashes below it, or where to begin."""
    cursor = Cursor.objects.filter(chain_id=chain_id).first()
    if cursor is None:
        starts = Contract.objects.filter(chain_id=chain_id).values_list("start_block", flat=True)
        first = min(starts)
        return Position(number=first - 1, hash="", window=Window(first, ()))
    rows = Block.objects.filter(
        chain_id=chain_id,
        canonical=True,
        number__gt=cursor.number - limit,
        number__lte=cursor.number,
    )
    hashes = dict(rows.values_list("number", "hash"))
    if cursor.hash:
        hashes[cursor.number] = cursor.hash  # after a jump there is no row of that block
    window = Window.ending_at(cursor.number, hashes, limit=limit)
    return Position(number=cursor.number, hash=cursor.hash, window=window)


def last_seq(chain_id: int) -> int:
    """The newest sequence number given out."""
    return Chain.objects.values_list("last_seq", flat=True).get(pk=chain_id)


def _hang_up() -> None:
    # Looked up here, in the thread, since each thread has a connection of its own.
    connection.close()
