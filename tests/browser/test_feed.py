"""The reader's hold on the feed, in a real browser with a real server behind it."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from django.utils.translation import gettext, override
from playwright.async_api import Browser, Page, Route

from pools import selectors
from realtime import publisher
from tests.factories import ANA, BEA, BTC, ChainFactory, listener
from tests.live import ORIGIN, WebServers, records, web_servers
from tests.waiting import async_until

__all__ = ["records", "web_servers"]

SHIFTS = """() => {
  window.shifted = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) window.shifted += entry.value;
  }).observe({ type: "layout-shift", buffered: true });
}"""
KEYS = "(rows) => rows.map((row) => row.dataset.event)"


@pytest.fixture
def chain(web_servers: WebServers) -> ChainFactory:
    """Twelve joins and one withdrawal, long ago; the listener is well."""
    chain = ChainFactory(start_time=timezone.now().replace(microsecond=0) - timedelta(minutes=20))
    chain.block(chain.created(1, name="Casa"))
    chain.block(chain.joined(1, ANA, BTC))
    chain.block(chain.left(1, ANA, BTC))
    for number in range(1, 13):
        chain.block(chain.joined(1, BEA, number * BTC))
    listener(updated_at=timezone.now() + timedelta(hours=1), head=chain.head.number)
    return chain


async def visit(browser: Browser, web_servers: WebServers, query: str = "", **options: Any) -> Page:
    """The dashboard, with its link to the server open."""
    server = web_servers.start()
    context = await browser.new_context(viewport={"width": 1440, "height": 900}, **options)
    page = await context.new_page()
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    await page.goto(f"{ORIGIN}:{server.port}/{query}")
    await page.wait_for_selector("body[data-link=live]", state="attached")
    return page


async def tell(page: Page, committed: Any) -> None:
    """Announce what was committed, and wait until the page has heard of it."""
    await publisher.announce_sequence(committed.last_seq)
    seq = selectors.current_seq()

    async def heard() -> bool:
        return int(await page.get_attribute("body", "data-seq") or 0) >= seq

    await async_until(heard, 20)


async def keys(page: Page) -> list[str]:
    found: list[str] = await page.locator("#activity-feed > [data-event]").evaluate_all(KEYS)
    return found


def latest(*kinds: str) -> list[str]:
    rows = selectors.latest_of_kinds(kinds, 10) if kinds else selectors.latest_events(10)
    return [row.key for row in rows]


async def test_a_paused_feed_counts_what_waits_and_brings_all_of_it(
    chain: ChainFactory, web_servers: WebServers, browser: Browser
) -> None:
    page = await visit(browser, web_servers)
    before = await keys(page)
    button = page.locator("#feed-pause")
    await button.click()
    assert await button.get_attribute("aria-pressed") == "true"
    for amount in range(1, 4):
        await tell(page, chain.block(chain.joined(1, ANA, amount), chain.joined(1, BEA, amount)))
    assert await keys(page) == before
    assert await button.inner_text() == "Paused · 6 new"
    await button.click()
    assert await keys(page) == latest()
    assert await button.inner_text() == "Pause"
    for amount in range(1, 14):
        await tell(page, chain.block(chain.joined(1, ANA, amount)))
    assert await keys(page) == latest()


async def test_what_the_chain_took_back_during_a_pause_does_not_come_back(
    chain: ChainFactory, web_servers: WebServers, browser: Browser
) -> None:
    page = await visit(browser, web_servers)
    await page.click("#feed-pause")
    await tell(page, chain.block(chain.joined(1, ANA, 7)))
    await tell(page, chain.roll_back(chain.head.number - 3))
    await tell(page, chain.block(chain.joined(1, ANA, 9)))
    await page.click("#feed-pause")
    standing = await page.locator(
        "#activity-feed > [data-event]:not([data-retracted])"
    ).evaluate_all(KEYS)
    assert standing == latest()


async def test_one_kind_alone_follows_live_and_leaves_by_the_back_button(
    chain: ChainFactory, web_servers: WebServers, browser: Browser
) -> None:
    page = await visit(browser, web_servers)
    await page.get_by_role("link", name="Withdrawals").click()
    await page.wait_for_url("**/?kind=leaves")
    wanted = latest("MemberLeft", "PartialWithdrawal")
    assert len(wanted) == 1
    await async_until(lambda: _shows(page, wanted))
    await tell(page, chain.block(chain.joined(1, ANA, 5), chain.left(1, BEA, 5)))
    await tell(page, chain.block(chain.joined(1, ANA, 5)))
    assert await keys(page) == latest("MemberLeft", "PartialWithdrawal")
    await page.go_back()
    await async_until(lambda: _shows(page, latest()))
    await tell(page, chain.block(chain.joined(1, ANA, 6)))
    assert await keys(page) == latest()


async def test_one_kind_alone_is_put_right_after_the_chain_took_some_back(
    chain: ChainFactory, web_servers: WebServers, browser: Browser
) -> None:
    page = await visit(browser, web_servers, "?kind=joins")
    await tell(page, chain.roll_back(chain.head.number - 4))
    await async_until(lambda: _shows(page, latest("MemberJoined")))


async def test_a_server_that_fails_leaves_the_rows_and_is_asked_again(
    chain: ChainFactory, web_servers: WebServers, browser: Browser
) -> None:
    page = await visit(browser, web_servers)
    before = await keys(page)
    asked = []

    async def fail(route: Route) -> None:
        asked.append(route.request.url)
        await route.fulfill(status=502, body="Bad Gateway")

    await page.route("**/?kind=leaves", fail)
    await page.get_by_role("link", name="Withdrawals").click()
    await async_until(lambda: len(asked) == 2)
    assert await keys(page) == before
    await tell(page, chain.block(chain.joined(1, ANA, 5)))
    await page.unroute("**/?kind=leaves")
    await async_until(lambda: _shows(page, latest("MemberLeft", "PartialWithdrawal")), 20)


async def test_a_pause_wished_for_while_a_kind_is_read_begins_after_it(
    chain: ChainFactory, web_servers: WebServers, browser: Browser
) -> None:
    page = await visit(browser, web_servers)
    answered = asyncio.Event()

    async def wait(route: Route) -> None:
        await answered.wait()
        await route.continue_()

    await page.route("**/?kind=leaves", wait)
    await page.get_by_role("link", name="Withdrawals").click()
    button = page.locator("#feed-pause")
    for pressed in ("true", "false", "true"):
        await button.click()
        assert await button.get_attribute("aria-pressed") == pressed
    answered.set()
    withdrawals = latest("MemberLeft", "PartialWithdrawal")
    await async_until(lambda: _shows(page, withdrawals))
    await tell(page, chain.block(chain.left(1, BEA, 5)))
    assert await keys(page) == withdrawals
    assert await button.inner_text() == "Paused · 1 new"
    await button.click()
    assert await keys(page) == latest("MemberLeft", "PartialWithdrawal")


async def test_a_page_that_does_not_move_claims_no_link_and_offers_no_pause(
    chain: ChainFactory, web_servers: WebServers, browser: Browser
) -> None:
    server = web_servers.start(ENABLE_LIVE="false")
    page = await browser.new_page()
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    await page.goto(f"{ORIGIN}:{server.port}/")
    await page.wait_for_load_state("networkidle")
    assert await page.locator("#status-badge").get_attribute("data-state") == "offline"
    assert not await page.locator("#feed-pause").is_visible()
    await page.get_by_role("link", name="Withdrawals").click()
    assert await keys(page) == latest("MemberLeft", "PartialWithdrawal")


async def test_kinds_are_links_that_work_without_scripts(
    chain: ChainFactory, web_servers: WebServers, browser: Browser
) -> None:
    server = web_servers.start()
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(f"{ORIGIN}:{server.port}/?period=7d")
    assert not await page.locator("#feed-pause").is_visible()
    await page.get_by_role("link", name="Joins").click()
    assert "period=7d" in page.url
    assert await page.locator("#feed-kinds [aria-current]").inner_text() == "Joins"
    assert await page.locator("#activity-feed > .j").count() == 10
    assert await page.locator("#activity-feed > :not(.j)").count() == 0


async def test_who_scrolled_down_is_told_how_many_came_and_led_back(
    chain: ChainFactory, web_servers: WebServers, browser: Browser
) -> None:
    page = await visit(browser, web_servers)
    pill = page.locator("#feed-new")
    await tell(page, chain.block(chain.joined(1, ANA, 5)))
    assert not await pill.is_visible()
    await page.evaluate("scrollTo(0, 900)")
    await page.wait_for_function(
        "document.getElementById('activity-title').getBoundingClientRect().top < 0"
    )
    await page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
    await tell(page, chain.block(chain.joined(1, ANA, 5), chain.joined(1, BEA, 5)))
    await async_until(pill.is_visible)
    assert await pill.inner_text() == "2 new"
    assert await keys(page) == latest()
    await pill.click()
    assert not await pill.is_visible()
    await page.wait_for_function(
        "document.getElementById('activity-title').getBoundingClientRect().top > 0"
    )


async def test_a_link_under_the_focus_does_not_move_away(
    chain: ChainFactory, web_servers: WebServers, browser: Browser
) -> None:
    page = await visit(browser, web_servers)
    before = await keys(page)
    await page.keyboard.press("Tab")
    await page.locator("#activity-feed > li:nth-child(10) a").focus()
    await tell(page, chain.block(chain.joined(1, ANA, 5)))
    assert await keys(page) == before
    assert await page.locator("#feed-new").inner_text() == "1 new"
    await page.keyboard.press("Tab")
    await async_until(lambda: _shows(page, latest()))


async def _shows(page: Page, wanted: list[str]) -> bool:
    standing = await page.locator(
        "#activity-feed > [data-event]:not([data-retracted])"
    ).evaluate_all(KEYS)
    return standing == wanted


async def test_a_notice_comes_in_without_moving_anything_and_stays_dismissed(
    chain: ChainFactory, web_servers: WebServers, browser: Browser
) -> None:
    page = await visit(browser, web_servers)
    await page.evaluate(SHIFTS)
    fee = chain.event("PerformanceFeeUpdated", old_fee=1000, new_fee=1500)
    await tell(page, chain.block(fee, chain.event("Paused", account=ANA)))
    banners = page.locator(".banner")
    assert await banners.count() == 2
    assert await page.evaluate("window.shifted") <= 0.02
    await page.get_by_role("button", name="Dismiss this notice").click()
    assert await banners.filter(visible=True).count() == 1
    await tell(page, chain.block(chain.event("Unpaused", account=ANA)))
    assert await banners.filter(visible=True).count() == 0
    await page.reload()
    assert await page.locator("[data-notice]").count() == 1
    assert await banners.filter(visible=True).count() == 0


async def test_a_notice_opens_to_its_whole_text_by_keyboard(
    chain: ChainFactory, web_servers: WebServers, browser: Browser
) -> None:
    chain.block(chain.event("Paused", account=ANA))
    page = await visit(browser, web_servers)
    address = page.locator(".banner code")
    assert not await address.is_visible()
    await page.locator(".banner summary").focus()
    await page.keyboard.press("Enter")
    assert await address.is_visible()


@pytest.mark.parametrize("locale", ["en", "es"])
async def test_on_a_phone_why_a_row_is_struck_out_lies_beside_its_amount(
    chain: ChainFactory, web_servers: WebServers, browser: Browser, locale: str
) -> None:
    page = await visit(browser, web_servers, locale=locale)
    await page.set_viewport_size({"width": 360, "height": 740})
    await tell(page, chain.block(chain.joined(1, ANA, 1_234_567_891 * 10**10)))
    await tell(page, chain.roll_back(chain.head.number - 2))
    with override(locale):
        reasons = [gettext("taken back by the chain")]
        reasons.append(gettext("announced, but the chain did not bring it"))
    for reason in reasons:
        found = await page.locator("#activity-feed > [data-retracted]").evaluate_all(
            """(rows, reason) => rows.map((row) => {
              const [why, amount, name] = ["small", "b", "a"].map((one) => row.querySelector(one));
              why.textContent = reason;
              const at = (one) => one.getBoundingClientRect();
              return [
                at(why).right < at(amount).left,
                at(why).top >= at(name).bottom && at(why).bottom <= at(row).bottom,
                getComputedStyle(name).textDecorationLine === "line-through",
              ];
            })""",
            reason,
        )
        assert found == [[True] * 3] * 2, reason
