"""News in a real browser, from a real server: toasts, alerts, watched pools, announcements."""

import asyncio
import re
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.async_api import Browser, BrowserContext, Page

from realtime import publisher
from tests.browser.test_pages import violations
from tests.factories import ANA, BEA, CONTRACT, ChainFactory, listener
from tests.live import ORIGIN, WebServers, records, web_servers
from tests.waiting import async_until

__all__ = ["records", "web_servers"]

# Notes what the desktop is asked to show, for all tabs together, and when permission is asked for.
NOTED = """() => {
  const note = (what) => localStorage.setItem(
    "noted", JSON.stringify([...JSON.parse(localStorage.getItem("noted") ?? "[]"), what]));
  const Real = Notification;
  window.Notification = class extends Real {
    constructor(title, options) {
      super(title, options);
      note([title, options.body, options.tag]);
    }
    static requestPermission() {
      note("asked");
      return Real.requestPermission();
    }
  };
}"""
ALERTS = '{"desktop": true, "sound": true}'


class Site:
    """A server over a chain that grows at our word."""

    def __init__(self, url: str) -> None:
        self.url = url
        begin = timezone.now().replace(microsecond=0) - timedelta(seconds=60)
        self.chain = ChainFactory(start_time=begin)
        self.pools = 0

    async def happens(self, *events: Any) -> None:
        done = self.chain.block(*events, at=timezone.now().replace(microsecond=0))
        await publisher.announce_sequence(done.last_seq)

    async def founds(self, count: int = 1, **arguments: Any) -> None:
        for _ in range(count):
            self.pools += 1
            await self.happens(self.chain.created(self.pools, **arguments))


@pytest.fixture
def site(web_servers: WebServers) -> Site:
    site = Site(f"{ORIGIN}:{web_servers.start().port}")
    listener(updated_at=timezone.now() + timedelta(hours=1))
    return site


async def visit(context: BrowserContext, url: str) -> Page:
    page = await context.new_page()
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    await page.goto(url)
    await page.wait_for_selector("body[data-link=live]")
    return page


async def noted(page: Page) -> list[Any]:
    found: list[Any] = await page.evaluate("JSON.parse(localStorage.getItem('noted') ?? '[]')")
    return found


async def test_new_pools_are_toasts_three_at_most(site: Site, browser: Browser) -> None:
    page = await visit(await browser.new_context(), f"{site.url}/pools/")
    await site.founds(name="<b>Uno</b>", creator=BEA)
    toasts = page.locator("#toasts .toast")
    await async_until(lambda: toasts.count())
    assert await toasts.locator("a").inner_text() == "New pool"
    short = f"{BEA[:6]}…{BEA[-4:]}"
    assert await toasts.locator("p").inner_text() == f"<b>Uno</b>\ncreated by {short}"
    await toasts.get_by_role("button", name="Dismiss").click()
    assert await toasts.count() == 0
    await page.mouse.move(5, 5)
    await site.founds(5)
    await async_until(lambda: _texts(toasts, "Pool number 6"))
    assert await toasts.count() == 3
    assert await violations(page) == []
    await toasts.first.locator("a").click()
    await page.wait_for_url(f"**/pools/{CONTRACT}/4/")


async def _texts(toasts: Any, wanted: str) -> bool:
    return any(wanted in text for text in await toasts.all_inner_texts())


@pytest.mark.parametrize("minutes", [7, -7])
async def test_a_computer_whose_clock_is_wrong_is_told_as_well(
    site: Site, browser: Browser, minutes: int
) -> None:
    await site.happens(site.chain.event("Paused", account=ANA))  # stands on the page
    context = await browser.new_context()
    await context.add_init_script(f"""(() => {{
      const [wrong, now, origin] = [{minutes} * 60_000, Date.now, performance.timeOrigin + 0];
      Date.now = () => now() + wrong;
      Object.defineProperty(performance, "timeOrigin", {{ value: origin + wrong }});
    }})()""")
    page = await visit(context, f"{site.url}/pools/")
    await site.founds(name="Uno")
    toasts = page.locator("#toasts .toast")
    await async_until(lambda: _texts(toasts, "Uno"))
    assert await toasts.count() == 1


async def test_a_toast_leaves_by_itself_but_not_under_the_pointer(
    site: Site, browser: Browser
) -> None:
    page = await visit(await browser.new_context(), f"{site.url}/pools/")
    await site.founds()
    toasts = page.locator("#toasts .toast")
    await async_until(lambda: toasts.count())
    await toasts.hover()
    await asyncio.sleep(9)  # longer than it stays when nobody looks
    assert await toasts.count() == 1
    await page.mouse.move(5, 5)
    await async_until(lambda: _none(toasts), 12)


async def _none(found: Any) -> bool:
    return not await found.count()


async def test_a_fourth_toast_takes_away_none_that_somebody_is_at(
    site: Site, browser: Browser
) -> None:
    page = await visit(await browser.new_context(), f"{site.url}/pools/")
    toasts = page.locator("#toasts .toast")
    await site.founds(3)
    await async_until(lambda: _counts(toasts, 3))
    await toasts.first.locator("button").focus()
    await toasts.nth(1).hover()
    await site.founds(2)
    await async_until(lambda: _texts(toasts, "Pool number 5"))
    assert await toasts.count() == 3
    texts = await toasts.locator("p").all_inner_texts()
    numbers = [text.split("\n")[0][-1] for text in texts]
    assert numbers[0] == "1"
    assert numbers[-1] == "5"
    assert await toasts.first.locator("button").evaluate("it => it === document.activeElement")


async def test_what_was_told_can_be_read_again(site: Site, browser: Browser) -> None:
    context = await browser.new_context(locale="es-PE", viewport={"width": 360, "height": 740})
    page = await visit(context, f"{site.url}/status/")
    await _open_alerts(page)
    assert await page.get_by_text("Todavía ninguno.").is_visible()
    assert await violations(page) == []
    beside = await visit(context, f"{site.url}/pools/")
    await site.founds(12)
    notices = page.locator("#latest-notices li")
    for tab in (page, beside):
        await async_until(lambda tab=tab: _texts(tab.locator(".toast"), "Pool number 12"))
    await async_until(lambda: _counts(notices, 10))
    assert not await page.get_by_text("Todavía ninguno.").is_visible()
    assert await violations(page) == []
    await page.reload()
    await page.wait_for_selector("body[data-link=live]")
    await _open_alerts(page)
    texts = await notices.locator("p").all_inner_texts()
    assert [text.split("\n")[0] for text in texts] == [f"Pool number {n}" for n in range(12, 2, -1)]
    assert re.search(r"hace|ahora", await notices.locator("time").first.inner_text())
    await notices.last.locator("a").focus()
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"**/pools/{CONTRACT}/3/")


async def test_what_nobody_wants_to_be_told_is_not_kept(site: Site, browser: Browser) -> None:
    context = await browser.new_context()
    await context.add_init_script("localStorage.setItem('alerts', '{\"pools\": false}')")
    page = await visit(context, f"{site.url}/pools/")
    await site.founds()
    await site.happens(site.chain.event("Paused", account=ANA))
    await async_until(lambda: page.locator("#toasts .toast").count())
    await page.click("#status-badge")
    await page.get_by_role("button", name="Alerts").click()
    titles = page.locator("#latest-notices a")
    assert await titles.all_inner_texts() == ["Contract alert"]


async def _open_alerts(page: Page) -> None:
    await page.click("#status-badge")
    await page.locator("[data-alerts=open]").click()


async def test_a_watched_pool_is_told_of_on_every_page(site: Site, browser: Browser) -> None:
    await site.founds(2)
    context = await browser.new_context()
    page = await visit(context, f"{site.url}/pools/{CONTRACT}/1/")
    button = page.get_by_role("button", name="Watch this pool")
    await button.click()
    assert await page.locator(".watch").get_attribute("aria-pressed") == "true"
    other = await visit(context, f"{site.url}/status/")
    await site.happens(site.chain.joined(1, ANA), site.chain.joined(2, BEA))
    toasts = other.locator("#toasts .toast")
    await async_until(lambda: toasts.count())
    assert await toasts.count() == 1
    assert await toasts.locator("a").inner_text() == "Pool number 1"
    told = await toasts.locator("p").inner_text()
    assert told == f"{ANA[:6]}…{ANA[-4:]} joined Pool number 1 +1 BTC", "two are told apart by it"
    await other.click("#status-badge")
    await other.get_by_role("button", name="Alerts").click()
    await other.get_by_role("button", name="Stop watching Pool number 1").click()
    await async_until(lambda: _pressed(page, "false"))


async def _pressed(page: Page, wanted: str) -> bool:
    return await page.locator(".watch").get_attribute("aria-pressed") == wanted


async def test_permission_is_asked_for_after_a_click_and_a_line_of_our_own(
    site: Site, browser: Browser
) -> None:
    context = await browser.new_context()
    await context.grant_permissions(["notifications"], origin=site.url)
    await context.add_init_script(f"({NOTED})()")
    page = await visit(context, site.url)
    assert await noted(page) == []
    await page.click("#status-badge")
    await page.get_by_role("button", name="Alerts").click()
    assert await page.get_by_text("Your browser will ask whether you allow it.").is_visible()
    assert await violations(page) == []
    assert await noted(page) == []
    await page.get_by_role("button", name="Switch on").click()
    await async_until(lambda: page.locator("#desktop-alerts[data-state=on]").count())
    assert [one if one == "asked" else one[0] for one in await noted(page)] == [
        "asked",
        "Notifications are on",
    ]
    await page.keyboard.press("Escape")
    await site.founds(name="Uno")
    await async_until(lambda: _count(page, 3))
    assert (await noted(page))[2][0::2] == ["New pool", "pool-1"]


async def test_a_browser_that_says_no_is_believed(site: Site, browser: Browser) -> None:
    page = await visit(await browser.new_context(), site.url)  # headless says no unless told so
    await page.click("#status-badge")
    await page.get_by_role("button", name="Alerts").click()
    await page.get_by_role("button", name="Switch on").click()
    blocked = page.get_by_text("This browser blocks notifications")
    await async_until(blocked.is_visible)
    assert not await page.get_by_role("button", name="Switch on").is_visible()


async def test_of_three_tabs_one_notifies_and_another_takes_over(
    site: Site, browser: Browser
) -> None:
    context = await browser.new_context()
    await context.grant_permissions(["notifications"], origin=site.url)
    await context.add_init_script(f"({NOTED})()")
    await context.add_init_script(f"localStorage.setItem('alerts', '{ALERTS}')")
    paths = ("/", "/pools/", "/status/")
    tabs = [await visit(context, site.url + path) for path in paths]
    await site.founds(3)
    await async_until(lambda: _count(tabs[2], 3))
    await tabs[0].close()  # it came first, so it had the lock
    await site.founds(2)
    await async_until(lambda: _count(tabs[2], 5))
    await async_until(lambda: _texts(tabs[1].locator(".toast"), "Pool number 5"))
    await async_until(lambda: _texts(tabs[2].locator(".toast"), "Pool number 5"))
    assert [one[2] for one in await noted(tabs[2])] == [f"pool-{n}" for n in range(1, 6)]


async def _count(page: Page, count: int) -> bool:
    return len(await noted(page)) == count


async def test_a_tab_without_a_link_leaves_notifying_to_another(
    site: Site, browser: Browser
) -> None:
    context = await browser.new_context()
    await context.grant_permissions(["notifications"], origin=site.url)
    await context.add_init_script(f"({NOTED})()")
    await context.add_init_script(f"localStorage.setItem('alerts', '{ALERTS}')")
    first, second = [await visit(context, f"{site.url}/status/") for _ in range(2)]
    await first.evaluate(
        """() => {
          window.Real = WebSocket;
          window.WebSocket = class { constructor() { throw new Error("no"); } };
          dispatchEvent(new Event("live:again"));
        }"""
    )
    await first.wait_for_selector("body[data-link=offline]")
    await site.founds()
    await async_until(lambda: _count(second, 1), 15)
    await first.evaluate("() => { WebSocket = Real; dispatchEvent(new Event('live:again')); }")
    await first.wait_for_selector("body[data-link=live]")
    await second.close()
    await site.founds()
    await async_until(lambda: _count(first, 2), 15)


async def test_one_tab_of_many_sounds_once_it_was_touched(site: Site, browser: Browser) -> None:
    context = await browser.new_context()
    await context.add_init_script(f"localStorage.setItem('alerts', '{ALERTS}')")
    await context.add_init_script(
        "window.sounds = 0; new PerformanceObserver((list) => {"
        "sounds += list.getEntriesByName('alerts:sound').length; }).observe({type: 'mark'})"
    )
    tabs = [await visit(context, f"{site.url}/pools/") for _ in range(3)]
    await site.founds()
    for tab in tabs:
        await async_until(lambda tab=tab: tab.locator(".toast").count())
        await tab.mouse.click(5, 300)
    await async_until(lambda: _sounds(tabs, 1))  # untold until then: the first touched makes up
    await site.founds()
    await async_until(lambda: _sounds(tabs, 2))
    for tab in tabs:
        await async_until(lambda tab=tab: _texts(tab.locator(".toast"), "Pool number 2"))
    assert await _sounds(tabs, 2)


async def _sounds(tabs: list[Page], count: int) -> bool:
    return sum([await tab.evaluate("sounds") for tab in tabs]) == count


async def test_a_burst_is_announced_once_in_ten_seconds(site: Site, browser: Browser) -> None:
    await site.founds()
    page = await visit(await browser.new_context(), site.url)
    await page.evaluate(
        "() => { window.said = []; new MutationObserver(() => said.push("
        "[performance.now(), document.getElementById('announcer').textContent]))"
        ".observe(document.getElementById('announcer'), {childList: true}); }"
    )
    for _ in range(20):
        await site.happens(*[site.chain.joined(1, ANA, 1) for _ in range(10)])
    await async_until(lambda: page.evaluate("said.length > 1"), 20)
    said = await page.evaluate("said")
    assert said[1][0] - said[0][0] >= 10_000
    assert sum(int(text.split()[0]) for _, text in said) == 200


async def test_what_a_chosen_kind_hides_is_not_announced(site: Site, browser: Browser) -> None:
    await site.founds()
    page = await visit(await browser.new_context(), f"{site.url}/?kind=leaves")
    joined = [site.chain.joined(1, who, 1) for who in (ANA, BEA)]
    await site.happens(*joined, site.chain.left(1, ANA, 1))
    announcer = page.locator("#announcer")
    await async_until(lambda: _says_something(announcer))
    assert await announcer.text_content() == "1 new event"


async def _says_something(found: Any) -> bool:
    return bool(await found.text_content())


async def test_without_notifications_nothing_speaks_of_the_desktop(
    web_servers: WebServers, browser: Browser
) -> None:
    site = Site(f"{ORIGIN}:{web_servers.start(ENABLE_NOTIFICATIONS='false').port}")
    page = await visit(await browser.new_context(), site.url)
    await page.click("#status-badge")
    await page.get_by_role("button", name="Alerts").click()
    assert await page.get_by_label("A sound").is_visible()
    assert not await page.get_by_text("On the desktop").count()


async def test_a_reorganisation_is_no_news_of_what_stood_already(
    site: Site, browser: Browser
) -> None:
    await site.founds(3)
    await site.happens(site.chain.joined(1, ANA, 1))
    page = await visit(await browser.new_context(), site.url)
    rows = page.locator("#activity-feed > li:not([data-retracted])")
    done = site.chain.roll_back(site.chain.head.number - 1)
    await publisher.announce_sequence(done.last_seq)
    await async_until(lambda: _counts(rows, 3))
    await site.founds()  # after which whatever was told wrongly would be there
    toasts = page.locator("#toasts .toast")
    await async_until(lambda: _texts(toasts, "Pool number 4"))
    assert await toasts.count() == 1
    assert await page.locator("#announcer").text_content() == "1 new event, 1 new pool"


async def _counts(found: Any, count: int) -> bool:
    return await found.count() == count


async def test_the_alerts_give_the_focus_back(site: Site, browser: Browser) -> None:
    page = await visit(await browser.new_context(), site.url)
    await page.click("#status-badge")
    await page.get_by_role("button", name="Alerts").click()
    await page.keyboard.press("Escape")
    assert not await page.locator("#alerts-dialog").is_visible()
    assert await page.evaluate("document.activeElement.id") == "status-badge"
