"""Hearing from the channel layer, for as long as the process lives and whatever Redis does.

Says what it heard and whether it can hear at all. Missing a message is harmless by design: the hub
reads the outbox besides.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Mapping
from typing import Any, Final

GROUP: Final = "live"
REJOIN = 120.0  # seconds; members of a group are forgotten by age, and by a Redis that restarts
ANSWER = 5.0  # seconds a single command may take
SHORTEST_PAUSE, LONGEST_PAUSE = 0.25, 5.0  # seconds between attempts

log = logging.getLogger(__name__)


class Wakeups:
    """Membership in the group to which the listener speaks."""

    def __init__(self, layer: Any, heard: Callable[[Mapping[str, Any]], None]) -> None:
        self._layer = layer
        self._heard = heard
        self.present = False

    async def run(self) -> None:
        """Join, listen, and do so again after each failure. Ends only by being cancelled."""
        pause = SHORTEST_PAUSE
        while True:
            try:
                await self._listen()
            except Exception as error:  # noqa: BLE001 - every failure of Redis has the same cure
                if self.present or pause == SHORTEST_PAUSE:
                    log.warning("The channel layer is away (%s); reading the outbox", error)
                pause = SHORTEST_PAUSE if self.present else min(pause * 2, LONGEST_PAUSE)
                self.present = False
            await asyncio.sleep(random.uniform(pause / 2, pause))  # noqa: S311 - jitter

    async def _listen(self) -> None:
        channel = await self._layer.new_channel()
        await self._join(channel)
        self.present = True
        # Whatever was said before we belonged to the group went past us.
        self._heard({"type": "live.sequence"})
        rejoining = asyncio.create_task(self._rejoin(channel))
        try:
            while not rejoining.done():
                self._heard(await self._layer.receive(channel))
            await rejoining
        finally:
            rejoining.cancel()

    async def _rejoin(self, channel: str) -> None:
        while True:
            await asyncio.sleep(REJOIN)
            await self._join(channel)

    async def _join(self, channel: str) -> None:
        async with asyncio.timeout(ANSWER):
            await self._layer.group_add(GROUP, channel)
