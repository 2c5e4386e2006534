"""Keyboard shortcuts in a real browser."""

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from tests.factories import ANA, ChainFactory


@pytest.fixture
def site(live_server: LiveServer) -> str:
    chain = ChainFactory()
    chain.block(chain.created(1, name="Casa"), chain.joined(1, ANA))
    return live_server.url


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser: Browser) -> Page:
    return await browser.new_page()


async def test_letters_lead_to_the_pages_and_to_the_search(site: str, page: Page) -> None:
    await page.goto(site)
    for keys, path in (("gp", "/pools/"), ("ge", "/events/"), ("gs", "/status/"), ("gd", "/")):
        await page.keyboard.type(keys)
        await page.wait_for_url(site + path)
    await page.keyboard.press("/")
    await page.wait_for_url(site + "/pools/#search")
    await expect(page.locator("#search")).to_be_focused()
    await page.keyboard.type("gd?t/")
    await expect(page.locator("#search")).to_have_value("gd?t/")
    await expect(page.locator("#keys")).not_to_be_visible()
    await page.locator("h1").click()
    await page.keyboard.press("/")
    await expect(page.locator("#search")).to_be_focused()


async def test_letters_press_what_is_on_the_page(site: str, page: Page) -> None:
    await page.goto(site)
    await expect(page.locator("#feed-pause")).to_be_visible()  # its script has run
    await page.keyboard.press("p")
    await expect(page.locator("#feed-pause")).to_have_attribute("aria-pressed", "true")
    await page.keyboard.press("p")
    await expect(page.locator("#feed-pause")).to_have_attribute("aria-pressed", "false")
    await page.keyboard.press("b")
    await expect(page.locator("#live-panel")).to_be_visible()
    await page.keyboard.press("b")
    await expect(page.locator("#live-panel")).not_to_be_visible()
    for theme in ("dark", "light"):
        await page.keyboard.press("t")
        await expect(page.locator("html")).to_have_attribute("data-theme", theme)
    for chord in ("Control+b", "Alt+t", "Meta+p"):
        await page.keyboard.press(chord)
    await expect(page.locator("html")).to_have_attribute("data-theme", "light")
    await expect(page.locator("#live-panel")).not_to_be_visible()


async def test_the_list_of_shortcuts_can_switch_them_off(site: str, page: Page) -> None:
    await page.goto(site)
    await page.keyboard.press("?")
    sheet = page.locator("#keys")
    await expect(sheet).to_be_visible()
    await page.keyboard.type("gp")
    await expect(sheet).to_be_visible()
    await page.get_by_label("Shortcuts are on").uncheck()
    await page.keyboard.press("Escape")
    await expect(sheet).not_to_be_visible()
    await page.reload()
    await page.keyboard.type("?gpt")
    await expect(sheet).not_to_be_visible()
    assert page.url == site + "/"
    await page.get_by_role("button", name="Keyboard").click()
    await page.get_by_label("Shortcuts are on").check()
    await page.get_by_role("button", name="Close").click()
    await page.keyboard.type("gp")
    await page.wait_for_url(site + "/pools/")


async def test_without_scripts_no_shortcuts_are_promised(site: str, browser: Browser) -> None:
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(site)
    await expect(page.locator("#keys-open")).not_to_be_visible()
    await expect(page.locator("#keys")).not_to_be_visible()
    await context.close()
