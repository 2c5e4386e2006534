"""The badge and its pop-over in a real browser, with a real server whose link is really cut."""

import random
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Literal

import pytest
from django.utils import timezone
from playwright.async_api import Browser, Page

from pools.models import ListenerStatus
from realtime import publisher
from tests.browser.test_pages import violations
from tests.factories import ANA, BEA, BTC, ChainFactory, listener
from tests.live import ORIGIN, WebServers, records, web_servers
from tests.proxy import Proxy
from tests.waiting import async_until

__all__ = ["records", "web_servers"]

PATIENT = 30_000  # ms


@pytest.fixture
def chain(web_servers: WebServers) -> ChainFactory:
    """A pool with two members; the listener is well."""
    chain = ChainFactory(start_time=timezone.now().replace(microsecond=0) - timedelta(minutes=20))
    chain.block(chain.created(1, name="Casa"), chain.joined(1, ANA, BTC), chain.joined(1, BEA, BTC))
    now = timezone.now()
    listener(updated_at=now + timedelta(hours=1), connected_at=now, head=chain.head.number)
    return chain


@pytest.fixture
def link(chain: ChainFactory, web_servers: WebServers) -> Iterator[Proxy]:
    """What lies between browser and server; `link.port` is the site's."""
    with Proxy(web_servers.start().port) as proxy:
        yield proxy


async def visit(browser: Browser, link: Proxy, path: str = "/", **options: Any) -> Page:
    """A page with its link to the server open."""
    options.setdefault("viewport", {"width": 1440, "height": 900})
    context = await browser.new_context(**options)
    page = await context.new_page()
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    await page.goto(f"{ORIGIN}:{link.port}{path}")
    if options.get("java_script_enabled", True):
        await page.wait_for_selector("body[data-link=live]", state="attached", timeout=PATIENT)
    return page


async def until_badge(page: Page, state: str) -> None:
    await page.wait_for_selector(f"#status-badge[data-state={state}]", timeout=PATIENT)


async def until_heard(page: Page, seq: int) -> None:
    async def heard() -> bool:
        return int(await page.get_attribute("body", "data-seq") or 0) >= seq

    await async_until(heard, 30)


async def test_the_badge_has_four_states_and_tells_two_truths_apart(
    chain: ChainFactory, link: Proxy, browser: Browser
) -> None:
    page = await visit(browser, link)
    await until_badge(page, "live")
    await page.click("#status-badge")
    ours, chains = page.locator("#link-state"), page.locator("#live-statistics .panel-state")
    assert "Live since" in await ours.inner_text()
    assert "Connected to the chain" in await chains.inner_text()

    for state, badge, words in (
        (ListenerStatus.State.ERROR, "error", "does not answer"),
        (ListenerStatus.State.RECONNECTING, "reconnecting", "link to the chain broke"),
        (ListenerStatus.State.LIVE, "live", "Connected to the chain"),
    ):
        ListenerStatus.objects.update(state=state)
        await publisher.announce_status()
        await until_badge(page, badge)
        await page.locator("#live-statistics").get_by_text(words).wait_for()
        assert "Live since" in await ours.inner_text()

    link.cut()
    await page.wait_for_selector("#link-state[data-state=reconnecting]")
    await until_badge(page, "reconnecting")
    assert not await page.is_visible("#link-lost")
    await page.wait_for_selector("#link-lost", timeout=PATIENT)
    await until_badge(page, "offline")
    since = await page.locator("#link-lost time").inner_text()
    assert since in await page.inner_text("#link-lost")
    assert await ours.inner_text() == f"No link since {since}"
    assert "Connected to the chain" in await chains.inner_text()  # what we last heard

    link.mend()
    await until_badge(page, "live")
    assert not await page.is_visible("#link-lost")
    assert "Live since" in await ours.inner_text()


async def test_nothing_is_missed_however_often_the_link_breaks(
    chain: ChainFactory, link: Proxy, browser: Browser
) -> None:
    chance = random.Random(4)
    page = await visit(browser, link)
    for _ in range(5):
        for _ in range(chance.randrange(1, 4)):
            told = chain.block(
                *(chain.joined(1, ANA, BTC + n) for n in range(chance.randrange(1, 5)))
            )
            await publisher.announce_sequence(told.last_seq)
        if chance.random() < 0.7:
            link.cut()
            told = chain.block(chain.joined(1, BEA, BTC), chain.joined(1, ANA, BTC))
            await publisher.announce_sequence(told.last_seq)
            link.mend()
    await page.evaluate("dispatchEvent(new Event('online'))")
    await until_heard(page, told.last_seq)
    await page.click("#status-badge")
    assert await page.inner_text("#missed") == f"0 missed, sequence {told.last_seq}"
    await page.evaluate("document.body.dataset.seq = 1234567")
    await page.wait_for_function(
        "document.getElementById('missed').innerText.endsWith('1,234,567')"
    )
    answer = await page.request.get(f"{ORIGIN}:{link.port}/api/v1/events?limit=1000")
    events = (await answer.json())["results"]
    rows = await page.locator("#activity-feed > [data-event]").evaluate_all(
        "(rows) => rows.map((row) => row.dataset.event)"
    )
    assert rows == [f"{event['block_hash']}:{event['log_index']}" for event in events[:-11:-1]]


async def test_it_says_how_long_blocks_take_to_the_screen(
    chain: ChainFactory, link: Proxy, browser: Browser
) -> None:
    page = await visit(browser, link)
    await page.click("#status-badge")
    screen = page.locator("#screen-time")
    assert await screen.inner_text() == "no event yet"
    await page.wait_for_timeout(1100)  # a block's time has whole seconds
    for amount in range(3):
        told = chain.block(chain.joined(1, ANA, BTC + amount), at=timezone.now())
        await publisher.announce_sequence(told.last_seq)
    await until_heard(page, told.last_seq)
    half, most = map(float, re.findall(r"[\d.]+", await screen.inner_text()))
    assert 0 <= half <= most < 30
    await page.goto(f"{ORIGIN}:{link.port}/pools/")
    await page.click("#status-badge")
    await page.wait_for_selector("#screen-time:not(:text('no event'))")  # it is the session's


async def test_it_opens_under_pointer_and_focus_and_leaves_when_told(
    link: Proxy, browser: Browser
) -> None:
    page = await visit(browser, link)
    panel = page.locator("#live-panel")
    await page.hover("#status-badge")
    await panel.wait_for()
    await panel.locator("dt").first.hover()
    await page.wait_for_timeout(500)
    assert await panel.is_visible()  # one may go and read it
    await page.keyboard.press("Escape")
    assert not await panel.is_visible()

    await page.hover("h1")
    await page.hover("#status-badge")
    await panel.wait_for()
    await page.hover("h1")
    await panel.wait_for(state="hidden")

    await page.hover("#status-badge")
    await panel.wait_for()
    await page.click("#status-badge")
    await page.hover("h1")
    await page.wait_for_timeout(500)
    assert await panel.is_visible()  # who clicked means it
    await page.click("#status-badge")
    await panel.wait_for(state="hidden")

    await page.mouse.move(700, 890)
    await page.wait_for_timeout(500)  # the focus that comes back to the badge does not open it
    await page.locator(".top nav a >> nth=-1").focus()
    await page.keyboard.press("Tab")
    await panel.wait_for()
    await page.keyboard.press("Escape")
    await page.wait_for_timeout(500)
    assert not await panel.is_visible()
    assert await page.evaluate("document.activeElement.id") == "status-badge"


async def test_refreshing_asks_once_and_stays_on_the_page(
    chain: ChainFactory, link: Proxy, browser: Browser
) -> None:
    page = await visit(browser, link)
    async with page.expect_response("**/statistics/*"):
        await page.click("#status-badge")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    ListenerStatus.objects.update(endpoint="other.example")
    refresh = page.locator("#live-refresh")
    await refresh.dblclick()
    await page.locator("#live-statistics").get_by_text("other.example").wait_for()
    await page.wait_for_selector("#live-refresh:not([aria-disabled])")
    assert sum("/statistics/" in url for url in asked) == 1
    link.cut()
    await refresh.click()
    await page.wait_for_selector("#refresh-note:text('could not be reached')", state="attached")
    assert await page.locator("#live-statistics").inner_text() != ""


async def test_what_it_says_follows_the_page_while_it_is_open(
    chain: ChainFactory, link: Proxy, browser: Browser
) -> None:
    page = await visit(browser, link)
    total = page.locator("#live-statistics div:has(dt:text-is('In all')) dd")
    before = int(await total.text_content() or "")
    told = chain.block(chain.joined(1, ANA, BTC))
    await publisher.announce_sequence(told.last_seq)
    await until_heard(page, told.last_seq)
    await page.click("#status-badge")  # at once what came before it was opened
    await total.filter(has_text=re.compile(rf"^\s*{before + 1}\s*$")).wait_for(timeout=2_000)
    told = chain.block(chain.joined(1, BEA, BTC))
    await publisher.announce_sequence(told.last_seq)
    await total.filter(has_text=re.compile(rf"^\s*{before + 2}\s*$")).wait_for(timeout=5_000)


async def test_what_is_no_longer_known_does_not_look_as_if_it_were(
    link: Proxy, browser: Browser
) -> None:
    page = await visit(browser, link)
    await page.click("#status-badge")
    lost = page.locator("#live-panel .when-lost")
    uptime = page.locator("#card-live .sub")
    assert not await lost.is_visible()
    assert await uptime.is_visible()
    link.cut()
    await lost.wait_for()
    await uptime.wait_for(state="hidden")
    link.mend()
    await lost.wait_for(state="hidden")
    await uptime.wait_for()


async def test_without_scripts_it_says_that_the_page_stands_still(
    link: Proxy, browser: Browser
) -> None:
    page = await visit(browser, link, java_script_enabled=False)
    assert await page.locator("#banners").get_by_text("Reload the page for news.").is_visible()
    await page.click("#status-badge")
    panel = page.locator("#live-panel")
    assert await panel.get_by_text("This page does not update by itself").is_visible()
    assert await panel.get_by_text("Connected to the chain").is_visible()
    assert await panel.get_by_text("Sequence", exact=True).is_visible()
    assert not await page.locator("#missed").is_visible()
    await page.click("#live-refresh")
    assert page.url.endswith(f":{link.port}/")


async def test_axe_finds_nothing_with_pop_over_or_help_open(link: Proxy, browser: Browser) -> None:
    page = await visit(browser, link, reduced_motion="reduce")
    views: tuple[tuple[int, Literal["light", "dark"]], ...]
    views = ((1440, "light"), (360, "dark"), (360, "light"), (1440, "dark"))
    for width, scheme in views:
        await page.set_viewport_size({"width": width, "height": 800})
        await page.emulate_media(color_scheme=scheme)
        await page.click("#status-badge")
        assert await page.locator("#live-panel").is_visible()
        assert await violations(page) == [], f"{width}, {scheme}"
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
        await page.keyboard.press("Escape")
        await page.click("#keys-open")
        assert await violations(page) == [], f"{width}, {scheme}, help"
        await page.keyboard.press("Escape")
