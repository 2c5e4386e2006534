"""Hands news to the publisher in the background, so that committing never waits for Redis.

Keeps only what is still worth saying: the newest sequence number, whether the status changed, and
a bounded number of hints. What is dropped is harmless: readers poll the outbox as well.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Final

from . import publisher

MOST_HINTS: Final = 256


class Announcer:
    """News that wait to be published. `run` publishes them until it is cancelled."""

    def __init__(self) -> None:
        self._wake = asyncio.Event()
        self._seq: int | None = None
        self._status = False
        self._hints: deque[Callable[[], Awaitable[None]]] = deque(maxlen=MOST_HINTS)

    def sequence(self, seq: int) -> None:
        """Everything up to `seq` is committed."""
        self._seq = seq
        self._wake.set()

    def status(self) -> None:
        """The listener's status row changed."""
        self._status = True
        self._wake.set()

    def hint(self, hint: dict[str, Any]) -> None:
        """A log that may be committed soon."""
        self._hints.append(lambda: publisher.announce_hint(hint))
        self._wake.set()

    def unhint(self, key: str, reason: str) -> None:
        """A hint that did not come true."""
        self._hints.append(lambda: publisher.retract_hint(key, reason))
        self._wake.set()

    async def run(self) -> None:
        """Publish until cancelled."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine runs in a task
        # The Redis client may swallow a cancellation while it sends: so it is asked for as well.
        while not task.cancelling():
            await self._wake.wait()
            self._wake.clear()
            await self.flush()

    async def flush(self) -> None:
        """Publish what waits, hints first, since a commit that follows settles them."""
        while self._hints:
            await self._hints.popleft()()
        seq, self._seq = self._seq, None
        if seq is not None:
            await publisher.announce_sequence(seq)
        status, self._status = self._status, False
        if status:
            await publisher.announce_status()
