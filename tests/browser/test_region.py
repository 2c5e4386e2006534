"""A browser tells its time zone once a day, where the page says so, and never against its wish."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core.cache import cache
from playwright.async_api import Browser, BrowserContext, Page, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from pools import selectors
from tests.factories import ChainFactory
from tests.redis_server import RedisServer

Visitor = Callable[..., Awaitable[BrowserContext]]
GPC = "Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', {get: () => true})"
DNT = "Object.defineProperty(Navigator.prototype, 'doNotTrack', {get: () => '1'})"


@pytest.fixture
def site(live_server: LiveServer, redis_server: RedisServer) -> str:
    cache.clear()
    ChainFactory()
    return live_server.url


@pytest.fixture
def visitor(browser: Browser) -> Visitor:
    async def come(**options: Any) -> BrowserContext:
        return await browser.new_context(timezone_id="America/Lima", **options)

    return come


async def counted() -> list[tuple[str, int]]:
    """In a thread of its own: one that others used may still hold their database open."""
    with ThreadPoolExecutor(1) as fresh:
        return await asyncio.get_running_loop().run_in_executor(fresh, selectors.regions)


async def visit(context: BrowserContext, site: str) -> tuple[Page, list[str]]:
    """A page, all there, and what it sent to be counted."""
    page = await context.new_page()
    told: list[str] = []
    page.on("request", lambda request: told.append(request.url) if is_visit(request.url) else None)
    await page.goto(site, wait_until="networkidle")
    return page, told


def is_visit(url: str) -> bool:
    return url.endswith("/visits/")


async def test_a_browser_is_counted_once_however_many_pages_it_opens(
    site: str, visitor: Visitor
) -> None:
    someone = await visitor()
    page, told = await visit(someone, site)
    await expect(page.locator("#regions")).to_contain_text("We count visitors' time zones")
    assert len(told) == 1
    await page.reload(wait_until="networkidle")
    _, again = await visit(someone, f"{site}/pools/")
    assert len(told) + len(again) == 1
    assert await counted() == [("America/Lima", 1)]


async def test_on_another_day_it_is_counted_again(site: str, visitor: Visitor) -> None:
    page, told = await visit(await visitor(), site)
    await page.evaluate("localStorage.setItem('region', '2025-06-15')")
    await page.reload(wait_until="networkidle")
    assert len(told) == 2
    assert await counted() == [("America/Lima", 2)]


@pytest.mark.parametrize("wish", [GPC, DNT], ids=["GPC", "DNT"])
async def test_who_asks_for_privacy_tells_nothing(site: str, visitor: Visitor, wish: str) -> None:
    someone = await visitor()
    await someone.add_init_script(wish)
    page, told = await visit(someone, site)
    await expect(page.locator("#regions")).to_contain_text("Your time zone is not counted.")
    await expect(page.locator("#regions button")).to_be_hidden()
    assert told == []
    assert await counted() == []


async def test_who_does_not_want_to_be_counted_is_not_until_they_say_so(
    site: str, visitor: Visitor
) -> None:
    page, told = await visit(await visitor(), site)
    await page.get_by_role("button", name="Don't count me").click()
    await expect(page.locator("#regions")).to_contain_text("Your time zone is not counted.")
    await page.reload(wait_until="networkidle")
    await expect(page.locator("#regions")).to_contain_text("Your time zone is not counted.")
    assert len(told) == 1
    async with page.expect_response("**/visits/"):
        await page.get_by_role("button", name="Count me again").click()
    await expect(page.locator("#regions")).to_contain_text("We count visitors' time zones")


async def test_without_scripts_nothing_is_told_nor_said(site: str, visitor: Visitor) -> None:
    page, told = await visit(await visitor(java_script_enabled=False), site)
    await expect(page.locator("#regions")).to_be_hidden()
    assert told == []


async def test_switched_off_nothing_is_told_nor_said(
    site: str, visitor: Visitor, settings: Settings
) -> None:
    settings.ENABLE_REGIONS = False
    page, told = await visit(await visitor(), site)
    assert await page.locator("#regions").count() == 0
    assert told == []
