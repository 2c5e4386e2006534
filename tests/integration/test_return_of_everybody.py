"""After a restart of the web server everybody comes back at once, and misses nothing."""

import asyncio
import random
import re
from contextlib import suppress

from websockets.exceptions import ConnectionClosed, InvalidHandshake

from pools import selectors
from pools.rows import FEED_ROWS
from tests.factories import ANA, ChainFactory
from tests.live import WebServers, watching

BROWSERS = 2000
EVENT_ROWS = re.compile(r"data-event=[\"']?(0x[0-9a-f]{64}:\d+)")
FIRST_DELAY, LONGEST_DELAY = 1.0, 15.0  # seconds, each of them at most, as in our script
PATIENCE = 240.0  # seconds: alone on two cores all are back after ten to fifteen


async def test_two_thousand_come_back_at_once_and_miss_nothing(web_servers: WebServers) -> None:
    chance = random.Random(1)
    chain = ChainFactory()
    seen = chain.block(chain.created(1)).last_seq
    for _ in range(20):
        last = chain.block(chain.joined(1, ANA)).last_seq
    missed = [row.key for row in selectors.latest_events(50)][::-1][1:]
    assert len(missed) == last - seen
    newest = [row.key for row in selectors.latest_events(FEED_ROWS)]
    server = web_servers.start()
    back = asyncio.Semaphore(0)
    home = asyncio.Event()

    async def come_back() -> list[str]:
        delay = FIRST_DELAY
        while True:
            await asyncio.sleep(delay * chance.random())
            # Daphne drops a socket whose handshake waits five seconds for its turn, as on a slow
            # machine some of so many do: our script comes again then, a little later each time.
            with suppress(InvalidHandshake, ConnectionClosed, OSError):
                return await visit()
            delay = min(2 * delay, LONGEST_DELAY)

    async def visit() -> list[str]:
        async with watching(
            server, first_word=seen, open_timeout=PATIENCE, ping_interval=None
        ) as browser:
            while not (rows := browser.keys or EVENT_ROWS.findall("".join(browser.frames))):
                await browser.read(PATIENCE)
            await browser.read_until(last, PATIENCE)
            back.release()
            await home.wait()
            return browser.keys or rows

    async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as group:
        browsers = [group.create_task(come_back()) for _ in range(BROWSERS)]
        for _ in range(BROWSERS):
            await back.acquire()
        home.set()
    shown = [browser.result() for browser in browsers]
    # Whose first word is heard late gets them late.
    assert [keys for keys in shown if keys not in (missed, newest)] == []
    assert shown.count(missed) > BROWSERS / 2
    assert "Traceback" not in server.said()
