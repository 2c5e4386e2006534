"""No number stands still on a page whose rows go on: sums over lists, parts that are read again."""

import json
import urllib.request
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.async_api import Browser, Page

from tests.browser.test_lists import EVENTS, ROWS, until_rows, visit
from tests.factories import ANA, BEA, BTC, CARO, CONTRACT, ChainFactory, address, listener
from tests.live import ORIGIN, WebServers, records, web_servers
from tests.waiting import async_until

__all__ = ["records", "web_servers"]

PATIENT = 20_000  # ms
MEMBERS = 60
POOL = f"pools/{CONTRACT}/1/"


@pytest.fixture
def chain(web_servers: WebServers) -> ChainFactory:
    """Two pools of Ana's; sixty are in the first one, Bea among them."""
    now = timezone.now().replace(microsecond=0)
    chain = ChainFactory(start_time=now - timedelta(hours=5))
    chain.block(*(chain.created(n, name=f"Casa {n}", max_members=500) for n in (1, 2)))
    others = [address(f"member {number}") for number in range(MEMBERS - 1)]
    chain.block(*(chain.joined(1, member) for member in [BEA, *others]))
    listener(updated_at=now + timedelta(hours=1), connected_at=now, head=chain.head.number)
    return chain


@pytest.fixture
def site(web_servers: WebServers, chain: ChainFactory) -> str:
    return f"{ORIGIN}:{web_servers.start().port}"


def told(site: str, path: str) -> Mapping[str, Any]:
    """What the API says."""
    with urllib.request.urlopen(f"{site}/api/v1/{path}", timeout=10) as answer:
        said: Mapping[str, Any] = json.load(answer)
    return said


async def until_says(page: Page, selector: str, words: str) -> None:
    async def says() -> bool:
        return words in " ".join((await page.inner_text(selector)).split())

    try:
        await async_until(says, PATIENT / 1000)
    except AssertionError:
        assert words in " ".join((await page.inner_text(selector)).split())
        raise


async def test_the_sums_over_lists_go_on_with_their_rows(
    site: str, browser: Browser, chain: ChainFactory
) -> None:
    pools = await visit(browser, f"{site}/pools/")
    events = await visit(browser, f"{site}/events/")
    assert await pools.inner_text("#pools-in-all") == "2 pools in all"
    chain.block(chain.created(3), chain.joined(3, ANA))
    await until_rows(pools, 3)
    stats = told(site, "stats")
    await until_says(pools, "#pools-in-all", f"{stats['pools_total']} pools in all")
    await until_says(events, "#events-in-all", f"{stats['events_total']} events in all")
    assert (stats["pools_total"], stats["events_total"]) == (3, 64)


async def test_how_many_fit_goes_on_with_the_rows_that_do(
    site: str, browser: Browser, chain: ChainFactory
) -> None:
    page = await visit(browser, f"{site}/pools/?q=casa")
    assert await page.inner_text(".found") == "2 fit"
    chain.block(chain.created(3, name="Casa 3"), chain.created(4, name="Horno"))
    await until_rows(page, 3)
    await until_says(page, ".found", "3 fit")


async def test_a_pool_that_begins_to_fit_is_put_in(
    site: str, browser: Browser, chain: ChainFactory
) -> None:
    page = await visit(browser, f"{site}/pools/?status=closed")
    other = await visit(browser, f"{site}/pools/?status=closed&ordering=created")
    assert await page.locator(ROWS).count() == 0
    chain.block(chain.closed(1))
    await until_rows(page, 1)
    await other.wait_for_selector("text=1 new pool")
    assert await other.locator(ROWS).count() == 0


async def test_the_totals_of_an_account_go_on_with_its_events(
    site: str, browser: Browser, chain: ChainFactory
) -> None:
    page = await visit(browser, f"{site}/accounts/{BEA}/")
    await until_says(page, "#account-totals", "1 BTC in 1 pool")
    await page.focus("#account-pools td a")
    chain.block(chain.joined(2, BEA, 3 * BTC), chain.created(3, creator=BEA, name="Horno"))
    await page.wait_for_selector("#event-list >> text=joined Casa 2")
    await until_says(page, "#account-totals", "4 BTC in 2 pools")
    await until_says(page, "#account-totals", "Pools created 1")
    await until_says(page, "#account-pools", "Casa 2")
    await until_says(page, "#account-created", "Horno")
    assert await page.evaluate("document.activeElement.closest('#account-pools') !== null")
    assert await page.evaluate("window.sameDocument")


async def test_what_others_do_in_an_account_s_pools_changes_its_shares(
    site: str, browser: Browser, chain: ChainFactory
) -> None:
    page = await visit(browser, f"{site}/accounts/{BEA}/")
    before = await page.inner_text("#account-pools .share")
    chain.block(chain.joined(2, CARO))  # which is none of its pools
    chain.block(chain.joined(1, CARO, 40 * BTC))
    await until_says(page, "#account-pools .share", "1 %")
    assert before.split() == ["1.6", "%"]


async def test_the_first_event_of_an_account_brings_its_totals(
    site: str, browser: Browser, chain: ChainFactory
) -> None:
    page = await visit(browser, f"{site}/accounts/{CARO}/")
    assert await page.locator("#account-pools").is_hidden()
    chain.block(chain.joined(2, CARO, 2 * BTC))
    await page.locator(EVENTS).wait_for()
    await until_says(page, "#account-totals", "2 BTC in 1 pool")
    await until_says(page, "#account-pools", "100 %")


async def test_the_members_of_a_pool_come_and_go_on_their_page(
    site: str, browser: Browser, chain: ChainFactory
) -> None:
    page = await visit(browser, f"{site}/{POOL}members/")
    rows = "#list-view tbody > tr"
    await page.evaluate("scrollTo(0, document.body.scrollHeight)")
    await until_rows(page, MEMBERS, rows)
    copy = page.locator(f"{rows} >> nth=55 >> a >> nth=0")
    await copy.focus()
    chain.block(chain.joined(1, CARO, 20 * BTC), chain.left(1, BEA, BTC))
    await until_rows(page, MEMBERS + 1, rows)
    await until_says(page, f"{rows}:has-text('{BEA[:6]}')", "left")
    await until_says(page, f"{rows} >> nth=60 >> td.right >> nth=0", "20")
    await until_says(page, "#members-in-all", f"{MEMBERS} members now")
    said = told(site, f"{POOL}members?limit=1000")["results"]
    assert [each["account"] for each in said if not each["active"]] == [BEA]
    assert len(said) == MEMBERS + 1
    assert await copy.evaluate("link => link === document.activeElement")


async def test_the_first_member_shows_on_the_page_of_members(
    site: str, browser: Browser, chain: ChainFactory
) -> None:
    page = await visit(browser, f"{site}/pools/{CONTRACT}/2/members/")
    assert "Nobody has joined yet" in await page.inner_text("#list-view")
    chain.block(chain.joined(2, CARO))
    await until_rows(page, 1, "#list-view tbody > tr")
    await until_says(page, "#members-in-all", "1 member now")


async def test_a_pool_s_chart_of_contributions_goes_on_and_its_table_stays_open(
    site: str, browser: Browser, chain: ChainFactory
) -> None:
    page = await visit(browser, f"{site}/{POOL}")
    await page.click("#contributions summary")
    assert "101 BTC" not in await page.inner_text("#contributions")
    chain.block(chain.joined(1, CARO, 41 * BTC))
    await until_says(page, "#contributions table", "101 BTC")
    assert await page.get_attribute("#contributions details", "open") is not None
    block = f"{chain.head.number:,}"
    await until_says(page, "#moment-blocks", block)
