"""The dashboard's charts in a real browser: live, by keyboard, without scripts, on a phone."""

import asyncio
from datetime import timedelta
from typing import Any, Literal

import pytest
from django.utils import timezone
from playwright.async_api import Browser, Page, Route

from tests.browser.test_pages import violations
from tests.browser.test_status import SHIFTS
from tests.factories import ANA, BTC, ChainFactory, address, listener
from tests.live import ORIGIN, WebServers, records, web_servers

__all__ = ["records", "web_servers"]

VIEWS: tuple[tuple[int, Literal["light", "dark"]], ...] = ((1440, "light"), (360, "dark"))
EVENTS = "#chart-activity-rows tr:last-child td:last-child"


@pytest.fixture
def chain(web_servers: WebServers) -> ChainFactory:
    """Two pools whose events began five days ago, and a few members of this hour."""
    now = timezone.now().replace(microsecond=0)
    chain = ChainFactory(start_time=now - timedelta(days=5))
    chain.block(chain.created(1), chain.joined(1, ANA, BTC))
    chain.block(chain.created(2, name="Casa"), at=now - timedelta(days=2))
    for number in range(3):
        chain.block(chain.joined(2, address(f"member {number}"), BTC), at=now)
    listener(updated_at=now + timedelta(hours=1), connected_at=now, head=chain.head.number)
    return chain


async def visit(browser: Browser, url: str, **options: Any) -> tuple[Page, list[str]]:
    """The dashboard, and what scripts and the CSP complain of."""
    troubles: list[str] = []
    context = await browser.new_context(**{"viewport": {"width": 1440, "height": 900}, **options})
    page = await context.new_page()
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda said: troubles.append(said.text) if said.type == "error" else None)
    await page.goto(url)
    return page, troubles


async def shown_period(page: Page) -> str | None:
    return await page.locator(".periods [aria-current]").get_attribute("data-period")


async def until_events(page: Page, count: int, selector: str = EVENTS) -> None:
    """Wait for the last row of the activity's table to tell so many events."""
    await page.wait_for_function(
        "([selector, count]) => document.querySelector(selector)?.textContent === count",
        arg=[selector, str(count)],
        timeout=15_000,
    )


async def test_an_opened_table_stays_open_and_nothing_moves_while_events_come(
    web_servers: WebServers, chain: ChainFactory, browser: Browser
) -> None:
    page, troubles = await visit(browser, f"{ORIGIN}:{web_servers.start().port}/")
    await page.wait_for_selector("body[data-link=live]")
    summary = page.locator("#chart-activity summary")
    await summary.focus()
    await page.keyboard.press("Enter")
    await until_events(page, 3)
    await page.evaluate(SHIFTS)
    # What moved while the page was loading is told a task later.
    before = await page.evaluate("new Promise((done) => setTimeout(() => done(shifted), 200))")
    for count in (4, 5):
        chain.block(chain.joined(2, address(f"late {count}"), BTC), at=timezone.now())
        await until_events(page, count)
    assert await page.locator("#chart-activity details").get_attribute("open") is not None
    assert await summary.evaluate("(element) => element === document.activeElement")
    assert await page.locator("#chart-activity .graph .tone-green").count() == 1
    assert await page.locator("#chart-rhythm rect title").count() == 168
    assert await page.evaluate("window.shifted") - before < 0.02
    assert troubles == []


async def test_the_period_switches_by_keyboard_without_loading_the_page(
    web_servers: WebServers, chain: ChainFactory, browser: Browser
) -> None:
    page, troubles = await visit(browser, f"{ORIGIN}:{web_servers.start().port}/")
    await page.wait_for_selector("body[data-link=live]")
    await page.evaluate("window.still = true")
    await page.locator("#chart-pools summary").click()
    link = page.locator("[data-period='7d']")
    await link.focus()
    await page.keyboard.press("Enter")
    await page.wait_for_selector("[data-period='7d'][aria-current]")
    assert page.url.endswith("/?period=7d")
    assert await page.locator("#chart-pools-rows tr").count() == 7
    assert await page.locator("#chart-pools details").get_attribute("open") is not None
    assert await link.evaluate("(element) => element === document.activeElement")

    # What happens now is told of the period that is seen now.
    await page.wait_for_selector("body[data-link=live]")
    chain.block(chain.joined(1, address("late"), BTC), at=timezone.now())
    await until_events(page, 4)
    assert await page.locator("#chart-activity-rows tr").count() == 7

    await page.go_back()
    await page.wait_for_selector("[data-period='24h'][aria-current]")
    # Its charts may be some seconds old; what happens next is told of it.
    await page.wait_for_selector("body[data-link=live]")
    chain.block(chain.joined(1, address("later"), BTC), at=timezone.now())
    await until_events(page, 5)
    assert await page.locator("#chart-activity-rows tr").count() == 24
    await page.go_forward()
    await page.wait_for_selector("[data-period='7d'][aria-current]")
    assert await page.evaluate("window.still")
    assert troubles == []


async def test_what_comes_while_a_period_is_on_its_way_is_not_lost(
    web_servers: WebServers, chain: ChainFactory, browser: Browser
) -> None:
    page, troubles = await visit(browser, f"{ORIGIN}:{web_servers.start().port}/")
    await page.wait_for_selector("body[data-link=live]")
    held, arrived = asyncio.Event(), asyncio.Event()

    async def hold(route: Route) -> None:
        made_before = await route.fetch()
        held.set()
        await arrived.wait()
        await route.fulfill(response=made_before)

    await page.route("**/?period=7d", hold)
    # Who clicks elsewhere and back asks for the period that the socket tells of already.
    for clicks, count in ((["7d"], 4), (["30d", "7d"], 5)):
        held.clear()
        arrived.clear()
        for period in clicks:
            await page.locator(f"[data-period='{period}']").click()
        await held.wait()
        chain.block(chain.joined(1, address(f"late {count}"), BTC), at=timezone.now())
        await until_events(page, count)
        arrived.set()
        await page.wait_for_selector("#charts:not([aria-busy]) [data-shown='7d']")
        await until_events(page, count)
    assert troubles == []


LATER = """(again) => {
  const now = Date.now.bind(Date);
  Date.now = () => now() + 20 * 60_000;
  Math.random = () => 0.02;
  if (again) dispatchEvent(new Event("live:again"));
}"""


def asked_of(page: Page, url: str) -> list[str]:
    """What the page asks for from now on: itself, or a socket."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append("page") if request.url == url else None)
    page.on("websocket", lambda _socket: asked.append("socket"))
    return asked


async def test_a_link_that_breaks_costs_no_page_while_the_charts_are_told(
    web_servers: WebServers, chain: ChainFactory, browser: Browser
) -> None:
    url = f"{ORIGIN}:{web_servers.start().port}/"
    page, troubles = await visit(browser, url)
    await page.wait_for_selector("body[data-link=live]")
    await page.evaluate(LATER, False)
    chain.block(chain.joined(2, address("late"), BTC), at=timezone.now())
    await until_events(page, 4)
    asked = asked_of(page, url)
    await page.evaluate("dispatchEvent(new Event('live:again'))")
    await page.wait_for_timeout(2_000)
    assert asked == ["socket"]
    assert troubles == []


async def test_charts_of_an_hour_ago_are_read_anew_by_and_by_and_no_failure_takes_the_page_away(
    web_servers: WebServers, chain: ChainFactory, browser: Browser
) -> None:
    url = f"{ORIGIN}:{web_servers.start().port}/"
    page, _troubles = await visit(browser, url)
    await page.wait_for_selector("body[data-link=live]")
    await page.evaluate("window.figures = document.getElementById('figures')")
    asked = asked_of(page, url)
    failing = 2

    async def fail_twice(route: Route) -> None:
        nonlocal failing
        failing -= 1
        if failing < 0:
            await route.continue_()
        else:
            await route.fulfill(status=503, body="Service Unavailable")

    await page.route(url, fail_twice)
    await page.evaluate(LATER, True)
    await page.wait_for_function("() => !figures.isConnected", timeout=20_000)
    await page.wait_for_timeout(1_000)
    assert asked == ["socket", "page", "page", "page"]
    assert await page.locator("#activity-feed").count() == 1


async def test_the_skip_link_does_not_load_the_charts_anew(
    web_servers: WebServers, chain: ChainFactory, browser: Browser
) -> None:
    page, _troubles = await visit(browser, f"{ORIGIN}:{web_servers.start().port}/")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/#main")
    await page.go_back()
    assert [url for url in asked if "/?" in url or url.endswith("/")] == []


async def test_without_scripts_periods_are_links_and_tables_open(
    web_servers: WebServers, chain: ChainFactory, browser: Browser
) -> None:
    page, _troubles = await visit(
        browser, f"{ORIGIN}:{web_servers.start().port}/", java_script_enabled=False
    )
    assert await shown_period(page) == "24h"
    await page.locator("[data-period='30d']").click()
    assert page.url.endswith("?period=30d#charts")
    assert await shown_period(page) == "30d"
    await page.locator("#chart-sizes summary").click()
    assert await page.locator("#chart-sizes tbody").is_visible()
    assert await page.locator("#chart-activity-rows tr").count() == 30


async def test_axe_finds_nothing_with_all_tables_open(
    web_servers: WebServers, chain: ChainFactory, browser: Browser
) -> None:
    port = web_servers.start().port
    for period in ("24h", "all"):
        page, troubles = await visit(
            browser, f"{ORIGIN}:{port}/?period={period}", reduced_motion="reduce", locale="es-PE"
        )
        drawn = page.locator(".chart:not(:has(.chart-empty)) summary")
        assert await drawn.count() >= 5
        for summary in await drawn.all():
            await summary.click()
        for width, scheme in VIEWS:
            await page.set_viewport_size({"width": width, "height": 800})
            await page.emulate_media(color_scheme=scheme)
            assert await violations(page) == [], f"{period}, {width}, {scheme}"
            assert await page.evaluate("document.documentElement.scrollWidth") <= width
        assert troubles == []
        await page.context.close()


async def test_the_words_of_a_chart_can_be_read_on_a_phone(
    web_servers: WebServers, chain: ChainFactory, browser: Browser
) -> None:
    page, _troubles = await visit(
        browser,
        f"{ORIGIN}:{web_servers.start().port}/?period=30d",
        viewport={"width": 360, "height": 740},
    )
    sizes = await page.evaluate(
        """() => [...document.querySelectorAll("#figures svg text")].map((text) =>
          text.getBoundingClientRect().height)"""
    )
    assert min(sizes) >= 10
