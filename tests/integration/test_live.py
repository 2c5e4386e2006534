"""The live socket as a browser meets it: real Daphne, real Redis, records that grow."""

import asyncio
import json
import random
import re
import time
import urllib.request
from contextlib import suppress
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.test import AsyncClient
from django.utils import timezone
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from pools import ingest, selectors
from pools.ingest import LIVE_LOGS
from pools.models import Contract
from pools.segments import Segment
from realtime import publisher
from tests.factories import ANA, BEA, BTC, CARO, CHAIN_ID, CONTRACT, ChainFactory
from tests.live import ORIGIN, Watcher, WebServers, watching
from tests.redis_server import RedisServer
from tests.waiting import async_until

PATIENT = 20  # seconds


def keys(limit: int = 10) -> list[str]:
    """The feed as the API tells it, newest first."""
    return [row.key for row in selectors.latest_events(limit)]


async def test_a_browser_is_told_of_each_event_once_and_in_order(web_servers: WebServers) -> None:
    chain = ChainFactory()
    seen = chain.block(chain.created(1, name="Casa")).last_seq
    server = web_servers.start()
    async with watching(server, first_word=seen) as browser:
        for amount in range(1, 6):
            committed = chain.block(chain.joined(1, ANA), chain.joined(1, BEA, amount * BTC))
            await publisher.announce_sequence(committed.last_seq)
        await browser.read_until(committed.last_seq)
        assert browser.keys == keys()[::-1]
        assert browser.numbered == sorted(set(browser.numbered))


async def test_an_announcement_arrives_faster_than_the_next_look(web_servers: WebServers) -> None:
    chain = ChainFactory()
    server = web_servers.start()
    async with watching(server, since=0) as browser:
        await browser.read()
        loop = asyncio.get_running_loop()
        times = []
        for pool_id in range(1, 8):
            await asyncio.sleep(0.13)  # at another moment between two looks each time
            committed = chain.block(chain.created(pool_id))
            began = loop.time()
            await publisher.announce_sequence(committed.last_seq)
            await browser.read_until(committed.last_seq)
            times.append(loop.time() - began)
        assert sorted(times)[3] < 0.2, times


async def test_who_was_away_gets_exactly_what_was_missed(web_servers: WebServers) -> None:
    chain = ChainFactory()
    chain.block(chain.created(1))
    server = web_servers.start()
    async with watching(server, since=1) as browser:
        seen = chain.block(chain.joined(1, ANA)).last_seq
        await browser.read_until(seen)
    for _ in range(3):
        missed = chain.block(chain.joined(1, BEA), chain.joined(1, CARO)).last_seq
    for way in ({"since": seen}, {"first_word": seen}):
        async with watching(server, **way) as browser:
            await browser.read_until(missed)
            await browser.read()  # how things stand
            now = chain.block(chain.joined(1, ANA)).last_seq
            await browser.read_until(now)
            assert browser.keys == keys(now - seen)[::-1]
        missed = now


async def test_who_saw_half_of_a_frame_gets_the_other_half(web_servers: WebServers) -> None:
    chain = ChainFactory()
    server = web_servers.start()
    async with watching(server, since=0) as browser:
        await browser.read()
        last = chain.block(*(chain.created(number) for number in range(1, 5))).last_seq
        await browser.read_until(last)
        assert len(browser.numbered) == 1
    async with watching(server, since=2) as browser:
        await browser.read_until(last)
        assert browser.keys == keys(2)[::-1]


async def test_a_restarted_server_still_knows_the_last_events(web_servers: WebServers) -> None:
    chain = ChainFactory()
    chain.block(chain.created(1))
    for _ in range(4):
        last = chain.block(chain.joined(1, ANA)).last_seq
    async with watching(web_servers.start(), since=2) as browser:
        await browser.read_until(last)
        assert browser.keys == keys(3)[::-1]


async def test_a_number_that_was_never_given_out_gets_a_snapshot(web_servers: WebServers) -> None:
    chain = ChainFactory()
    last = chain.block(*(chain.created(number) for number in range(1, 15))).last_seq
    server = web_servers.start()
    for strange in ("999999", "-1", "x", "", "1e3", "9" * 30, "%F0%9F%98%80"):
        async with watching(server, since=strange) as browser:
            await browser.read_until(last)
            assert rows_of_snapshot(browser.frames[0]) == keys()
    for said in (None, "now", -5, 2**70, 1.5, [], {"a": 1}, True):
        async with watching(server) as browser:
            await browser.socket.send(f'{{"since": {json.dumps(said)}}}')
            await browser.read_until(last)
            assert rows_of_snapshot(browser.frames[0]) == keys()


def rows_of_snapshot(frame: str) -> list[str]:
    inside = re.search(r'id=activity-feed hx-swap="feed whole">(.*?)</hx-partial>', frame)
    assert inside, frame
    return re.findall(r"data-event=(0x\w+:\d+)", inside[1])


async def test_a_batch_shows_everything_anew(web_servers: WebServers) -> None:
    chain = ChainFactory()
    server = web_servers.start()
    async with watching(server, since=0) as browser:
        await browser.read()
        last = chain.blocks(*((chain.created(number),) for number in range(1, 151))).last_seq
        await browser.read_until(last)
        assert len(browser.numbered) == 1
        assert rows_of_snapshot(browser.frames[-1]) == keys()


async def test_history_that_comes_in_batches_holds_up_no_live_event(
    web_servers: WebServers,
) -> None:
    chain = ChainFactory()
    for number in range(1, 12):
        seen = chain.block(chain.created(number)).last_seq
    server = web_servers.start()
    async with watching(server, "dashboard,pools", since=seen) as browser:
        await browser.read()
        started = time.monotonic()
        for number in (97, 95, 93, 91):
            store_past_pool(chain, pool_id=number, block=number)
            last = chain.block(chain.joined(1, ANA)).last_seq
            await publisher.announce_sequence(last)
            await browser.read_until(last)
        assert time.monotonic() - started < 2
        assert browser.keys == keys(4)[::-1]
        assert not any("feed whole" in frame for frame in browser.frames)
        assert "<hx-partial id=n-pools>15</hx-partial>" in browser.frames[-1]
        # What no message names is told whole, now and then.
        await browser.read_text(f"data-pool={CONTRACT}:91")


def store_past_pool(chain: ChainFactory, *, pool_id: int, block: int) -> None:
    """What the backfill does with a block of the past in which a pool was created."""
    header = chain._header(block, chain.headers[0].timestamp - 1000)
    below = chain.headers[0]
    Contract.objects.update(start_block=90)
    segment = Segment(
        chain_id=CHAIN_ID,
        from_block=block,
        to_block=below.number,
        headers=(header, below),
        logs=tuple(chain._logs(header, (chain.created(pool_id),))),
        addresses=frozenset({CONTRACT}),
        endpoint="node.example",
    )
    ingest.fill(segment, chain.contract, lease=chain.lease)


async def test_a_retraction_strikes_out_and_repairs_the_list(web_servers: WebServers) -> None:
    chain = ChainFactory()
    for number in range(1, 13):
        chain.block(chain.created(number))
    server = web_servers.start()
    async with watching(server, since=12) as browser:
        await browser.read()
        struck = keys(2)
        last = chain.roll_back(chain.head.number - 2).last_seq
        await browser.read_until(last)
        frame = browser.frames[-1]
        assert re.findall(r"data-event=(0x\w+:\d+) data-retracted", frame) == struck
        assert rows_of_snapshot(frame) == [*struck, *keys()]
        assert "<hx-partial id=n-pools>10</hx-partial>" in frame
        # The new branch goes on top as always.
        last = chain.block(chain.created(11)).last_seq
        await browser.read_until(last)
        assert browser.keys == keys(1)


async def test_the_list_of_pools_gets_the_rows_that_changed(web_servers: WebServers) -> None:
    chain = ChainFactory()
    seen = chain.block(chain.created(1), chain.created(2)).last_seq
    server = web_servers.start()
    async with watching(server, "pools", since=seen) as browser:
        await browser.read()
        await browser.read_until(chain.block(chain.joined(1, ANA), chain.created(3)).last_seq)
        frame = browser.frames[-1]
        assert re.findall(rf"data-pool={CONTRACT}:(\d)", frame) == ["1", "3"]
        assert "id=pool-list hx-swap=list>" in frame
        assert 'id=pool-list hx-swap="list new">' in frame
        await browser.read_until(chain.roll_back(chain.head.number - 1).last_seq)
        assert f"<li data-pool={CONTRACT}:3 data-gone>" in browser.frames[-1]


async def test_a_pools_page_hears_of_its_own_pool_alone(web_servers: WebServers) -> None:
    chain = ChainFactory()
    seen = chain.block(chain.created(1), chain.created(2)).last_seq
    server = web_servers.start()
    topic = f"pool:{CONTRACT}:1"
    async with watching(server, topic, since=seen) as browser:
        await browser.read()
        await browser.read_until(chain.block(chain.joined(2, ANA)).last_seq)
        assert (
            browser.frames[-1] == f"<!--{browser.seq}--><!--from {browser.seq}-->"
        )  # time goes on
        now = chain.block(chain.joined(1, ANA), chain.joined(2, BEA)).last_seq
        await browser.read_until(now)
        assert len(browser.keys) == 1
        page = await browser.read_text("id=pool-members")
        assert ANA in page
        assert "id=pool-facts" in page
    # Who was away is told of facts and members once, and of each event.
    for member in (BEA, CARO):
        last = chain.block(chain.joined(1, member)).last_seq
    async with watching(server, topic, since=now) as browser:
        await browser.read_until(last)
        page = await browser.read_text("id=pool-members")
        assert CARO in page
        assert len(browser.keys) == 2
        assert sum("id=pool-members" in frame for frame in browser.frames) == 1


async def test_a_frame_of_one_event_fits_into_400_bytes(web_servers: WebServers) -> None:
    chain = ChainFactory()
    chain.block(chain.created(1, name="Ahorro familiar"))
    server = web_servers.start()
    async with watching(server, since=1) as browser:
        await browser.read()
        await async_until(lambda: f"{timezone.now():%M:%S}" < "59:50", 15)  # no hour ends meanwhile
        now = timezone.now()
        await browser.read_until(chain.block(chain.joined(1, ANA), at=now).last_seq)
        await browser.read_until(chain.block(chain.joined(1, ANA, BTC // 3), at=now).last_seq)
        frame = browser.frames[-1]
        assert "id=n-today" in frame
        assert "id=n-hour" in frame
        assert len(frame.encode()) <= 400, frame


async def test_the_language_is_that_of_the_page(web_servers: WebServers) -> None:
    chain = ChainFactory()
    server = web_servers.start()
    chain.block(chain.created(1))
    for headers, word in (
        ({"Cookie": "django_language=es"}, "creó"),
        ({"Accept-Language": "fr, es-MX;q=0.8, en;q=0.5"}, "creó"),
        ({"Cookie": "django_language=xx", "Accept-Language": "en"}, "created"),
        ({"Cookie": '=;;"', "Accept-Language": "*"}, "created"),
    ):
        async with watching(server, since=0, additional_headers=headers) as browser:
            await browser.read_until(1)
            assert word in browser.frames[0], headers
    # What the page's address says stands before the cookie, which the next tab may have changed.
    spanish = {"Cookie": "django_language=es"}
    for said, word in (("en", "created"), ("es-MX", "creó"), ("xx", "creó"), ("../en", "creó")):
        topics = f"dashboard&lang={said}"
        async with watching(server, topics, since=0, additional_headers=spanish) as browser:
            await browser.read_until(1)
            assert word in browser.frames[0], said


async def test_who_does_not_say_how_far_it_is_is_told(web_servers: WebServers) -> None:
    chain = ChainFactory()
    chain.block(chain.created(1))
    server = web_servers.start()
    async with watching(server) as browser:
        standing = await browser.read()
        assert standing.startswith("<hx-partial id=badge>")
        assert "<hx-partial id=n-pools>1</hx-partial>" in standing
        assert standing.endswith("<!--1-->")
        last = chain.block(chain.created(2)).last_seq
        await browser.read_until(last)
        assert browser.keys == keys(1)
    async with watching(server, since=1) as browser:  # as it was told
        await browser.read_until(last)
        assert browser.keys == keys(1)


async def test_strangers_are_refused(web_servers: WebServers) -> None:
    server = web_servers.start()
    for url, origin in (
        (f"{server.url}?topics=dashboard", None),
        (f"{server.url}?topics=dashboard", "https://evil.example"),
        (f"{server.url}?topics=dashboard", "null"),
        (f"{server.url}?topics=", ORIGIN),
        (f"{server.url}?topics=dashboard&topics=pools", ORIGIN),
        (f"{server.url}?topics=pool:{CONTRACT}:{2**256}", ORIGIN),
        (f"{server.url}?topics=pool:0x12:1", ORIGIN),
        (f"{server.url}?topics=pool:{CONTRACT}:%D9%A3", ORIGIN),
        (f"{server.url}?topics=../../etc/passwd", ORIGIN),
        (f"{server.url}?topics=" + ",".join(["dashboard"] * 9), ORIGIN),
        (f"{server.url}?topics=dashboard&" + "a=1&" * 300, ORIGIN),
        (server.url.replace("/ws/live/", "/ws/other/") + "?topics=dashboard", ORIGIN),
    ):
        with pytest.raises(InvalidStatus) as refused:
            async with connect(url, origin=origin):  # type: ignore[arg-type]
                pass
        assert refused.value.response.status_code == 403, url
    assert "Traceback" not in server.said()


@pytest.mark.parametrize("program", ["daphne", "uvicorn"])
async def test_who_says_what_nobody_may_say_is_shown_out(
    web_servers: WebServers, program: str
) -> None:
    server = web_servers.start(program)
    for said in (
        "hello",
        "[]",
        "{}",
        '{"since": 1, "more": 2}',
        '{"ack": "1"}',
        "[" * 4000,
        b"\x00\x01",
        "x" * 4097,
        "x" * (2 * 1024 * 1024),
    ):
        async with watching(server, since=0) as browser:
            with suppress(ConnectionClosed):  # it may be shown out before all is said
                await browser.socket.send(said)
            assert await closing_code(browser) in (1008, 4008, 1009, 4009, 1006), said
    async with watching(server, since=0) as browser:
        with suppress(ConnectionClosed):
            for _ in range(50):
                await browser.socket.send('{"ack": 1}')
        assert await closing_code(browser) in (1008, 4008)
    async with watching(server, since=0) as browser:  # everybody else is served as before
        await browser.read()
    assert "Traceback" not in server.said()


async def closing_code(browser: Watcher) -> int:
    try:
        while True:
            await browser.read(PATIENT)
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else 1006


@pytest.mark.parametrize("program", ["daphne", "uvicorn"])
async def test_one_address_may_not_take_all_places(web_servers: WebServers, program: str) -> None:
    server = web_servers.start(program, SOCKETS_PER_ADDRESS="2")

    def from_address(address: str) -> dict[str, object]:
        return {"since": 0, "additional_headers": {"X-Forwarded-For": f"9.9.9.9, {address}"}}

    async with watching(server, **from_address("1.1.1.1")) as first:
        await first.read()
        async with watching(server, **from_address("1.1.1.1")) as second:
            await second.read()
            async with watching(server, **from_address("1.1.1.1")) as third:
                with pytest.raises(ConnectionClosed) as closed:
                    await third.read()
            assert closed.value.rcvd
            assert closed.value.rcvd.code == {"daphne": 4013, "uvicorn": 1013}[program]
            for other in (from_address("8.8.8.8"), {"since": 0}, {"since": 0}, {"since": 0}):
                async with watching(server, **other) as elsewhere:
                    await elsewhere.read()

        async def is_let_in_again() -> bool:
            async with watching(server, **from_address("1.1.1.1")) as again:
                try:
                    await again.read()
                except ConnectionClosed:  # the server has not heard yet that the second has gone
                    return False
                return True

        await async_until(is_let_in_again, PATIENT)

    def metrics() -> str:
        with urllib.request.urlopen(f"{ORIGIN}:{server.port}/metrics") as answer:
            text: str = answer.read().decode()
        return text

    counted = await asyncio.to_thread(metrics)
    assert 'coopsite_refused_total{why="too many from one address"}' in counted


async def test_switched_off_means_refused(web_servers: WebServers) -> None:
    server = web_servers.start(ENABLE_LIVE="false")
    with pytest.raises(InvalidStatus):
        async with watching(server):
            pass


async def test_redis_may_go_and_come_back(web_servers: WebServers, own_redis: RedisServer) -> None:
    chain = ChainFactory()
    server = web_servers.start()
    async with watching(server, since=0) as browser:
        await browser.read()
        own_redis.stop()
        last = chain.block(chain.created(1)).last_seq
        await publisher.announce_sequence(last)  # nobody is there to take it
        await browser.read_until(last, 3)
        own_redis.start()

        async def is_told_at_once() -> bool:
            committed = chain.block(chain.joined(1, ANA))
            began = asyncio.get_running_loop().time()
            await publisher.announce_sequence(committed.last_seq)
            await browser.read_until(committed.last_seq)
            return asyncio.get_running_loop().time() - began < 0.1

        # Several times in a row, which polling once a second cannot do by luck.
        async def is_told_at_once_each_time() -> bool:
            return all([await is_told_at_once() for _ in range(6)])

        await async_until(is_told_at_once_each_time, PATIENT)
        assert browser.keys == keys(len(browser.keys))[::-1]
        assert len(browser.keys) == selectors.current_seq()


async def test_an_announced_event_is_shown_until_it_is_committed(web_servers: WebServers) -> None:
    chain = ChainFactory()
    chain.block(chain.created(1, name="Casa"))
    server = web_servers.start()
    async with watching(server, since=1) as browser:
        await browser.read()
        hint = next_event_of(chain)
        await publisher.announce_hint(hint)
        frame = await browser.read()
        key = f"{hint['block_hash']}:{hint['log_index']}"
        assert frame.startswith('<hx-partial id=activity-feed hx-swap="feed hint">')
        assert f"data-event={key} data-pending" in frame
        assert "id=n-" not in frame
        await publisher.announce_hint(hint)  # once more, as nodes do
        last = chain.block(chain.joined(1, ANA)).last_seq
        await browser.read_until(last)
        assert browser.keys == [key]
        assert "data-pending" not in browser.frames[-1]
        await publisher.retract_hint(key, "too late to be taken back")
        await publisher.announce_hint(hint)
        lost = next_event_of(chain)
        await publisher.announce_hint(lost)
        await browser.read_text(f"data-event={lost['block_hash']}:0 data-pending")
        await publisher.retract_hint(f"{lost['block_hash']}:0", "the block was not there")
        await browser.read_text(f"data-event={lost['block_hash']}:0 data-retracted")
        assert sum(f"{key} data-pending" in frame for frame in browser.frames) == 1


async def test_an_announced_event_that_came_true_among_many_is_never_struck_out(
    web_servers: WebServers,
) -> None:
    chain = ChainFactory()
    chain.block(chain.created(1, name="Casa"))
    server = web_servers.start()
    async with watching(server, since=1) as browser:
        await browser.read()
        hint = next_event_of(chain)
        key = f"{hint['block_hash']}:{hint['log_index']}"
        await publisher.announce_hint(hint)
        await browser.read_text(f"data-event={key} data-pending")
        last = chain.block(*(chain.joined(1, ANA) for _ in range(LIVE_LOGS + 1))).last_seq
        await browser.read_until(last)
        await publisher.retract_hint(key, "said too late")
        following = next_event_of(chain)
        await publisher.announce_hint(following)  # told after whatever became of the retraction
        await browser.read_text(f"data-event={following['block_hash']}:0 data-pending")
        assert not any("data-retracted" in frame for frame in browser.frames)


def next_event_of(chain: ChainFactory) -> dict[str, object]:
    """The notification of a join in the block that would come next."""
    header = chain._header(chain.head.number + 1, chain.head.timestamp + 10)
    raw = chain._logs(header, (chain.joined(1, ANA),))[0]
    return {
        "block_hash": raw.block_hash,
        "log_index": raw.log_index,
        "block_number": raw.block_number,
        "contract": raw.address,
        "topics": "0x" + raw.topics.hex(),
        "data": "0x" + raw.data.hex(),
        "transaction_hash": raw.transaction_hash,
    }


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_comes_between_everyone_sees_everything_once(
    web_servers: WebServers, seed: int
) -> None:
    chance = random.Random(seed)
    chain = ChainFactory()
    seen = chain.block(chain.created(1)).last_seq
    server = web_servers.start()
    over = asyncio.Event()

    async def restless() -> list[str]:
        """A browser that comes and goes, and remembers how far it was."""
        got: list[str] = []
        at = seen
        while True:
            final = over.is_set()
            way = chance.choice(["since", "first_word"])
            async with watching(server, **{way: at}) as browser:
                if final:
                    await browser.read_until(selectors.current_seq(), PATIENT)
                else:
                    try:
                        for _ in range(chance.randrange(12)):
                            await browser.read(chance.random() / 5)
                    except TimeoutError:
                        pass
            assert not any("feed whole" in frame for frame in browser.frames)
            got += browser.keys
            at = max(at, browser.seq or 0)
            if final:
                return got

    async def busy() -> None:
        for _ in range(60):
            events = [
                chain.joined(1, chance.choice([ANA, BEA]))
                for _ in range(chance.choice([1, 1, 2, 5]))
            ]
            committed = chain.block(*events)
            if chance.random() < 0.8:
                await publisher.announce_sequence(committed.last_seq)
            await asyncio.sleep(chance.random() / 20)
        over.set()

    *told, _ = await asyncio.gather(*(restless() for _ in range(8)), busy())
    expected = keys(selectors.current_seq() - seen)[::-1]
    for got in told:
        assert got == expected


async def test_a_page_without_live_updates_asks_for_none(
    records: Path, async_client: AsyncClient, settings: LazySettings
) -> None:
    ChainFactory()
    assert 'hx-ws:connect="/ws/live/?topics=dashboard,charts:24h&amp;lang=en"' in (
        await page_text(async_client)
    )
    settings.ENABLE_LIVE = False
    assert "hx-ws:connect" not in (await page_text(async_client))


async def page_text(client: AsyncClient) -> str:
    text: str = (await client.get("/")).content.decode()
    return text


async def test_whose_first_word_comes_late_still_gets_what_was_missed(
    web_servers: WebServers,
) -> None:
    chain = ChainFactory()
    seen = chain.block(chain.created(1)).last_seq
    for _ in range(3):
        last = chain.block(chain.joined(1, ANA)).last_seq
    async with watching(web_servers.start()) as browser:
        await browser.read(10)  # how things stand: the server has given up waiting for the word
        assert browser.keys == []
        await browser.socket.send(json.dumps({"since": seen}))
        await browser.read_until(last)
        while len(browser.keys) < 3:
            await browser.read(10)
        assert browser.keys == keys(3)[::-1]
