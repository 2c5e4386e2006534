"""The charts follow the chain for those who watch them, seldom and only where something differs."""

import asyncio
import re
import time
from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from pools.charts import dashboard
from realtime import charts
from realtime.figures import Figures
from realtime.frames import Audience
from realtime.topics import CHARTS, DASHBOARD, read_topics
from tests.factories import ANA, BTC, ChainFactory, address
from tests.integration.test_hub import Browser, running
from tests.live import WebServers, watching

DAY: Audience = ((CHARTS["charts:24h"], DASHBOARD), "en")
WEEK: Audience = ((CHARTS["charts:7d"], DASHBOARD), "es")
PARTS = re.compile(r"<hx-partial id=(chart-\w+-\w+)>")


@pytest.fixture
def chain(records: Path) -> ChainFactory:
    chain = ChainFactory(start_time=timezone.now().replace(microsecond=0) - timedelta(minutes=5))
    chain.block(chain.created(1), chain.joined(1, ANA, BTC), at=timezone.now())
    return chain


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[tuple[float, str]]:
    """When charts were read, and of which period."""
    times: list[tuple[float, str]] = []
    read = dashboard.charts

    def noted(period: str, names: Sequence[str]) -> list[dashboard.Chart]:
        times.append((time.monotonic(), period))
        return read(period, names)

    monkeypatch.setattr(dashboard, "charts", noted)
    return times


def parts_in(text: str) -> list[str]:
    return PARTS.findall(text)


async def test_an_event_reaches_each_watched_period_in_its_language(chain: ChainFactory) -> None:
    async with running() as hub:
        day, week = await Browser(DAY).join(hub), await Browser(WEEK).join(hub)
        chain.block(chain.joined(1, address("late"), BTC), at=timezone.now())
        rows = await day.until_it_saw("id=chart-activity-rows")
        assert rows.count("<tr>") - rows.partition("chart-activity-rows")[0].count("<tr>") >= 24
        told = await week.until_it_saw("id=chart-rhythm-rows")
        assert "lun" in (await week.until_it_saw("id=chart-rhythm-picture")) or "lun" in told
        assert day.saw("Mon ")


async def test_only_what_differs_is_told(chain: ChainFactory) -> None:
    figures, topic = Figures(), CHARTS["charts:24h"]

    def changed(language: str) -> list[str]:
        return parts_in(figures.changed("24h", {topic: {language}})[topic][language])

    assert len(changed("en")) == 14
    assert changed("en") == []
    assert len(changed("es")) == 14
    chain.block(chain.joined(1, address("late"), BTC), at=timezone.now())
    parts = changed("en")
    assert {"chart-activity-picture", "chart-activity-rows", "chart-activity-sums"} <= set(parts)
    assert "chart-pools-rows" not in parts
    assert "chart-categories-picture" not in parts


async def test_who_missed_something_is_told_the_charts_on_coming_and_nobody_else(
    chain: ChainFactory,
) -> None:
    seen = chain.block(chain.joined(1, address("one"), BTC), at=timezone.now()).last_seq
    async with running() as hub:
        newcomer = await Browser(DAY).join(hub, since=seen)
        assert parts_in("".join(newcomer.texts)) == []
        late = await Browser(DAY).join(hub, since=seen - 1)
        assert len(parts_in("".join(late.texts))) == 14


async def test_a_page_with_kept_charts_is_told_what_others_were_told_lately(
    chain: ChainFactory,
) -> None:
    async with running() as hub:
        before = await Browser(DAY).join(hub)
        seen = chain.block(chain.joined(1, address("one"), BTC), at=timezone.now()).last_seq
        await before.until_it_saw("id=chart-activity-rows")
        newcomer = await Browser(DAY).join(hub, since=seen)
        await newcomer.until_it_saw("id=chart-activity-rows")


async def test_a_burst_is_told_at_once_and_then_now_and_then(
    chain: ChainFactory, looks: list[tuple[float, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(charts, "EACH", 0.6)
    monkeypatch.setattr(charts, "REST", 0.0)
    async with running() as hub:
        browser = await Browser(DAY).join(hub)
        looks.clear()
        for number in range(12):
            chain.block(chain.joined(1, address(f"burst {number}"), BTC), at=timezone.now())
            await asyncio.sleep(0.1)
        await browser.until_it_saw("<td>14</td></tr>", 15)
    assert all(after[0] - before[0] >= 0.55 for before, after in pairwise(looks))
    assert {period for _at, period in looks} == {"24h"}


async def test_who_shows_some_charts_is_told_of_these_alone(chain: ChainFactory) -> None:
    (some,) = read_topics("charts:24h:sizes.activity")
    async with running() as hub:
        few, all_of_them = await Browser(((some,), "en")).join(hub), await Browser(DAY).join(hub)
        seen = chain.block(chain.joined(1, address("late"), BTC), at=timezone.now()).last_seq
        await few.until_it_saw("id=chart-activity-rows")
        await all_of_them.until_it_saw("id=chart-rhythm-rows")
        newcomer = await Browser(((some,), "en")).join(hub, since=seen - 1)
    assert few.saw("id=chart-sizes-picture")
    for browser in (few, newcomer):
        told = parts_in("".join(browser.texts))
        assert {part.rpartition("-")[0] for part in told} == {"chart-activity", "chart-sizes"}


def test_what_nobody_shows_of_a_period_is_not_read(chain: ChainFactory) -> None:
    (some,) = read_topics("charts:24h:sizes")
    with CaptureQueriesContext(connection) as queries:
        Figures().changed("24h", {some: {"en"}})
    read = " ".join(query["sql"] for query in queries)
    assert "pools_pool" in read
    assert "pools_hourlyactivity" not in read


async def test_charts_that_nobody_watches_are_not_read(
    chain: ChainFactory, looks: list[tuple[float, str]]
) -> None:
    async with running() as hub:
        browser = await Browser(((DASHBOARD,), "en")).join(hub)
        chain.block(chain.joined(1, address("late"), BTC), at=timezone.now())
        await browser.until_it_saw("id=activity-feed")
        await asyncio.sleep(0.3)
        assert looks == []


async def test_a_browser_of_the_real_server_hears_of_its_period(
    web_servers: WebServers, chain: ChainFactory
) -> None:
    server = web_servers.start()
    async with watching(server, "dashboard,charts:30d", first_word=1) as watcher:
        await watcher.read()
        chain.block(chain.joined(1, address("late"), BTC), at=timezone.now())
        frame = await watcher.read_text("<hx-partial id=chart-activity-picture>", 15)
    assert "</svg>" in frame
    assert "style=" not in frame
