"""Every page on a real server: nothing in the console, nothing for axe, also while events come."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Response,
    ViewportSize,
)

from pools import selectors
from realtime import publisher
from tests.browser.test_pages import eventful_past, violations
from tests.factories import ANA, BEA, BTC, CONTRACT, ChainFactory
from tests.live import ORIGIN, WebServers, records, web_servers
from tests.waiting import async_until

__all__ = ["records", "web_servers"]

POOL = f"/pools/{CONTRACT}/1/"
LIVE = (
    *("/", "/embed/", "/pools/", POOL, f"{POOL}members/", "/events/", f"/accounts/{ANA}/"),
    "/status/",
)
AT_REST = (
    *(f"/pools/{CONTRACT}/2/", f"/pools/{CONTRACT}/2/members/", f"{POOL}?at_block=106"),
    *(f"{POOL}?at_block=9999", "/?period=7d&kind=joins", "/pools/?q=ahorro&status=active"),
    *("/pools/?created_after=never", "/events/?kind=MemberJoined&pool_id=x"),
    *("/events/?kind=MemberJoined", f"/accounts/{'0x' + 40 * '1'}/"),
    *("/api/v1/docs", "/nothing/", f"/pools/{CONTRACT}/99/"),
)
ANSWERS = {"/nothing/": 404, f"/pools/{CONTRACT}/99/": 404, f"{POOL}?at_block=9999": 409}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
OPENED = {"/": ("#status-badge", "[data-alerts=open]")}  # clicked one after the other


@pytest.fixture
def chain(records: Path) -> ChainFactory:
    return eventful_past()


@pytest.fixture
def site(web_servers: WebServers, chain: ChainFactory) -> str:
    return f"{ORIGIN}:{web_servers.start().port}"


@dataclass
class Heard:
    """What a browser complains of while it shows a page: there should be nothing."""

    address: str
    status: int = 200
    troubles: list[str] = field(default_factory=list)

    def listen(self, page: Page) -> None:
        """Hear everything but that the page itself was answered with the status it should have."""
        page.on("pageerror", lambda error: self.troubles.append(f"script: {error}"))
        page.on("dialog", lambda dialog: self.troubles.append(f"dialog: {dialog.message}"))
        page.on("requestfailed", lambda asked: self.troubles.append(f"failed: {asked.url}"))
        page.on("response", self._answered)
        page.on("console", self._said)

    def _answered(self, answer: Response) -> None:
        itself = answer.url == self.address
        if (answer.status != self.status) if itself else (answer.status >= 400):
            self.troubles.append(f"{answer.status}: {answer.url}")

    def _said(self, message: ConsoleMessage) -> None:
        known = self.status >= 400 and message.location["url"] == self.address
        status = f"the server responded with a status of {self.status}"
        if message.type == "error" and not (known and status in message.text):
            self.troubles.append(f"console: {message.text}")


async def visitor(browser: Browser, *, scheme: Any, width: int = 1440) -> BrowserContext:
    viewport: ViewportSize = {"width": width, "height": 800}
    return await browser.new_context(
        color_scheme=scheme, viewport=viewport, reduced_motion="reduce"
    )


@asynccontextmanager
async def opened(
    context: BrowserContext, site: str, path: str
) -> AsyncIterator[tuple[Page, Heard]]:
    """The page in a tab of its own, with its link open, and what is heard of it."""
    page, heard = await context.new_page(), Heard(site + path, ANSWERS.get(path, 200))
    heard.listen(page)
    await page.goto(heard.address)
    if path in LIVE:
        await page.wait_for_selector("body[data-link=live]")
    yield page, heard
    await page.close()


@pytest.mark.parametrize(
    ("paths", "width", "scheme"),
    [
        (LIVE, 1440, "dark"),
        (LIVE, 360, "light"),
        (AT_REST, 1440, "light"),
        (AT_REST, 360, "dark"),
    ],
    ids=["live, wide", "live, narrow", "at rest, wide", "at rest, narrow"],
)
async def test_axe_finds_nothing_and_the_console_stays_empty(
    site: str, browser: Browser, scheme: Any, width: int, paths: tuple[str, ...]
) -> None:
    context = await visitor(browser, scheme=scheme, width=width)
    for path in paths:
        async with opened(context, site, path) as (page, heard):
            assert await violations(page) == [], path
            for click in OPENED.get(path, ()):
                await page.click(click)
                assert await violations(page) == [], f"{path} after a click on {click}"
            assert heard.troubles == [], path


async def test_axe_finds_nothing_while_events_come_in_nor_afterwards(
    site: str, chain: ChainFactory, browser: Browser
) -> None:
    numbers, context = count(3), await visitor(browser, scheme="light")
    for path in LIVE:
        async with opened(context, site, path) as (page, heard):
            began, ends = selectors.current_seq(), asyncio.Event()
            burst = asyncio.create_task(_burst(chain, numbers, ends))
            await _until_told(page, began + 1)
            assert await in_both_schemes(page) == [], f"{path} while events come in"
            assert not burst.done()
            ends.set()
            await burst
            await _until_told(page, selectors.current_seq())
            assert await in_both_schemes(page) == [], f"{path} after the burst"
            assert heard.troubles == [], path


async def in_both_schemes(page: Page) -> list[str]:
    found: list[str] = []
    for scheme in SCHEMES:
        await page.emulate_media(color_scheme=scheme)
        found += [f"{scheme}: {each}" for each in await violations(page)]
    return found


async def _burst(chain: ChainFactory, numbers: Iterator[int], ends: asyncio.Event) -> None:
    """New pools, joins, partings and news of the contract; now and then a block is taken back."""
    for number in numbers:
        joins = (chain.joined(1, (ANA, BEA)[each % 2], BTC // (each + 1)) for each in range(8))
        new = chain.created(number, name=f"Ronda {number}")
        news = chain.event("Unpaused" if number % 2 else "Paused", account=ANA)
        done = chain.block(new, *joins, chain.left(1, ANA, 1), news)
        if number % 7 == 0:
            done = chain.roll_back(chain.head.number - 1)
        await publisher.announce_sequence(done.last_seq)
        if ends.is_set():
            return
        await asyncio.sleep(0.4)


async def _until_told(page: Page, seq: int) -> None:
    async def told() -> bool:
        return int(await page.get_attribute("body", "data-seq") or 0) >= seq

    await async_until(told, 20)
