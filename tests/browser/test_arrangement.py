"""The dashboard as a browser arranges it: without scripts, by keyboard, and live."""

import pytest
from django.utils import timezone
from playwright.async_api import Browser

from tests.browser.test_charts import chain, visit
from tests.browser.test_pages import violations
from tests.factories import BTC, ChainFactory, address
from tests.live import ORIGIN, WebServers, records, web_servers

__all__ = ["chain", "records", "web_servers"]


async def test_without_scripts_sections_are_hidden_moved_and_reset(
    web_servers: WebServers, chain: ChainFactory, browser: Browser
) -> None:
    base = f"{ORIGIN}:{web_servers.start().port}"
    page, _troubles = await visit(browser, base, java_script_enabled=False)
    await page.get_by_role("link", name="Arrange this page").click()
    await page.locator("[value=newest][name=shown]").uncheck()
    await page.locator("[value='up:charts']").click()
    await page.locator("[value='up:charts']").click()
    assert not await page.locator("[value=newest][name=shown]").is_checked()
    await page.locator(".arrangement-actions .primary").click()
    assert page.url == f"{base}/"
    names = await page.locator("main > :is(.cards, .columns, .charts)").evaluate_all(
        "(all) => all.map((one) => one.classList[0])"
    )
    assert names == ["cards", "charts", "columns"]
    assert await page.locator("#newest-pools").count() == 0
    await page.goto(f"{base}/arrangement/")
    await page.locator("[name=reset]").click()
    await page.goto(base)
    assert await page.locator("#newest-pools").count() == 1


async def test_without_scripts_a_chart_is_moved_and_a_card_hidden(
    web_servers: WebServers, chain: ChainFactory, browser: Browser
) -> None:
    base = f"{ORIGIN}:{web_servers.start().port}"
    page, _troubles = await visit(browser, f"{base}/arrangement/", java_script_enabled=False)
    await page.locator("[value='cards:hour'][name=shown]").uncheck()
    await page.locator("[value='down:charts:pools']").click()
    assert page.url == f"{base}/arrangement/#charts:pools"
    await page.locator(".arrangement-actions .primary").click()
    names = await page.locator("#figures > *").evaluate_all("(all) => all.map((one) => one.id)")
    assert names[:3] == ["chart-activity", "chart-pools", "chart-rhythm"]
    assert await page.locator("#card-events-today").count() == 1
    assert await page.locator("#card-events-hour").count() == 0


async def test_the_charts_that_are_shown_go_on_live_and_keep_their_order_in_another_period(
    web_servers: WebServers, chain: ChainFactory, browser: Browser
) -> None:
    base = f"{ORIGIN}:{web_servers.start().port}"
    page, troubles = await visit(browser, f"{base}/offline-not-there/")
    hidden = ("pools", "rhythm", "regions", "categories")
    cookie = ".".join(["charts:sizes", *(f"-charts:{name}" for name in hidden)])
    await page.context.add_cookies([{"name": "arrangement", "value": cookie, "url": base}])
    troubles.clear()
    await page.goto(base)
    await page.wait_for_selector("body[data-link=live]")
    rows = await page.locator("#chart-activity-rows").inner_html()
    chain.block(chain.joined(2, address("late"), BTC), at=timezone.now())
    await page.wait_for_function(
        "(rows) => document.getElementById('chart-activity-rows').innerHTML !== rows", arg=rows
    )
    await page.locator("[data-period='7d']").click()
    await page.wait_for_selector("[data-period='7d'][aria-current]")
    names = await page.locator("#figures > *").evaluate_all("(all) => all.map((one) => one.id)")
    assert names == ["chart-sizes", "chart-activity"]
    heard = str(await page.locator("#live").get_attribute("hx-ws:connect"))
    assert "charts:7d:sizes.activity&" in heard
    assert troubles == []


async def test_what_is_told_of_hidden_sections_troubles_nobody(
    web_servers: WebServers, chain: ChainFactory, browser: Browser
) -> None:
    base = f"{ORIGIN}:{web_servers.start().port}"
    for shown in ("newest", "charts", "cards", "activity"):
        hidden = {"cards", "activity", "newest", "charts"} - {shown}
        page, troubles = await visit(browser, f"{base}/offline-not-there/")
        cookie = ".".join([shown, *(f"-{name}" for name in sorted(hidden))])
        await page.context.add_cookies([{"name": "arrangement", "value": cookie, "url": base}])
        troubles.clear()
        await page.goto(base)
        await page.wait_for_selector("body[data-link=live]")
        seq = await page.evaluate("Number(document.body.dataset.seq)")
        chain.block(chain.joined(2, address(f"late {shown}"), BTC), at=timezone.now())
        await page.wait_for_function("(seq) => Number(document.body.dataset.seq) > seq", arg=seq)
        await page.wait_for_timeout(300)
        assert troubles == []
        await page.context.close()


async def test_quarters_share_a_line_on_a_desk_and_none_on_a_phone(
    web_servers: WebServers, chain: ChainFactory, browser: Browser
) -> None:
    base = f"{ORIGIN}:{web_servers.start().port}"
    page, troubles = await visit(browser, f"{base}/arrangement/")
    for name, width in {"pools": "1", "activity": "3", "rhythm": "1", "regions": "1"}.items():
        await (
            page.get_by_label("width")
            .and_(page.locator(f"[name='width:charts:{name}']"))
            .select_option(width)
        )
    await page.locator(".arrangement-actions .primary").click()
    for width, lines in {1440: [2, 3, 1], 900: [1, 1, 2, 2], 360: [1] * 6}.items():
        await page.set_viewport_size({"width": width, "height": 900})
        tops = await page.locator("#figures > *").evaluate_all(
            "(all) => all.map((one) => Math.round(one.getBoundingClientRect().top))"
        )
        assert [tops.count(top) for top in dict.fromkeys(tops)] == lines
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
    assert troubles == []


async def test_a_row_is_dragged_among_its_like_and_kept_with_the_form(
    web_servers: WebServers, chain: ChainFactory, browser: Browser
) -> None:
    base = f"{ORIGIN}:{web_servers.start().port}"
    page, troubles = await visit(browser, f"{base}/arrangement/")
    row, first = (page.locator(f"[id='charts:{name}'] label") for name in ("sizes", "pools"))
    await page.wait_for_selector("li[draggable=true]")
    await row.first.drag_to(first.first, target_position={"x": 20, "y": 2})
    order = await page.locator("[name=order][value^='charts:']").evaluate_all(
        "(all) => all.map((one) => one.value)"
    )
    assert order[:2] == ["charts:sizes", "charts:pools"]
    assert await page.locator("[value='up:charts:sizes']").is_disabled()
    assert await page.locator("[value='up:charts:pools']").is_enabled()
    await row.first.drag_to(page.locator("[id=newest] label"))  # which is not of its like
    assert order == await page.locator("[name=order][value^='charts:']").evaluate_all(
        "(all) => all.map((one) => one.value)"
    )
    await page.locator(".arrangement-actions .primary").click()
    assert await page.locator("#figures > *").first.get_attribute("id") == "chart-sizes"
    assert troubles == []


@pytest.mark.parametrize("width", [1440, 360])
async def test_axe_finds_nothing_in_the_form(
    web_servers: WebServers, chain: ChainFactory, browser: Browser, width: int
) -> None:
    url = f"{ORIGIN}:{web_servers.start().port}/arrangement/"
    options = {"viewport": {"width": width, "height": 700}, "locale": "es-PE"}
    page, troubles = await visit(browser, url, **options)
    assert await violations(page) == []
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
    assert troubles == []
