"""Days of one's own for the charts, in a real browser: by form, by address, back again."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.async_api import Browser

from tests.browser.test_charts import chain, visit
from tests.browser.test_pages import violations
from tests.factories import ChainFactory
from tests.live import ORIGIN, WebServers, records, web_servers

__all__ = ["chain", "records", "web_servers"]


def days(begin: int, end: int) -> tuple[str, str]:
    """Days so long ago, as an address says them."""
    today = timezone.now().date()
    return str(today - timedelta(days=begin)), str(today - timedelta(days=end))


async def test_without_scripts_the_form_shows_the_days_and_keeps_the_kind(
    web_servers: WebServers, chain: ChainFactory, browser: Browser
) -> None:
    url = f"{ORIGIN}:{web_servers.start().port}/?kind=joins"
    page, _troubles = await visit(browser, url, java_script_enabled=False)
    first, last = days(9, 3)
    await page.locator("#own-days summary").click()
    await page.locator("#own-days [name=from]").fill(first)
    await page.locator("#own-days [name=to]").fill(last)
    await page.locator("#own-days button").click()
    assert page.url.endswith(f"/?kind=joins&from={first}&to={last}#charts")
    assert await page.locator("#chart-activity-rows tr").count() == 7
    assert await page.locator("#chart-activity-sums tr").count() == 3
    assert await page.locator("#feed-kinds [aria-current]").get_attribute("data-kind") == "joins"
    await page.locator("#feed-kinds [data-kind='']").click()
    assert f"from={first}&to={last}" in page.url


async def test_a_period_leaves_the_days_and_back_brings_them_again(
    web_servers: WebServers, chain: ChainFactory, browser: Browser
) -> None:
    first, last = days(9, 3)
    url = f"{ORIGIN}:{web_servers.start().port}/?from={first}&to={last}"
    page, troubles = await visit(browser, url)
    await page.wait_for_selector("body[data-link=live]")
    await page.evaluate("window.still = true")
    await page.locator("[data-period='30d']").click()
    await page.wait_for_selector("[data-period='30d'][aria-current]")
    assert page.url.endswith("/?period=30d")
    assert await page.locator("#own-days [name=from]").input_value() == ""
    assert "charts:30d" in str(await page.locator("#live").get_attribute("hx-ws:connect"))
    await page.go_back()
    await page.wait_for_function(
        "() => document.querySelectorAll('#chart-pools-rows tr').length === 7"
    )
    assert await page.locator("#own-days [name=from]").input_value() == first
    assert "charts" not in str(await page.locator("#live").get_attribute("hx-ws:connect"))
    assert await page.evaluate("window.still")
    assert troubles == []


@pytest.mark.parametrize("width", [1440, 360])
async def test_axe_finds_nothing_in_the_form_and_its_problem(
    web_servers: WebServers, chain: ChainFactory, browser: Browser, width: int
) -> None:
    first, last = days(3, 9)
    page, troubles = await visit(
        browser,
        f"{ORIGIN}:{web_servers.start().port}/?from={first}&to={last}",
        viewport={"width": width, "height": 800},
        reduced_motion="reduce",
        locale="es-PE",
    )
    await page.locator("#own-days [role=alert]").wait_for()
    assert await violations(page) == []
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
    assert troubles == []
