"""A link to the chain that broke is told by a banner after three seconds, on every page."""

import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone

from pools import selectors
from pools.models import ConnectionSpell, ListenerStatus
from realtime import asides
from tests.factories import ChainFactory, listener
from tests.integration.test_hub import Browser, SilentLayer, running
from tests.integration.test_query_plans import plan

BROKE = "<strong>The link to the chain broke</strong>"
SILENT = "<strong>Our listener fell silent</strong>"


@pytest.fixture
def chain(records: Path) -> ChainFactory:
    return ChainFactory()


def spells(*, broke: float) -> datetime:
    """A link that stood for an hour, and broke so many seconds ago; returns when."""
    now = timezone.now()
    at = now - timedelta(seconds=broke)
    ConnectionSpell.objects.create(state="live", since=at - timedelta(hours=1), until=at)
    ConnectionSpell.objects.create(state="reconnecting", since=at, until=now)
    return at


@pytest.mark.django_db
@pytest.mark.parametrize(("seconds", "told"), [(2.9, False), (3, True), (19, True)])
def test_it_is_time_to_tell_after_three_seconds(seconds: float, told: bool) -> None:
    now = timezone.now()
    listener(state="reconnecting", updated_at=now)
    broke = spells(broke=0)
    assert selectors.connection(broke + timedelta(seconds=seconds)).broken_since == (
        broke if told else None
    )


@pytest.mark.django_db
def test_every_page_says_since_when(client: Client) -> None:
    listener(state="reconnecting", updated_at=timezone.now())
    broke = spells(broke=4000)
    for page in ("/", "/pools/", "/status/"):
        html = client.get(page).text
        shown = re.search(rf"{BROKE}\s*<time datetime=\"([^\"]+)\"", html)
        assert shown is not None, page
        assert shown[1] == broke.strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.mark.django_db
@pytest.mark.parametrize("state", ["live", "connecting"])
def test_a_link_that_stands_or_is_made_for_the_first_time_is_not_told(
    client: Client, state: str
) -> None:
    listener(state=state, updated_at=timezone.now())
    spells(broke=60)
    html = client.get("/pools/").text
    assert BROKE not in html
    assert SILENT not in html


@pytest.mark.django_db
@pytest.mark.parametrize(("state", "ago"), [("live", 60), ("offline", 4)])
def test_a_listener_that_is_gone_is_told_apart(client: Client, state: str, ago: int) -> None:
    heard = timezone.now() - timedelta(seconds=ago)
    listener(state=state, updated_at=heard)
    html = client.get("/pools/").text
    assert SILENT in html
    assert BROKE not in html
    assert selectors.connection().broken_since == heard


@pytest.mark.django_db
def test_a_site_without_any_listener_yet_has_nothing_to_tell(client: Client) -> None:
    assert SILENT not in client.get("/pools/").text


@pytest.mark.django_db
def test_when_a_link_last_stood_is_found_however_often_it_broke_since() -> None:
    stood = ConnectionSpell.objects.filter(state="live").order_by("-pk").values_list("until")
    assert "spell_of_state" in plan(stood[:1])
    assert "TEMP B-TREE" not in plan(stood[:1])


@pytest.mark.parametrize(("state", "broke"), [("error", BROKE), ("offline", SILENT)])
async def test_open_pages_hear_in_time_that_nothing_is_left_to_wait_for(
    chain: ChainFactory, monkeypatch: pytest.MonkeyPatch, state: str, broke: str
) -> None:
    monkeypatch.setattr(asides, "LOOK", 60.0)
    monkeypatch.setattr(asides, "LOOK_AT_BROKEN", 0.1)
    status = listener(updated_at=timezone.now())
    layer = SilentLayer()
    async with running(layer=layer) as hub:
        browser = await Browser().join(hub)
        spells(broke=0)
        ListenerStatus.objects.filter(pk=status.pk).update(state=state, updated_at=timezone.now())
        layer.said.put_nowait({"type": "live.status"})
        await browser.until_it_saw(f"data-state={state}")
        await browser.until_it_saw(broke)


async def test_open_pages_hear_of_it_when_it_is_time_and_when_it_is_over(
    chain: ChainFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asides, "LOOK_AT_BROKEN", 0.1)
    status = listener(updated_at=timezone.now())
    layer = SilentLayer()
    async with running(layer=layer) as hub:
        browser = await Browser().join(hub)
        spells(broke=0)
        ListenerStatus.objects.filter(pk=status.pk).update(state="reconnecting")
        layer.said.put_nowait({"type": "live.status"})
        await browser.until_it_saw("data-state=reconnecting")
        assert not browser.saw(BROKE), "some links are back before anybody noticed"
        await browser.until_it_saw(BROKE)
        ListenerStatus.objects.filter(pk=status.pk).update(state="live", updated_at=timezone.now())
        layer.said.put_nowait({"type": "live.status"})
        await browser.until_it_saw("<hx-partial id=banners></hx-partial>")
