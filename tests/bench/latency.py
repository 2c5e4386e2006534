"""From a log on the chain to its row in a real browser, while other sockets are open.

The clock starts when the node announces the block (its `newHeads` reaches a socket of our own) and
stops when Chromium's MutationObserver sees the row. Both ends read this machine's clock.
"""

import asyncio
import contextlib
import json
import random
import threading
import time
from statistics import median

from playwright.sync_api import sync_playwright
from websockets.asyncio.client import connect

from coopsite.tools import find_chromium
from tests.bench.crowd import Crowd
from tests.bench.world import percentile, world
from tests.chain import BTC
from tests.chromium import FLAGS
from tests.processes import Stack
from tests.waiting import until

EVENTS = 120
SOCKETS = 200

_WATCH = """() => {
  window.seen = {first: {}, stored: {}};
  const now = () => performance.timeOrigin + performance.now();
  const note = () => {
    for (const row of document.querySelectorAll("#activity-feed > [data-event]")) {
      const key = row.dataset.event;
      window.seen.first[key] ??= now();
      if (!("pending" in row.dataset)) window.seen.stored[key] ??= now();
    }
  };
  note();
  new MutationObserver(note).observe(document.querySelector("#activity-feed"),
    {childList: true, subtree: true, attributes: true});
}"""


class Observer(threading.Thread):
    """Two sockets of our own: one at the node that times its heads, one that counts bytes."""

    def __init__(self, stack: Stack) -> None:
        super().__init__(daemon=True)
        self._stack = stack
        self.heads: dict[str, float] = {}
        self.connected = False
        self.numbered_bytes = 0
        self.other_bytes = 0
        self.feed_rows = 0

    def run(self) -> None:
        with contextlib.suppress(ExceptionGroup):  # the sockets break when the world ends
            asyncio.run(self._watch())

    async def _watch(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._time_heads())
            tasks.create_task(self._listen())

    async def _time_heads(self) -> None:
        async with connect(self._stack.chain.ws_url) as socket:
            call = {"jsonrpc": "2.0", "id": 1, "method": "eth_subscribe", "params": ["newHeads"]}
            await socket.send(json.dumps(call))
            async for message in socket:
                head = json.loads(message).get("params", {}).get("result")
                if head:
                    self.heads[head["number"]] = time.time() * 1000

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
    with world() as stack, sync_playwright() as playwright:
        stack.start("listener", "web")
        observer = Observer(stack)
        observer.start()
        until(lambda: observer.connected)
        crowd = Crowd(stack.port, "/ws/live/?topics=dashboard", SOCKETS - 1)
        crowd.start()
        browser = playwright.chromium.launch(executable_path=str(find_chromium()), args=FLAGS)
        page = browser.new_page()
        page.goto(stack.url)
        page.wait_for_function("document.body.dataset.link === 'live'")
        page.evaluate(_WATCH)
        chance = random.Random(5)
        pool_id = stack.chain.create_pool("Medición", max_members=100)
        blocks: dict[str, str] = {}
        for number in range(EVENTS):
            time.sleep(chance.uniform(0.15, 0.45))
            sent = stack.chain.join(pool_id, stack.chain.accounts[2 + number % 8], BTC // 500)
            receipt = stack.chain.receipt(sent)
            for log in receipt["logs"]:
                blocks[f"{log['blockHash']}:{int(log['logIndex'], 16)}"] = log["blockNumber"]
        until(lambda: len(page.evaluate("window.seen.stored")) >= EVENTS, 20)
        seen = page.evaluate("window.seen")
        browser.close()
        crowd.leave()
    lines = [
        f"log emitted → row in the DOM, {SOCKETS} other sockets, {EVENTS} events",
    ]
    for name, title in (("first", "row first seen (pending)"), ("stored", "row stored and final")):
        took = [
            seen[name][key] - observer.heads[number]
            for key, number in blocks.items()
            if key in seen[name]
        ]
        lines.append(
            f"  {title}: p50 {median(took):.1f} ms, p95 {percentile(took, 95):.1f} ms, "
            f"worst {max(took):.1f} ms ({len(took)} rows)"
        )
    lines.append(
        f"  bytes per event and client: {observer.numbered_bytes / observer.feed_rows:.0f} "
        f"(row and numbers), {observer.other_bytes / observer.feed_rows:.0f} for all else "
        "(pending rows, badge, slower numbers)"
    )
    return lines
