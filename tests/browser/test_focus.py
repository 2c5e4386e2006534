"""Who reads a busy page by keyboard keeps their place in it, in a real browser."""

import pytest
from playwright.async_api import Browser, Page

from pools import selectors
from realtime import fragments
from tests.browser.test_feed import chain, tell, visit
from tests.browser.test_live_script import Playmate, feed, has, page, server
from tests.browser.test_live_script import visit as visit_playmate
from tests.factories import ANA, BEA, BTC, ChainFactory, address
from tests.live import WebServers, records, web_servers

__all__ = ["chain", "page", "records", "server", "web_servers"]

MEMBERS = "<section><p>{count}</p><ul>{rows}</ul></section>"
SHOW = """(html) => {
  const part = document.createElement("div");
  part.id = "part";
  part.innerHTML = html;
  document.body.append(part);
}"""
FOCUSED = "document.activeElement.textContent.trim() || document.activeElement.outerHTML"


def members(count: int, names: str) -> str:
    rows = "".join(
        f'<li><a href="/{name}">{name}</a> <button data-copy={name}>copy {name}</button></li>'
        for name in names
    )
    return MEMBERS.format(count=count, rows=rows)


async def swap(page: Page, html: str, *, target: str = "part", style: str = "") -> None:
    """As if this had come in a frame."""
    text = fragments.partial(target, html, swap=style)
    await page.evaluate(
        """(text) => {
          const live = document.getElementById("live");
          return htmx.swap({ sourceElement: live, text, target: live, swap: "innerHTML" });
        }""",
        text,
    )


async def on(page: Page, selector: str) -> bool:
    found: bool = await page.locator(selector).evaluate("it => it === document.activeElement")
    return found


@pytest.mark.parametrize("marked", ["a[href='/b']", "[data-copy=b]"])
async def test_the_focus_goes_with_its_link_through_every_swap(
    page: Page, server: Playmate, marked: str
) -> None:
    await visit_playmate(page, server)
    await page.evaluate(SHOW, members(2, "ab"))
    await page.focus(marked)
    for count, names in ((3, "ab"), (4, "cab"), (5, "bca"), (6, "b")):
        await swap(page, members(count, names))
        assert await page.inner_text("#part p") == str(count)
        assert await on(page, marked), names
    await swap(page, members(7, "xy"))  # gone: what stands where it stood
    assert await on(page, marked.replace("b", "x"))


async def test_what_does_not_differ_is_not_touched_and_what_is_open_stays_open(
    page: Page, server: Playmate
) -> None:
    await visit_playmate(page, server)
    facts = "<div><details><summary>More</summary>of it</details>{}</div><p>{} pools</p>"
    await page.evaluate(SHOW, facts.format("", 3))
    await page.click("summary")
    await page.evaluate("window.paragraph = document.querySelector('#part p')")
    await swap(page, facts.format("", 4))
    assert await page.evaluate("paragraph.isConnected && paragraph.textContent") == "4 pools"
    await swap(page, facts.format("<b>new</b>", 5))  # another shape, so new elements
    assert await page.inner_text("#part p") == "5 pools"
    assert await page.locator("details").get_attribute("open") is not None
    assert await on(page, "summary")


async def test_what_is_open_stays_so_by_its_name_whatever_comes_before_it_or_leaves(
    page: Page, server: Playmate
) -> None:
    await visit_playmate(page, server)
    each = "<div><details name=all><summary id={0}>{0}</summary>more of {0}</details></div>"
    await page.evaluate(SHOW, each.format("x") + each.format("y"))
    await page.click("#y")
    for names in ("axy", "ay", "y", "xy", "yx"):
        await swap(page, "".join(each.format(name) for name in names))
        shown = [await it.inner_text() for it in await page.locator("#part [open] summary").all()]
        assert shown == ["y"], names
        assert await on(page, "#y"), names


async def test_a_row_that_changes_or_leaves_does_not_take_the_focus_with_it(
    page: Page, server: Playmate
) -> None:
    await visit_playmate(page, server)
    pool = "<li data-pool={0} class={1}><a href=/{0}>{0}</a></li>"
    await swap(page, pool.format("p", "open"), target="newest-pools", style="rows top:2")
    await page.focus("[href='/p']")
    await swap(page, pool.format("p", "full"), target="newest-pools", style="rows top:2")
    assert await on(page, ".full [href='/p']")
    for other in "qr":
        await swap(page, pool.format(other, "open"), target="newest-pools", style="rows top:2")
    assert await page.locator("#newest-pools > *").count() == 2
    assert await on(page, "[href='/q']")

    event = "<li data-event={0} {1}><a href=/{0}>{0}</a></li>"
    await server.send(feed(8, event.format("b", ""), event.format("a", "data-pending")))
    await has(page, "b", "a")
    await page.focus("[href='/a']")
    await server.send(feed(9, event.format("a", ""), swap="rows"))
    await page.wait_for_selector("[data-event=a]:not([data-pending])")
    assert await on(page, "[href='/a']")


async def test_a_busy_pools_page_is_read_by_keyboard(
    chain: ChainFactory, web_servers: WebServers, browser: Browser
) -> None:
    pool = selectors.newest_pools(1)[0]
    page = await visit(browser, web_servers, f"pools/{pool.contract.address}/{pool.pool_id}/")
    for place in ("#pool-facts", "#pool-members"):
        link = f"{place} a[href*='/accounts/']"
        href = await page.locator(link).first.get_attribute("href")
        await page.locator(link).first.focus()
        for number in range(3):
            shown = await page.inner_text("#pool-members")
            joining = chain.joined(1, address(f"{place} {number}"), (number + 1) * BTC)
            await tell(page, chain.block(joining, chain.joined(1, ANA, BTC)))
            await page.wait_for_function(
                "(shown) => document.getElementById('pool-members').innerText !== shown",
                arg=shown,
            )
            focused = page.locator(f"{place} a[href='{href}']")
            assert await focused.evaluate("it => it === document.activeElement"), FOCUSED


async def test_a_row_of_the_list_and_the_badges_statistics_keep_the_focus(
    chain: ChainFactory, web_servers: WebServers, browser: Browser
) -> None:
    page = await visit(browser, web_servers, "pools/")
    row = "#pool-list [data-pool]"
    await page.locator(f"{row} a").first.focus()
    before = await page.inner_text(row)
    await tell(page, chain.block(chain.joined(1, BEA, BTC), chain.joined(1, ANA, BTC)))
    await page.wait_for_function(
        "([row, before]) => document.querySelector(row).innerText !== before", arg=[row, before]
    )
    assert await page.locator(f"{row} a").first.evaluate("it => it === document.activeElement")

    await page.click("#status-badge")
    link = page.locator("#live-statistics a").first
    await link.focus()
    await tell(page, chain.block(chain.joined(1, BEA, BTC), chain.joined(1, ANA, BTC)))
    total = f"{selectors.stats().events_total:,}"
    await page.locator("#live-statistics dd").get_by_text(total).first.wait_for()
    assert await link.evaluate("it => it === document.activeElement")
