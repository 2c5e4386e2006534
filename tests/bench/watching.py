"""When a block was announced by the node, and when its rows stood on a page in Chromium.

Both ends read this machine's clock, in milliseconds since 1970.
"""

import asyncio
import contextlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from typing import Any

from playwright.sync_api import Page, sync_playwright
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from coopsite.tools import find_chromium
from tests.bench.world import percentile
from tests.chain import AnvilChain
from tests.chromium import FLAGS
from tests.processes import Stack
from tests.waiting import until

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


class Heads(threading.Thread):
    """Notes when the node announces each block; `at` is by number, as the node writes it."""

    def __init__(self, chain: AnvilChain) -> None:
        super().__init__(daemon=True)
        self._url = chain.ws_url
        self._subscribed = threading.Event()
        self.at: dict[str, float] = {}
        self.start()
        if not self._subscribed.wait(20):
            raise RuntimeError("the node took no subscription")

    def run(self) -> None:
        with contextlib.suppress(ConnectionClosed):  # the node ends before we do
            asyncio.run(self._watch())

    async def _watch(self) -> None:
        async with connect(self._url) as socket:
            call = {"jsonrpc": "2.0", "id": 1, "method": "eth_subscribe", "params": ["newHeads"]}
            await socket.send(json.dumps(call))
            async for message in socket:
                self._subscribed.set()
                head = json.loads(message).get("params", {}).get("result")
                if head:
                    self.at[head["number"]] = time.time() * 1000


@contextmanager
def watched_page(stack: Stack) -> Iterator[Page]:
    """The dashboard in a Chromium, live, with every row's first sight noted."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(find_chromium()), args=FLAGS)
        page = browser.new_page()
        page.goto(stack.url)
        page.wait_for_selector("body[data-link=live]", state="attached")
        page.evaluate(_WATCH)
        yield page
        browser.close()


def blocks_by_row(receipt: dict[str, Any]) -> dict[str, str]:
    """The key of each row that a transaction leads to, with its block's number."""
    return {
        f"{log['blockHash']}:{int(log['logIndex'], 16)}": log["blockNumber"]
        for log in receipt["logs"]
    }


def seen_rows(
    page: Page, blocks: dict[str, str], *, seconds: float = 20
) -> dict[str, dict[str, float]]:
    """When each row was seen `first` and when `stored`, once the last of `blocks` is there."""
    last = list(blocks)[-1]
    until(lambda: page.evaluate("key => window.seen.stored[key]", last), seconds)
    seen: dict[str, dict[str, float]] = page.evaluate("window.seen")
    return seen


def summary(
    title: str, rows: dict[str, float], heads: dict[str, float], blocks: dict[str, str]
) -> str:
    """A line about the time from a block's announcement to its rows, for those of `blocks`."""
    took = [rows[key] - heads[number] for key, number in blocks.items() if key in rows]
    lost = len(blocks) - len(took)
    return (
        f"  {title}: p50 {median(took):.1f} ms, p95 {percentile(took, 95):.1f} ms, "
        f"worst {max(took):.1f} ms ({len(took)} rows" + (f", {lost} never seen)" if lost else ")")
    )
