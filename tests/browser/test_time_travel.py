"""A pool as it was, in a real browser: reached without scripts, readable by everybody, at rest."""

from typing import Any

import pytest
from playwright.async_api import Browser

from tests.browser.test_pages import site, violations, visit
from tests.factories import CONTRACT

__all__ = ["site"]
POOL = f"/pools/{CONTRACT}/2/"


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (360, "dark")])
async def test_axe_finds_nothing_on_a_past_block(
    site: str, browser: Browser, scheme: Any, width: int
) -> None:
    for query in ("?at_block=106", "?at_block=9999"):
        page = await visit(
            browser,
            site + POOL + query,
            color_scheme=scheme,
            viewport={"width": width, "height": 800},
            reduced_motion="reduce",
        )
        assert await violations(page) == [], query
        assert await page.evaluate("document.documentElement.scrollWidth") <= width, query


async def test_without_javascript_the_form_leads_there_and_back(
    site: str, browser: Browser
) -> None:
    page = await visit(browser, site + POOL, java_script_enabled=False)
    events = await page.locator("#activity-feed > [data-event]").count()
    await page.fill("input[name=at_block]", "102")
    await page.get_by_role("button", name="Show that block").click()
    assert await page.get_by_text("This is block 102 of").is_visible()
    assert await page.locator("#activity-feed > [data-event]").count() == 3
    await page.locator(".moment-blocks a").last.click()
    assert await page.get_by_text("This is block 100 of").is_visible()
    await page.get_by_role("link", name="Go to now").click()
    assert await page.locator("#moment").count() == 0
    assert await page.locator("#activity-feed > [data-event]").count() == events


async def test_a_past_block_opens_no_socket(site: str, browser: Browser) -> None:
    page = await visit(browser, "about:blank")
    sockets: list[str] = []
    page.on("websocket", lambda socket: sockets.append(socket.url))
    await page.goto(f"{site}{POOL}?at_block=103")
    await page.wait_for_timeout(1_000)
    assert sockets == []
    await page.goto(site + POOL)
    await page.wait_for_timeout(1_000)
    assert sockets != []
