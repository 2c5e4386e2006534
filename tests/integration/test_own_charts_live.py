"""Charts of one's own making follow the chain, in turns, and strangers cannot make them costly."""

import asyncio
import re
import time
from collections import deque
from collections.abc import Collection, Mapping
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError
from django.utils import timezone

from pools.charts import own
from pools.own_charts import Definition, Subject
from realtime import own_charts
from realtime.frames import Audience, Wanted
from realtime.own_figures import OwnFigures
from realtime.topics import DASHBOARD, Topic, read_topics
from tests.factories import ANA, BTC, ChainFactory, address
from tests.integration.test_hub import Browser, running
from tests.live import WebServers, watching
from tests.waiting import async_until

JOINS = "n_j_bars_page"


@pytest.fixture
def chain(records: Path) -> ChainFactory:
    chain = ChainFactory(start_time=timezone.now().replace(microsecond=0) - timedelta(minutes=5))
    chain.block(chain.created(1), chain.joined(1, ANA, BTC), at=timezone.now())
    return chain


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[tuple[float, float, set[str]]]:
    """From when to when charts were drawn, and which."""
    times: list[tuple[float, float, set[str]]] = []
    changed = OwnFigures.changed

    def noted(
        self: OwnFigures, watched: Mapping[Topic, Collection[str]], *rest: Any
    ) -> dict[Wanted, str]:
        began = time.monotonic()
        texts = changed(self, watched, *rest)
        times.append((began, time.monotonic(), {str(topic) for topic in watched}))
        return texts

    monkeypatch.setattr(OwnFigures, "changed", noted)
    return times


def audience(*topics: str, language: str = "en") -> Audience:
    return read_topics(",".join(["dashboard", *topics])), language


def parts_in(text: str) -> list[str]:
    return re.findall(rf"<hx-partial id=chart-own-{JOINS}-(\w+)>", text)


async def test_an_event_reaches_a_chart_in_each_language_and_no_other_page(
    chain: ChainFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_charts, "EACH", 0.1)
    async with running() as hub:
        english = await Browser(audience(f"own:24h:{JOINS}")).join(hub)
        spanish = await Browser(audience(f"own:24h:{JOINS}", language="es")).join(hub)
        other = await Browser(((DASHBOARD,), "en")).join(hub)
        chain.block(chain.joined(1, address("late"), BTC), at=timezone.now())
        await english.until_it_saw("Sum: 2 events")
        await spanish.until_it_saw("Suma: 2 eventos")
        assert not other.saw("chart-own")
        told = len(english.saw("chart-own"))
        chain.block(chain.left(1, ANA), at=timezone.now())  # nothing that this chart shows
        await asyncio.sleep(0.6)
        assert len(english.saw("chart-own")) == told


async def test_who_comes_is_told_once_what_a_page_may_lack(
    chain: ChainFactory, looks: list[tuple[float, float, set[str]]]
) -> None:
    async with running() as hub:
        first = await Browser(audience(f"own:24h:{JOINS}")).join(hub)
        text = await first.until_it_saw("chart-own")
        assert parts_in(text) == ["picture", "rows", "sums"]
        second = await Browser(audience(f"own:24h:{JOINS}")).join(hub)
        await second.until_it_saw("chart-own")
    assert len(looks) == 2


async def test_after_a_while_only_who_missed_something_is_told(
    chain: ChainFactory, monkeypatch: pytest.MonkeyPatch, looks: list[tuple[float, float, set[str]]]
) -> None:
    monkeypatch.setattr(own_charts, "LATELY", 0.0)
    async with running() as hub:
        seen = hub.last_seq
        first = await Browser(audience(f"own:24h:{JOINS}")).join(hub)
        await first.until_it_saw("chart-own")
        await Browser(audience(f"own:24h:{JOINS}")).join(hub)
        await asyncio.sleep(0.3)
        assert len(looks) == 1
        late = await Browser(audience(f"own:24h:{JOINS}")).join(hub, since=max(0, seen - 1))
        await late.until_it_saw("chart-own")


async def test_many_charts_of_strangers_take_turns_and_rest_in_between(
    chain: ChainFactory, monkeypatch: pytest.MonkeyPatch, looks: list[tuple[float, float, set[str]]]
) -> None:
    monkeypatch.setattr(own_charts, "REST", 3.0)
    every = {f"own:24h:{Definition('j', subject=Subject(ANA, number))}" for number in range(1, 19)}
    topics = sorted(every)
    async with running() as hub:
        for place in range(0, len(topics), 6):
            await Browser(audience(*topics[place : place + 6])).join(hub)
        await async_until(lambda: set().union(*(some for *_times, some in looks)) == every, 20)
    assert max(len(some) for *_times, some in looks) <= own_charts.AT_ONCE
    assert len(looks) >= len(every) / own_charts.AT_ONCE
    for (began, ended, _some), (again, *_rest) in pairwise(looks):
        assert again - ended >= 3 * (ended - began)


async def test_what_could_not_be_read_is_told_when_it_can(
    chain: ChainFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_charts, "EACH", 0.1)
    two = [f"own:24h:{chart}" for chart in (JOINS, "n_l_bars_page")]
    async with running() as hub:
        browser = await Browser(audience(*two)).join(hub)
        await browser.until_it_saw("chart-own-n_l")
        read, fails = own.Reader.read, ["once"]

        def fail_at_the_second(self: own.Reader, of: Definition) -> own.Found:
            if of.letters == "l" and fails:
                fails.pop()
                raise OperationalError("database is locked")
            return read(self, of)

        monkeypatch.setattr(own.Reader, "read", fail_at_the_second)
        chain.block(chain.joined(1, address("late"), BTC), at=timezone.now())
        await browser.until_it_saw("Sum: 2 events")
        assert not fails


async def test_newcomers_keep_nobody_from_being_told(
    chain: ChainFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_charts, "EACH", 0.1)
    monkeypatch.setattr(own_charts, "REST", 3.0)
    async with running() as hub:
        browser = await Browser(audience(f"own:24h:{JOINS}")).join(hub)
        await browser.until_it_saw("chart-own")
        over = asyncio.Event()

        async def come() -> None:
            number, here = 0, deque[Browser]()
            while not over.is_set():
                number += 6
                every = [Subject(ANA, number + each) for each in range(6)]
                topics = [f"own:24h:{Definition('j', subject=each)}" for each in every]
                here.append(await Browser(audience(*topics)).join(hub))
                await asyncio.sleep(0.01)
                if len(here) > 8:
                    left = here.popleft()
                    hub.leave(left.outlet, left.audience)

        coming = asyncio.create_task(come())
        try:
            for joins in (2, 3):
                chain.block(chain.joined(1, address(f"late {joins}"), BTC), at=timezone.now())
                await browser.until_it_saw(f"Sum: {joins} events", 20)
        finally:
            over.set()
            await coming


async def test_beyond_a_bound_no_further_charts_are_heard_of_but_those_of_others_are(
    chain: ChainFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_charts, "MOST", 1)
    async with running() as hub:
        first = await Browser(audience(f"own:24h:{JOINS}")).join(hub)
        another = await Browser(audience("own:24h:n_l_bars_page")).join(hub)
        alike = await Browser(audience(f"own:24h:{JOINS}")).join(hub)
        for browser in (first, alike):
            await browser.until_it_saw("chart-own")
        await asyncio.sleep(0.5)
        assert not another.saw("chart-own")


async def test_frames_are_made_once_for_browsers_with_whatever_charts_of_their_own(
    chain: ChainFactory,
) -> None:
    async with running() as hub:
        plain = await Browser(audience()).join(hub)
        others = [
            await Browser(audience(f"own:24h:{chart}")).join(hub)
            for chart in ("n_j_bars_page", "n_l_bars_page", "n_y_line_page")
        ]
        chain.block(chain.joined(1, address("late"), BTC), at=timezone.now())
        frame = await plain.until_it_saw("id=activity-feed")
        for browser in others:
            assert await browser.until_it_saw("id=activity-feed") is frame


async def test_what_was_told_of_charts_that_nobody_watches_is_forgotten(
    chain: ChainFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_charts, "EACH", 0.0)
    async with running() as hub:
        gone = Browser(audience(f"own:24h:{JOINS}"))
        await gone.join(hub)
        await gone.until_it_saw("chart-own")
        hub.leave(gone.outlet, gone.audience)
        here = await Browser(audience("own:7d:n_l_bars_page")).join(hub)
        await here.until_it_saw("chart-own")
        chain.block(chain.joined(1, address("late"), BTC), at=timezone.now())
        figures = hub.source.own_figures
        await async_until(lambda: {topic.period for topic, _language in figures._told} == {"7d"}, 5)


async def test_a_browser_of_the_real_server_hears_of_its_chart(
    web_servers: WebServers, chain: ChainFactory
) -> None:
    server = web_servers.start()
    async with watching(server, f"dashboard,own:7d:btc_j_sum_page_{ANA}", first_word=1) as watcher:
        await watcher.read()
        chain.block(chain.joined(1, ANA, 2 * BTC), at=timezone.now())
        frame = await watcher.read_text("<b>3</b> BTC", 15)
    assert f"chart-own-btc_j_sum_page_{ANA}-picture" in frame
    assert "style=" not in frame
