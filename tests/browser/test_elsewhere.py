"""What other sites show of a pool, in a real browser: the card in a frame, and what is copied."""

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.async_api import Browser

from tests.browser.test_charts import chain, visit
from tests.browser.test_pages import violations
from tests.factories import ANA, BTC, ChainFactory
from tests.live import ORIGIN, WebServers, records, web_servers
from tests.ports import free_port

__all__ = ["chain", "records", "web_servers"]


@contextmanager
def another_site(html: str) -> Iterator[str]:
    """The address of a page of somebody else's."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(html.encode())

        def log_message(self, *_args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", free_port()), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://localhost:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


async def test_what_is_copied_shows_the_pool_in_another_site(
    web_servers: WebServers, chain: ChainFactory, browser: Browser
) -> None:
    base = f"{ORIGIN}:{web_servers.start().port}"
    pool = f"pools/{chain.contract.address}/2/"
    page, troubles = await visit(browser, f"{base}/{pool}", permissions=["clipboard-read"])
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=base)
    await page.locator("#elsewhere summary").click()
    copied = []
    for number in (0, 1):
        await page.locator("#elsewhere .copy").nth(number).click()
        copied.append(await page.evaluate("navigator.clipboard.readText()"))
    assert troubles == []
    with another_site("<!DOCTYPE html><title>x</title>" + "".join(copied)) as url:
        other, troubles = await visit(browser, url)
        card = other.frame_locator("iframe")
        await card.get_by_role("heading", name="Casa").wait_for()
        assert await other.locator("img").evaluate("(badge) => badge.naturalWidth") > 60
        assert troubles == []
    with another_site(f'<!DOCTYPE html><iframe src="{base}/{pool}"></iframe>') as url:
        other, troubles = await visit(browser, url)
        await other.wait_for_timeout(500)
        assert await other.frame_locator("iframe").locator("#pool-facts").count() == 0
        assert any("frame" in trouble for trouble in troubles)


@pytest.mark.parametrize("width", [1440, 360])
async def test_axe_finds_nothing_in_the_card_and_the_snippets(
    web_servers: WebServers, chain: ChainFactory, browser: Browser, width: int
) -> None:
    base = f"{ORIGIN}:{web_servers.start().port}"
    pool = f"pools/{chain.contract.address}/2/"
    options = {"viewport": {"width": width, "height": 700}, "locale": "es-PE"}
    page, troubles = await visit(browser, f"{base}/{pool}", **options)
    await page.locator("#elsewhere summary").click()
    assert await violations(page) == []
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
    await page.goto(f"{base}/embed/{pool}")
    assert await violations(page) == []
    assert troubles == []


@pytest.mark.parametrize("language", ["en", "es"])
async def test_the_longest_name_and_amount_fit_into_the_frame_that_is_copied(
    web_servers: WebServers, chain: ChainFactory, browser: Browser, language: str
) -> None:
    name = "MUJERES AHORRADORAS DE LA COOPERATIVA DEL MERCADO MAYORISTA DE VILLA EL SALVADOR"
    chain.block(chain.created(3, name=name, max_members=1000, min_contribution=1))
    chain.block(chain.joined(3, ANA, 12_345 * BTC + BTC // 7))
    base = f"{ORIGIN}:{web_servers.start().port}"
    size = {"width": 340, "height": 220}
    page, troubles = await visit(browser, f"{base}/pools/", viewport=size)
    for pool in (3, 2, 99):
        await page.goto(f"{base}/embed/pools/{chain.contract.address}/{pool}/?lang={language}")
        root = "document.documentElement."
        assert await page.evaluate(f"[{root}scrollHeight, {root}scrollWidth]") == [220, 340]
    await page.goto(f"{base}/embed/pools/{chain.contract.address}/3/?lang={language}")
    assert await page.locator("h1").get_attribute("title") == name
    assert await page.locator("h1").evaluate("(it) => it.clientHeight / 22 < 2.1")
    assert [each for each in troubles if "404" not in each] == []
