"""A page that stays open for a working day, and one that meets a burst, in a real browser."""

import re
from typing import Any

from django.template.loader import render_to_string
from playwright.async_api import Browser, CDPSession

from pools import selectors, sparklines
from realtime import fragments, publisher
from tests.browser.test_feed import browser, chain, keys, latest, visit
from tests.factories import ANA, BEA, BTC, ChainFactory
from tests.live import WebServers, records, web_servers
from tests.waiting import async_until

__all__ = ["browser", "chain", "records", "web_servers"]

FRAMES = 3_000  # an event every ten seconds for eight hours, and some
GROWN = {"Nodes": 300, "JSEventListeners": 5, "JSHeapUsedSize": 1_500_000}
SWAP = """async ({ frames, times }) => {
  const live = document.getElementById("live");
  for (let number = 0; number < times; number += 1) {
    const text = frames[number % frames.length]
      .replaceAll("@KEY@", number.toString(16).padStart(64, "0"))
      .replaceAll("@NUMBER@", number);
    await htmx.swap({ sourceElement: live, text, target: live, swap: "innerHTML" });
    if (number % 50 === 0) await new Promise(requestAnimationFrame);
  }
}"""
WATCH = """() => {
  window.took = [];
  const live = document.getElementById("live");
  let began = 0;
  live.addEventListener("htmx:ws:before:message:incoming", () => { began = performance.now(); });
  live.addEventListener("htmx:ws:after:message:incoming", () => {
    window.took.push(performance.now() - began);
  });
}"""


async def test_eight_hours_of_events_leave_a_page_as_small_as_it_was(
    chain: ChainFactory, web_servers: WebServers, browser: Browser
) -> None:
    page = await visit(browser, web_servers)
    session = await page.context.new_cdp_session(page)
    await session.send("Performance.enable")
    frames = coming_frames()
    await page.evaluate(SWAP, {"frames": frames, "times": 300})
    before = await measured(session)
    await page.click("#feed-pause")  # a third of the day is spent on pause
    await page.evaluate(SWAP, {"frames": frames, "times": FRAMES // 3})
    await page.click("#feed-pause")
    await page.evaluate(SWAP, {"frames": frames, "times": FRAMES - FRAMES // 3})
    assert await page.locator("#activity-feed > [data-event]").count() == 10

    async def as_small_as_before() -> bool:
        after = await measured(session)
        return all(after[name] <= before[name] + most for name, most in GROWN.items())

    await async_until(as_small_as_before, 20)


async def test_a_burst_ends_with_what_the_records_say_and_no_frame_takes_long(
    chain: ChainFactory, web_servers: WebServers, browser: Browser
) -> None:
    page = await visit(browser, web_servers)
    await page.evaluate(WATCH)
    for _block in range(20):
        joins = (chain.joined(1, (ANA, BEA)[each % 2], BTC // (each + 1)) for each in range(10))
        committed = chain.block(*joins)
        await publisher.announce_sequence(committed.last_seq)

    async def ends_right() -> bool:
        stats = selectors.stats()
        values = [
            await page.locator(f"#{card}").get_attribute("data-value")
            for card in ("card-total-pools", "card-events-today", "card-events-hour")
        ]
        wanted = [stats.pools_total, stats.events_today, stats.events_this_hour]
        return await keys(page) == latest() and values == [str(value) for value in wanted]

    await async_until(ends_right, 20)
    took: list[float] = sorted(await page.evaluate("window.took"))
    assert took[len(took) * 9 // 10] < 50


async def measured(session: CDPSession) -> dict[str, float]:
    """The page's nodes, listeners and heap, with nothing in them that could be let go of."""
    await session.send("HeapProfiler.collectGarbage")
    await session.send("HeapProfiler.collectGarbage")
    found: list[dict[str, Any]] = (await session.send("Performance.getMetrics"))["metrics"]
    return {metric["name"]: metric["value"] for metric in found if metric["name"] in GROWN}


def coming_frames() -> list[str]:
    """Frames as the hub sends them, with places for a key and a number of their own."""
    row = render_to_string("dashboard/_feed_row.html", {"event": selectors.latest_events(1)[0]})
    new = re.sub(r"0x[0-9a-f]{64}", "0x@KEY@", row)
    pool = fragments.pool_row(selectors.newest_pools(1)[0])
    stats, counts = selectors.stats(), selectors.spark_counts(1)
    number = fragments.partial("n-today", "@NUMBER@") + fragments.partial("n-hour", "@NUMBER@")
    return [
        fragments.partial("activity-feed", new, swap="feed") + number,
        fragments.partial("activity-feed", new, swap="feed")
        + fragments.partial("newest-pools", pool, swap="rows"),
        fragments.sparks(counts, sparklines.NAMES) + fragments.all_numbers(stats),
        fragments.badge(stats) + fragments.statistics(stats),
    ]
