"""An arrangement by a link, and the dashboard in other sites' frames, in a real browser."""

from typing import Any, Literal

from django.utils import timezone
from playwright.async_api import Browser, Page

from pools import arrangement, own_charts
from pools.models import ListenerStatus
from pools.own_charts import Definition, OwnChart
from pools.shared_arrangement import BEFORE, carried
from tests.browser.test_charts import chain, visit
from tests.browser.test_elsewhere import another_site
from tests.browser.test_pages import violations
from tests.factories import BTC, ChainFactory, address
from tests.live import ORIGIN, WebServers, records, web_servers

__all__ = ["chain", "records", "web_servers"]

JOINS = OwnChart(1, Definition("j"), "Altas")
CHART = "#chart-own-n_j_bars_page"
QUERY = carried([JOINS], "charts.charts:own1._charts:pools.~charts:sizes.-cards:btc.cards").query
VIEWS: tuple[tuple[int, Literal["light", "dark"]], ...] = ((1440, "dark"), (360, "light"))
STORAGE_IS_FORBIDDEN = """
for (const name of ["localStorage", "sessionStorage"])
  Object.defineProperty(window, name, { get() { throw new DOMException(name, "SecurityError"); } });
"""


async def framed(
    browser: Browser, url: str, sandbox: str = "", **options: Any
) -> tuple[Page, list[str]]:
    """A page of somebody else's with nothing but our dashboard in a frame, where nothing can be
    stored, and what is complained of.
    """
    html = f'<!DOCTYPE html><title>x</title><iframe src="{url}" {sandbox} title="Coopsite" '
    html += 'width="100%" height="800"></iframe>'
    page, troubles = await visit(browser, "about:blank", **options)
    await page.add_init_script(STORAGE_IS_FORBIDDEN)
    with another_site(html) as other:
        await page.goto(other)
        await page.frame_locator("iframe").locator("#status-badge").wait_for()
    return page, troubles


async def test_a_link_shows_its_arrangement_live_and_keeps_it_where_that_is_wanted(
    web_servers: WebServers, chain: ChainFactory, browser: Browser
) -> None:
    base = f"{ORIGIN}:{web_servers.start().port}"
    page, troubles = await visit(browser, f"{base}/?{QUERY}")
    await page.wait_for_selector("body[data-link=live]")
    assert await page.locator("#figures > *").first.get_attribute("id") == CHART[1:]
    rows = await page.locator(f"{CHART} table").inner_html()
    chain.block(chain.joined(2, address("late"), BTC), at=timezone.now())
    await page.wait_for_function(
        "([chart, rows]) => document.querySelector(`${chart} table`).innerHTML !== rows",
        arg=[CHART, rows],
    )
    await page.locator("[data-period='7d']").click()
    await page.wait_for_selector("[data-period='7d'][aria-current]")
    await page.locator("[data-kind='joins']").click()
    await page.wait_for_url("**kind=joins**")
    assert await page.locator("#figures > *").first.get_attribute("id") == CHART[1:]
    await page.reload()
    assert "arrangement=" in page.url
    assert await page.locator("[data-period='7d'][aria-current]").count() == 1
    await page.get_by_role("button", name="Keep it").click()
    await page.wait_for_url(f"{base}/?period=7d")
    assert await page.locator("#figures > *").first.get_attribute("id") == CHART[1:]
    assert await page.locator("#shared-title").count() == 0
    assert troubles == []


async def test_without_scripts_nothing_of_ones_own_is_lost_by_a_link(
    web_servers: WebServers, chain: ChainFactory, browser: Browser
) -> None:
    base = f"{ORIGIN}:{web_servers.start().port}"
    page, _troubles = await visit(browser, f"{base}/404/", java_script_enabled=False)
    cookie = {"name": arrangement.COOKIE, "value": "-cards.newest", "url": base}
    await page.context.add_cookies([cookie])  # type: ignore[list-item]
    await page.goto(f"{base}/?{QUERY}")
    await page.locator("[data-period='30d']").click()
    assert await page.locator("#shared-title").is_visible()
    assert await page.locator(CHART).is_visible()
    await page.get_by_role("link", name="My own dashboard").click()
    assert await page.locator(".cards").count() == 0
    await page.go_back()
    await page.locator(".shared summary").click()
    await page.get_by_role("button", name="Replace mine").click()
    assert await page.locator(CHART).is_visible()
    await page.get_by_role("link", name="Arrange this page").click()
    await page.get_by_role("button", name="Bring it back").click()
    assert page.url.startswith(f"{base}/?period=")
    assert await page.locator(".cards").count() == 0
    await page.get_by_role("link", name="Arrange this page").click()
    await page.get_by_role("button", name="Bring it back").click()
    assert await page.locator(CHART).is_visible()


async def test_another_sites_frame_is_live_by_itself_and_leads_to_new_tabs(
    web_servers: WebServers, chain: ChainFactory, browser: Browser
) -> None:
    base = f"{ORIGIN}:{web_servers.start().port}"
    page, troubles = await framed(browser, f"{base}/embed/?{QUERY}&theme=dark")
    frame = page.frame_locator("iframe")
    await frame.locator("body[data-link=live]").wait_for()
    assert await frame.locator("#status-badge").get_attribute("data-state") == "live"
    late = address("late")
    chain.block(chain.joined(2, late, BTC), at=timezone.now())
    row = frame.locator("#activity-feed > [data-event]").first
    await row.filter(has_text=late[-4:]).wait_for()
    await frame.locator("#card-events-today[data-value='4']").wait_for()
    await frame.locator("#status-badge").click()
    assert await frame.locator("#missed").inner_text() != "–"
    assert await frame.locator("[data-alerts]").count() == 0
    await frame.locator("#live-panel [popovertargetaction=hide]").click()
    await frame.locator("[data-period='7d']").click()
    await frame.locator("[data-period='7d'][aria-current]").wait_for()
    assert await page.context.cookies(base) == []
    async with page.context.expect_page() as opened:
        await row.get_by_role("link").first.click()
    await (await opened.value).wait_for_url("**/pools/**")
    assert await page.frames[1].evaluate("document.documentElement.dataset.theme") == "dark"
    assert troubles == []


async def test_a_frame_without_anything_but_charts_hears_of_them(
    web_servers: WebServers, chain: ChainFactory, browser: Browser
) -> None:
    base = f"{ORIGIN}:{web_servers.start().port}"
    query = carried([], "-cards.-activity.-newest.-charts:pools").query
    page, troubles = await framed(browser, f"{base}/embed/?{query}")
    frame = page.frame_locator("iframe")
    await frame.locator("body[data-link=live]").wait_for()
    events = frame.locator("#chart-activity-rows tr:last-child td:last-child")
    assert await events.text_content() == "3"
    chain.block(chain.joined(2, address("late"), BTC), at=timezone.now())
    await frame.locator("#chart-activity-rows tr:last-child td:last-child", has_text="4").wait_for(
        state="attached", timeout=15_000
    )
    assert troubles == []


async def test_a_frame_without_an_origin_is_whole_and_says_that_it_stands_still(
    web_servers: WebServers, chain: ChainFactory, browser: Browser
) -> None:
    base = f"{ORIGIN}:{web_servers.start().port}"
    page, troubles = await framed(browser, f"{base}/embed/", 'sandbox="allow-scripts"')
    frame = page.frame_locator("iframe")
    await frame.locator("body[data-link=offline]").wait_for()
    assert await frame.locator("#status-badge").get_attribute("data-state") == "offline"
    await frame.locator("#card-live[data-state=offline]").wait_for()
    await frame.locator("[data-period='7d']").click()
    await frame.locator("[data-period='7d'][aria-current]").wait_for()
    await frame.locator("[data-kind='created']").click()
    await frame.locator("[data-kind='created'][aria-current]").wait_for()
    assert await frame.locator("#activity-feed > [data-event]").count() == 2
    # Playwright aims past what it has to scroll to in a frame of another process.
    await frame.locator("body").evaluate("scrollTo(0, 0)")
    await frame.locator("#banner-still").click()
    assert await frame.get_by_text("This page does not update by itself.").is_visible()
    assert not await frame.get_by_text("Only with JavaScript").is_visible()
    await frame.locator("#banner-still").click()
    await frame.locator("#status-badge").click()
    async with page.expect_request(lambda request: request.is_navigation_request()):
        await frame.locator("#live-refresh").click()
    assert troubles == []


async def test_a_frame_tells_its_statistics_in_the_language_of_its_address(
    web_servers: WebServers, chain: ChainFactory, browser: Browser
) -> None:
    url = f"{ORIGIN}:{web_servers.start().port}/embed/?lang=es"
    page, troubles = await framed(browser, url, locale="en-US")
    frame = page.frame_locator("iframe")
    await frame.locator("body[data-link=live]").wait_for()
    ListenerStatus.objects.update(endpoint="asked.example")
    await frame.locator("#status-badge").click()
    await frame.locator("#live-refresh").click()
    statistics = frame.locator("#live-statistics")
    await statistics.get_by_text("asked.example").wait_for()
    assert await statistics.get_by_text("Eventos hoy").is_visible()
    assert troubles == []


async def test_a_frame_is_whole_without_scripts(
    web_servers: WebServers, chain: ChainFactory, browser: Browser
) -> None:
    base = f"{ORIGIN}:{web_servers.start().port}"
    page, _troubles = await framed(browser, f"{base}/embed/?{QUERY}", java_script_enabled=False)
    frame = page.frame_locator("iframe")
    assert await frame.locator(CHART).is_visible()
    await frame.locator("[data-period='30d']").click()
    await frame.locator("[data-period='30d'][aria-current]").wait_for()
    await frame.locator("[data-kind='joins']").click()
    await frame.locator("[data-kind='joins'][aria-current]").wait_for()
    assert await frame.locator(CHART).is_visible()


async def test_the_link_that_is_copied_shows_what_is_kept(
    web_servers: WebServers, chain: ChainFactory, browser: Browser
) -> None:
    base = f"{ORIGIN}:{web_servers.start().port}"
    page, troubles = await visit(browser, f"{base}/?{QUERY}", permissions=["clipboard-read"])
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=base)
    await page.get_by_role("button", name="Keep it").click()
    await page.get_by_role("link", name="Share it").click()
    await page.locator("#share .copy").first.click()
    link = await page.evaluate("navigator.clipboard.readText()")
    other, _troubles = await visit(browser, link)
    assert await other.locator("#figures > *").first.get_attribute("id") == CHART[1:]
    assert await other.locator(CHART).get_by_role("heading").inner_text() == "Altas"
    await page.goto(link)
    assert await page.get_by_text("It is the one that this browser has.").is_visible()
    assert troubles == []


async def test_axe_finds_nothing_in_what_is_shared_and_framed(
    web_servers: WebServers, chain: ChainFactory, browser: Browser
) -> None:
    base = f"{ORIGIN}:{web_servers.start().port}"
    page, troubles = await visit(
        browser, f"{base}/?{QUERY}", reduced_motion="reduce", locale="es-PE"
    )
    kept = {
        "name": arrangement.CHARTS_COOKIE,
        "value": own_charts.written([JOINS]),
        "url": base,
    }
    for path in (f"/?{QUERY}", f"/embed/?{QUERY}", "/embed/", "/arrangement/?period=7d"):
        await page.goto(base + path)
        if path.startswith("/?"):
            await page.context.add_cookies([kept])  # type: ignore[list-item]
            await page.reload()
            await page.locator(".shared summary").click()
        elif path.startswith("/embed/"):
            await page.wait_for_selector("body[data-link=live]")
        else:
            before = {**kept, "name": kept["name"] + BEFORE, "value": ""}
            await page.context.add_cookies([before])  # type: ignore[list-item]
            await page.reload()
            assert await page.get_by_role("button", name="Recuperarlo").is_visible()
        for width, scheme in VIEWS:
            await page.set_viewport_size({"width": width, "height": 700})
            await page.emulate_media(color_scheme=scheme)
            assert await violations(page) == [], f"{path}, {width}, {scheme}"
            assert await page.evaluate("document.documentElement.scrollWidth") <= width, path
    assert troubles == []
