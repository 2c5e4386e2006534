"""The lists in a real browser: pages that follow, filters, the way back, and news as they come."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.async_api import Browser, Page, Route

from pools.models import Category
from tests.browser.test_pages import violations
from tests.factories import ANA, BEA, ChainFactory, Emitted, listener
from tests.live import ORIGIN, WebServers, records, web_servers
from tests.waiting import async_until

__all__ = ["records", "web_servers"]

NAMES = ("Casa", "Escuela", "Horno")
POOLS = 120
ROWS = "#pool-list > [data-pool]"
EVENTS = "#event-list > [data-event]"


@pytest.fixture
def chain(web_servers: WebServers) -> ChainFactory:
    """A hundred and twenty pools, forty of each name."""
    now = timezone.now().replace(microsecond=0)
    chain = ChainFactory(start_time=now - timedelta(hours=5))
    chain.block(*(named(chain, number) for number in range(1, POOLS + 1)))
    listener(updated_at=now + timedelta(hours=1), connected_at=now, head=chain.head.number)
    return chain


@pytest.fixture
def site(web_servers: WebServers, chain: ChainFactory) -> str:
    return f"{ORIGIN}:{web_servers.start().port}"


def named(chain: ChainFactory, number: int) -> Emitted:
    return chain.created(number, name=f"{NAMES[number % 3]} {number}")


async def visit(browser: Browser, url: str, **options: Any) -> Page:
    """The page once it is live; `page.troubles` is what scripts and the CSP complain of."""
    troubles: list[str] = []
    context = await browser.new_context(**{"viewport": {"width": 1440, "height": 900}, **options})
    page = await context.new_page()
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda said: troubles.append(said.text) if said.type == "error" else None)
    page.troubles = troubles  # type: ignore[attr-defined]
    await page.goto(url)
    if options.get("java_script_enabled", True):
        await page.wait_for_selector("body[data-link=live]")
        await page.evaluate("window.sameDocument = true")
    return page


async def keys(page: Page, selector: str = ROWS) -> list[str]:
    found: list[str] = await page.eval_on_selector_all(
        selector, "rows => rows.map(row => row.dataset.event ?? row.dataset.pool)"
    )
    return found


async def until_rows(page: Page, count: int, selector: str = ROWS) -> None:
    await page.wait_for_function(
        "([selector, count]) => document.querySelectorAll(selector).length === count",
        arg=[selector, count],
        timeout=10_000,
    )


async def until_first(page: Page, text: str, selector: str = ROWS) -> None:
    await page.wait_for_function(
        "([selector, text]) => document.querySelector(selector)?.textContent.includes(text)",
        arg=[selector, text],
        timeout=10_000,
    )


async def test_whoever_reads_on_gets_each_pool_once_and_the_address_stays(
    site: str, browser: Browser
) -> None:
    page = await visit(browser, f"{site}/pools/")
    for count in (100, POOLS):
        await page.evaluate("scrollTo(0, document.body.scrollHeight)")
        await until_rows(page, count)
    assert len(set(await keys(page))) == POOLS
    assert await page.locator("[rel=next]").count() == 0
    assert page.url == f"{site}/pools/"
    assert await violations(page) == []
    assert page.troubles == []  # type: ignore[attr-defined]


async def test_a_pool_that_is_created_between_two_pages_is_shown_once(
    site: str, browser: Browser, chain: ChainFactory
) -> None:
    page = await visit(browser, f"{site}/pools/")
    chain.block(*(named(chain, POOLS + more) for more in range(1, 4)))
    await until_rows(page, 53)
    for count in (103, POOLS + 3):
        await page.evaluate("scrollTo(0, document.body.scrollHeight)")
        await until_rows(page, count)
    assert len(set(await keys(page))) == POOLS + 3


async def test_a_focus_on_the_next_page_s_link_goes_on_to_its_first_row(
    site: str, browser: Browser
) -> None:
    page = await visit(browser, f"{site}/pools/")
    await page.focus("[rel=next]")  # which comes into view, so that its rows follow by themselves
    await until_rows(page, 100)
    await page.wait_for_function("() => document.activeElement.closest('#pool-list > li')")
    focused = await page.evaluate("document.activeElement.closest('li').dataset.pool")
    assert focused == (await keys(page))[50]


@pytest.mark.parametrize("leaves", [True, False], ids=["another page", "another view"])
async def test_the_way_back_leads_to_the_row_that_was_read(
    site: str, browser: Browser, leaves: bool
) -> None:
    page = await visit(browser, f"{site}/pools/")
    for count in (100, POOLS):
        await page.evaluate("scrollTo(0, document.body.scrollHeight)")
        await until_rows(page, count)
    row = page.locator(f"{ROWS}:has-text('Escuela {POOLS - 80}')")
    await row.evaluate("row => scrollTo(0, row.offsetTop + row.offsetParent.offsetTop - 300)")
    await page.wait_for_function("() => history.state?.list?.index > 60")
    place = await row.bounding_box()
    assert place
    if leaves:
        await row.locator(".pool-name a").first.click()
        await page.wait_for_url("**/pools/0x*/*/")
    else:
        await page.evaluate("goToList('/pools/?q=casa')")
        await until_rows(page, 40)
    await page.go_back()
    await until_rows(page, POOLS)

    async def is_there() -> bool:
        now = await row.bounding_box()
        return now is not None and abs(now["y"] - place["y"]) < 2

    await async_until(is_there, 10)


async def test_filters_work_as_one_types_and_the_way_back_undoes_them(
    site: str, browser: Browser
) -> None:
    page = await visit(browser, f"{site}/pools/")
    await page.locator("input[name=q]").press_sequentially("casa", delay=20)
    await until_rows(page, 40)
    await page.wait_for_url("**/pools/?q=casa")
    assert await page.inner_text(".found") == "40 fit"
    assert "casa" in await page.inner_text(".chips")
    await page.select_option("select[name=status]", "closed")
    await until_rows(page, 0)
    assert await page.get_by_text("No pool fits these filters.").is_visible()
    assert await violations(page) == []
    await page.go_back()
    await until_rows(page, 40)
    assert await page.input_value("input[name=q]") == "casa"
    assert await page.input_value("select[name=status]") == ""
    await page.go_back()
    await until_rows(page, 50)
    assert await page.input_value("input[name=q]") == ""
    await page.go_forward()
    await until_rows(page, 40)
    await page.click(".chips a")
    await until_rows(page, 50)
    assert page.url == f"{site}/pools/"
    assert await page.evaluate("window.sameDocument")
    assert page.troubles == []  # type: ignore[attr-defined]


async def test_a_moment_and_a_day_take_turns_in_the_form_and_other_filters_leave_them_exact(
    site: str, browser: Browser
) -> None:
    page = await visit(browser, f"{site}/events/?date_from=2025-06-15T12:00:07Z")
    since = page.locator("[name=date_from]")
    await page.locator("[name=kind]").select_option("MemberJoined")
    await page.wait_for_url("**/events/?kind=MemberJoined&*")
    assert "date_from=2025-06-15T12%3A00%3A07" in page.url
    await page.locator(".chips a", has_text="From").click()
    await page.wait_for_url("**/events/?kind=MemberJoined")
    await page.locator("[name=date_from][type=date]").wait_for()
    await page.locator("details.more").evaluate("(more) => more.open = true")
    await since.fill("2025-06-14")
    await page.locator("[name=kind]").focus()
    await page.wait_for_url("**date_from=2025-06-14")
    for _step in range(2):
        await page.go_back()
    await page.locator("[name=date_from][type=datetime-local]").wait_for()
    assert await since.input_value() == "2025-06-15T12:00:07"
    assert await since.evaluate("(field) => field.validity.valid")
    assert page.troubles == []  # type: ignore[attr-defined]
    assert await page.evaluate("window.sameDocument")


async def test_what_makes_no_sense_is_told_without_a_reload_too(
    site: str, browser: Browser
) -> None:
    page = await visit(browser, f"{site}/events/")
    await page.fill("input[name=account]", "0x12")
    await page.keyboard.press("Enter")
    await page.wait_for_selector("text=Not an address")
    assert await page.get_attribute("input[name=account]", "aria-invalid") is not None
    await page.fill("input[name=account]", ANA)
    await page.keyboard.press("Enter")
    await page.wait_for_selector(".chips")
    assert await page.locator(".problems").count() == 0


async def test_new_pools_go_on_top_where_the_filter_lets_them(
    site: str, browser: Browser, chain: ChainFactory
) -> None:
    page = await visit(browser, f"{site}/pools/?q=casa")
    await until_rows(page, 40)
    chain.block(chain.created(900, name="Horno nuevo"), chain.created(901, name="CASA nueva"))
    await until_first(page, "CASA nueva")
    assert len(await keys(page)) == 41
    assert not await page.locator("#new-rows").is_visible()


async def test_new_pools_are_counted_where_the_order_puts_them_elsewhere(
    site: str, browser: Browser, chain: ChainFactory
) -> None:
    page = await visit(browser, f"{site}/pools/?ordering=created")
    before = await keys(page)
    chain.block(chain.created(900), chain.created(901))
    await page.wait_for_selector("text=2 new pools")
    assert await keys(page) == before


async def test_who_has_scrolled_is_told_how_many_came_and_nothing_moves(
    site: str, browser: Browser, chain: ChainFactory
) -> None:
    page = await visit(browser, f"{site}/events/")
    await page.evaluate("scrollTo(0, 1500)")
    await page.wait_for_function("() => !document.querySelector('#list-view').ariaBusy")
    row = page.locator(EVENTS).nth(20)
    place = await row.bounding_box()
    chain.block(chain.joined(1, ANA))
    await page.wait_for_selector("text=1 new event")
    chain.block(chain.joined(1, BEA))
    await page.wait_for_selector("text=2 new events")
    assert await row.bounding_box() == place
    await page.click("#new-rows")
    await until_first(page, "joined Escuela 1", EVENTS)
    assert await page.evaluate("scrollY") == 0
    assert not await page.locator("#new-rows").is_visible()


async def test_a_pool_that_no_longer_fits_stays_and_says_so(
    site: str, browser: Browser, chain: ChainFactory
) -> None:
    page = await visit(browser, f"{site}/pools/?status=accepting&q=Horno")
    chain.block(chain.closed(POOLS - 1))
    row = page.locator(f"{ROWS}:has-text('Horno {POOLS - 1}')")
    await row.and_(page.locator("[data-unfit]")).wait_for()
    assert len(await keys(page)) == 40


async def test_the_list_of_events_takes_in_what_fits(
    site: str, browser: Browser, chain: ChainFactory
) -> None:
    page = await visit(browser, f"{site}/events/?kind=MemberJoined&account={ANA}")
    assert await keys(page, EVENTS) == []
    chain.block(chain.joined(1, BEA), chain.joined(2, ANA), chain.left(1, BEA))
    await until_rows(page, 1, EVENTS)
    await until_first(page, "joined Horno 2", EVENTS)
    assert not await page.get_by_text("No event fits these filters.").is_visible()
    assert await violations(page) == []
    assert page.troubles == []  # type: ignore[attr-defined]


async def test_an_account_s_page_shows_at_most_ten_of_its_events_as_they_come(
    site: str, browser: Browser, chain: ChainFactory
) -> None:
    page = await visit(browser, f"{site}/accounts/{BEA}/")
    chain.block(chain.joined(1, ANA))
    for number in range(1, 13):
        chain.block(chain.joined(number, BEA))
    await until_rows(page, 10, EVENTS)
    await until_first(page, "Casa 12", EVENTS)


async def test_a_pool_that_is_counted_while_the_next_page_comes_is_counted_once(
    site: str, browser: Browser, chain: ChainFactory
) -> None:
    page = await visit(browser, f"{site}/pools/?ordering=created")
    held = asyncio.Event()

    async def later(route: Route) -> None:
        await held.wait()
        await route.continue_()

    await page.route("**cursor=**", later)
    await page.evaluate("scrollTo(0, document.body.scrollHeight)")
    await page.wait_for_selector("#list-view[aria-busy]")
    chain.block(chain.created(900))
    await page.wait_for_selector("text=1 new pool")
    held.set()
    await until_rows(page, 100)
    assert await page.inner_text("#new-rows") == "1 new pool"


async def test_a_next_page_that_did_not_come_is_asked_for_again(
    site: str, browser: Browser
) -> None:
    page = await visit(browser, f"{site}/pools/")
    await page.route("**cursor=**", lambda route: route.abort(), times=1)
    await page.evaluate("scrollTo(0, document.body.scrollHeight)")
    await until_rows(page, 100)
    assert await page.evaluate("window.sameDocument")


async def test_a_fragment_of_the_list_keeps_the_pages_that_have_come(
    site: str, browser: Browser
) -> None:
    page = await visit(browser, f"{site}/pools/")
    await page.evaluate("scrollTo(0, document.body.scrollHeight)")
    await until_rows(page, 100)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.evaluate("location.hash = 'content'")
    await page.wait_for_url("**/pools/#content")
    await page.go_back()
    await page.wait_for_url("**/pools/")
    assert len(await keys(page)) >= 100
    assert [url for url in asked if "/pools/" in url and "cursor=" not in url] == []


async def test_few_new_rows_move_what_is_in_sight_and_many_move_nothing(
    site: str, browser: Browser, chain: ChainFactory
) -> None:
    page = await visit(browser, f"{site}/pools/")
    await page.evaluate(
        "() => { window.moved = 0; const animate = Element.prototype.animate;"
        " Element.prototype.animate = function (...how) {"
        " if (this.parentElement?.id === 'pool-list') window.moved += 1;"
        " return animate.apply(this, how); } }"
    )
    chain.block(chain.created(900))
    await until_rows(page, 51)
    moved = await page.evaluate("moved")
    assert 1 < moved < 25
    chain.block(*(chain.created(900 + more) for more in range(1, 7)))
    await until_rows(page, 57)
    assert await page.evaluate("moved") == moved


async def test_the_first_event_of_an_account_shows_by_itself(
    site: str, browser: Browser, chain: ChainFactory
) -> None:
    page = await visit(browser, f"{site}/accounts/{BEA}/")
    assert await page.get_by_text("No event names this account yet.").is_visible()
    assert not await page.get_by_role("heading", name="Activity").is_visible()
    chain.block(chain.joined(1, BEA))
    await page.get_by_role("heading", name="Activity").wait_for()
    assert await page.locator(EVENTS).is_visible()
    assert not await page.get_by_text("No event names this account yet.").is_visible()


async def test_new_events_of_the_list_are_told_to_screen_readers(
    site: str, browser: Browser, chain: ChainFactory
) -> None:
    page = await visit(browser, f"{site}/events/?account={BEA}")
    chain.block(chain.joined(1, BEA), chain.joined(2, ANA), chain.joined(3, BEA))
    await page.wait_for_function(
        "() => document.getElementById('announcer').textContent === '2 new events'"
    )


async def test_a_category_that_is_no_longer_in_use_is_still_named_by_the_filter(
    site: str, browser: Browser
) -> None:
    Category.objects.create(slug="old", name_en="Old", name_es="Vieja", active=False)
    page = await visit(browser, f"{site}/pools/?category=old")
    chosen = await page.eval_on_selector(
        "select[name=category]", "select => select.selectedOptions[0].text"
    )
    assert chosen == "Old"
    assert "Old" in await page.inner_text(".chips")


async def test_lists_are_whole_without_javascript(site: str, browser: Browser) -> None:
    page = await visit(browser, f"{site}/events/", java_script_enabled=False)
    await page.select_option("select[name=kind]", "PoolCreated")
    await page.get_by_role("button", name="Show", exact=True).click()
    seen = await keys_without_scripts(page)
    while await page.locator("[rel=next]").count():
        await page.click("[rel=next]")
        seen += await keys_without_scripts(page)
    assert len(set(seen)) == len(seen) == POOLS
    await page.click(".event-words a >> nth=0")
    assert await page.inner_text("h1") == "Account"


async def keys_without_scripts(page: Page) -> list[str]:
    rows = page.locator(EVENTS)
    return [
        await rows.nth(place).get_attribute("data-event") or ""
        for place in range(await rows.count())
    ]
