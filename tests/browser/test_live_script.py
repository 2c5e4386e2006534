"""live.js, swaps.js, leisure.js in a real browser, under the strict CSP; the server plays along.

The page is a bare one with the ids that the real pages have; what a server may do to it, dropping
links, repeating itself, falling silent, is done here by hand.
"""

import asyncio
import json
import random
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Any

import pytest
import pytest_asyncio
from django.conf import settings
from playwright.async_api import Browser, Page, Route
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from realtime.fragments import compact, partial
from tests.waiting import async_until

PAGE = """<!DOCTYPE html><html lang=en><head><meta charset=utf-8><title>x</title>
<meta name="htmx-config" content='{"history":false,"includeIndicatorCSS":false}'>
<script src="/vendor/htmx.min.js" defer></script><script src="/vendor/hx-ws.min.js" defer></script>
<script src="/js/renew.js" defer></script><script src="/js/swaps.js" defer></script>
<script src="/js/leisure.js" defer></script><script src="/js/live.js" defer></script></head>
<body data-seq="7">
<div id="badge"><button id="status-badge" data-state="live">x</button></div>
<ol id="activity-feed" data-limit="10"></ol>
<p id="n-hour">0</p>
<div id="figures"><div id="chart">0</div><div id="other">0</div></div>
<ul id="newest-pools"><li class="empty">none</li></ul>
<ul id="pool-list"><li data-pool="0xC:1">old</li></ul>
<div id="live" hx-ws:connect="/ws/live/?topics=dashboard" hx-trigger="live:connect" hidden></div>
<p id="link-lost" hidden><time></time></p>
<p id="link-lost" hidden>since <time data-exact></time></p>
</body></html>"""
TYPES = {"js": "text/javascript", "": "text/html"}


class Playmate:
    """A web server whose every move is the test's."""

    def __init__(self) -> None:
        self.links: list[ServerConnection] = []
        self.heard: list[Any] = []
        self.open = True
        self.port = 0
        self._server: Server | None = None

    async def start(self) -> None:
        self._server = await serve(self._talk, "127.0.0.1", 0, process_request=self._answer)
        self.port = next(iter(self._server.sockets)).getsockname()[1]

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    async def send(self, *frames: str) -> None:
        for frame in frames:
            await self.links[-1].send(frame)

    async def drop(self, code: int = 1001) -> None:
        await self.links[-1].close(code)

    async def until_links(self, count: int, seconds: float = 10) -> None:
        """Until the browser has connected so often, and said how far it is each time."""
        await async_until(lambda: self.said("since") >= count, seconds)

    def said(self, what: str) -> int:
        return sum(what in message for message in self.heard)

    async def _talk(self, link: ServerConnection) -> None:
        self.links.append(link)
        async for message in link:
            self.heard.append(json.loads(message))

    def _answer(self, _link: ServerConnection, request: Request) -> Response | None:
        path = request.path.partition("?")[0]
        if path == "/ws/live/":
            return None if self.open else _response(HTTPStatus.FORBIDDEN, "", "")
        if path == "/":
            return _response(HTTPStatus.OK, "", PAGE)
        file = settings.BASE_DIR / "static" / path.removeprefix("/")
        if not file.is_file():
            return _response(HTTPStatus.NOT_FOUND, "", "")
        return _response(HTTPStatus.OK, "js", file.read_text())


def _response(status: HTTPStatus, kind: str, text: str) -> Response:
    body = text.encode()
    headers = Headers(
        [
            ("Content-Type", f"{TYPES[kind]}; charset=utf-8"),
            ("Content-Length", str(len(body))),
            ("Connection", "close"),
            ("Content-Security-Policy", "default-src 'self'; script-src 'self'; style-src 'self'"),
        ]
    )
    return Response(status, status.phrase, headers, body)


@pytest_asyncio.fixture(loop_scope="session")
async def server() -> AsyncIterator[Playmate]:
    playmate = Playmate()
    await playmate.start()
    yield playmate
    await playmate.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def page(server: Playmate, browser: Browser) -> AsyncIterator[Page]:
    """A page with the scripts, not yet gone to the server; no script may fail on it."""
    page = await browser.new_page()
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda said: troubles.append(said.text) if blames(said.text) else None)
    yield page
    await page.close()
    assert troubles == []


def blames(text: str) -> bool:
    return "Content Security Policy" in text or "htmx:error" in text or "Unknown swap" in text


async def visit(page: Page, server: Playmate) -> None:
    await page.goto(f"http://127.0.0.1:{server.port}/")
    await server.until_links(1)


async def shown(page: Page, selector: str = "#activity-feed > [data-event]") -> list[str]:
    """The keys of the rows, from above, struck-out ones marked with -, announced ones with ?."""
    keys: list[str] = await page.eval_on_selector_all(
        selector,
        """rows => rows.map(row => (row.dataset.event ?? row.dataset.pool)
            + ("retracted" in row.dataset ? "-" : "") + ("hint" in row.dataset ? "?" : ""))""",
    )
    return keys


def row(key: str, mark: str = "", text: str = "") -> str:
    return f"<li data-event={key} {mark}>{text}</li>"


def feed(seq: int | None, *rows: str, swap: str = "feed") -> str:
    mark = "" if seq is None else f"<!--{seq}--><!--from 1-->"
    return mark + partial("activity-feed", "".join(rows), swap=swap)


async def has(page: Page, *keys: str) -> None:
    async def so() -> bool:
        return await shown(page) == list(keys)

    try:
        await async_until(so, 5)
    except AssertionError:
        assert await shown(page) == list(keys)
        raise


async def test_a_frame_is_on_the_page_at_once_and_the_page_says_how_far_it_is(
    page: Page, server: Playmate
) -> None:
    await visit(page, server)
    assert server.heard == [{"since": 7}]
    await server.send(feed(8, row("a")) + "<hx-partial id=n-hour>1,234</hx-partial>")
    await has(page, "a")
    assert await page.inner_text("#n-hour") == "1,234"
    assert await page.get_attribute("body", "data-seq") == "8"
    assert await page.get_attribute("body", "data-link") == "live"
    await server.send("<!--9-->")  # nothing for this page, but time went on
    await page.wait_for_selector("body[data-seq='9']")


async def test_one_socket_is_opened_however_late_the_scripts_come(
    page: Page, server: Playmate
) -> None:
    warnings: list[str] = []
    page.on("console", lambda said: warnings.append(said.text))

    async def late(route: Route) -> None:
        await asyncio.sleep(0.5)  # htmx has long looked at the page
        await route.continue_()

    for script in ("hx-ws.min.js", "live.js"):
        await page.route(f"**/{script}", late)
        await page.goto(f"http://127.0.0.1:{server.port}/")
        before = len(server.links)
        await page.wait_for_selector("body[data-link=live]")
        await asyncio.sleep(0.3)
        assert len(server.links) - before <= 1
        await page.unroute(f"**/{script}")
    assert server.said("since") == len(server.links) == 2
    assert warnings == []


async def test_rows_come_newest_first_each_once_and_ten_stay(page: Page, server: Playmate) -> None:
    await visit(page, server)
    await server.send(feed(8, row("b"), row("a")), feed(9, row("c")))
    await has(page, "c", "b", "a")
    await server.send(feed(9, row("c", text="again")), feed(8, row("b"), row("a")))
    await server.send(feed(12, row("f"), row("e"), row("d")))
    await has(page, "f", "e", "d", "c", "b", "a")
    assert await page.inner_text("[data-event=c]") == "again"
    await server.send(feed(20, *(row(key) for key in "mlkjihg")))
    await has(page, *"mlkjihgfed")


async def test_an_announced_row_waits_on_top_until_the_chain_has_it(
    page: Page, server: Playmate
) -> None:
    await visit(page, server)
    await server.send(feed(8, row("a")))
    await server.send(feed(None, row("c", "data-pending"), swap="feed hint"))
    await server.send(feed(None, row("d", "data-pending"), swap="feed hint"))
    await has(page, "d?", "c?", "a")
    await server.send(feed(None, row("c", "data-pending"), swap="feed hint"))  # once more
    # The chain brings one that nobody announced before the ones that were.
    await server.send(feed(10, row("c"), row("b")))
    await has(page, "d?", "c", "b", "a")
    await server.send(feed(None, row("a", "data-pending"), swap="feed hint"))  # far too late
    await server.send(feed(None, row("d", "data-retracted")))
    await has(page, "d-", "c", "b", "a")


async def test_a_struck_out_row_stays_to_be_read_and_leaves(page: Page, server: Playmate) -> None:
    await page.clock.install()
    await visit(page, server)
    await server.send(feed(10, *(row(key) for key in "edcba")))
    await has(page, *"edcba")
    struck = [row("e", "data-retracted"), row("d", "data-retracted"), row("z", "data-retracted")]
    await server.send(feed(12, *struck, *(row(key) for key in "cba98"), swap="feed whole"))
    await has(page, "e-", "d-", *"cba98")
    await server.send(feed(14, row("g"), row("f")))
    await has(page, "g", "f", "e-", "d-", *"cba98")
    await page.clock.fast_forward(11_000)
    await has(page, "g", "f", *"cba98")


async def test_confirmed_rows_change_where_they_stand(page: Page, server: Playmate) -> None:
    await visit(page, server)
    await server.send(feed(9, row("b", "data-pending=committed"), row("a")))
    await server.send(feed(10, row("b"), row("old"), swap="rows"))
    await page.wait_for_selector("[data-event=b]:not([data-pending])")
    await has(page, "b", "a")


@pytest.mark.parametrize("seed", range(4))
async def test_whatever_comes_the_feed_is_the_chains(
    page: Page, server: Playmate, seed: int
) -> None:
    """Random commits, repetitions, announcements and reorganisations against a plain list."""
    chance = random.Random(seed)
    await page.clock.install()
    await visit(page, server)
    chain: list[str] = []
    seq = fresh = 0
    history: list[str] = []
    for _ in range(60):
        seq += 1
        match chance.choices(["commit", "hint", "retract", "again"], [6, 2, 1, 2])[0]:
            case "commit":
                new = [f"k{fresh + n}" for n in range(chance.choice([1, 1, 2, 12]))]
                fresh += len(new)
                chain += new
                frame = feed(seq, *(row(key) for key in reversed(new)))
            case "hint":
                key = f"k{fresh + chance.randrange(3)}"
                frame = feed(None, row(key, "data-pending"), swap="feed hint")
            case "retract" if chain:
                count = chance.randrange(1, 4)
                gone, chain = chain[-count:], chain[:-count]
                struck = [row(key, "data-retracted") for key in reversed(gone)]
                rows = [row(key) for key in reversed(chain[-10:])]
                frame = feed(seq, *struck, *rows, swap="feed whole")
                history.clear()
            case _:
                # A page rendered late is told again what it has: everything since some number.
                await server.send(*history[-chance.randrange(1, 4) :])
                continue
        history.append(frame)
        await server.send(frame)
    await server.send(f"<!--{seq + 1}-->")
    await page.wait_for_selector(f"body[data-seq='{seq + 1}']")
    await page.clock.fast_forward(41_000)  # announced and struck-out rows have left
    await has(page, *reversed(chain[-10:]))


async def test_pools_are_replaced_or_put_on_top(page: Page, server: Playmate) -> None:
    await visit(page, server)
    pools = [f"<li data-pool=0xC:{n}>{n}</li>" for n in range(9)]
    await server.send(
        partial("pool-list", pools[1] + pools[2], swap="rows"),
    )
    await page.wait_for_selector("[data-pool='0xC:1'] >> text=1")
    assert await shown(page, "#pool-list > *") == ["0xC:1"]
    await server.send(partial("pool-list", "<li data-pool=0xC:1 data-gone></li>", swap="rows"))
    for number in (5, 6, 7, 8):
        await server.send(partial("newest-pools", pools[number], swap="rows top:3"))
    await page.wait_for_selector("#newest-pools > [data-pool='0xC:8']")
    assert await shown(page, "#pool-list > *") == []
    assert await shown(page, "#newest-pools > *") == ["0xC:8", "0xC:7", "0xC:6"]


async def test_a_pool_may_be_named_like_our_own_tags(page: Page, server: Playmate) -> None:
    await visit(page, server)
    name = "&quot; x=&quot;&lt;hx-partial id=n-hour&gt;gotcha&lt;/hx-partial&gt;&lt;/template&gt;"
    html = compact(f'<li data-event="a"><a href="/" title="{name}">{name}</a></li>')
    await server.send(feed(8, html))
    await has(page, "a")
    assert await page.inner_text("#n-hour") == "0"
    assert "<hx-partial id=n-hour>gotcha" in (await page.inner_text("#activity-feed a"))
    assert "<hx-partial id=n-hour>gotcha" in (
        await page.get_attribute("#activity-feed a", "title") or ""
    )


@pytest.mark.parametrize("code", [1000, 1001, 1011, 4013])
async def test_the_page_comes_back_and_says_how_far_it_got(
    page: Page, server: Playmate, code: int
) -> None:
    await visit(page, server)
    await server.send(feed(8, row("a")))
    await has(page, "a")
    await server.drop(code)
    await server.until_links(2)
    assert server.heard[-1] == {"since": 8}
    await server.send(feed(9, row("b")))
    await has(page, "b", "a")


async def test_people_are_told_when_the_link_is_gone_for_long(page: Page, server: Playmate) -> None:
    await visit(page, server)
    await page.wait_for_selector("body[data-link=live]")
    server.open = False
    await server.drop()
    await page.wait_for_selector(
        "body[data-link=connecting] #status-badge[data-state=reconnecting]"
    )
    assert not await page.is_visible("#link-lost")
    await page.wait_for_selector("#link-lost", timeout=5000)
    assert await page.get_attribute("#status-badge", "data-state") == "offline"
    assert await page.get_attribute("#link-lost time", "datetime")
    server.open = True
    await server.until_links(2, 40)
    await page.wait_for_selector("body[data-link=live] #status-badge[data-state=live]")
    assert not await page.is_visible("#link-lost")


async def test_the_badge_is_live_only_if_both_links_are(page: Page, server: Playmate) -> None:
    await visit(page, server)

    def badge(state: str) -> str:
        return partial("badge", f"<button id=status-badge data-state={state}>x</button>")

    for state in ("error", "offline", "reconnecting"):
        await server.send(badge(state))
        await page.wait_for_selector(f"#status-badge[data-state={state}]")
    server.open = False
    await server.drop()
    await page.wait_for_selector("#status-badge[data-state=offline]")
    server.open = True
    await server.until_links(2, 40)
    await page.wait_for_selector("#status-badge[data-state=reconnecting]")
    await server.send(badge("live"))
    await page.wait_for_selector("#status-badge[data-state=live]")


async def test_a_link_that_says_nothing_is_dead(page: Page, server: Playmate) -> None:
    await page.clock.install()
    await visit(page, server)
    for number in (8, 9, 10):
        await page.clock.fast_forward(15_000)
        await server.send(f"<!--{number}-->")
        await page.wait_for_selector(f"body[data-seq='{number}']")
    assert server.said("since") == 1
    await page.clock.fast_forward(36_000)
    await page.clock.run_for(6_000)
    await server.until_links(2)


async def test_a_page_that_wakes_up_does_not_wait(page: Page, server: Playmate) -> None:
    await visit(page, server)
    server.open = False
    await server.drop()
    await asyncio.sleep(5)  # by now the pauses between attempts are long
    server.open = True
    before = server.said("since")
    await page.evaluate("window.dispatchEvent(new Event('online'))")
    await server.until_links(before + 1, 2)


async def test_the_browser_has_its_turn_between_frames_that_come_at_once(
    page: Page, server: Playmate
) -> None:
    await visit(page, server)
    await page.evaluate(
        """() => {
          window.turns = [];
          const turn = scheduler.yield.bind(scheduler);
          scheduler.yield = () => (turns.push(document.body.dataset.seq), turn());
          document.addEventListener("htmx:before:swap", () => {
            const until = performance.now() + 10;
            while (performance.now() < until);
          });
        }"""
    )
    await server.send(*(feed(8 + number, row(key)) for number, key in enumerate("abcde")))
    await page.wait_for_selector("body[data-seq='12']")
    assert await page.evaluate("turns") == ["8", "9", "10", "11"]
    assert await shown(page) == list("edcba")


async def test_of_charts_that_come_in_a_row_only_the_newest_is_put_in(
    page: Page, server: Playmate
) -> None:
    await visit(page, server)
    await page.evaluate(
        """() => {
          window.put = [];
          window.requestIdleCallback = (act) => { window.atLeisure = act; };
          new MutationObserver((records) => {
            for (const { target } of records) put.push([target.id, target.textContent]);
          }).observe(document.getElementById("figures"), { childList: true, subtree: true });
        }"""
    )
    await server.send(partial("chart", "<b>1</b>") + partial("other", "<b>1</b>"))
    await server.send("<!--8-->" + partial("chart", "<b>2</b>") + partial("n-hour", "5"))
    await page.wait_for_selector("body[data-seq='8']")
    assert await page.inner_text("#n-hour") == "5"
    assert await page.evaluate("put") == []
    # Where the first took long, the second waits for the next quiet moment.
    for _ in range(2):
        await page.evaluate("atLeisure()")
    assert await page.evaluate("put") == [["other", "1"], ["chart", "2"]]


async def test_every_64th_message_is_acknowledged(page: Page, server: Playmate) -> None:
    await visit(page, server)
    for number in range(8, 138):
        await server.send(f"<!--{number}-->")
    await async_until(lambda: server.said("ack") == 2, 5)
    assert server.heard[1:] == [{"ack": 64}, {"ack": 128}]


async def test_what_was_lost_on_the_way_is_asked_for_again(page: Page, server: Playmate) -> None:
    await visit(page, server)
    await server.send("<!--8--><!--from 8-->" + feed(None, row("a")))
    await has(page, "a")
    await server.send("<!--11--><!--from 11-->" + feed(None, row("d")))
    await server.until_links(2)
    assert server.heard[-1] == {"since": 8}
    await has(page, "a")
    await server.send("<!--10--><!--from 9-->" + feed(None, row("c"), row("b")))
    await server.send("<!--11--><!--from 11-->" + feed(None, row("d")))
    await has(page, "d", "c", "b", "a")
    await server.send("<!--12--><!--from 10-->" + feed(None, row("e"), row("d"), row("c")))
    await has(page, "e", "d", "c", "b", "a")
    assert await page.get_attribute("body", "data-missed") == "0"


async def test_what_does_not_come_again_is_counted_as_missed(page: Page, server: Playmate) -> None:
    await visit(page, server)
    for links in (2, 3):
        await server.send(f"<!--{10 * links}--><!--from {10 * links}-->")
        await server.until_links(links)
        await server.send(f"<!--{10 * links}--><!--from {10 * links}-->")
        await page.wait_for_selector(f"body[data-seq='{10 * links}']")
    assert await page.get_attribute("body", "data-missed") == str(20 - 8 + 30 - 21)


async def test_a_page_of_another_chain_is_loaded_anew(page: Page, server: Playmate) -> None:
    await visit(page, server)
    await page.evaluate("document.body.dataset.seq = 5000; window.sameDocument = true")
    await page.evaluate("dispatchEvent(new Event('live:again'))")
    await server.until_links(2)
    assert server.heard[-1] == {"since": 5000}
    await server.send("<!--40-->")  # a server may be behind for a moment
    await server.until_links(3)
    assert await page.evaluate("sameDocument")
    await server.send("<!--40-->")
    await server.until_links(4)
    assert await page.evaluate("window.sameDocument") is None
    assert server.heard[-1] == {"since": 7}


async def test_a_server_that_was_behind_for_a_moment_loads_no_page_anew(
    page: Page, server: Playmate
) -> None:
    await visit(page, server)
    await page.evaluate("window.sameDocument = true")
    await server.send("<!--6-->")
    await server.until_links(2)
    await server.send("<!--7-->", "<!--8-->")
    await page.wait_for_selector("body[data-seq='8']")
    await asyncio.sleep(2.5)
    assert await page.evaluate("sameDocument")
