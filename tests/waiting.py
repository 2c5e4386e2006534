"""Waiting for something to become true, with a deadline instead of a sleep and a hope."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


def until(probe: Callable[[], T], seconds: float = 10, *, every: float = 0.05) -> T:
    """The first truthy value of the probe. AssertionError with the last one after the deadline."""
    deadline = time.monotonic() + seconds
    while True:
        value = probe()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not so within {seconds} s; the last value was {value!r}")
        time.sleep(every)


async def async_until(
    probe: Callable[[], T | Awaitable[T]], seconds: float = 10, *, every: float = 0.05
) -> T:
    """As `until`, inside the event loop; the probe may be a coroutine function."""
    deadline = time.monotonic() + seconds
    while True:
        found = probe()
        value = await found if isinstance(found, Awaitable) else found
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not so within {seconds} s; the last value was {value!r}")
        await asyncio.sleep(every)
