"""From a log on the chain to its row in a real browser, while other sockets are open.

The clock starts when the node announces the block (its `newHeads` reaches a socket of our own) and
stops when Chromium's MutationObserver sees the row.
"""

import asyncio
import contextlib
import random
import threading
import time

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.bench.crowd import Crowd
from tests.bench.watching import Heads, blocks_by_row, seen_rows, summary, watched_page
from tests.bench.world import world
from tests.chain import BTC
from tests.processes import Stack
from tests.waiting import until

EVENTS = 120
SOCKETS = 200


class Reader(threading.Thread):
    """A socket of our own on the dashboard that counts bytes."""

    def __init__(self, stack: Stack) -> None:
        super().__init__(daemon=True)
        self._stack = stack
        self.connected = False
        self.numbered_bytes = 0
        self.other_bytes = 0
        self.feed_rows = 0

    def run(self) -> None:
        with contextlib.suppress(ConnectionClosed):  # the socket breaks when the world ends
            asyncio.run(self._listen())

    async def _listen(self) -> None:
        seq = self._stack.api("stats")["seq"]
        address = f"{self._stack.ws_url}?topics=dashboard&since={seq}"
        async with connect(address, additional_headers={"Origin": self._stack.url}) as socket:
            self.connected = True
            async for message in socket:
                self._count(str(message))

    def _count(self, frame: str) -> None:
        if frame.startswith("<!--") and "data-event" in frame:
            self.numbered_bytes += len(frame.encode())
            self.feed_rows += frame.count("data-event")
        else:
            self.other_bytes += len(frame.encode())


def measure() -> list[str]:
    """The lines of the report."""
    with world() as stack:
        stack.start("listener", "web")
        heads = Heads(stack.chain)
        reader = Reader(stack)
        reader.start()
        until(lambda: reader.connected)
        crowd = Crowd(stack.port, "/ws/live/?topics=dashboard", SOCKETS - 1)
        crowd.start()
        with watched_page(stack) as page:
            chance = random.Random(5)
            pool_id = stack.chain.create_pool("Medición", max_members=100)
            blocks: dict[str, str] = {}
            for number in range(EVENTS):
                time.sleep(chance.uniform(0.15, 0.45))
                sent = stack.chain.join(pool_id, stack.chain.accounts[2 + number % 8], BTC // 500)
                blocks |= blocks_by_row(stack.chain.receipt(sent))
            seen = seen_rows(page, blocks)
        crowd.leave()
    lines = [f"log emitted → row in the DOM, {SOCKETS} other sockets, {EVENTS} events"]
    for name, title in (("first", "row first seen (pending)"), ("stored", "row stored and final")):
        lines.append(summary(title, seen[name], heads.at, blocks))
    lines.append(
        f"  bytes per event and client: {reader.numbered_bytes / reader.feed_rows:.0f} "
        f"(row and numbers), {reader.other_bytes / reader.feed_rows:.0f} for all else "
        "(pending rows, badge, slower numbers)"
    )
    return lines
