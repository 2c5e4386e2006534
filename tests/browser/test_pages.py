"""The pages in a real browser: whole without JavaScript, by keyboard, in either theme."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.template.loader import render_to_string
from django.utils import timezone
from playwright.async_api import Browser, BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from coopsite.tools import NODE_MODULES
from pools import selectors
from pools.models import Contract
from tests.factories import ANA, BEA, BTC, CARO, CONTRACT, ChainFactory, listener
from tests.ledger import troubled_history
from tests.waiting import async_until

AXE = NODE_MODULES / "axe-core" / "axe.min.js"
HOSTILE = '"><img src=x onerror=alert(1)><script>alert(2)</script></title><hx-partial id=main>'
PATHS = (
    *("/", "/pools/", f"/pools/{CONTRACT}/1/", f"/pools/{CONTRACT}/2/"),
    *("/events/", "/events/?kind=MemberJoined&pool_id=x", "/pools/?q=ahorro&status=active"),
    *(f"/accounts/{ANA}/", f"/accounts/{'0x' + 40 * '1'}/", f"/pools/{CONTRACT}/1/members/"),
    *("/status/", "/nothing/"),
)


def eventful_past() -> ChainFactory:
    """A few pools, members and events up to now, and a past full of trouble, not yet read."""
    chain = ChainFactory(start_time=timezone.now().replace(microsecond=0) - timedelta(minutes=9))
    chain.block(chain.created(1, name="Ahorro Familiar"), chain.created(2, name=HOSTILE))
    for amount in range(1, 12):
        chain.block(chain.joined(1, ANA, amount * BTC // 7), chain.joined(2, BEA, BTC // 3))
    chain.block(chain.joined(2, CARO, 2**127))
    chain.block(chain.left(2, BEA), chain.closed(2), chain.event("Paused", account=ANA))
    now = timezone.now()
    listener(updated_at=now + timedelta(hours=1), connected_at=now, head=chain.head.number)
    troubled_history()
    return chain


@pytest.fixture
def site(live_server: LiveServer) -> str:
    eventful_past()
    return live_server.url


async def visit(browser: Browser, url: str, **options: Any) -> Page:
    """A page in a context of its own."""
    context: BrowserContext = await browser.new_context(**options)
    page = await context.new_page()
    await page.goto(url)
    return page


async def violations(page: Page) -> list[str]:
    """What axe finds, as "rule: element" lines. Judged at rest, not while something fades in.

    Without `preload`, in which axe copies imported style sheets into the page, against its CSP.
    """
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(AXE.read_text())
    found = await page.evaluate(
        "axe.run({preload: false, resultTypes: ['violations'], runOnly: ["
        "'wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', "
        "'best-practice']}).then((told) => told.violations)"
    )
    return [f"{item['id']}: {node['html'][:200]}" for item in found for node in item["nodes"]]


@pytest.mark.parametrize("language", ["en-US", "es-PE"])
async def test_no_page_is_wider_than_a_small_phone(
    site: str, browser: Browser, language: str
) -> None:
    page = await visit(browser, site, locale=language, viewport={"width": 360, "height": 740})
    for path in PATHS:
        await page.goto(site + path)
        assert await page.evaluate("document.documentElement.scrollWidth") <= 360, path


async def test_without_javascript_everything_is_there(site: str, browser: Browser) -> None:
    page = await visit(browser, site, java_script_enabled=False)
    assert await page.locator("#card-total-pools [data-value]").inner_text() == "2"
    assert await page.locator("#activity-feed > [data-event]").count() == 10
    assert await page.locator("#activity-feed time").first.inner_text() != ""
    assert await page.get_by_text("Times are in UTC.").is_visible()
    assert not await page.locator("#theme-switch").is_visible()
    await page.click("#status-badge")
    assert await page.locator("#live-panel").is_visible()
    await page.get_by_role("button", name="Close").click()
    await page.click("#newest-pools .pool-name > a >> nth=1")
    assert await page.locator("h1").inner_text() == "Ahorro Familiar"
    await page.goto(site + "/pools/")
    await page.fill("input[name=q]", "familiar")
    await page.get_by_role("button", name="Show", exact=True).click()
    assert await page.locator("#pool-list [data-pool]").count() == 1


async def test_the_status_is_whole_without_javascript(site: str, browser: Browser) -> None:
    page = await visit(browser, site + "/status/", java_script_enabled=False)
    gaps = page.locator(".gaps li")
    assert "did not come with its logs" in await gaps.first.inner_text()
    assert await page.locator(".ledger-bar rect.unproved").count() == 1
    box = await page.locator(".ledger-bar").first.bounding_box()
    assert box is not None
    assert box["width"] > 900
    pieces = page.locator("table:last-of-type .range")
    newest = await pieces.last.inner_text()
    await page.get_by_role("link", name="Older pieces").click()
    assert await pieces.last.inner_text() != newest
    await page.get_by_role("link", name="Newest pieces").click()
    assert await pieces.last.inner_text() == newest


async def test_the_status_is_reached_from_every_page_by_keyboard(
    site: str, browser: Browser
) -> None:
    for width in (1440, 360):
        page = await visit(browser, site, viewport={"width": width, "height": 800})
        for _ in range(80):
            await page.keyboard.press("Tab")
            if await page.evaluate("document.activeElement.textContent.trim()") == "Status":
                break
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/status/")


async def test_the_badge_opens_and_closes_by_keyboard(site: str, browser: Browser) -> None:
    page = await visit(browser, site)
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.className") == "skip"
    for _ in range(10):
        if await page.evaluate("document.activeElement.id") == "status-badge":
            break
        await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    panel = page.locator("#live-panel")
    assert await panel.is_visible()
    await page.keyboard.press("Tab")
    assert await panel.evaluate("(panel) => panel.contains(document.activeElement)")
    await page.keyboard.press("Escape")
    assert not await panel.is_visible()
    assert await page.evaluate("document.activeElement.id") == "status-badge"


async def test_the_skip_link_leads_to_the_content(site: str, browser: Browser) -> None:
    page = await visit(browser, site)
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    assert await page.evaluate("document.activeElement.id") == "main"


async def test_a_chosen_theme_stays(site: str, browser: Browser) -> None:
    page = await visit(browser, site, color_scheme="light")
    ground = "getComputedStyle(document.body).backgroundColor"
    light = await page.evaluate(ground)
    await page.get_by_text("Dark", exact=True).click()
    await page.wait_for_selector("html[data-theme=dark]")  # one frame after the switch
    dark = await page.evaluate(ground)
    assert dark != light
    answer = await page.goto(site + "/pools/")
    assert answer is not None
    assert 'data-theme="dark"' in await answer.text()  # before any script
    assert await page.evaluate(ground) == dark
    assert await page.locator("#theme-switch input[value=dark]").is_checked()
    await page.get_by_text("Auto", exact=True).click()
    await page.wait_for_selector("html:not([data-theme])")
    assert await page.evaluate(ground) == light
    assert "data-theme" not in await (await page.request.get(site)).text()
    other = await page.request.get(site, headers={"Cookie": "theme=pink"})
    assert "data-theme" not in await other.text()


async def test_the_language_switch_in_the_footer(site: str, browser: Browser) -> None:
    page = await visit(browser, site + "/pools/?q=ahorro")
    await page.get_by_role("button", name="Español").click()
    await page.wait_for_url("**/pools/?q=ahorro")
    assert await page.locator("h1").inner_text() == "Grupos"
    assert await page.locator("html").get_attribute("lang") == "es"


async def test_times_tick_and_carry_the_exact_time(site: str, browser: Browser) -> None:
    page = await visit(browser, site, locale="en-US")
    time = page.locator("#activity-feed time").first
    await async_until(lambda: time.get_attribute("title"))
    assert re.search(r"min\. ago|hr\. ago", await time.inner_text())
    before = await page.locator("#live-panel time[data-since]").text_content()
    await async_until(_differs(page, "#live-panel time[data-since]", before))


def _differs(page: Page, selector: str, before: str | None) -> Any:
    async def probe() -> bool:
        return await page.locator(selector).text_content() != before

    return probe


async def test_who_switches_the_language_keeps_what_scripts_chose(
    site: str, browser: Browser
) -> None:
    page = await visit(browser, site, locale="en-US")
    await page.wait_for_selector("body[data-link]")
    await page.wait_for_load_state("networkidle")  # all scripts are there, which take the clicks
    await page.get_by_role("link", name="Joins").click()
    await page.locator("[data-period='7d']").click()
    await page.wait_for_url("**/?kind=joins&period=7d")
    await page.get_by_role("button", name="Español").click()
    await page.wait_for_selector("html[lang=es]")
    assert page.url == f"{site}/?kind=joins&period=7d"
    assert await page.locator("#feed-kinds [aria-current]").get_attribute("data-kind") == "joins"


async def test_a_copy_button_copies_the_whole_address(site: str, browser: Browser) -> None:
    page = await visit(
        browser, f"{site}/pools/{CONTRACT}/1/", permissions=["clipboard-read", "clipboard-write"]
    )
    await page.locator("#pool-facts").get_by_role("button", name=CONTRACT).click()
    await async_until(lambda: page.locator("#announcer").text_content())
    assert await page.evaluate("navigator.clipboard.readText()") == CONTRACT


async def test_a_copy_button_copies_over_plain_http_too(site: str, browser: Browser) -> None:
    """Where browsers have no `navigator.clipboard`: what is pasted then is what was copied."""
    context = await browser.new_context()
    await context.add_init_script(
        "Object.defineProperty(navigator, 'clipboard', { value: undefined })"
    )
    page = await context.new_page()
    await page.goto(f"{site}/pools/{CONTRACT}/1/")
    await page.locator("#pool-facts").get_by_role("button", name=CONTRACT).click()
    await async_until(lambda: page.locator("#announcer").text_content())
    await page.goto(f"{site}/pools/")
    await page.get_by_role("searchbox").focus()
    await page.keyboard.press("Control+V")
    assert await page.get_by_role("searchbox").input_value() == CONTRACT


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
@pytest.mark.parametrize("width", [1440, 390])
async def test_rows_and_numbers_that_come_in_move_nothing(
    site: str, browser: Browser, coming_rows: list[str], width: int, motion: Any
) -> None:
    page = await visit(
        browser, site, viewport={"width": width, "height": 900}, reduced_motion=motion
    )
    await expect(page.locator("#feed-pause")).to_be_visible()  # the scripts have run
    await page.evaluate(
        """() => {
          window.shifted = 0;
          const add = (entries) => entries.forEach((entry) => { window.shifted += entry.value; });
          const observer = new PerformanceObserver((list) => add(list.getEntries()));
          window.settle = async () => {
            for (let frame = 0; frame < 3; frame += 1) await new Promise(requestAnimationFrame);
            add(observer.takeRecords());
            return window.shifted;
          };
          observer.observe({ type: "layout-shift", buffered: true });
        }"""
    )
    for frame in coming_rows:
        await page.evaluate(
            "(text) => htmx.swap({sourceElement: document.getElementById('live'), text, "
            "target: document.getElementById('live'), swap: 'innerHTML'})",
            frame,
        )
    newest = page.locator("#activity-feed > [data-event]").first
    assert "f4" in str(await newest.get_attribute("data-event"))
    pools = page.locator("#card-total-pools")
    await async_until(lambda: _value_is(pools, "1234"))
    assert await pools.locator("[data-value]").get_attribute("data-value") == "1234"
    assert await page.evaluate("window.settle()") <= 0.02


async def test_what_makes_a_page_live_is_asked_for_after_the_first_paint(
    site: str, browser: Browser
) -> None:
    page = await visit(browser, site)
    await expect(page.locator("#feed-pause")).to_be_visible()
    painted, asked = await page.evaluate(
        """() => {
          const [paint] = performance.getEntriesByName("first-contentful-paint");
          const later = [...document.querySelectorAll("meta[name^=later-]")];
          const at = ({content}) =>
            performance.getEntriesByName(new URL(content, location).href)[0].startTime;
          return [paint.startTime, later.map(at)];
        }"""
    )
    assert len(asked) == 4
    assert painted < min(asked)


async def test_a_tab_that_is_not_looked_at_lives_without_being_painted(
    site: str, browser: Browser
) -> None:
    context = await browser.new_context()
    await context.add_init_script(
        "Object.defineProperty(document, 'hidden', {get: () => true});"
        "PerformanceObserver.prototype.observe = () => {};"
    )
    page = await context.new_page()
    await page.goto(site)
    await expect(page.locator("#feed-pause")).to_be_visible()


async def test_the_connection_card_says_what_the_badge_says(site: str, browser: Browser) -> None:
    page = await visit(browser, site)
    await expect(page.locator("#feed-pause")).to_be_visible()  # the scripts have run
    # In one go, because the badge also follows this page's own link, which has nothing to meet.
    said = """async (state) => {
      const card = document.getElementById("card-live");
      document.getElementById("status-badge").dataset.state = state;
      await Promise.resolve();
      return [card, card.querySelector("[data-value]")].map((one) => one.dataset.value);
    }"""
    for state in ("error", "live"):
        assert await page.evaluate(said, state) == [state, state]


@pytest.mark.parametrize("width", [1440, 390])
async def test_a_pools_activity_is_as_high_as_its_rows(
    site: str, browser: Browser, width: int
) -> None:
    page = await visit(
        browser,
        f"{site}/pools/{CONTRACT}/1/",
        viewport={"width": width, "height": 900},
        reduced_motion="reduce",
    )
    room = """(count) => {
      const list = document.getElementById("activity-feed");
      const row = list.querySelector("li").cloneNode(true);
      list.replaceChildren(...Array.from({ length: count }, () => row.cloneNode(true)));
      return list.offsetHeight / list.firstElementChild.offsetHeight;
    }"""
    for count in range(1, 11):
        assert await page.evaluate(room, count) == pytest.approx(count, abs=0.2)
    dashboard = await visit(browser, site, viewport={"width": width, "height": 900})
    assert await dashboard.evaluate(room, 1) == pytest.approx(10, abs=0.2)


async def test_the_trend_stands_apart_from_the_words_after_it(site: str, browser: Browser) -> None:
    page = await visit(browser, site)
    apart = await page.evaluate(
        """() => {
          const trend = document.getElementById("trend");
          trend.innerHTML = '<span class="trend up">19 %</span><span class="trend-words">vs</span>';
          const [pill, words] = [...trend.children].map((part) => part.getBoundingClientRect());
          return words.left - pill.right;
        }"""
    )
    assert apart >= 6


async def _value_is(card: Any, value: str) -> bool:
    return await card.get_attribute("data-value") == value


@pytest.fixture
def coming_rows(site: str) -> list[str]:
    """Frames as the hub sends them: a row and a number each, then a new pool."""
    row = render_to_string("dashboard/_feed_row.html", {"event": selectors.latest_events(1)[0]})
    rows = [re.sub(r"0x[0-9a-f]{64}", "0x" + f"f{number}" * 32, row) for number in range(5)]
    banner = render_to_string("live/_banners.html", {"troubled": Contract.objects.all()})
    assert "Paused." in banner
    pool = render_to_string("pools/_pool_row.html", {"pool": selectors.newest_pools(1)[0]})
    return [
        *(
            f"<!--{number}--><hx-partial id=activity-feed hx-swap=feed>{text}</hx-partial>"
            "<hx-partial id=n-pools>1,234</hx-partial>"
            for number, text in enumerate(rows)
        ),
        '<hx-partial id=newest-pools hx-swap="rows top:6">'
        + pool.replace(f"{CONTRACT}:", f"{CONTRACT}:9")
        + "</hx-partial>",
        f"<hx-partial id=banners>{banner * 2}</hx-partial>",
    ]


@pytest.mark.parametrize("locale", ["en", "es-PE"])
async def test_no_word_of_a_card_lies_on_its_picture(
    site: str, browser: Browser, locale: str
) -> None:
    page = await visit(browser, site, locale=locale)
    for width in (360, 544, 640, 700, 1000, 1152, 1440):
        await page.set_viewport_size({"width": width, "height": 800})
        assert await page.evaluate("innerWidth") == width
        overlaps = await page.evaluate(
            """() => {
          document.getElementById("trend").innerHTML =
            '<span class="trend down">−1,234 %</span>' +
            '<span class="trend-words">frente a ayer</span>';
          document.getElementById("n-btc").textContent = "1,234.5678";
          return [...document.querySelectorAll(".card .picture")].flatMap((picture) => {
            const words = [...picture.parentElement.children].filter((one) => one !== picture);
            const { left, top } = picture.getBoundingClientRect();
            const reach = document.createRange();
            return words.filter((one) => {
              reach.selectNodeContents(one);
              const { right, bottom } = reach.getBoundingClientRect();
              return bottom > top && right > left;
            }).map((one) => one.textContent);
          });
        }"""
        )
        assert overlaps == [], width
