"""After a restart of the web server everybody comes back at once, and misses nothing."""

import asyncio
import random
import re

from pools import selectors
from pools.rows import FEED_ROWS
from tests.factories import ANA, ChainFactory
from tests.live import WebServers, watching

BROWSERS = 2000
EVENT_ROWS = re.compile(r"data-event=[\"']?(0x[0-9a-f]{64}:\d+)")
JITTER = 1.0  # seconds over which our script spreads the first attempt


async def test_two_thousand_come_back_within_a_minute(web_servers: WebServers) -> None:
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
        await asyncio.sleep(chance.uniform(0, JITTER))
        async with watching(
            server, first_word=seen, open_timeout=60, ping_interval=None
        ) as browser:
            while not (rows := browser.keys or EVENT_ROWS.findall("".join(browser.frames))):
                await browser.read(60)
            await browser.read_until(last, 60)
            back.release()
            await home.wait()
            return browser.keys or rows

    browsers = [asyncio.create_task(come_back()) for _ in range(BROWSERS)]
    async with asyncio.timeout(60):
        for _ in range(BROWSERS):
            await back.acquire()
    home.set()
    shown = await asyncio.gather(*browsers)
    # Whose first word is heard late gets them late.
    assert [keys for keys in shown if keys not in (missed, newest)] == []
    assert shown.count(missed) > BROWSERS / 2
    assert "Traceback" not in server.said()
