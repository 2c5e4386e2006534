"""A link carries an arrangement; other sites frame it. Neither changes what a browser has."""

import re
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.http import QueryDict
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from pools import arrangement, own_charts, shared_arrangement
from pools.arrangement import EVERYTHING, SECTIONS, Arrangement
from pools.charts.titles import ALL as ALL_CHARTS
from pools.models import Pool
from pools.own_charts import LETTERS, Definition, OwnChart
from pools.shared_arrangement import carried, of_address
from tests.factories import ANA, BTC, ChainFactory
from tests.integration.test_arrangement import PLACES

JOINS = OwnChart(2, Definition("j", "line", "7d"), "Altas & bajas | 100 %")
OURS = {"arrangement": "charts.+charts:own2.-cards", "charts": own_charts.written([JOINS])}
EVIL = '"><script>alert(1)</script>'


@pytest.fixture
def chain(db: None) -> ChainFactory:
    chain = ChainFactory()
    chain.block(chain.created(1, name="Casa"), chain.joined(1, ANA, BTC))
    return chain


def sections(html: str) -> list[str]:
    """Those of the page as they come."""
    found = {name: html.find(place) for name, place in PLACES.items()}
    return sorted((name for name in found if found[name] >= 0), key=lambda name: found[name])


def links(html: str, attribute: str) -> list[str]:
    found = re.findall(rf'<a href="([^"]+)"\s+data-{attribute}=', html)
    return [link.replace("&amp;", "&") for link in found]


NAMES = [*EVERYTHING, arrangement.full_name(JOINS)]


@given(
    st.permutations(NAMES),
    st.sets(st.sampled_from(NAMES)),
    st.dictionaries(st.sampled_from(ALL_CHARTS), st.sampled_from([1, 3, 4])),
)
def test_what_a_link_carries_is_read_from_it_again(
    order: list[str], some: set[str], widths: dict[str, int]
) -> None:
    arranged = Arrangement(
        tuple(order),
        frozenset(some),
        {f"charts:{name}": width for name, width in widths.items()},
    )
    shown = carried([JOINS], str(arranged))
    assert (shown.arranged, shown.charts) == (arranged, (JOINS,))
    assert of_address(QueryDict(shown.query).dict()) == shown
    assert of_address(QueryDict(shown.query.replace("%2B", "+")).dict()) == shown


def test_what_goes_without_saying_is_left_out_of_a_link() -> None:
    assert carried([], "").query == "arrangement=cards"
    assert carried([], "activity.cards.newest").query == "arrangement=activity"
    assert carried([], "newest.activity").query == "arrangement=newest.activity"
    assert len(carried([], ".".join(reversed(EVERYTHING))).query) < 400


@given(st.text(), st.text())
def test_any_address_shows_everything_that_there_is(text: str, charts: str) -> None:
    shown = of_address({"arrangement": text, "charts": charts})
    assert shown is not None
    own = {arrangement.full_name(chart) for chart in shown.charts}
    assert set(shown.arranged.order) == set(EVERYTHING) | own
    assert of_address(dict(shown.fields)) == shown


@pytest.mark.parametrize("page", ["/", "/embed/"])
def test_the_page_shows_what_the_address_carries_whatever_a_cookie_says(
    client: Client, chain: ChainFactory, page: str
) -> None:
    client.cookies[arrangement.COOKIE] = "-charts"
    html = client.get(page, OURS).content.decode()
    assert sections(html) == ["charts", "activity", "newest"]
    assert "<bdi>Altas &amp; bajas | 100 %</bdi>" in html
    assert "own:7d:n_j_line_7d" in html  # told live
    assert "/arrangement/charts/2/" not in html  # which is another chart, in this browser
    assert "/arrangement/charts/" not in html


@pytest.mark.parametrize("page", ["/", "/embed/"])
def test_links_of_the_page_pass_on_what_the_address_carries(
    client: Client, chain: ChainFactory, page: str
) -> None:
    html = client.get(page, {**OURS, "kind": "joins", "period": "7d"}).content.decode()
    for link in links(html, "period") + links(html, "kind"):
        asked = parse_qs(urlsplit(link).query)
        assert asked["charts"] == [OURS["charts"]]
        assert shared_arrangement.of_address({k: v[0] for k, v in asked.items()}) == of_address(
            OURS
        )
    assert len(links(html, "period")) == 4
    assert all("kind=joins" in link for link in links(html, "period"))
    assert all("period=7d" in link for link in links(html, "kind"))


@pytest.mark.parametrize("page", ["/", "/embed/"])
def test_links_from_the_charts_into_days_pass_it_on_too(
    client: Client, chain: ChainFactory, page: str
) -> None:
    asked = {**OURS, "from": "2025-06-01", "to": "2025-06-15", "lang": "es", "kind": "joins"}
    html = client.get(page, asked).content.decode()
    into = re.findall(r'<a target="_self"\s+href="([^"]+from=[^"]+)"', html)
    beside = re.findall(r'<a id="days-(?:earlier|out)"\s+href="([^"]+)"\s+target="_self"', html)
    assert len(into) > 10
    assert len(beside) == 2
    for link in (*into, *beside):
        query = QueryDict(urlsplit(link.replace("&amp;", "&")).query).dict()
        assert of_address(query) == of_address(OURS)
        assert query.get("lang") == ("es" if page == "/embed/" else None)
        assert query["kind"] == "joins"
    assert '<a href="?from=' not in html
    assert '<a href="?from=' in client.get("/?from=2025-06-01&to=2025-06-15").content.decode()


@pytest.mark.parametrize(
    ("title", "passed_on", "most"),
    [("", True, 550_000), ("x" * 30, True, 800_000), ("ñ" * 60, False, 400_000)],
)
def test_no_link_makes_a_page_of_many_times_its_length(
    client: Client, chain: ChainFactory, title: str, passed_on: bool, most: int
) -> None:
    """The most charts, with the most rows that lead to other days."""
    charts = [OwnChart(slot, Definition(LETTERS[:slot]), title) for slot in own_charts.SLOTS]
    query = carried(charts, "").query
    html = client.get(f"/?{query}&from=2015-07-01&to=2025-06-15").content.decode()
    assert html.count("from=20") > 900
    rows = html.count(
        f'<th scope="row"><a target="_self" href="?{query.replace("&", "&amp;")}&amp;from'
    )
    assert (rows > 900) == passed_on
    assert len(html) < most


def test_links_from_ones_own_charts_into_days_keep_the_kind_alone(
    client: Client, chain: ChainFactory
) -> None:
    for kind, begin in (("joins", '<a target="_self" href="?kind=joins&amp;'), ("", '<a href="?')):
        html = client.get("/", {"from": "2025-06-01", "to": "2025-06-15", "kind": kind})
        rows = html.content.decode().partition('id="chart-activity-rows">')[2].lstrip()
        assert rows.startswith(f'<tr><th scope="row">{begin}from=2025-06-01&amp;to=2025-06-01#')


def test_days_of_ones_own_keep_what_the_address_carries(
    client: Client, chain: ChainFactory
) -> None:
    form = client.get("/", OURS).content.decode().partition('id="own-days"')[2]
    sent = dict(re.findall(r'type="hidden"\s+name="(\w+)"\s+value="([^"]*)"', form)[:2])
    assert of_address(sent) == of_address(OURS)
    days = {"from": "2025-01-01", "to": "2025-01-31"}
    frame = client.get("/embed/", {**OURS, **days}).content.decode()
    assert "Jan. 1, 2025 – Jan. 31, 2025" in frame
    assert "come" in client.get("/embed/", {**OURS, "from": "2999-01-01"}).content.decode()


def test_keeping_it_is_asked_for_and_says_what_it_replaces(
    client: Client, chain: ChainFactory
) -> None:
    html = client.get("/", OURS).content.decode()
    assert "A shared arrangement" in html
    assert "Replace mine" not in html
    client.cookies[arrangement.CHARTS_COOKIE] = own_charts.written([OwnChart(1, Definition("l"))])
    html = client.get("/", OURS).content.decode()
    assert "and of your 1 chart." in html
    assert "Replace mine" in html
    for name, value in (("arrangement", OURS["arrangement"]), ("own_charts", OURS["charts"])):
        client.cookies[name] = value
    html = client.get("/", OURS).content.decode()
    assert "It is the one that this browser has." in html
    assert 'action="/arrangement/"' not in html
    assert "A shared arrangement" not in client.get("/").content.decode()


def test_it_is_kept_by_a_form_with_its_token_and_only_as_it_can_be_read(
    client: Client, chain: ChainFactory
) -> None:
    form = {**OURS, "period": "7d"}
    assert Client(enforce_csrf_checks=True).post("/arrangement/", form).status_code == 403
    answer = client.post("/arrangement/", form)
    assert answer["Location"] == "/?period=7d"
    assert sections(client.get("/").content.decode()) == ["charts", "activity", "newest"]
    assert client.cookies[arrangement.CHARTS_COOKIE].value == OURS["charts"]
    client.post("/arrangement/", {"arrangement": EVIL, "charts": EVIL, "from": EVIL})
    assert client.cookies[arrangement.COOKIE].value == str(arrangement.read(""))
    assert client.cookies[arrangement.CHARTS_COOKIE].value == ""


def brought_back(client: Client) -> str:
    """What the form says of the arrangement before, once it was sent."""
    html = client.get("/arrangement/").content.decode()
    form = html.partition("Before this one you had another")[0].rpartition("<form")[2]
    client.post("/arrangement/", dict(re.findall(r'name="(a\w+|charts)" value="([^"]*)"', form)))
    return html.partition("you had another arrangement")[2][:40]


def test_one_that_was_replaced_is_brought_back_and_the_other_then_too(
    client: Client, chain: ChainFactory
) -> None:
    charts = own_charts.written([OwnChart(1, Definition("l")), OwnChart(2, Definition("j"))])
    client.cookies[arrangement.COOKIE] = "newest.-cards"
    client.cookies[arrangement.CHARTS_COOKIE] = charts
    assert "Bring it back" not in client.get("/arrangement/").content.decode()
    client.post("/arrangement/", OURS)
    assert client.cookies[arrangement.CHARTS_COOKIE].value == OURS["charts"]
    assert brought_back(client).startswith(", with 2 charts")
    assert client.cookies[arrangement.CHARTS_COOKIE].value == charts
    assert sections(client.get("/").content.decode())[0] == "newest"
    assert brought_back(client).startswith(", with 1 chart ")
    assert client.cookies[arrangement.CHARTS_COOKIE].value == OURS["charts"]
    assert sections(client.get("/").content.decode()) == ["charts", "activity", "newest"]


def test_one_that_was_reset_is_brought_back(client: Client, chain: ChainFactory) -> None:
    client.cookies[arrangement.COOKIE] = "newest.-cards"
    for _ in range(2):
        client.post("/arrangement/", {"reset": "1"})
        client.cookies.pop(arrangement.COOKIE, None)  # as a browser does whose cookie is deleted
    assert sections(client.get("/").content.decode())[0] == "cards"
    assert brought_back(client).startswith(".")
    assert sections(client.get("/").content.decode())[0] == "newest"
    assert "Bring it back" not in client.get("/arrangement/").content.decode()  # it is there


def test_a_form_that_is_sent_twice_does_not_forget_what_was_before(
    client: Client, chain: ChainFactory
) -> None:
    client.cookies[arrangement.COOKIE] = "newest.-cards"
    client.cookies[arrangement.CHARTS_COOKIE] = ""
    for form in (OURS, {"reset": "1"}):
        for _ in range(2):
            client.post("/arrangement/", form)
        brought_back(client)
        assert sections(client.get("/").content.decode())[0] == "newest"


def test_who_had_none_of_their_own_has_none_to_bring_back(
    client: Client, chain: ChainFactory
) -> None:
    client.post("/arrangement/", OURS)
    assert "Bring it back" not in client.get("/arrangement/").content.decode()
    for name in (arrangement.COOKIE, arrangement.CHARTS_COOKIE):
        client.cookies[name + shared_arrangement.BEFORE] = EVIL
    html = client.get("/arrangement/").content.decode()
    assert "Bring it back" in html
    assert EVIL not in html


def test_a_get_keeps_nothing(client: Client, chain: ChainFactory) -> None:
    for page in ("/", "/embed/", "/arrangement/"):
        kept = client.get(page, {**OURS, "keep": "1"}).cookies
        assert {arrangement.COOKIE, arrangement.CHARTS_COOKIE}.isdisjoint(kept)


def test_the_form_offers_what_is_kept_as_link_and_as_frame(
    client: Client, chain: ChainFactory
) -> None:
    client.cookies[arrangement.COOKIE] = OURS["arrangement"]
    client.cookies[arrangement.CHARTS_COOKIE] = OURS["charts"]
    assert "/arrangement/?period=30d#share" in client.get("/?period=30d").content.decode()
    html = client.get("/arrangement/?period=30d").content.decode()
    link, frame, everything = re.findall(r'data-copy="([^"]+)"', html)
    asked = QueryDict(urlsplit(link.replace("&amp;", "&")).query)
    assert asked["period"] == "30d"
    assert of_address(asked.dict()) == of_address(OURS)
    for text in (frame, everything):
        assert text.startswith("&lt;iframe src=&quot;http://testserver/embed/?")
    assert "charts=" in frame
    assert "charts=" not in everything


def test_the_frame_may_be_anybodys_and_keeps_nothing(client: Client, chain: ChainFactory) -> None:
    client.cookies[arrangement.COOKIE] = "-charts"
    response = client.get("/embed/")
    policy = response["Content-Security-Policy"]
    assert "frame-ancestors *" in policy
    assert "script-src 'self'" in policy
    assert "connect-src 'self'" in policy
    assert "form-action 'none'" in policy
    assert "base-uri 'none'" in policy
    assert "X-Frame-Options" not in response
    assert response["Cache-Control"] == "no-cache"
    assert response["Access-Control-Allow-Origin"] == "*"
    assert "Accept-Language" in response["Vary"]
    assert "Cookie" not in response["Vary"]
    assert not response.cookies
    html = response.content.decode()
    assert sections(html) == list(SECTIONS)
    for absent in (
        "<form",
        '<nav aria-label="Main',
        "csrf",
        "data-alerts",
        "toasts",
        "time zones once",
    ):
        assert absent not in html
    assert client.post("/embed/").status_code == 405
    for page in ("/", f"/?{urlencode(OURS)}", "/arrangement/"):
        unframed = client.get(page)
        assert unframed["X-Frame-Options"] == "DENY"
        assert "frame-ancestors 'none'" in unframed["Content-Security-Policy"]
        assert "Access-Control-Allow-Origin" not in unframed
        assert "Cookie" in unframed["Vary"]


def test_a_frame_has_the_colours_and_the_language_that_its_address_says(
    client: Client, chain: ChainFactory
) -> None:
    html = client.get("/embed/", {"theme": "dark", "lang": "es"}).content.decode()
    assert re.search(r'<html lang="es"\s+data-theme="dark">', html)
    assert all("theme=dark&lang=es&" in link for link in links(html, "period"))
    assert "lang=es" in html.partition("hx-ws:connect")[2][:200]
    client.cookies["theme"] = "dark"
    html = client.get("/embed/", {"theme": EVIL, "lang": EVIL}).content.decode()
    assert "data-theme" not in html
    assert 'lang="en"' in html
    assert all("theme" not in link for link in links(html, "period"))


@pytest.mark.parametrize("page", ["/", "/embed/"])
@pytest.mark.parametrize(
    "asked",
    [
        {"arrangement": ""},
        {"charts": ""},
        {"arrangement": "\x00" + EVIL, "charts": "1:n_j_bars_page:" + EVIL},
        {"arrangement": "cards." * 900, "charts": f"1:n_j_bars_page:{'PHN2Zz4' * 900}"},
        {"arrangement": "+" * 9000, "charts": "|" * 9000, "kind": EVIL, "period": EVIL},
    ],
)
def test_whatever_an_address_says_the_page_is_whole_and_keeps_its_links_short(
    client: Client, chain: ChainFactory, page: str, asked: dict[str, str]
) -> None:
    response = client.get(page, asked)
    html = response.content.decode()
    assert response.status_code == 200
    assert sections(html) == list(SECTIONS)
    assert "<script>alert" not in html
    assert "<svg>" not in html
    assert max(map(len, links(html, "period"))) < 300


def test_a_title_that_strangers_send_stays_a_title(client: Client, chain: ChainFactory) -> None:
    named = own_charts.written([OwnChart(1, Definition("j"), EVIL)])
    for page in ("/", "/embed/"):
        html = client.get(page, {"charts": named}).content.decode()
        assert "&lt;script&gt;alert(1)" in html
        assert "<script>alert" not in html


def test_without_live_updates_the_frame_says_so(client: Client, chain: ChainFactory, settings):  # type: ignore[no-untyped-def]
    settings.ENABLE_LIVE = False
    html = client.get("/embed/").content.decode()
    assert "hx-ws:connect" not in html
    assert re.search(r'class="badge"\s+data-state="offline"', html)
    for page in ("/embed/", "/", "/pools/"):
        html = client.get(page).text
        assert re.search(r'id="still"\s+class="banner info\s*"', html), "also to scripts"
        assert "Only with JavaScript" not in html


def test_a_page_of_the_past_does_not_pretend_to_be_of_now(
    client: Client, chain: ChainFactory
) -> None:
    pool = Pool.objects.first()
    assert pool is not None
    page = f"/pools/{pool.contract.address}/{pool.pool_id}/"
    assert "Reload the page for news." in client.get(page).text
    assert "Reload the page for news." not in client.get(page, {"at_block": chain.head.number}).text
