"""A browser arranges the dashboard for itself; what it hides is neither read nor drawn."""

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from pools import arrangement
from pools.arrangement import EVERYTHING, PARTS, SECTIONS, Arrangement, read
from pools.charts.titles import ALL as ALL_CHARTS
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
    assert found.among() == order.split()
    assert set(EVERYTHING) - found.chosen == set(hidden.split())
    assert found.parts("charts") == (() if "charts" in hidden else ALL_CHARTS)


@given(st.permutations(list(EVERYTHING)), st.sets(st.sampled_from(list(EVERYTHING))))
def test_what_is_kept_is_read_again(order: list[str], some: set[str]) -> None:
    arranged = Arrangement(tuple(order), frozenset(some))
    assert read(str(arranged)) == arranged
    shown = {name for line in arranged.lines() for name in line}
    with_parts = {name for name in PARTS if any(part.startswith(f"{name}:") for part in some)}
    assert shown == {
        name for name in some & set(SECTIONS) if name in with_parts or name not in PARTS
    }


def test_the_longest_cookie_is_read_whole() -> None:
    arranged = Arrangement(tuple(reversed(EVERYTHING)), frozenset())
    assert read(str(arranged)) == arranged


@given(st.text())
def test_any_text_gives_an_arrangement_of_everything(text: str) -> None:
    assert set(read(text).order) == set(EVERYTHING)


@pytest.mark.django_db
def test_a_browser_shows_what_it_chose_in_its_order_until_it_resets(client: Client) -> None:
    assert shown(client) == list(SECTIONS)
    chosen = ["charts", "charts:pools", "activity", "cards:today"]
    answer = client.post(
        "/arrangement/",
        {"order": ["charts", "newest", "activity", "cards"], "shown": chosen},
    )
    assert answer["Location"] == "/"
    assert answer.cookies[arrangement.COOKIE]["samesite"] == "Lax"
    assert shown(client) == ["charts", "activity"]
    client.post("/arrangement/", {"reset": "1"})
    assert shown(client) == list(SECTIONS)


@pytest.mark.django_db
def test_a_section_moves_one_place_and_the_form_is_shown_again(client: Client) -> None:
    form = {"order": list(EVERYTHING), "shown": list(EVERYTHING), "move": "up:charts"}
    assert client.post("/arrangement/", form)["Location"] == "/arrangement/#charts"
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
def test_charts_take_quarters_of_the_page_and_nonsense_is_half_of_it(client: Client) -> None:
    widths = {"pools": "1", "activity": "3", "rhythm": "4", "sizes": "2", "regions": "9"}
    form = {f"width:charts:{name}": width for name, width in widths.items()}
    everything = {"order": list(EVERYTHING), "shown": list(EVERYTHING)}
    client.post("/arrangement/", everything | form | {"width:cards:btc": "4"})
    assert "_charts:pools.~charts:activity.+charts:rhythm.charts:" in (
        client.cookies[arrangement.COOKIE].value
    )
    assert "+cards" not in client.cookies[arrangement.COOKIE].value
    html = client.get("/").content.decode()
    assert re.findall(r'<figure id="chart-(\w+)" class="chart box ([\w-]+)"', html) == [
        ("pools", "quarter"),
        ("activity", "three-quarters"),
        ("rhythm", "wide"),
    ]
    chosen = re.findall(r'value="(\d)"\s+selected', client.get("/arrangement/").content.decode())
    assert chosen == ["1", "3", "4", "2", "2", "2"]


@pytest.mark.django_db
def test_charts_and_cards_move_among_their_like(client: Client) -> None:
    form = {"order": list(EVERYTHING), "shown": list(EVERYTHING)}
    for move in ("down:charts:pools", "up:charts:pools", "up:charts:pools", "up:charts:sizes"):
        client.post("/arrangement/", form | {"move": move})
        form["order"] = read(client.cookies[arrangement.COOKIE].value).order
    client.post("/arrangement/", form | {"move": "up:cards:btc"})
    html = client.get("/").content.decode()
    assert re.findall(r'<figure id="chart-(\w+)"', html) == [
        *("pools", "activity", "rhythm", "sizes", "regions", "categories"),
    ]
    assert re.findall(r'id="spark-(\w+)"', html) == [
        *("pools", "today", "hour", "live", "btc", "members"),
    ]


@pytest.mark.django_db
def test_charts_and_cards_that_are_hidden_are_neither_drawn_nor_told(client: Client) -> None:
    chain = ChainFactory()
    chain.block(chain.created(1), chain.joined(1, ANA, BTC))
    client.cookies[arrangement.COOKIE] = ".".join(
        "-" + name for name in EVERYTHING if name not in {*SECTIONS, "charts:sizes", "cards:live"}
    )
    with CaptureQueriesContext(connection) as queries:
        html = client.get("/").content.decode()
    assert re.findall(r'<figure id="chart-(\w+)"', html) == ["sizes"]
    assert "topics=dashboard,charts:24h:sizes" in html
    assert "card-live" in html
    assert re.findall(r'id="spark-(\w+)"', html) == ["live"]
    client.cookies[arrangement.COOKIE] = "-cards.-charts"
    with CaptureQueriesContext(connection) as without:
        client.get("/")
    of_hours, none_more = (
        [query for query in asked if "hourlyactivity" in query["sql"]]
        for asked in (queries, without)
    )
    assert len(of_hours) == len(none_more)


@pytest.mark.django_db
def test_a_section_without_any_part_is_not_shown(client: Client) -> None:
    client.cookies[arrangement.COOKIE] = ".".join(
        "-" + name for name in EVERYTHING if name not in SECTIONS
    )
    assert shown(client) == ["activity", "newest"]
    assert "charts:24h" not in client.get("/").content.decode()


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
    assert "Everything is hidden here." in html
    client.cookies[arrangement.COOKIE] = "cards.-charts"
    assert "charts:24h" not in client.get("/").content.decode()


@pytest.mark.django_db
def test_the_form_wants_its_token_and_pages_differ_by_cookie() -> None:
    strict = Client(enforce_csrf_checks=True)
    assert strict.post("/arrangement/", {"reset": "1"}).status_code == 403
    assert "Cookie" in strict.get("/")["Vary"]
