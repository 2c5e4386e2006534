"""The hub inside a test: what it tells without being asked, and what it survives."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError
from django.utils import timezone

from pools import ingest, selectors
from pools.models import ListenerStatus, Pool
from realtime import asides
from realtime import hub as module
from realtime.frames import Audience
from realtime.hub import Full, Hub, NotReady
from realtime.outlet import Outlet
from realtime.source import Source
from realtime.topics import DASHBOARD, NOWHERE, POOLS, Topic
from tests.factories import ANA, BEA, CONTRACT, ChainFactory, listener
from tests.waiting import async_until

ENGLISH: Audience = ((DASHBOARD,), "en")
SPANISH: Audience = ((DASHBOARD,), "es")


class SilentLayer:
    """A channel layer over which nobody says anything, but the test."""

    def __init__(self) -> None:
        self.said: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def new_channel(self) -> str:
        return "test"

    async def group_add(self, group: str, channel: str) -> None:
        pass

    async def receive(self, _channel: str) -> dict[str, Any]:
        return await self.said.get()


class Browser:
    """One outlet and what came out of it."""

    def __init__(self, audience: Audience = ENGLISH) -> None:
        self.audience = audience
        self.texts: list[str] = []
        self.outlet = Outlet(self._take)

    async def _take(self, message: dict[str, Any]) -> None:
        self.texts.append(message["text"])

    async def join(self, hub: Hub, since: int | None = None) -> "Browser":
        await hub.join(self.outlet, self.audience, since)
        return self

    def saw(self, pattern: str) -> list[str]:
        return [text for text in self.texts if re.search(pattern, text)]

    async def until_it_saw(self, pattern: str, seconds: float = 5) -> str:
        await async_until(lambda: self.saw(pattern), seconds)
        return self.saw(pattern)[-1]


@asynccontextmanager
async def running(source: Source | None = None, layer: Any = None) -> AsyncIterator[Hub]:
    hub = Hub(source or Source(), layer or SilentLayer())
    hub.start()
    yield hub
    await hub.stop()


@pytest.fixture
def chain(records: Path) -> ChainFactory:
    return ChainFactory(start_time=timezone.now().replace(microsecond=0) - timedelta(minutes=5))


async def test_the_badge_changes_with_the_listeners_state(chain: ChainFactory) -> None:
    status = listener(updated_at=timezone.now())
    layer = SilentLayer()
    async with running(layer=layer) as hub:
        browser = await Browser().join(hub)
        assert browser.saw("id=status-badge[^>]*")[0].count("data-state=live") >= 1
        ListenerStatus.objects.filter(pk=status.pk).update(state="reconnecting")
        layer.said.put_nowait({"type": "live.status"})
        await browser.until_it_saw("data-state=reconnecting")
        told = len(browser.saw("<hx-partial id=badge>"))
        layer.said.put_nowait({"type": "live.status"})  # nothing that anybody could see
        await asyncio.sleep(0.2)
        assert len(browser.saw("<hx-partial id=badge>")) == told


async def test_a_listener_that_falls_silent_is_noticed(
    chain: ChainFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asides, "LOOK", 0.1)
    status = listener(updated_at=timezone.now())
    async with running() as hub:
        browser = await Browser().join(hub)
        long_ago = timezone.now() - timedelta(minutes=1)
        ListenerStatus.objects.filter(pk=status.pk).update(updated_at=long_ago)
        await browser.until_it_saw("data-state=offline")


async def test_a_sign_of_life_tells_how_far_we_are(
    chain: ChainFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asides, "HEARTBEAT", 0.1)
    seq = chain.block(chain.created(1)).last_seq
    async with running() as hub:
        browser = await Browser().join(hub)
        sign = f"^<!--{seq}--><hx-partial id=live-stat"
        await async_until(lambda: len(browser.saw(sign)) >= 3, 20)


async def test_numbers_change_when_the_hour_does(
    chain: ChainFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain.block(chain.created(1), at=timezone.now())
    turns = iter([1, 1])
    monkeypatch.setattr(asides, "_turn", lambda: next(turns, 2))
    later = timezone.now() + timedelta(hours=1)
    around = selectors.surroundings
    monkeypatch.setattr(module, "POLL", 0.1)
    async with running() as hub:
        browser = await Browser().join(hub)
        assert browser.saw("id=n-hour>1<")
        monkeypatch.setattr(selectors, "surroundings", lambda: around(later))
        turns = iter([])
        await browser.until_it_saw("id=n-hour>0<")
        newcomer = await Browser().join(hub)
        assert newcomer.saw("id=n-hour>0<")


async def test_each_text_is_made_once_and_shared(chain: ChainFactory) -> None:
    seq = chain.block(chain.created(1)).last_seq
    async with running() as hub:
        browsers = [await Browser().join(hub, seq) for _ in range(50)]
        spanish = await Browser(SPANISH).join(hub, seq)
        chain.block(chain.joined(1, ANA))
        await async_until(lambda: all(browser.saw("joined") for browser in browsers))
        assert len({id(browser.saw("joined")[0]) for browser in browsers}) == 1
        assert len({id(browser.texts[0]) for browser in browsers}) == 1
        await spanish.until_it_saw("se unió")


async def test_many_who_were_away_too_long_share_one_snapshot(
    chain: ChainFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain.block(chain.created(1))
    made = []
    snapshot = Source.snapshot
    monkeypatch.setattr(
        Source, "snapshot", lambda self, audience: made.append(1) or snapshot(self, audience)
    )
    async with running() as hub:
        browsers = [Browser() for _ in range(200)]
        await asyncio.gather(*(browser.join(hub, NOWHERE) for browser in browsers))
        assert len(made) == 1
        assert all(browser.saw("feed whole") for browser in browsers)


async def test_a_database_that_fails_for_a_while_costs_no_event_and_no_number(
    chain: ChainFactory, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "RETRY", 0.05)
    seq = chain.block(chain.created(1)).last_seq
    broken = False
    outbox_after = selectors.outbox_after

    def fails(after: int, limit: int) -> Any:
        if broken:
            raise OperationalError("the disk is on fire")
        return outbox_after(after, limit)

    monkeypatch.setattr(selectors, "outbox_after", fails)
    async with running() as hub:
        browser = await Browser().join(hub, seq)
        broken = True
        last = chain.block(chain.joined(1, ANA), at=timezone.now()).last_seq
        await async_until(lambda: "on fire" in caplog.text)
        broken = False
        frame = await browser.until_it_saw(f"^<!--{last}-->")
        assert "id=n-members>1<" in frame
        assert not browser.saw("feed whole")


async def test_a_hub_that_cannot_begin_says_so(
    chain: ChainFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "READY", 0.2)
    monkeypatch.setattr(module, "RETRY", 0.05)

    def fails() -> int:
        raise OperationalError("no such table")

    monkeypatch.setattr(selectors, "current_seq", fails)
    async with running() as hub:
        with pytest.raises(NotReady):
            await Browser().join(hub)


async def test_a_pools_page_follows_within_seconds(chain: ChainFactory) -> None:
    seq = chain.block(chain.created(1), chain.created(2)).last_seq
    audience: Audience = ((Topic("pool", CONTRACT, 1),), "en")
    async with running() as hub:
        browser = await Browser(audience).join(hub, seq)
        chain.block(chain.joined(1, ANA), chain.joined(2, BEA))
        page = await browser.until_it_saw("id=pool-members")
        assert ANA in page
        assert BEA not in page
        gone = chain.roll_back(chain.head.number - 2).last_seq
        await browser.until_it_saw(f"^<!--{gone}-->.*data-retracted")


async def test_nobody_who_left_is_remembered(chain: ChainFactory) -> None:
    async with running() as hub:
        for number in range(20):
            audience: Audience = ((Topic("pool", CONTRACT, number),), "en")
            browser = await Browser(audience).join(hub, NOWHERE)
            hub.leave(browser.outlet, audience)
        assert hub.watched("pool") == {}
        assert hub._welcomes._standings == {}
        assert hub._welcomes._snapshots == {}


@pytest.mark.parametrize(("language", "name"), [("en", "Housing"), ("es", "Vivienda")])
async def test_a_category_that_staff_set_reaches_open_pages_in_their_language(
    chain: ChainFactory, language: str, name: str
) -> None:
    chain.block(chain.created(1, name="Nothing"))
    async with running() as hub:
        audience: Audience = ((POOLS, Topic("pool", CONTRACT, 1)), language)
        browser = await Browser(audience).join(hub)
        assert not browser.saw(name)
        ingest.correct([Pool.objects.get().pk], "housing")
        await browser.until_it_saw(f"id=pool-list[^$]*tone-indigo.>{name}<", 20)
        await browser.until_it_saw(f"id=pool-facts[^$]*tone-indigo.>{name}<", 20)


async def test_strangers_cannot_have_frames_made_for_any_number_of_wishes(
    chain: ChainFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_AUDIENCES", 2)
    async with running() as hub:
        await Browser(ENGLISH).join(hub)
        spanish = await Browser(SPANISH).join(hub)
        pool: Audience = ((Topic("pool", CONTRACT, 1),), "en")
        with pytest.raises(Full):
            await Browser(pool).join(hub)
        await Browser(ENGLISH).join(hub)  # what others wish for already is let in
        await spanish.join(hub, NOWHERE)  # and who is in stays in
        hub.leave(spanish.outlet, SPANISH)
        await Browser(pool).join(hub)
