"""The status page and the banner about history follow the work, and cost nothing while it rests."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from pools import selectors, silences
from pools.alerts import raise_alert, resolve
from pools.models import AlertSilence, ConnectionSpell, Contract, HistoricalScan, LatencySample
from pools.status_rows import Status
from realtime import asides, progress
from realtime.frames import Audience
from realtime.panels import PANELS
from realtime.topics import DASHBOARD, STATUS
from tests.factories import ANA, CONTRACT, ChainFactory, address, listener
from tests.integration.test_hub import Browser, SilentLayer, running
from tests.ledger import cover, followed, hold_the_lease, scan
from tests.waiting import async_until

WATCHER: Audience = ((STATUS,), "en")
SPANISH: Audience = ((STATUS,), "es")


class Told:
    """A hub, and what it is told."""

    def __init__(self, hub: Any, layer: SilentLayer) -> None:
        self.hub = hub
        self._layer = layer

    async def browser(self, audience: Audience = WATCHER) -> Browser:
        return await Browser(audience).join(self.hub)

    def progress(self) -> None:
        self._layer.said.put_nowait({"type": "live.progress"})


@asynccontextmanager
async def told() -> AsyncIterator[Told]:
    layer = SilentLayer()
    async with running(layer=layer) as hub:
        yield Told(hub, layer)


@pytest.fixture
def contract(records: Path) -> Contract:
    contract = followed(CONTRACT)
    listener(updated_at=timezone.now(), head=1000)
    Contract.objects.update(folded_to=1000)
    cover(contract, 100, 499)
    return contract


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks may follow each other at once."""
    for name in ("EACH", "REST", "BANNER_EACH"):
        monkeypatch.setattr(progress, name, 0.0)


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """When the status was read."""
    times: list[float] = []
    read: Callable[[], Status] = selectors.status

    def noted() -> Status:
        times.append(time.monotonic())
        return read()

    monkeypatch.setattr(selectors, "status", noted)
    return times


def panels_in(text: str) -> set[str]:
    return set(re.findall(r"<hx-partial id=status-(\w+)>", text))


async def test_whoever_comes_is_told_every_panel(contract: Contract) -> None:
    async with told() as hub:
        browser = await hub.browser()
        assert panels_in(browser.texts[0]) == set(PANELS)
        spanish = await hub.browser(SPANISH)
        assert "Demostrados" in spanish.texts[0]
        elsewhere = await hub.browser(((DASHBOARD,), "en"))
        assert panels_in("".join(elsewhere.texts)) == set()


async def test_only_what_changed_is_told(contract: Contract, quick: None) -> None:
    async with told() as hub:
        browser, spanish = await hub.browser(), await hub.browser(SPANISH)
        hub.progress()
        await asyncio.sleep(0.3)
        before = len(browser.texts)
        hold_the_lease()
        scan(contract, 500, 1000, state="running", started_at=timezone.now())
        hub.progress()
        news = await browser.until_it_saw("id=status-scans>.*Backfill")
        assert panels_in(news) == {"scans", "coverage"}
        await spanish.until_it_saw("id=status-scans>.*Lectura del pasado")
        assert len(browser.texts) == before + 1


async def test_a_scan_that_goes_on_is_followed_to_its_end(contract: Contract, quick: None) -> None:
    hold_the_lease()
    work = scan(contract, 500, 999, state="running", started_at=timezone.now())
    row = HistoricalScan.objects.filter(pk=work.pk)
    async with told() as hub:
        browser = await hub.browser()
        for done, percent in ((599, 20), (749, 50), (998, 99)):
            row.update(done_to=done, events_found=done * 3)
            hub.progress()
            await browser.until_it_saw(f"id=status-scans>.*{percent} %")
        cover(contract, 500, 1000, scan=work)
        row.update(state="done", finished_at=timezone.now())
        hub.progress()
        news = await browser.until_it_saw("No scan is at work")
        assert panels_in(news) == {"verdict", "scans", "coverage", "ended", "pieces"}
        assert "100\u202f%" in news


async def test_nothing_new_is_not_told(contract: Contract, quick: None) -> None:
    async with told() as hub:
        browser = await hub.browser()
        hub.progress()
        await asyncio.sleep(0.2)
        before = len(browser.texts)
        for _ in range(5):
            hub.progress()
            await asyncio.sleep(0.1)
        assert len(browser.texts) == before


async def test_however_often_somebody_says_so_it_is_read_once_a_second(
    contract: Contract, looks: list[float]
) -> None:
    async with told() as hub:
        await hub.browser()
        looks.clear()
        await keep_saying(hub, lambda: len(looks) >= 3)
    assert all(after - before >= 1 for before, after in pairwise(looks))


async def test_a_ledger_that_takes_long_to_read_is_read_less_often(
    contract: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "EACH", 0.0)
    read = selectors.status
    times: list[float] = []

    def slow() -> Status:
        times.append(time.monotonic())
        time.sleep(0.02)
        return read()

    async with told() as hub:
        await hub.browser()
        monkeypatch.setattr(selectors, "status", slow)
        await keep_saying(hub, lambda: len(times) >= 3)
    assert all(after - before >= 0.02 * progress.REST for before, after in pairwise(times))


async def keep_saying(hub: Told, enough: Callable[[], bool]) -> None:
    """Announce progress again and again until it had its effect."""

    def says() -> bool:
        hub.progress()
        return enough()

    await async_until(says, 30)


async def test_a_status_that_nobody_watches_is_not_read(
    contract: Contract, quick: None, looks: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asides, "LOOK", 0.1)
    async with told() as hub:
        browser = await hub.browser(((DASHBOARD,), "en"))
        for _ in range(5):
            hub.progress()
            await asyncio.sleep(0.1)
        assert looks == []
        assert panels_in("".join(browser.texts)) == set()


async def test_without_a_word_from_anybody_it_is_looked_at_now_and_then(
    contract: Contract, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asides, "LOOK", 0.1)
    async with told() as hub:
        browser, elsewhere = await hub.browser(), await hub.browser(((DASHBOARD,), "en"))
        cover(contract, 500, 599)
        await browser.until_it_saw("id=status-pieces>.*500 – 599")
        Contract.objects.update(folded_to=599)
        await elsewhere.until_it_saw("History is being read: 55 %")


async def test_a_committed_block_is_in_the_ledger_at_once(records: Path, quick: None) -> None:
    chain = ChainFactory()
    chain.block(chain.created(1))
    async with told() as hub:
        browser = await hub.browser()
        chain.block(chain.joined(1, ANA))
        await browser.until_it_saw("id=status-pieces>.*100 – 101")


async def test_the_banner_comes_and_goes_with_the_gap(contract: Contract, quick: None) -> None:
    async with told() as hub:
        watching = await hub.browser(), await hub.browser(((DASHBOARD,), "en"))
        for browser in watching:
            assert browser.saw("<hx-partial id=banners></hx-partial>")
        Contract.objects.update(folded_to=499)
        hub.progress()
        for browser in watching:
            await browser.until_it_saw("id=banners>.*History is being read: 44 %.*block 499")
        newcomer = await hub.browser(((DASHBOARD,), "es"))
        assert newcomer.saw("id=banners>.*La historia se está leyendo: 44 %")
        Contract.objects.update(folded_to=1000)
        hub.progress()
        for browser in watching:
            await browser.until_it_saw("<hx-partial id=banners></hx-partial>$")


async def test_a_banner_that_stood_when_we_began_leaves(contract: Contract, quick: None) -> None:
    Contract.objects.update(folded_to=499)
    async with told() as hub:
        browser = await hub.browser(((DASHBOARD,), "en"))
        assert browser.saw("History is being read: 44 %")
        Contract.objects.update(folded_to=1000)
        hub.progress()
        await browser.until_it_saw("<hx-partial id=banners></hx-partial>")


async def test_a_gap_that_pools_passed_over_is_told_to_everybody(
    contract: Contract, quick: None
) -> None:
    async with told() as hub:
        browser = await hub.browser(((DASHBOARD,), "en"))
        about = {"contract": contract.address, "from_block": 500}
        raise_alert("gap", "a", "no proof", about)
        hub.progress()
        await browser.until_it_saw("Something may be missing")
        resolve("a")
        hub.progress()
        await browser.until_it_saw("<hx-partial id=banners></hx-partial>")


async def test_a_silence_is_told_to_an_open_page_when_it_begins_and_when_it_ends(
    contract: Contract, quick: None
) -> None:
    raise_alert("rule", "rule:1", "“Too quiet”: 0 events")
    async with told() as hub:
        browser = await hub.browser()
        await browser.until_it_saw("Too quiet")
        silences.make(["rule:1"], until=timezone.now() + timedelta(hours=1), by="mallory")
        hub.progress()
        assert "mallory" not in await browser.until_it_saw("silenced until")
        AlertSilence.objects.all().delete()
        resolve("rule:1")
        hub.progress()
        await browser.until_it_saw("No alert is open")


async def test_a_banner_that_says_the_same_is_not_sent_again(
    contract: Contract, quick: None
) -> None:
    Contract.objects.update(folded_to=499)
    async with told() as hub:
        browser = await hub.browser(((DASHBOARD,), "en"))
        for _ in range(4):
            hub.progress()
            await asyncio.sleep(0.1)
        assert len(browser.saw("id=banners")) <= 2


async def test_everybodys_banner_changes_at_most_every_few_seconds(contract: Contract) -> None:
    async with told() as hub:
        browser = await hub.browser(((DASHBOARD,), "en"))
        hub.progress()
        await asyncio.sleep(0.2)
        before = len(browser.saw("id=banners"))
        for block in range(500, 560):
            Contract.objects.update(folded_to=block)
            hub.progress()
            await asyncio.sleep(0.02)
        assert len(browser.saw("id=banners")) == before


async def test_a_frame_that_changes_other_banners_keeps_this_one(records: Path) -> None:
    chain = ChainFactory()
    followed(address("one whose history is still to be read"), start_block=50)
    async with told() as hub:
        browser = await hub.browser(((DASHBOARD,), "en"))
        chain.block(chain.event("Paused", account=ANA))
        news = await browser.until_it_saw("Paused")
        assert "show as soon as it has begun" in news


async def test_how_the_link_stood_is_told_when_it_changes_and_not_as_time_goes_by(
    contract: Contract, quick: None
) -> None:
    now = timezone.now()
    spell = ConnectionSpell.objects.create(
        state="live", since=now - timedelta(hours=30), until=now, endpoint="node.example"
    )
    async with told() as hub:
        browser = await hub.browser()
        hub.progress()
        await asyncio.sleep(0.2)
        before = len("".join(browser.texts).split("status-history"))
        for _ in range(3):
            ConnectionSpell.objects.filter(pk=spell.pk).update(until=timezone.now())
            hub.progress()
            await asyncio.sleep(0.1)
        # The bar moves by a cell every few minutes, perhaps just now.
        assert len("".join(browser.texts).split("status-history")) <= before + 1
        now = timezone.now()
        ConnectionSpell.objects.filter(pk=spell.pk).update(until=now)
        ConnectionSpell.objects.create(state="reconnecting", since=now, until=now, attempts=1)
        hub.progress()
        news = await browser.until_it_saw("id=status-spells>.*Reconnecting")
        assert {"history", "spells"} <= panels_in(news)
        LatencySample.objects.create(
            minute=int(now.timestamp()) // 60, endpoint="a", answer_count=1, answer_sum=33
        )
        hub.progress()
        news = await browser.until_it_saw("33 ms or less")
        assert {"latency", "samples"} <= panels_in(news)
