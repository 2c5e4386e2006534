"""Badges and the card that other sites show: true, escaped, cached, and framed nowhere else."""

import json
from typing import Any
from xml.etree import ElementTree

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from pools import badges
from pools.models import Pool
from tests.factories import ANA, BTC, ChainFactory, listener

pytestmark = pytest.mark.django_db
SITE = [f"/badges/{name}" for name in badges.OF_SITE]
NOWHERE = f"pools/0x{'11' * 20}/1/"
EVIL = '"><script>alert(1)</script>&]('


@pytest.fixture
def chain() -> ChainFactory:
    chain = ChainFactory()
    chain.block(chain.created(1, name="Casa", max_members=5), chain.joined(1, ANA, 2 * BTC))
    listener(updated_at=timezone.now(), head=chain.head.number)
    return chain


def place() -> str:
    pool = Pool.objects.get(pool_id=1)
    return f"pools/{pool.contract.address}/1/"


def told(client: Client, path: str) -> Any:
    return json.loads(client.get(f"{path}.json").content)


def test_badges_tell_the_sites_numbers_as_shields_io_reads_them(
    client: Client, chain: ChainFactory
) -> None:
    assert told(client, "/badges/pools") == {
        "schemaVersion": 1,
        "label": "pools",
        "message": "1",
        "color": badges.COLOURS["blue"],
    }
    assert told(client, "/badges/btc")["message"] == "2"
    assert told(client, "/badges/live")["message"] in {"Live", "Offline"}
    assert told(client, "/badges/events-today")["label"] == "events today"


def test_badges_of_a_pool_tell_its_members_money_and_status(
    client: Client, chain: ChainFactory
) -> None:
    pool = f"/badges/{place()}"
    assert told(client, f"{pool}members")["label"] == "Casa"
    assert told(client, f"{pool}members")["message"] == "1 / 5 members"
    assert told(client, f"{pool}pooled")["message"] == "2 BTC"
    assert told(client, f"{pool}status")["message"] == "Open"


@pytest.mark.parametrize("path", SITE)
def test_a_picture_is_well_formed_and_says_the_same_as_the_data(
    client: Client, chain: ChainFactory, path: str
) -> None:
    response = client.get(f"{path}.svg")
    assert response["Content-Type"].startswith("image/svg+xml")
    data = told(client, path)
    picture = ElementTree.fromstring(response.content)  # noqa: S314 - our own
    assert picture.get("aria-label") == f"{data['label']}: {data['message']}"


def test_badges_speak_the_language_of_who_looks(client: Client, chain: ChainFactory) -> None:
    response = client.get("/badges/pools.json", headers={"accept-language": "es"})
    assert json.loads(response.content)["label"] == "grupos"
    assert "Accept-Language" in response["Vary"]


def test_what_caches_share_is_in_the_language_of_header_or_address_whatever_a_cookie_says(
    client: Client, chain: ChainFactory
) -> None:
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "es"
    labels = {
        (language, lang): (
            json.loads(answer.content)["label"],
            answer["Content-Language"],
        )
        for language in ("en", "es-PE,en;q=0.5", "fr")
        for lang in ("", "es", "en", "x" * 600)
        for answer in [
            client.get("/badges/pools.json", {"lang": lang}, headers={"accept-language": language})
        ]
    }
    spanish = {("es-PE,en;q=0.5", ""), ("es-PE,en;q=0.5", "x" * 600)}
    for (language, lang), told_in in labels.items():
        in_spanish = lang == "es" or (language, lang) in spanish
        assert told_in == (("grupos", "es") if in_spanish else ("pools", "en"))
    card = client.get(f"/embed/{place().lower()}", {"lang": "es"}, follow=True)
    assert 'lang="es"' in card.content.decode()
    assert 'lang="en"' in client.get(f"/embed/{place()}").content.decode()


def test_who_has_the_badge_is_not_sent_it_again_until_it_changes(
    client: Client, chain: ChainFactory
) -> None:
    first = client.get("/badges/pools.svg")
    assert first["Cache-Control"] == "public, max-age=30"
    same = client.get("/badges/pools.svg", headers={"if-none-match": first["ETag"]})
    assert (same.status_code, same.content) == (304, b"")
    chain.block(chain.created(2))
    other = client.get("/badges/pools.svg", headers={"if-none-match": first["ETag"]})
    assert other.status_code == 200


def test_any_site_may_read_the_data_and_nobody_is_given_a_cookie(
    client: Client, chain: ChainFactory
) -> None:
    for path in (*SITE, f"/badges/{place()}members", f"/badges/{place()}status"):
        response = client.get(f"{path}.json")
        assert response["Access-Control-Allow-Origin"] == "*"
        assert not response.cookies
        assert "Cookie" not in response.get("Vary", "")
        assert client.post(f"{path}.json").status_code == 405
        assert "Access-Control-Allow-Origin" not in client.get(f"{path}.svg")


@pytest.mark.parametrize(
    "path",
    ["badges/nothing.svg", "badges/pools.png", f"badges/{NOWHERE}members.svg"],
)
def test_a_badge_that_does_not_exist_is_not_found(client: Client, path: str) -> None:
    assert client.get(f"/{path}").status_code == 404


def test_a_name_cannot_leave_its_place_in_badge_card_or_snippet(
    client: Client, chain: ChainFactory
) -> None:
    Pool.objects.update(name=EVIL)
    picture = client.get(f"/badges/{place()}members.svg").content
    assert EVIL in str(ElementTree.fromstring(picture).get("aria-label"))  # noqa: S314
    for path in (f"/embed/{place()}", f"/{place()}"):
        html = client.get(path).content.decode()
        assert "<script>alert" not in html
    assert "&amp;lt;script&amp;gt;alert(1)" in html  # the snippet's own escaping, shown as it is


def test_the_card_may_be_framed_by_anybody_and_does_nothing_else(
    client: Client, chain: ChainFactory
) -> None:
    response = client.get(f"/embed/{place()}")
    policy = response["Content-Security-Policy"]
    assert "frame-ancestors *" in policy
    assert "script-src 'none'" in policy
    assert "form-action 'none'" in policy
    assert "X-Frame-Options" not in response
    assert not response.cookies
    assert "Cookie" not in response.get("Vary", "")
    html = response.content.decode()
    assert "Casa" in html
    assert "<form" not in html
    assert "<script" not in html


def test_a_pool_that_is_no_more_is_told_of_in_the_frame(client: Client) -> None:
    response = client.get(f"/embed/{NOWHERE}", {"lang": "es"})
    assert response.status_code == 404
    assert "frame-ancestors *" in response["Content-Security-Policy"]
    assert "X-Frame-Options" not in response
    assert "Aquí no hay nada" in response.content.decode()
    assert b"<script" not in response.content


def test_every_other_page_stays_out_of_frames(client: Client, chain: ChainFactory) -> None:
    for path in (
        "/",
        "/pools/",
        "/events/",
        "/status/",
        f"/{place()}",
        f"/{NOWHERE}",
    ):
        response = client.get(path)
        assert "frame-ancestors 'none'" in response["Content-Security-Policy"]
        assert response["X-Frame-Options"] == "DENY"


def test_the_pools_page_offers_what_to_copy(client: Client, chain: ChainFactory) -> None:
    html = client.get(f"/{place()}").content.decode()
    assert f"http://testserver/embed/{place()}" in html
    assert f"](http://testserver/badges/{place()}members.svg)](http://testserver/{place()})" in html
