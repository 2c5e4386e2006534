"""The web server is killed and started again: how soon is everybody back who was there?

Sockets that reconnect as our script does, each with the number it had. The clock starts with the
new process and stops for a socket when it has been told again how things stand.
"""

import asyncio
import json
import time
from contextlib import suppress
from functools import partial
from random import Random

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin

from tests.bench.world import percentile, world
from tests.processes import Stack
from tests.returning import until_let_in

SOCKETS = 2000
PATIENCE = 300.0  # seconds


class Visitors:
    """Browsers that stay, and come back when they lose the server."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._since = json.dumps({"since": stack.api("stats")["seq"]})
        self._chance = Random(1)
        self._all = asyncio.Event()
        self._came: dict[int, float] = {}  # the moment at which each was last told

    async def stay(self, number: int) -> None:
        while True:
            await until_let_in(partial(self._visit, number), self._chance)

    async def _visit(self, number: int) -> None:
        async with connect(
            f"{self._stack.ws_url}?topics=dashboard",
            origin=Origin(self._stack.url),
            open_timeout=PATIENCE,
            ping_interval=None,
        ) as socket:
            await socket.send(self._since)
            await socket.recv()
            self._came[number] = time.monotonic()
            if len(self._came) == SOCKETS:
                self._all.set()
            with suppress(ConnectionClosed):
                async for _frame in socket:
                    pass

    async def all_came(self) -> list[float]:
        """When each of them was last told, once they all were; then they are counted anew."""
        async with asyncio.timeout(PATIENCE):
            await self._all.wait()
        moments = list(self._came.values())
        self._came.clear()
        self._all.clear()
        return moments


async def restarted(stack: Stack) -> list[float]:
    """After how many seconds each socket was back."""
    visitors = Visitors(stack)
    async with asyncio.TaskGroup() as group:
        stays = [group.create_task(visitors.stay(number)) for number in range(SOCKETS)]
        await visitors.all_came()
        stack.kill("web")
        began = time.monotonic()
        stack.start("web", ready=False)
        moments = await visitors.all_came()
        for stay in stays:
            stay.cancel()
    return [moment - began for moment in moments]


def measure() -> list[str]:
    """The lines of the report."""
    with world() as stack:
        stack.start("listener", "web")
        seconds = asyncio.run(restarted(stack))
    half, last = percentile(seconds, 50), max(seconds)
    return [
        f"web server killed and started → told again, {SOCKETS} sockets",
        f"  half of them after {half:.1f} s, the last after {last:.1f} s (aim ≤ 60 s)",
    ]
