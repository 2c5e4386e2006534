"""The status page in a real browser while history is read: it follows, and nothing jumps."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.async_api import Browser, Locator, Page

from pools.models import ConnectionSpell, Contract, HistoricalScan, LatencySample
from realtime import publisher
from tests.browser.test_pages import violations
from tests.factories import CONTRACT, listener
from tests.ledger import cover, followed, hold_the_lease, scan
from tests.live import ORIGIN, WebServers, records, web_servers
from tests.waiting import async_until

__all__ = ["records", "web_servers"]

SHIFTS = """() => {
  window.shifted = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) window.shifted += entry.value;
  }).observe({ type: "layout-shift", buffered: true });
}"""


@pytest.fixture
def contract(web_servers: WebServers) -> Contract:
    """A contract of which the lower half is read and the rest is a gap."""
    contract = followed(CONTRACT)
    listener(updated_at=timezone.now(), head=1000)
    cover(contract, 100, 549)
    for first in range(1, 21):
        scan(contract, 100, 100 + first, state="done", finished_at=timezone.now())
    Contract.objects.update(folded_to=549)
    return contract


async def visit(browser: Browser, url: str, *, width: int) -> tuple[Page, list[str]]:
    """The page, once its link is up, and what scripts and the CSP complain of."""
    troubles: list[str] = []
    context = await browser.new_context(viewport={"width": width, "height": 900})
    page = await context.new_page()
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda said: troubles.append(said.text) if said.type == "error" else None)
    await page.goto(url)
    await page.wait_for_selector("body[data-link=live]")
    return page, troubles


@pytest.mark.parametrize("width", [1440, 390])
async def test_a_scan_is_followed_from_its_beginning_to_its_end(
    contract: Contract, web_servers: WebServers, browser: Browser, width: int
) -> None:
    server = web_servers.start()
    page, troubles = await visit(browser, f"{ORIGIN}:{server.port}/status/", width=width)
    await page.evaluate(SHIFTS)
    scans, share = page.locator("#status-scans"), page.locator("#status-coverage .ledger-share")
    assert "No scan is at work." in await scans.inner_text()

    hold_the_lease()
    work = scan(contract, 550, 1000, state="running", started_at=timezone.now())
    row = HistoricalScan.objects.filter(pk=work.pk)
    for first, last, percent in ((550, 700, 33), (701, 900, 77), (901, 999, 99)):
        cover(contract, first, last, scan=work)
        row.update(done_to=last, events_found=last)
        await publisher.announce_progress()
        await until_it_says(scans, f"{percent} %")
    assert await page.locator("progress").get_attribute("value") == "99"
    assert await page.evaluate("window.shifted") <= 0.02

    cover(contract, 1000, 1000, scan=work)
    row.update(state="done", finished_at=timezone.now())
    await publisher.announce_progress()
    await until_it_says(scans, "No scan is at work.")
    assert "100" in await share.inner_text()
    assert await page.locator(".gaps").count() == 0
    assert troubles == []


async def test_the_banner_leaves_every_page_when_history_is_read(
    contract: Contract, web_servers: WebServers, browser: Browser
) -> None:
    server = web_servers.start()
    told = []
    for path in ("/", "/pools/", "/status/"):
        page, troubles = await visit(browser, f"{ORIGIN}:{server.port}{path}", width=1440)
        banners = page.locator("#banners")
        assert "History is being read: 49 %" in await banners.inner_text()
        told.append((banners, troubles))
    Contract.objects.update(folded_to=1000)
    await publisher.announce_progress()
    for banners, troubles in told:
        await until_it_says(banners, "")
        assert troubles == []


def keep_books() -> None:
    """A link that broke once, and an hour of measurements."""
    now = timezone.now()
    for state, first, last in (("live", 90, 40), ("reconnecting", 40, 30), ("live", 30, 0)):
        since, until = (now - timedelta(minutes=minutes) for minutes in (first, last))
        ConnectionSpell.objects.create(
            state=state, since=since, until=until, endpoint="node.example", detail="code 1006"
        )
    for minute in range(60):
        LatencySample.objects.create(
            minute=int(now.timestamp()) // 60 - minute,
            endpoint="node.example",
            answer_count=1,
            answer_sum=40 + minute,
            answer_worst=60 + minute,
        )


@pytest.mark.parametrize("width", [1440, 360])
async def test_opened_details_stay_open_when_their_panel_is_swapped(
    contract: Contract, web_servers: WebServers, browser: Browser, width: int
) -> None:
    keep_books()
    server = web_servers.start()
    page, troubles = await visit(browser, f"{ORIGIN}:{server.port}/status/", width=width)
    for summary in await page.locator("details.chart-table summary").all():
        await summary.click()
    now = timezone.now()
    ConnectionSpell.objects.create(state="error", since=now, until=now, detail="HTTP 502")
    await publisher.announce_progress()
    await until_it_says(page.locator("#status-spells"), "HTTP 502")
    assert await page.locator("details.chart-table[open]").count() == 2
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
    assert await violations(page) == []
    assert troubles == []


async def test_history_and_latency_are_whole_without_scripts(
    contract: Contract, web_servers: WebServers, browser: Browser
) -> None:
    keep_books()
    server = web_servers.start()
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(f"{ORIGIN}:{server.port}/status/")
    await page.locator("nav.periods a", has_text="7 days").first.click()
    assert "period=7d" in page.url
    assert "live in the last 7 days" in await page.locator(".ledger-share").first.inner_text()
    await page.locator("details.chart-table summary").last.click()
    assert await page.locator(".chart-rows tbody tr").count() >= 1


async def until_it_says(element: Locator, text: str) -> None:
    """Until the element holds this text; with none, until it is empty."""

    async def says() -> bool:
        said = await element.inner_text()
        return text in said if text else not said.strip()

    await async_until(says)
