"""Charts of one's own making in a real browser: made without scripts and with, live, on a phone."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.async_api import Browser, Page

from tests.browser.test_charts import chain, visit
from tests.browser.test_pages import violations
from tests.factories import BTC, ChainFactory, address
from tests.live import ORIGIN, WebServers, records, web_servers

__all__ = ["chain", "records", "web_servers"]

JOINS = "#chart-own-n_j_bars_page"
JOINED = f"{JOINS}-rows tr:last-child td:last-child"


async def make(page: Page, base: str, **fields: str) -> None:
    """A chart of those who join, made as somebody would who does not touch a mouse."""
    await page.goto(base)
    await page.locator(".charts-tools > a").focus()
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/arrangement/charts/")
    for letter in "nlwyo":
        await page.locator(f"[name=kind][value={letter}]").press("Space")
    for name, value in fields.items():
        await page.locator(f"[name={name}]").fill(value)
    await page.locator("[name=title]").press("Enter")
    await page.wait_for_url("**/#chart-own-*")


async def test_without_scripts_a_chart_is_made_widened_edited_and_removed(
    web_servers: WebServers, chain: ChainFactory, browser: Browser
) -> None:
    base = f"{ORIGIN}:{web_servers.start().port}"
    page, troubles = await visit(browser, base, java_script_enabled=False)
    await make(page, base, title="Who comes")
    figure = page.locator(JOINS)
    assert await figure.locator("h3").inner_text() == "Who comes"
    assert await page.locator("#figures > :first-child").get_attribute("id") == JOINS[1:]
    narrow = (await figure.bounding_box() or {})["width"]
    await page.get_by_role("link", name="Arrange this page").click()
    await page.locator("[name='width:charts:own1']").select_option("4")
    await page.locator(".arrangement-actions .primary").click()
    assert (await figure.bounding_box() or {})["width"] > 1.9 * narrow

    await figure.locator("figcaption a").click()
    assert await page.locator("[name=title]").input_value() == "Who comes"
    await page.locator("[name=of]").fill(f"{base}/pools/{chain.contract.address}/2/")
    await page.locator("[name=measure][value=btc]").check()
    await page.locator("[name=shape][value=sum]").check()
    await page.locator(".arrangement-actions .primary").click()
    chart = page.locator(f"#chart-own-btc_j_sum_page_{chain.contract.address}_2")
    assert await chart.locator(".chart-sum").inner_text() == "3 BTC"
    assert "BTC: Joined · Casa" in await chart.locator("figcaption").inner_text()

    await chart.locator("figcaption a").click()
    await page.locator("[name=remove]").click()
    await page.goto(base)
    assert await page.locator("[id^=chart-own]").count() == 0
    assert troubles == []


async def test_a_chart_grows_when_an_event_happens_and_follows_the_period(
    web_servers: WebServers, chain: ChainFactory, browser: Browser
) -> None:
    base = f"{ORIGIN}:{web_servers.start().port}"
    page, troubles = await visit(browser, base)
    await make(page, base, title="Who comes")
    await page.wait_for_selector("body[data-link=live]")
    await page.locator(f"{JOINS} summary").click()
    assert await page.locator(JOINED).inner_text() == "3"
    chain.block(chain.joined(2, address("late"), BTC), at=timezone.now())
    await page.wait_for_function(
        "(cell) => document.querySelector(cell).textContent === '4'", arg=JOINED, timeout=15_000
    )
    assert await page.locator(f"{JOINS} details").get_attribute("open") is not None
    assert await page.locator(f"{JOINS} h3").inner_text() == "Who comes"

    await page.locator("[data-period='7d']").click()
    await page.wait_for_selector("[data-period='7d'][aria-current]")
    heard = str(await page.locator("#live").get_attribute("hx-ws:connect"))
    assert "own:7d:n_j_bars_page" in heard
    week = f"{JOINS}-sums tr:first-child td:last-child"
    assert await page.locator(week).inner_text() == "5"
    chain.block(chain.joined(2, address("later"), BTC), at=timezone.now() + timedelta(seconds=1))
    await page.wait_for_function(
        "(cell) => document.querySelector(cell).textContent === '6'", arg=week, timeout=15_000
    )
    assert troubles == []


@pytest.mark.parametrize("width", [1440, 360])
async def test_axe_finds_nothing_and_phones_scroll_one_way(
    web_servers: WebServers, chain: ChainFactory, browser: Browser, width: int
) -> None:
    base = f"{ORIGIN}:{web_servers.start().port}"
    options = {"viewport": {"width": width, "height": 700}, "locale": "es-PE"}
    page, troubles = await visit(browser, base, **options)
    await make(page, base, title="Un título largo " * 3)
    await make(page, base, of="2")
    for path in ("/", "/arrangement/", "/arrangement/charts/", "/arrangement/charts/2/"):
        await page.goto(base + path)
        assert await violations(page) == []
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
    await page.locator("[name=of]").fill("nada")
    await page.locator(".arrangement-actions .primary").click()
    said = "Ni un grupo ni una cuenta: pegue la dirección de su página, o el 0x… de una cuenta"
    assert await page.locator(".own-chart .problem").all_inner_texts() == [said]
    assert await violations(page) == []
    troubles = [each for each in troubles if "400" not in each]  # the form came back
    assert troubles == []
