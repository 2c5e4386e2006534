"""A browser without its server: it comes again until it is let in, as our script does."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from random import Random
from typing import TypeVar

from websockets.exceptions import InvalidHandshake

FIRST_DELAY, LONGEST_DELAY = 1.0, 15.0  # seconds, each of them at most

T = TypeVar("T")


async def until_let_in(visit: Callable[[], Awaitable[T]], chance: Random) -> T:
    """What the first visit that was let in returns.

    Daphne drops a socket whose handshake waits five seconds for its turn, as on a slow machine
    some do of many that come at once. What happens later is the visit's own matter.
    """
    delay = FIRST_DELAY
    while True:
        await asyncio.sleep(delay * chance.random())
        with suppress(InvalidHandshake, OSError):
            return await visit()
        delay = min(2 * delay, LONGEST_DELAY)
