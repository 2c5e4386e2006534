"""Lists that were not told all, after a longer absence or a batch: no hole, no old number."""

from collections.abc import Iterator

import pytest
from playwright.async_api import Browser, Page, Route

from pools import selectors
from tests.browser.test_lists import EVENTS, ROWS, chain, keys, until_rows, visit
from tests.factories import ANA, BEA, BTC, CARO, CONTRACT, ChainFactory
from tests.live import ORIGIN, WebServers, records, web_servers
from tests.proxy import Proxy
from tests.waiting import async_until

__all__ = ["chain", "records", "web_servers"]

PATIENT = 30  # seconds
NEWS = 360  # events while a page is away: a server that starts then tells of 256


@pytest.fixture
def link(web_servers: WebServers, chain: ChainFactory) -> Iterator[Proxy]:
    """What lies between browser and server."""
    with Proxy(web_servers.start().port) as proxy:
        yield proxy


def be_away(link: Proxy, chain: ChainFactory, servers: WebServers) -> None:
    """All pools are joined while the link is cut, and the server is another one when it is back."""
    link.cut()
    for account in (ANA, BEA, CARO):
        for first in (1, 61):
            chain.block(*(chain.joined(n, account, n * BTC) for n in range(first, first + 60)))
    link.lead_to(servers.start().port)
    link.mend()


async def until_keys(page: Page, expected: list[str], selector: str = EVENTS) -> None:
    async def same() -> bool:
        return await keys(page, selector) == expected

    await async_until(same, PATIENT)


def newest_events(count: int) -> list[str]:
    return [row.key for row in selectors.latest_events(count)]


async def totals(page: Page) -> list[str]:
    found: list[str] = await page.eval_on_selector_all(
        f"{ROWS} .pool-total data", "all => all.map(each => each.value)"
    )
    return found


async def test_who_was_away_for_long_finds_the_newest_rows_without_a_hole(
    link: Proxy, browser: Browser, chain: ChainFactory, web_servers: WebServers
) -> None:
    page = await visit(browser, f"{ORIGIN}:{link.port}/events/")
    be_away(link, chain, web_servers)
    await until_keys(page, newest_events(50))
    assert not await page.locator("#new-rows").is_visible()
    chain.block(chain.joined(1, CONTRACT))
    await until_keys(page, newest_events(51))
    assert await page.inner_text("#events-in-all") == f"{120 + NEWS + 1} events in all"
    assert await page.get_attribute("body", "data-missed") == "0"
    assert await page.evaluate("window.sameDocument")


async def test_who_reads_on_below_is_told_how_many_came_and_nothing_moves(
    link: Proxy, browser: Browser, chain: ChainFactory, web_servers: WebServers
) -> None:
    page = await visit(browser, f"{ORIGIN}:{link.port}/events/")
    await page.evaluate("scrollTo(0, 1500)")
    await page.wait_for_function("() => !document.querySelector('#list-view').ariaBusy")
    before = await keys(page, EVENTS)
    place = await page.locator(EVENTS).nth(20).bounding_box()
    be_away(link, chain, web_servers)
    await page.wait_for_selector(f"text={NEWS} new events", timeout=PATIENT * 1000)
    assert await keys(page, EVENTS) == before
    assert await page.locator(EVENTS).nth(20).bounding_box() == place
    await page.click("#new-rows")
    await until_keys(page, newest_events(50))


@pytest.mark.parametrize("path", ["pools/?ordering=created", "pools/"])
async def test_no_row_that_stands_keeps_an_old_total(
    link: Proxy, browser: Browser, chain: ChainFactory, web_servers: WebServers, path: str
) -> None:
    page = await visit(browser, f"{ORIGIN}:{link.port}/{path}")
    await page.evaluate("scrollTo(0, document.body.scrollHeight)")
    await until_rows(page, 100)
    assert set(await totals(page)) == {"0"}
    be_away(link, chain, web_servers)
    numbers = [int(key.split(":")[1]) for key in await keys(page)]

    async def right() -> bool:
        return await totals(page) == [str(3 * number * BTC) for number in numbers]

    await async_until(right, PATIENT)
    assert [int(key.split(":")[1]) for key in await keys(page)] == numbers
    assert not await page.locator("#new-rows").is_visible()


async def test_a_batch_of_events_leaves_no_hole_either(
    link: Proxy, browser: Browser, chain: ChainFactory
) -> None:
    page = await visit(browser, f"{ORIGIN}:{link.port}/events/")
    chain.block(*(chain.joined(number, ANA) for number in range(1, 121)))
    await until_keys(page, newest_events(50))
    assert not await page.locator("#new-rows").is_visible()


async def test_a_list_that_cannot_be_read_anew_stays_and_is_tried_again(
    link: Proxy, browser: Browser, chain: ChainFactory
) -> None:
    page = await visit(browser, f"{ORIGIN}:{link.port}/events/")
    before = await keys(page, EVENTS)
    asked: list[str] = []

    async def refuse(route: Route) -> None:
        asked.append(route.request.url)
        await route.abort() if len(asked) == 1 else await route.fulfill(status=503)

    await page.route("**/events/", refuse)
    chain.block(*(chain.joined(number, ANA) for number in range(1, 121)))
    await async_until(lambda: len(asked) == 2, PATIENT)
    assert await keys(page, EVENTS) == before
    chain.block(chain.joined(1, BEA))
    await page.wait_for_selector("text=1+ new events")
    await page.unroute("**/events/")
    await until_keys(page, newest_events(50))
    assert not await page.locator("#new-rows").is_visible()
    assert await page.evaluate("window.sameDocument")


async def test_the_events_that_the_chain_took_back_unseen_leave_the_list(
    link: Proxy, browser: Browser, chain: ChainFactory, web_servers: WebServers
) -> None:
    chain.block(chain.joined(1, BEA), chain.joined(2, BEA))
    page = await visit(browser, f"{ORIGIN}:{link.port}/events/")
    link.cut()
    chain.roll_back(chain.head.number - 1)
    be_away(link, chain, web_servers)
    await until_keys(page, newest_events(50))
