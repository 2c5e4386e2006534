"""Zooming into charts of time in a real browser: by mouse, finger, keyboard, without scripts."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.async_api import Browser, Frame, Locator, Page, expect

from pools.own_charts import Definition, OwnChart
from pools.shared_arrangement import carried
from tests.browser.test_charts import chain, visit
from tests.browser.test_pages import violations
from tests.browser.test_shared_arrangement import framed
from tests.factories import BTC, ChainFactory, address
from tests.live import ORIGIN, WebServers, records, web_servers

__all__ = ["chain", "records", "web_servers"]


def day(ago: int) -> str:
    """A day so long ago, as an address says it."""
    return str(timezone.now().date() - timedelta(days=ago))


async def open_page(
    web_servers: WebServers, browser: Browser, query: str, **options: Any
) -> tuple[Page, list[str]]:
    page, troubles = await visit(browser, f"{ORIGIN}:{web_servers.start().port}/{query}", **options)
    await page.wait_for_selector("body[data-link=live]")
    await page.evaluate("window.still = true")
    return page, troubles


async def middle(page: Page | Frame, chart: str, bucket: int) -> tuple[float, float]:
    """Where a bucket of a chart is on the screen."""
    marks = f"#{chart} .mark"
    mark = page.locator(marks).nth(bucket)
    await mark.wait_for(state="attached")
    await page.evaluate(
        "([marks, bucket]) => document.querySelectorAll(marks)[bucket].scrollIntoViewIfNeeded()",
        [marks, bucket],
    )
    while (box := await mark.bounding_box()) is None:
        pass  # the picture is drawn anew as the page comes live
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


async def drag(
    page: Page | Frame, chart: str, first: int, last: int, *, by: int = 0, drop: bool = True
) -> None:
    """From the middle of a bucket to that of another, or `by` so many pixels beside it."""
    mouse = (page.page if isinstance(page, Frame) else page).mouse
    await mouse.move(*await middle(page, chart, first), steps=5)
    await mouse.down()
    x, y = await middle(page, chart, last)
    await mouse.move(x + by, y, steps=5)
    if drop:
        await mouse.up()


async def until_shown(page: Page | Frame, first: str, last: str) -> None:
    await page.wait_for_selector(f"#charts:not([aria-busy]) [data-shown='{first}..{last}']")


def rows(page: Page, chart: str = "chart-activity") -> Locator:
    return page.locator(f"#{chart}-rows tr")


@pytest.mark.parametrize("chart", ["chart-activity", "chart-pools"])
async def test_dragging_over_days_shows_them_and_back_leads_back(
    web_servers: WebServers, chain: ChainFactory, browser: Browser, chart: str
) -> None:
    page, troubles = await open_page(web_servers, browser, "?period=7d&kind=joins")
    _x, stood = await middle(page, chart, 1)
    await drag(page, chart, 4, 1)
    await until_shown(page, day(5), day(2))
    assert (await middle(page, chart, 1))[1] == pytest.approx(stood, abs=1), "nothing jumps"
    assert page.url.endswith(f"/?kind=joins&from={day(5)}&to={day(2)}")
    assert await rows(page).count() == await rows(page, "chart-pools").count() == 4
    assert await page.locator("#own-days [name=from]").input_value() == day(5)
    await page.go_back()
    await page.wait_for_selector("[data-shown='7d']")
    assert await page.locator(".around").count() == 0
    await page.go_forward()
    await until_shown(page, day(5), day(2))
    assert await page.evaluate("window.still")
    assert await page.locator(".band").count() == 0
    assert troubles == []


async def test_a_band_covers_the_buckets_under_the_pointer_and_escape_lets_go(
    web_servers: WebServers, chain: ChainFactory, browser: Browser
) -> None:
    page, troubles = await open_page(web_servers, browser, "?period=7d")
    await drag(page, "chart-activity", 1, 4, drop=False)
    band = await page.locator("#chart-activity .band").bounding_box()
    marks = page.locator("#chart-activity .mark")
    first, last = [await marks.nth(bucket).bounding_box() for bucket in (1, 4)]
    assert band is not None
    assert first is not None
    assert last is not None
    assert band["x"] == pytest.approx(first["x"], abs=1)
    assert band["y"] == pytest.approx(first["y"], abs=1)
    assert band["x"] + band["width"] == pytest.approx(last["x"] + last["width"], abs=1)
    assert band["height"] == pytest.approx(first["height"], abs=1)
    await page.keyboard.press("Escape")
    assert await page.locator(".band").count() == 0
    await page.mouse.up()
    await page.wait_for_timeout(300)
    assert await page.locator("#figures").get_attribute("data-shown") == "7d"
    assert troubles == []


async def test_a_click_and_a_chart_of_no_time_zoom_nowhere(
    web_servers: WebServers, chain: ChainFactory, browser: Browser
) -> None:
    page, _troubles = await open_page(web_servers, browser, "?period=7d")
    await page.mouse.click(*await middle(page, "chart-activity", 3))
    square = await page.locator("#chart-rhythm rect").first.bounding_box()
    assert square is not None
    await page.mouse.move(square["x"], square["y"])
    await page.mouse.down()
    await page.mouse.move(square["x"] + 100, square["y"], steps=5)
    assert await page.locator(".band").count() == 0
    await page.mouse.up()
    await page.wait_for_timeout(300)
    assert await page.locator("#figures").get_attribute("data-shown") == "7d"


async def test_dragging_over_hours_leads_to_their_events_and_back(
    web_servers: WebServers, chain: ChainFactory, browser: Browser
) -> None:
    page, troubles = await open_page(web_servers, browser, "")
    now = timezone.now().replace(minute=0)
    await drag(page, "chart-activity", 21, 23)
    await page.wait_for_url("**/events/?date_from=*")
    since, until = now - timedelta(hours=2), now + timedelta(hours=1)
    assert page.url.endswith(f"?date_from={since:%Y-%m-%dT%H:%MZ}&date_to={until:%Y-%m-%dT%H:%MZ}")
    assert await page.locator("#event-list [data-event]").count() == 3
    await page.go_back()
    await page.wait_for_selector("[data-shown='24h']")
    assert troubles == []


async def test_ones_own_charts_lead_with_the_page_or_if_they_do_not_follow_it_to_events(
    web_servers: WebServers, chain: ChainFactory, browser: Browser
) -> None:
    base = f"{ORIGIN}:{web_servers.start().port}"
    own = [OwnChart(1, Definition("j")), OwnChart(2, Definition("j", "line", "7d"))]
    page, troubles = await visit(browser, f"{base}/?{carried(own, '').query}&period=7d")
    await page.wait_for_selector("body[data-link=live]")
    await drag(page, "chart-own-n_j_line_7d", 0, 1)
    await page.wait_for_url("**/events/?kind=MemberJoined&date_from=*")
    assert await page.locator("#event-list [data-event]").count() == 1
    await page.go_back()
    await page.wait_for_selector("body[data-link=live]")
    await drag(page, "chart-own-n_j_bars_page", 1, 4)
    await until_shown(page, day(5), day(2))
    assert "arrangement=" in page.url or "charts=" in page.url
    assert await rows(page, "chart-own-n_j_bars_page").count() == 4
    assert await rows(page, "chart-own-n_j_line_7d").count() == 7
    assert troubles == []


async def test_in_another_sites_frame_days_stay_there_and_events_open_a_tab(
    web_servers: WebServers, chain: ChainFactory, browser: Browser
) -> None:
    page, troubles = await framed(browser, f"{ORIGIN}:{web_servers.start().port}/embed/?period=7d")
    frame = page.frames[1]
    await frame.wait_for_selector("body[data-link=live]")
    await drag(frame, "chart-activity", 4, 4, by=8)
    await until_shown(frame, day(2), day(2))
    async with page.context.expect_page() as opened:
        await drag(frame, "chart-activity", 0, 23)
    await (await opened.value).wait_for_url("**/events/?date_from=*")
    assert "/embed/" in frame.url
    assert troubles == []


async def test_a_drag_goes_on_while_events_come(
    web_servers: WebServers, chain: ChainFactory, browser: Browser
) -> None:
    page, troubles = await open_page(web_servers, browser, "?period=7d")
    await drag(page, "chart-activity", 1, 3, drop=False)
    await page.evaluate(
        "document.querySelector('#chart-activity-picture').innerHTML += ''"  # as a frame does
    )
    x, y = await middle(page, "chart-activity", 4)
    await page.mouse.move(x, y, steps=3)
    await page.mouse.up()
    await until_shown(page, day(5), day(2))
    assert troubles == []


async def test_a_double_click_zooms_out_until_there_is_no_more(
    web_servers: WebServers, chain: ChainFactory, browser: Browser
) -> None:
    page, troubles = await open_page(web_servers, browser, f"?from={day(4)}&to={day(3)}")
    await page.mouse.dblclick(*await middle(page, "chart-activity", 5))
    await until_shown(page, day(5), day(2))
    assert await rows(page).count() == 4
    assert troubles == []


async def test_by_keyboard_names_in_the_table_lead_on_and_links_lead_around(
    web_servers: WebServers, chain: ChainFactory, browser: Browser
) -> None:
    page, troubles = await open_page(web_servers, browser, "?period=7d")
    await page.locator("#chart-activity summary").focus()
    for key in ("Enter", "Tab", "Tab", "Tab", "Enter"):  # the table itself scrolls by keyboard
        await page.keyboard.press(key)
    await until_shown(page, day(5), day(5))
    assert page.url.endswith(f"/?from={day(5)}&to={day(5)}")
    assert await rows(page).count() == 24
    assert await page.locator("#chart-activity details").get_attribute("open") is not None
    first = page.locator("#chart-activity-rows a").first
    await page.wait_for_function("() => document.activeElement.closest('#chart-activity-rows')")
    assert await first.evaluate("(link) => link === document.activeElement")

    for link, shown in (("later", (4, 4)), ("out", (5, 4)), ("earlier", (7, 6))):
        await page.locator(f"#days-{link}").focus()
        await page.keyboard.press("Enter")
        await until_shown(page, day(shown[0]), day(shown[1]))
        assert await page.evaluate("document.activeElement.id") == f"days-{link}"
    assert await page.evaluate("window.still")
    assert troubles == []


async def test_by_keyboard_a_day_on_which_nothing_happened_leads_out_again(
    web_servers: WebServers, chain: ChainFactory, browser: Browser
) -> None:
    page, troubles = await open_page(web_servers, browser, "?period=7d")
    await page.locator("#chart-activity summary").focus()
    await page.keyboard.press("Enter")
    await page.locator("#chart-activity-rows a").nth(3).focus()
    await page.keyboard.press("Enter")
    await until_shown(page, day(3), day(3))
    assert await page.locator("#chart-activity .chart-empty").is_visible()
    await page.wait_for_function("() => document.activeElement.id === 'days-out'")
    await page.keyboard.press("Enter")
    await until_shown(page, day(4), day(3))
    assert troubles == []


@pytest.mark.parametrize("path", ["", "embed/"])
async def test_a_row_that_came_live_opens_in_a_tab_what_the_address_carries(
    web_servers: WebServers, chain: ChainFactory, browser: Browser, path: str
) -> None:
    own = [OwnChart(1, Definition("j"), "ñ" * 60)]
    query = f"{path}?{carried(own, '-cards').query}&period=7d&kind=joins"
    page, troubles = await open_page(web_servers, browser, query)
    await page.locator("#chart-activity summary").click()
    cell = page.locator("#chart-activity-rows tr:last-child td:last-child")
    before = await cell.inner_text()
    chain.block(chain.joined(2, address("late"), BTC), at=timezone.now())
    await expect(cell).not_to_have_text(before, timeout=15_000)
    link = page.locator("#chart-activity-rows a").last
    assert await link.get_attribute("href") == f"?from={day(0)}&to={day(0)}#charts"
    for open_it in (link.click(modifiers=["Control"]), link.press("Control+Enter")):
        async with page.context.expect_page() as opened:
            await open_it
        url = (await opened.value).url
        assert f"/{path}?arrangement=" in url
        assert "&charts=" in url
        assert url.endswith(f"&kind=joins&from={day(0)}&to={day(0)}#charts")
    assert troubles == []


async def test_a_finger_zooms_across_and_scrolls_down(
    web_servers: WebServers, chain: ChainFactory, browser: Browser
) -> None:
    phone = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
    page, troubles = await open_page(web_servers, browser, "?period=7d", **phone)
    touch = await page.context.new_cdp_session(page)

    async def swipe(x: float, y: float, to_x: float, to_y: float) -> None:
        await _touch("touchStart", x, y)
        for step in range(1, 11):
            await _touch("touchMove", x + (to_x - x) * step / 10, y + (to_y - y) * step / 10)
        await _touch("touchEnd")

    async def _touch(kind: str, *at: float) -> None:
        points = [{"x": at[0], "y": at[1]}] if at else []
        await touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    x, y = await middle(page, "chart-activity", 3)
    before = await page.evaluate("scrollY")
    await swipe(x, y, x, y - 150)
    await page.wait_for_function(f"() => scrollY > {before} + 50")
    assert await page.locator("#figures").get_attribute("data-shown") == "7d"
    assert await page.locator(".band").count() == 0

    start, end = [await middle(page, "chart-activity", bucket) for bucket in (1, 4)]
    await swipe(*start, *end)
    await until_shown(page, day(5), day(2))
    assert await page.evaluate("document.documentElement.scrollWidth") <= 360
    assert troubles == []


async def test_without_scripts_links_narrow_down_to_the_events_and_lead_out_again(
    web_servers: WebServers, chain: ChainFactory, browser: Browser
) -> None:
    url = f"{ORIGIN}:{web_servers.start().port}/?period=30d&kind=joins"
    page, _troubles = await visit(browser, url, java_script_enabled=False)
    await page.locator("#chart-activity summary").click()
    await page.locator("#chart-activity-rows a").last.click()
    assert page.url.endswith(f"/?kind=joins&from={day(0)}&to={day(0)}#charts")
    assert await page.locator("#days-later").get_attribute("aria-disabled") == "true"
    await page.locator("#days-out").click()
    assert page.url.endswith(f"/?kind=joins&from={day(1)}&to={day(0)}#charts")
    await page.locator("#days-earlier").click()
    assert page.url.endswith(f"/?kind=joins&from={day(3)}&to={day(2)}#charts")
    await page.locator("#chart-pools summary").click()
    assert await rows(page, "chart-pools").count() == 48
    created = page.locator("td:nth-child(2):text-is('1')")
    await page.locator("#chart-pools-rows tr", has=created).locator("a").click()
    assert "/events/?date_from=" in page.url
    assert await page.locator("#event-list [data-event]").count() == 1


@pytest.mark.parametrize(("width", "scheme"), [(1440, "dark"), (360, "light")])
async def test_axe_finds_nothing_in_days_of_ones_own_with_open_tables(
    web_servers: WebServers, chain: ChainFactory, browser: Browser, scheme: Any, width: int
) -> None:
    page, troubles = await visit(
        browser,
        f"{ORIGIN}:{web_servers.start().port}/?from={day(6)}&to={day(0)}",
        viewport={"width": width, "height": 800},
        color_scheme=scheme,
        reduced_motion="reduce",
        locale="es-PE",
    )
    for chart in ("chart-activity", "chart-pools"):
        await page.locator(f"#{chart} summary").click()
    assert await page.locator(".around a").count() == 3
    assert await violations(page) == []
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
    assert troubles == []
