"""After a restart of the web server everybody comes back at once, and misses nothing."""

import asyncio
import random
import re

import pytest

from pools import selectors
from pools.rows import FEED_ROWS
from tests.factories import ANA, ChainFactory
from tests.live import WebServers, watching
from tests.returning import until_let_in

BROWSERS = 2000
EVENT_ROWS = re.compile(r"data-event=[\"']?(0x[0-9a-f]{64}:\d+)")
PATIENCE = 240  # seconds; how soon they are back is measured by the bench


@pytest.mark.timeout(PATIENCE + 60)
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

    async def visit() -> list[str]:
        async with watching(
            server, first_word=seen, open_timeout=PATIENCE, ping_interval=None
        ) as browser:
            try:
                while not (rows := browser.keys or EVENT_ROWS.findall("".join(browser.frames))):
                    await browser.read(PATIENCE)
                await browser.read_until(last, PATIENCE)
            except TimeoutError as error:
                raise AssertionError("let in, and not told") from error
            back.release()
            await home.wait()
            return browser.keys or rows

    async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as group:
        browsers = [group.create_task(until_let_in(visit, chance)) for _ in range(BROWSERS)]
        for _ in range(BROWSERS):
            await back.acquire()
        home.set()
    shown = [browser.result() for browser in browsers]
    # Whose first word is heard late gets them late.
    assert [keys for keys in shown if keys not in (missed, newest)] == []
    assert shown.count(missed) > BROWSERS / 2
    assert "Traceback" not in server.said()
