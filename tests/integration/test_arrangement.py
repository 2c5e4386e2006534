"""A browser arranges the dashboard for itself; what it hides is neither read nor drawn."""

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from pools import arrangement
from pools.arrangement import SECTIONS, Arrangement, read
from tests.factories import ANA, BTC, ChainFactory

PLACES = {
    "cards": 'class="cards"',
    "activity": 'id="activity-feed"',
    "newest": 'id="newest-pools"',
    "charts": 'id="charts"',
}


def shown(client: Client) -> list[str]:
    """The sections of the dashboard as they come."""
    html = client.get("/").content.decode()
    found = {name: html.find(place) for name, place in PLACES.items()}
    return sorted((name for name in found if found[name] >= 0), key=lambda name: found[name])


@pytest.mark.parametrize(
    ("cookie", "order", "hidden"),
    [
        ("", "cards activity newest charts", ""),
        ("charts.-cards", "charts cards activity newest", "cards"),
        ("nonsense.-.charts.charts.-charts", "charts cards activity newest", ""),
        (
            "-cards.-activity.-newest.-charts",
            "cards activity newest charts",
            "cards activity newest charts",
        ),
    ],
)
def test_a_cookie_is_read_whatever_it_says(cookie: str, order: str, hidden: str) -> None:
    found = read(cookie)
    assert found.order == tuple(order.split())
    assert set(SECTIONS) - found.shown == set(hidden.split())


@given(st.permutations(list(SECTIONS)), st.sets(st.sampled_from(list(SECTIONS))))
def test_what_is_kept_is_read_again(order: list[str], some: set[str]) -> None:
    arranged = Arrangement(tuple(order), frozenset(some))
    assert read(str(arranged)) == arranged
    assert {name for line in arranged.lines() for name in line} == some


@given(st.text())
def test_any_text_gives_an_arrangement_of_all_sections(text: str) -> None:
    assert set(read(text).order) == set(SECTIONS)


@pytest.mark.django_db
def test_a_browser_shows_what_it_chose_in_its_order_until_it_resets(client: Client) -> None:
    assert shown(client) == list(SECTIONS)
    answer = client.post(
        "/arrangement/",
        {"order": ["charts", "newest", "activity", "cards"], "shown": ["charts", "activity"]},
    )
    assert answer["Location"] == "/"
    assert answer.cookies[arrangement.COOKIE]["samesite"] == "Lax"
    assert shown(client) == ["charts", "activity"]
    client.post("/arrangement/", {"reset": "1"})
    assert shown(client) == list(SECTIONS)


@pytest.mark.django_db
def test_a_section_moves_one_place_and_the_form_is_shown_again(client: Client) -> None:
    form = {"order": list(SECTIONS), "shown": list(SECTIONS), "move": "up:charts"}
    assert client.post("/arrangement/", form)["Location"] == "/arrangement/"
    html = client.get("/arrangement/").content.decode()
    assert re.findall(r'name="order" value="(\w+)"', html) == [
        "cards",
        "activity",
        "charts",
        "newest",
    ]
    form["move"] = "up:nothing"
    assert client.post("/arrangement/", form)["Location"] == "/"


@pytest.mark.django_db
def test_what_is_hidden_is_not_read_and_not_listened_to(client: Client) -> None:
    chain = ChainFactory()
    chain.block(chain.created(1), chain.joined(1, ANA, BTC))
    with CaptureQueriesContext(connection) as everything:
        client.get("/")
    client.cookies[arrangement.COOKIE] = "-cards.-activity.-newest.-charts"
    with CaptureQueriesContext(connection) as nothing:
        html = client.get("/").content.decode()
    assert len(nothing) <= len(everything) - 4
    assert "topics=notices" in html
    client.cookies[arrangement.COOKIE] = "cards.-charts"
    assert "charts:24h" not in client.get("/").content.decode()


@pytest.mark.django_db
def test_the_form_wants_its_token_and_pages_differ_by_cookie() -> None:
    strict = Client(enforce_csrf_checks=True)
    assert strict.post("/arrangement/", {"reset": "1"}).status_code == 403
    assert "Cookie" in strict.get("/")["Vary"]
