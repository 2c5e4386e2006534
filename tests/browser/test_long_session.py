"""A page that stays open for a working day, and one that meets a burst, in a real browser."""

import re
from itertools import pairwise
from typing import Any

import pytest
from django.template.loader import render_to_string
from playwright.async_api import Browser, CDPSession, Page

from pools import selectors, sparklines
from realtime import fragments, publisher
from tests.browser.test_feed import chain, keys, latest, visit
from tests.factories import ANA, BEA, BTC, ChainFactory
from tests.live import WebServers, records, web_servers
from tests.waiting import async_until

__all__ = ["chain", "records", "web_servers"]

FRAMES = 3_000  # an event every ten seconds for eight hours, and some
GROWN = {"Nodes": 300, "JSEventListeners": 5, "JSHeapUsedSize": 1_500_000}
TOLD = '{"pools": true, "watched": true, "contract": true, "toasts": true}'
# A list may hold sixty rows more than before, of forty nodes each, or a page that it has just read.
LIST_GROWN = {**GROWN, "Nodes": 2_500}
POOLS, EVENTS = 260, 520  # rows from which several pages of each list come
SWAP = """async ({ frames, first, times }) => {
  const live = document.getElementById("live");
  for (let number = first; number < first + times; number += 1) {
    const text = frames[number % frames.length]
      .replaceAll("@KEY@", number.toString(16).padStart(64, "0"))
      .replaceAll("@NUMBER@", number)
      .replaceAll("@NOW@", new Date().toISOString());
    await htmx.swap({ sourceElement: live, text, target: live, swap: "innerHTML" });
    if (number % 50 === 0) await new Promise(requestAnimationFrame);
  }
}"""
HEAR = """() => {
  window.said = [];
  const hear = () => window.said.push(performance.now());
  const announcer = document.getElementById("announcer");
  new MutationObserver(hear).observe(announcer, { childList: true });
}"""


async def test_more_news_than_a_list_remembers_are_all_counted_and_none_twice(
    chain: ChainFactory, web_servers: WebServers, browser: Browser
) -> None:
    page = await visit(browser, web_servers, "pools/?ordering=-members")
    news = [frames_of("pools/")[1]]
    await page.evaluate(SWAP, {"frames": news, "first": 0, "times": 1_200})
    await page.evaluate(SWAP, {"frames": news, "first": 600, "times": 600})
    assert await page.inner_text("#new-rows") == "1200 new pools"


async def test_eight_hours_of_events_leave_a_page_as_small_as_it_was(
    chain: ChainFactory, web_servers: WebServers, browser: Browser
) -> None:
    page = await visit(browser, web_servers)
    session = await measuring(page)
    frames = frames_of_the_dashboard()
    await page.evaluate(SWAP, {"frames": frames, "first": 0, "times": 300})
    before = await measured(session)
    await page.click("#feed-pause")  # a third of the day is spent on pause
    await page.evaluate(SWAP, {"frames": frames, "first": 300, "times": FRAMES // 3})
    await page.click("#feed-pause")
    times = FRAMES - FRAMES // 3
    await page.evaluate(SWAP, {"frames": frames, "first": 300 + FRAMES // 3, "times": times})
    assert await page.locator("#activity-feed > [data-event]").count() == 10
    await becomes_as_small_as(session, before)


@pytest.mark.parametrize("path", ["pools/", "events/"])
async def test_eight_hours_of_news_leave_a_list_as_small_as_it_was(
    chain: ChainFactory, web_servers: WebServers, browser: Browser, path: str
) -> None:
    many_rows(chain)
    page = await visit(browser, web_servers, path)
    await page.evaluate("told => localStorage.setItem('alerts', told)", TOLD)
    await page.reload()
    await page.wait_for_selector("body[data-link=live]", state="attached")
    session = await measuring(page)
    rows = page.locator("[data-list] > li")
    for pages in (2, 3, 4):
        await page.evaluate("scrollTo(0, document.body.scrollHeight)")
        await async_until(lambda pages=pages: _at_least(rows, pages * 50))  # type: ignore[misc]
    frames = frames_of(path)
    await page.evaluate(SWAP, {"frames": frames, "first": 0, "times": 300})
    assert await page.locator("#toasts .toast").count() == 3
    before = await measured(session)
    await page.evaluate(SWAP, {"frames": frames, "first": 300, "times": FRAMES // 2})
    await becomes_as_small_as(session, before, LIST_GROWN)
    await page.evaluate("scrollTo(0, 0)")  # where news go on top of the list
    await page.click("#new-rows")
    broken_off: list[str] = []
    page.on("requestfailed", lambda request: broken_off.append(request.url))
    await page.evaluate(SWAP, {"frames": frames, "first": 300 + FRAMES // 2, "times": FRAMES // 2})
    assert await rows.count() <= 4 * 50 + 60
    assert broken_off == []
    await becomes_as_small_as(session, before, LIST_GROWN)


def many_rows(chain: ChainFactory) -> None:
    """Lists of several pages."""
    chain.block(*(chain.created(number, name=f"Ronda {number}") for number in range(2, POOLS)))
    chain.block(*(chain.joined(1, ANA, number) for number in range(1, EVENTS - POOLS)))


async def _at_least(rows: Any, count: int) -> bool:
    return await rows.count() >= count


async def measuring(page: Page) -> CDPSession:
    session = await page.context.new_cdp_session(page)
    await session.send("Performance.enable")
    return session


async def becomes_as_small_as(
    session: CDPSession, before: dict[str, float], most: dict[str, int] = GROWN
) -> None:
    """What was let go of may be collected a moment later."""

    async def grown() -> dict[str, float]:
        after = await measured(session)
        return {name: by for name in most if (by := after[name] - before[name]) > most[name]}

    async def is_small() -> bool:
        return not await grown()

    try:
        await async_until(is_small, 20)
    except AssertionError:
        assert await grown() == {}


async def test_after_a_burst_every_tab_is_right_and_has_spoken_once_in_ten_seconds(
    chain: ChainFactory, web_servers: WebServers, browser: Browser
) -> None:
    page = await visit(browser, web_servers)
    still = await browser.new_context(reduced_motion="reduce")
    tabs = [page, await page.context.new_page(), await still.new_page()]
    for tab in tabs[1:]:
        await tab.goto(page.url)
        await tab.wait_for_selector("body[data-link=live]", state="attached")
    for tab in tabs:
        await tab.evaluate(HEAR)
    for _block in range(20):
        joins = (chain.joined(1, (ANA, BEA)[each % 2], BTC // (each + 1)) for each in range(10))
        committed = chain.block(*joins)
        await publisher.announce_sequence(committed.last_seq)
    for tab in tabs:
        await async_until(lambda tab=tab: _ends_right(tab), 30)  # type: ignore[misc]
    await publisher.announce_sequence(chain.block(chain.joined(1, ANA)).last_seq)
    for tab in tabs:
        await tab.wait_for_function("() => window.said.length > 1")
        said: list[float] = await tab.evaluate("window.said")
        assert min(after - before for before, after in pairwise(said)) >= 10_000


async def _ends_right(page: Page) -> bool:
    stats = selectors.stats()
    values = [
        await page.locator(f"#{card}").get_attribute("data-value")
        for card in ("card-total-pools", "card-events-today", "card-events-hour")
    ]
    wanted = [stats.pools_total, stats.events_today, stats.events_this_hour]
    return await keys(page) == latest() and values == [str(value) for value in wanted]


async def measured(session: CDPSession) -> dict[str, float]:
    """The page's nodes, listeners and heap, with nothing in them that could be let go of."""
    await session.send("HeapProfiler.collectGarbage")
    await session.send("HeapProfiler.collectGarbage")
    found: list[dict[str, Any]] = (await session.send("Performance.getMetrics"))["metrics"]
    return {metric["name"]: metric["value"] for metric in found if metric["name"] in GROWN}


def frames_of_the_dashboard() -> list[str]:
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


def frames_of(path: str) -> list[str]:
    """Likewise for a list: new rows, changed ones, and what is told as a toast."""
    created = selectors.latest_of_kinds(("PoolCreated",), 1)[0]
    notice = _new(render_to_string("dashboard/_feed_row.html", {"event": created}))
    stats = selectors.stats()
    if path == "pools/":
        standing = fragments.pool_row(selectors.newest_pools(1)[0])
        row = re.sub(r":\d+(?=[\s\"'>])", ":9@NUMBER@", _new(standing), count=1)
        changed = fragments.partial("pool-list", standing, swap="list")
        new = fragments.partial("pool-list", row, swap="list new")
    else:
        event = render_to_string("events/_event_row.html", {"event": created})
        changed = fragments.partial("event-list", event, swap="list")
        new = fragments.partial("event-list", _new(event), swap="list new")
    return [
        fragments.partial("notices", notice, swap="feed") + new,
        new,
        changed,
        fragments.badge(stats) + fragments.statistics(stats),
    ]


def _new(row: str) -> str:
    """The row with a place, a key and a time of its own."""
    row = re.sub(r"0x[0-9a-f]{64}", "0x@KEY@", row)
    row = re.sub(r"data-at=\"?[\d.]+\"?", 'data-at="9@NUMBER@.0"', row)
    row = re.sub(r"datetime=\"?[^\s\">]+\"?", 'datetime="@NOW@"', row)
    return re.sub(r"/pools/(\w+)/\d+/", r"/pools/\1/9@NUMBER@/", row)
