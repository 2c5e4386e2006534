"""The pages say what the records say, in both languages, whatever strangers put in."""

import re
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from coopsite import error_pages
from pools import arrangement_page, selectors
from pools.charts import kept
from pools.models import Chain, Contract, Log
from tests.factories import ANA, BEA, BTC, CARO, CONTRACT, ChainFactory, address, listener

pytestmark = pytest.mark.django_db

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "{{ 7|add:7 }}{% now 'Y' %}",
    "</title></a></li></template><hx-partial id=main>",
    "a\0b\u202ec\u200bd",
    b"\xff\xfe broken",
    "x" * 10_000,
    "=HYPERLINK(1)",
    "  ",
]


OUR_TEMPLATES = {"toast", "watched-pool", "latest-notice"}
FOREIGN_TAGS = {"hx-partial", "iframe", "object", "embed", "style", "base"}


@pytest.fixture
def chain() -> ChainFactory:
    return ChainFactory(start_time=timezone.now().replace(microsecond=0) - timedelta(minutes=5))


def page(client: Client, path: str, expected: int = 200, /, **query: str) -> str:
    answer = client.get(path, query)
    assert answer.status_code == expected, answer.content
    return answer.content.decode()


class Elements(HTMLParser):
    """The tags and attributes that a browser would see in a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def numbers(html: str) -> dict[str, str]:
    """data-value by card: what the card itself says, and the same as the number in it."""
    found = {}
    for article in re.findall(r"<article.*?</article>", html, re.DOTALL):
        own, inside = Elements(article).found[0][1], re.findall(r'data-value="([^"]+)"', article)
        if own.get("id") and own.get("data-value"):
            assert set(inside) == {own["data-value"]}
            found[str(own["id"])] = str(own["data-value"])
    return found


def rows(html: str) -> list[str]:
    return re.findall(r'data-event="([^"]+)"', html)


def pools_on(html: str) -> list[str]:
    return re.findall(r'data-pool="([^"]+)"', html)


def test_the_dashboard_shows_the_numbers_of_the_records(
    client: Client, chain: ChainFactory
) -> None:
    chain.block(chain.created(1), chain.created(2))
    chain.block(chain.joined(1, ANA, 2 * BTC))
    listener(updated_at=timezone.now(), head=chain.head.number)
    html = page(client, "/")
    stats = selectors.stats()
    assert numbers(html) == {
        "card-total-pools": "2",
        "card-events-today": str(stats.events_today),
        "card-events-hour": str(stats.events_this_hour),
        "card-live": "live",
    }
    assert f'data-seq="{stats.seq}"' in html
    assert 'title="2000000000000000000 wei"' in html


def test_the_feed_has_the_last_ten_events_newest_first(client: Client, chain: ChainFactory) -> None:
    chain.block(chain.created(1))
    for amount in range(1, 15):
        chain.block(chain.joined(1, ANA, amount))
    newest = [row.key for row in selectors.latest_events(10)]
    assert rows(page(client, "/")) == newest


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [
        ("created", {"PoolCreated"}),
        ("joins", {"MemberJoined"}),
        ("leaves", {"MemberLeft", "PartialWithdrawal"}),
        ("status", {"PoolClosed"}),
        ("contract", {"Paused", "Unpaused"}),
        ("yield", set()),
    ],
)
def test_the_feed_of_one_kind_has_the_last_ten_of_it(
    client: Client, chain: ChainFactory, kind: str, wanted: set[str]
) -> None:
    chain.block(*(chain.created(number) for number in range(1, 13)))
    chain.block(*(chain.joined(number, ANA, BTC) for number in range(1, 13)))
    chain.block(chain.event("Paused", account=ANA), chain.event("Unpaused", account=ANA))
    chain.block(*(chain.left(number, ANA, BTC) for number in range(1, 7)))
    chain.block(*(chain.closed(number) for number in range(1, 4)), chain.joined(99, ANA))
    everything = [row for row in selectors.latest_events(100) if not row.problem]
    of_kind = [row.key for row in everything if row.kind in wanted]
    html = page(client, "/", kind=kind)
    assert rows(html) == of_kind[:10]
    classes = set(re.findall(r'<li class="(\w)"\s+data-event', html))
    letters = re.search(r'data-kinds="(\w+)"', html)
    assert letters
    assert classes <= set(letters[1])


def test_a_kind_that_does_not_exist_is_told_of(client: Client, chain: ChainFactory) -> None:
    chain.block(chain.created(1), chain.joined(1))
    html = page(client, "/", kind="<script>")
    assert "There is no kind of event called “&lt;script&gt;”" in html
    assert len(rows(html)) == 2


def test_an_empty_site_says_what_will_appear(client: Client) -> None:
    html = page(client, "/")
    assert "No events yet." in html
    assert "No pools yet." in html
    assert "No pools yet." in page(client, "/pools/")


def test_a_pool_without_members_says_what_will_appear(client: Client, chain: ChainFactory) -> None:
    chain.block(chain.created(1))
    assert "Nobody has joined yet." in page(client, f"/pools/{CONTRACT}/1/")


def test_the_badge_is_offline_without_a_listener(client: Client) -> None:
    html = page(client, "/")
    assert re.search(r'id="status-badge"[^>]*data-state="offline"', html)


@pytest.mark.parametrize(
    ("state", "shown"),
    [
        ("live", "live"),
        ("connecting", "reconnecting"),
        ("reconnecting", "reconnecting"),
        ("error", "error"),
        ("offline", "offline"),
    ],
)
def test_the_badge_shows_the_listener_s_state(client: Client, state: str, shown: str) -> None:
    listener(updated_at=timezone.now(), state=state)
    assert re.search(rf'id="status-badge"[^>]*data-state="{shown}"', page(client, "/"))


def test_a_pool_shows_facts_members_and_events(client: Client, chain: ChainFactory) -> None:
    chain.block(chain.created(1, name="Casa común", creator=CARO, max_members=4))
    chain.block(chain.joined(1, ANA, 3 * BTC), chain.joined(1, BEA, BTC))
    chain.block(chain.left(1, BEA, BTC))
    html = page(client, f"/pools/{CONTRACT}/1/")
    assert "Casa común" in html
    for account in (ANA, BEA, CARO, CONTRACT):
        assert account in html
    assert "100\u202f%" in html
    assert "Room for 3 more" in html
    assert rows(html) == [row.key for row in selectors.latest_events(10)]


def test_a_feed_row_s_short_link_leads_to_the_pool(client: Client, chain: ChainFactory) -> None:
    chain.block(chain.created(7))
    short = f"/pools/{chain.contract.pk}/7/"
    assert f'href="{short}"' in page(client, "/")
    answer = client.get(short)
    assert answer.status_code == 302
    assert answer["Location"] == f"/pools/{CONTRACT}/7/"


def test_an_address_in_lower_case_leads_to_the_pool(client: Client, chain: ChainFactory) -> None:
    chain.block(chain.created(7))
    answer = client.get(f"/pools/{CONTRACT.lower()}/7/")
    assert answer.status_code == 301
    assert answer["Location"] == f"/pools/{CONTRACT}/7/"


@pytest.mark.parametrize(
    "path",
    [
        f"/pools/{CONTRACT}/8/",
        f"/pools/{address('nobody')}/1/",
        f"/pools/{CONTRACT}/{2**256}/",
        f"/pools/{CONTRACT}/-1/",
        f"/pools/{CONTRACT}/٣/",
        "/pools/999999/1/",
        "/pools/9999999999999999999999/1/",
        "/pools/0xzz/1/",
        "/nothing/",
    ],
)
def test_what_is_not_there_is_a_friendly_404(
    client: Client, chain: ChainFactory, path: str
) -> None:
    chain.block(chain.created(7))
    assert "There is nothing here" in page(client, path, 404)


def test_the_largest_pool_id_has_a_page(client: Client, chain: ChainFactory) -> None:
    chain.block(chain.created(2**256 - 1))
    assert "Pool number" in page(client, f"/pools/{CONTRACT}/{2**256 - 1}/")


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_inert_on_every_page(
    client: Client, chain: ChainFactory, name: str | bytes
) -> None:
    chain.block(chain.created(1, name=name))
    chain.block(chain.joined(1, ANA))
    for path in ("/", "/pools/", f"/pools/{CONTRACT}/1/"):
        html = page(client, path)
        for tag, attributes in Elements(html).found:
            assert tag not in FOREIGN_TAGS
            assert tag != "template" or attributes["id"] in OUR_TEMPLATES
            assert tag != "script" or attributes["src"]
            assert attributes.get("src") != "x"
            assert not any(attribute.startswith("on") for attribute in attributes)
        assert "\0" not in html
        assert "\u202e" not in html
        assert "14{" not in html


def test_a_name_of_nothing_visible_becomes_the_pool_s_number(
    client: Client, chain: ChainFactory
) -> None:
    chain.block(chain.created(3, name="\u200b\u202e"))
    assert "Pool #3" in page(client, "/")


def test_the_list_filters_and_tells_so(client: Client, chain: ChainFactory) -> None:
    chain.block(chain.created(1, name="Casa"), chain.created(2, name="Mercado"))
    chain.block(chain.closed(2))
    assert pools_on(page(client, "/pools/", q="casa")) == [f"{CONTRACT}:1"]
    assert pools_on(page(client, "/pools/", status="closed")) == [f"{CONTRACT}:2"]
    assert "No pool fits these filters." in page(client, "/pools/", q="nothing like it")


def test_the_list_s_pages_hold_every_pool_once(client: Client, chain: ChainFactory) -> None:
    chain.block(*(chain.created(number) for number in range(1, 8)))
    seen: list[str] = []
    path = "/pools/?limit=3"
    while path:
        html = page(client, path)
        seen += pools_on(html)
        following = re.search(r'rel="next"\s+href="([^"]+)"', html)
        path = "/pools/" + following[1].replace("&amp;", "&") if following else ""
    assert seen == [f"{CONTRACT}:{number}" for number in range(7, 0, -1)]


def test_new_pools_go_on_top_only_where_the_newest_are_there(
    client: Client, chain: ChainFactory
) -> None:
    chain.block(chain.created(1))
    on_top = re.compile(r'id="pool-list"[^>]*data-insert="top"')
    assert on_top.search(page(client, "/pools/"))
    assert on_top.search(page(client, "/pools/", q="a"))  # those that fit
    assert not on_top.search(page(client, "/pools/", ordering="created"))


NONSENSE = [
    "",
    "0",
    "-1",
    "x" * 500,
    "'; DROP TABLE",
    "\0",
    "٣",
    "0x",
    "nan",
    "2025-99-99",
    "9" * 100,
]


@pytest.mark.parametrize("value", NONSENSE)
@pytest.mark.parametrize(
    "name",
    [
        "q",
        "creator",
        "status",
        "category",
        "created_after",
        "created_before",
        "ordering",
        "cursor",
        "limit",
    ],
)
def test_nonsense_in_a_filter_never_breaks_the_list(
    client: Client, chain: ChainFactory, name: str, value: str
) -> None:
    chain.block(chain.created(1))
    page(client, "/pools/", **{name: value})


def test_a_filter_that_makes_no_sense_is_told(client: Client, chain: ChainFactory) -> None:
    html = page(client, "/pools/", creator="0x12")
    assert "Not an address" in html
    assert 'value="0x12"' in html


@pytest.mark.parametrize("path", ["/", "/?kind=contract", "/pools/", f"/pools/{CONTRACT}/1/"])
def test_the_number_of_queries_does_not_grow_with_rows(
    client: Client, chain: ChainFactory, path: str, django_assert_max_num_queries: Any
) -> None:
    chain.block(chain.created(1))
    few = _queries(client, path, django_assert_max_num_queries)
    people = [address(f"member {number}") for number in range(12)]
    chain.block(*(chain.created(number) for number in range(2, 14)))
    chain.block(*(chain.joined(1, account) for account in people))
    assert _queries(client, path, django_assert_max_num_queries) == few


def _queries(client: Client, path: str, counted: DjangoAssertNumQueries) -> int:
    kept.forget()  # what a page draws anew each few seconds, it draws here
    with counted(35) as queries:
        page(client, path)
    return len(queries)


def test_pages_speak_spanish(client: Client, chain: ChainFactory) -> None:
    chain.block(chain.created(1, name="Casa"))
    chain.block(chain.joined(1, ANA, BTC // 2))
    html = client.get("/", headers={"accept-language": "es-PE,es;q=0.9"}).content.decode()
    assert '<html lang="es">' in html
    assert "se unió a" in html
    assert f'<b title="{BTC // 2}">+0,5 BTC</b>' in html  # the exact wei on hover


def test_the_language_switch_stays_on_the_page(client: Client, chain: ChainFactory) -> None:
    answer = client.post("/i18n/setlang/", {"language": "es", "next": "/pools/?q=a"})
    assert answer["Location"] == "/pools/?q=a"
    assert "Grupos" in page(client, "/pools/")


def test_the_language_switch_leads_nowhere_else(client: Client) -> None:
    answer = client.post("/i18n/setlang/", {"language": "es", "next": "https://evil.example/"})
    assert "evil" not in answer["Location"]


def test_a_paused_contract_and_emergency_mode_have_banners(
    client: Client, chain: ChainFactory
) -> None:
    assert "Paused." not in page(client, "/")
    chain.block(chain.event("Paused", account=ANA))
    assert "Paused." in page(client, "/pools/")
    chain.block(chain.event("EmergencyModeUpdated", enabled=True))
    assert "Emergency mode." in page(client, "/pools/")


def test_a_change_of_the_fees_is_told_on_every_page_for_a_day(
    client: Client, chain: ChainFactory
) -> None:
    changed = chain.event("PerformanceFeeUpdated", old_fee=1000, new_fee=1500)
    chain.block(chain.event("FeeCollectorUpdated", old_collector=ANA, new_collector=BEA))
    chain.block(chain.event("PerformanceFeeUpdated", old_fee=100, new_fee=1000))
    chain.block(changed)
    key = selectors.latest_events(1)[0].key
    html = page(client, "/pools/")
    assert "Performance fee changed from 10\u202f% to 15\u202f%" in html
    assert "Fees now go to" in html
    assert f'data-notice="{key}"' in html
    assert html.count("data-notice=") == 2, "an earlier change of the same is no news"
    later = timezone.now() + timedelta(days=1)
    assert selectors.surroundings(later).fee_changes == []


def test_a_change_of_a_fee_shows_at_once_and_no_longer_when_it_is_taken_back(
    client: Client, chain: ChainFactory
) -> None:
    chain.block(chain.event("PerformanceFeeUpdated", old_fee=100, new_fee=1000))
    assert "from 1\u202f% to 10\u202f%" in page(client, "/pools/")
    chain.block(chain.event("PerformanceFeeUpdated", old_fee=1000, new_fee=1500))
    assert "from 10\u202f% to 15\u202f%" in page(client, "/pools/")
    chain.roll_back(chain.head.number - 1)
    html = page(client, "/pools/")
    assert "from 1\u202f% to 10\u202f%" in html
    assert "15\u202f%" not in html
    chain.block(chain.event("PerformanceFeeUpdated", old_fee=1000, new_fee=1200))
    assert "from 10\u202f% to 12\u202f%" in page(client, "/pools/")


def test_many_changes_of_one_fee_hide_no_other_change(client: Client) -> None:
    other = address("other contract")
    chain = ChainFactory(
        start_time=timezone.now() - timedelta(hours=1), contracts=(CONTRACT, other)
    )
    chain.block(chain.event("PerformanceFeeUpdated", contract=other, old_fee=100, new_fee=200))
    chain.block(chain.event("FeeCollectorUpdated", old_collector=ANA, new_collector=BEA))
    for fee in range(20):
        chain.block(chain.event("PerformanceFeeUpdated", old_fee=fee, new_fee=fee + 1))
    html = page(client, "/pools/")
    assert html.count("data-notice=") == 3
    assert "Fees now go to" in html
    assert "Performance fee changed from 1\u202f% to 2\u202f%" in html


def test_no_number_of_a_contract_is_too_large_for_a_page(client: Client) -> None:
    chain = ChainFactory(start_time=timezone.now() - timedelta(hours=1))
    chain.block(chain.event("PerformanceFeeUpdated", old_fee=0, new_fee=2**256 - 1))
    for path in ("/", "/pools/", "/events/", "/status/"):
        assert client.get(path).status_code == 200


def test_only_a_known_chain_links_to_its_explorer(client: Client, chain: ChainFactory) -> None:
    chain.block(chain.created(1))
    path = f"/pools/{CONTRACT}/1/"
    assert "explorer" not in page(client, path)
    mezo = Chain.objects.create(chain_id=31611, anchor_number=0, anchor_hash="0x" + "0" * 64)
    Contract.objects.update(chain=mezo)
    assert f"https://explorer.test.mezo.org/address/{CONTRACT}" in page(client, path)


def test_an_unconfirmed_row_says_so(
    client: Client, chain: ChainFactory, settings: Settings
) -> None:
    settings.CONFIRMATIONS = 2
    chain.block(chain.created(1))
    assert "data-pending" in page(client, "/")
    chain.block()
    chain.block()
    assert "data-pending" not in page(client, "/")


def test_a_row_that_did_not_come_true_is_struck_out_and_says_why(chain: ChainFactory) -> None:
    chain.block(chain.created(1), chain.joined(1, ANA))
    row = selectors.latest_events(1)[0]
    taken_back = replace(row, retracted=True)
    never_came = replace(row, seq=0, retracted=True, problem="block 7 came without it")
    for struck, reason in (
        (taken_back, "taken back by the chain"),
        (never_came, "announced, but the chain did not bring it"),
    ):
        html = render_to_string("dashboard/_feed_row.html", {"event": struck})
        assert "data-retracted" in html
        assert "joined" in html
        assert reason in html


def test_a_new_pool_is_told_with_what_joining_takes_at_least(
    client: Client, chain: ChainFactory
) -> None:
    chain.block(chain.created(1, min_contribution=BTC // 4))
    assert "from 0.25 BTC" in page(client, "/")


def test_a_log_that_could_not_be_folded_is_told_of(client: Client, chain: ChainFactory) -> None:
    chain.block(chain.joined(99, ANA))
    assert Log.objects.exclude(problem="").exists()
    assert "An event that could not be read" in page(client, "/")


@pytest.mark.parametrize("path", ["/", "/pools/"])
def test_pages_are_read_only(client: Client, path: str) -> None:
    page(client, path)
    assert client.post(path).status_code == 405


@pytest.mark.parametrize("path", ["/", "/pools/", "/nothing/"])
def test_no_page_has_inline_styles_or_scripts(
    client: Client, chain: ChainFactory, path: str
) -> None:
    chain.block(chain.created(1))
    html = client.get(path).content.decode()
    assert " style=" not in html
    assert "<style" not in html
    assert not re.search(r"<script(?![^>]*\bsrc=)", html)
    assert not re.search(r"\son[a-z]+=", html)


def test_errors_of_our_own_have_a_page_without_the_database(client: Client) -> None:
    answer = error_pages.server_error(client.get("/nothing/").wsgi_request)
    assert answer.status_code == 500
    assert "Something broke on our side" in answer.content.decode()


def test_every_error_comes_in_the_chosen_colours_and_waits_for_no_script(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(**_topics: str) -> None:
        raise ValueError("broken")

    client = Client(raise_request_exception=False, enforce_csrf_checks=True)
    client.cookies["theme"] = "dark"
    monkeypatch.setattr(arrangement_page, "frame", broken)
    answers = {
        400: client.get("/", headers={"host": "not.ours"}),
        403: client.post("/arrangement/"),
        404: client.get("/nothing/"),
        500: client.get("/arrangement/"),
    }
    for status, answer in answers.items():
        html = answer.content.decode()
        assert (answer.status_code, f">{status}<" in re.sub(r"\s", "", html)) == (status, True)
        assert 'data-theme="dark"' in html
        assert "Cookie" in answer["Vary"]  # where its colours and its language came from
        assert all(" defer" in tag for tag in re.findall("<script[^>]*>", html))


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("en", ["Status: Not one of: Open, Active, Closed.", "Order: Not one of: Newest first, "]),
        ("es", ["Estado: No es ninguno de: Abierto, ", "Creado desde: "]),
    ],
)
def test_what_is_wrong_with_a_filter_is_told_in_the_words_of_the_form(
    client: Client, language: str, told: list[str]
) -> None:
    client.cookies["django_language"] = language
    query = {"status": "open", "ordering": "name", "created_after": "01/02/2025", "limit": "0"}
    html = page(client, "/pools/", 200, **query)
    problems = html.partition('<div class="problems"')[2].partition("</div>")[0]
    words = " ".join(re.sub(r"<[^>]+>", "", problems).replace(" :", ":").split())
    for sentence in told:
        assert sentence in words
    for of_machines in ("status", "ordering", "created_after", "accepting", "-created", "limit"):
        assert of_machines not in words
    fields = {attributes.get("name"): attributes for _, attributes in Elements(html).found}
    assert (
        fields["created_after"] | {"aria-invalid": "true", "value": ""} == fields["created_after"]
    )
    assert "aria-invalid" not in fields["created_before"]
    assert all(fields[name]["aria-invalid"] == "true" for name in ("status", "ordering"))
    html = page(client, "/pools/", 200, created_after="2025-02-01")
    assert 'value="2025-02-01"' in html


def test_browsers_that_ask_for_an_icon_unasked_find_ours(client: Client) -> None:
    answer = client.get("/favicon.ico")
    assert answer.status_code == 302
    assert answer["Location"] == static("img/logo.svg")
