"""The lists of events and members and the accounts' pages: what the URL asks for, at one price."""

import re
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from pools.decoding import checksum
from pools.filters import EventFilter
from pools.models import Membership, Pool
from pools.selectors import accounts
from tests.factories import ANA, BEA, BTC, CARO, CONTRACT, ChainFactory, address

pytestmark = pytest.mark.django_db

HOSTILE = '"><img src=x onerror=alert(1)><script>alert(2)</script></title><hx-partial id=main>'
NONSENSE = ["0", "-1", "x" * 500, "'; DROP TABLE", "\0", "٣", "0x", "nan", "2025-99-99", "9" * 100]


@pytest.fixture
def chain() -> ChainFactory:
    chain = ChainFactory(start_time=timezone.now().replace(microsecond=0) - timedelta(days=3))
    chain.block(chain.created(1, name="Casa"), chain.created(2, creator=BEA))
    chain.block(chain.joined(1, ANA), chain.joined(2, ANA, BTC // 2), chain.joined(1, BEA, 3 * BTC))
    chain.block(chain.left(2, ANA, BTC // 2), at=timezone.now().replace(microsecond=0))
    return chain


def page(client: Client, path: str, /, expected: int = 200, **query: str) -> str:
    answer = client.get(path, query)
    assert answer.status_code == expected, answer.content
    return answer.content.decode()


def sentences(html: str) -> list[str]:
    """What the rows of a list of events say, without their amounts."""
    rows = re.findall(r'<p class="event-words">(.*?)(?:<b|</p>)', html, re.DOTALL)
    return [re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", row)).strip() for row in rows]


def short(account: str) -> str:
    return f"{account[:6]}…{account[-4:]}"


class Tags(HTMLParser):
    """The tags that a browser would make of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.attributes: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append(tag)
        self.attributes.update(name for name, _value in attrs)


def test_every_event_is_listed_newest_first(client: Client, chain: ChainFactory) -> None:
    assert sentences(page(client, "/events/")) == [
        f"{short(ANA)} left Pool number 2",
        f"{short(BEA)} joined Casa",
        f"{short(ANA)} joined Pool number 2",
        f"{short(ANA)} joined Casa",
        f"{short(BEA)} created Pool number 2",
        f"{short(ANA)} created Casa",
    ]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"kind": "MemberJoined"}, 3),
        ({"pool_id": "1"}, 3),
        ({"pool_id": "1", "contract": CONTRACT}, 3),
        ({"account": ANA.lower()}, 4),
        ({"account": CARO}, 0),
        ({"kind": "PoolCreated", "account": BEA}, 1),
        ({"date_from": (timezone.now() - timedelta(days=1)).date().isoformat()}, 1),
        ({"date_to": (timezone.now() - timedelta(days=1)).date().isoformat()}, 5),
        ({"limit": "2"}, 2),
    ],
)
def test_filters_show_only_what_they_ask_for(
    client: Client, chain: ChainFactory, query: dict[str, str], count: int
) -> None:
    assert len(sentences(page(client, "/events/", **query))) == count


def test_every_page_tells_its_contracts_so_that_the_alerts_know_a_watched_pool(
    client: Client, chain: ChainFactory
) -> None:
    for path in ("/", "/pools/", "/events/", f"/events/?contract={CONTRACT}", f"/accounts/{ANA}/"):
        assert f'data-contracts="{chain.contract.pk}={CONTRACT}"' in page(client, path), path


def test_pages_of_events_hold_each_once(client: Client, chain: ChainFactory) -> None:
    seen: list[str] = []
    path = "/events/?limit=4"
    while path:
        html = page(client, path)
        seen += re.findall(r'data-event="([^"]+)"', html)
        following = re.search(r'rel="next"\s+href="([^"]+)"', html)
        path = "/events/" + following[1].replace("&amp;", "&") if following else ""
    assert len(seen) == len(set(seen)) == 6


def test_a_filter_that_is_on_can_be_taken_off_by_itself(
    client: Client, chain: ChainFactory
) -> None:
    html = page(client, "/events/", kind="MemberJoined", account=ANA)
    assert f'href="/events/?account={ANA}"' in html
    assert 'href="/events/?kind=MemberJoined"' in html
    assert "2 fit" in html


def test_a_filter_by_the_hour_stays_so_in_the_form_and_is_told_in_words(
    client: Client, chain: ChainFactory, settings: Any
) -> None:
    settings.TIME_ZONE = "America/Lima"
    html = page(client, "/events/", date_from="2025-06-15T12:00Z", date_to="2025-06-16")
    fields = dict(
        re.findall(
            r'<input type="(date[a-z-]*)"\s+step="any"\s+name="date_\w+"\s+value="(.*?)"', html
        )
    )
    assert fields == {"datetime-local": "2025-06-15T07:00", "date": "2025-06-16"}
    assert "<b>15 Jun 2025, 07:00</b>" in html
    again = page(client, "/events/", date_from=fields["datetime-local"], date_to=fields["date"])
    assert sentences(again) == sentences(html)


def test_seconds_of_a_filter_are_kept_and_told(client: Client, chain: ChainFactory) -> None:
    html = page(client, "/events/", date_from="2025-06-15T12:00:07Z")
    assert 'value="2025-06-15T12:00:07"' in html
    assert "<b>15 Jun 2025, 12:00:07</b>" in html


@pytest.mark.parametrize("zone", ["UTC", "Europe/Madrid", "America/New_York"])
@pytest.mark.parametrize("moment", ["9999-12-31T23:59:00Z", "0001-01-01T00:00:00Z"])
def test_lists_bear_moments_at_the_ends_of_time_in_any_zone(
    client: Client, chain: ChainFactory, settings: Any, zone: str, moment: str
) -> None:
    settings.TIME_ZONE = zone
    for name in ("date_from", "date_to"):
        page(client, "/events/", **{name: moment})
    for name in ("created_after", "created_before"):
        page(client, "/pools/", **{name: moment})


@pytest.mark.parametrize("value", NONSENSE)
@pytest.mark.parametrize(
    "name", [name for name in EventFilter.base_filters if name not in ("since", "from_block")]
)
def test_nonsense_in_the_address_of_events_is_told_or_finds_nothing(
    client: Client, chain: ChainFactory, name: str, value: str
) -> None:
    html = page(client, "/events/", **{name: value})
    assert "data-event" in html or "No event fits" in html


@pytest.mark.parametrize("value", ["x", "\0", "9" * 500, "WyJqb2luZWQiLDEsMl0"])
def test_a_page_of_members_that_does_not_exist_is_the_first_one(
    client: Client, chain: ChainFactory, value: str
) -> None:
    html = page(client, f"/pools/{CONTRACT}/1/members/", cursor=value)
    assert "That page does not exist" in html
    assert short(ANA) in html


def test_all_members_are_listed_page_by_page(client: Client, chain: ChainFactory) -> None:
    chain.block(*(chain.joined(1, address(f"member {n}"), BTC) for n in range(7)))
    seen: list[str] = []
    path = f"/pools/{CONTRACT}/1/members/?limit=4"
    while path:
        html = page(client, path)
        seen += re.findall(r'data-copy="(0x[^"]{40})"', html)
        following = re.search(r'rel="next"\s+href="([^"]+)"', html)
        path = path.partition("?")[0] + following[1].replace("&amp;", "&") if following else ""
    assert len(seen) == len(set(seen)) == Membership.objects.filter(pool__pool_id=1).count()
    assert page(client, f"/pools/{CONTRACT}/999/members/", 404)
    other_case = client.get(f"/pools/{CONTRACT.lower()}/1/members/")
    assert other_case.status_code == 301
    assert other_case["Location"] == f"/pools/{CONTRACT}/1/members/"


def test_an_account_s_page_says_what_it_did_where(client: Client, chain: ChainFactory) -> None:
    html = page(client, f"/accounts/{ANA}/")
    assert ANA in html
    found = accounts.account(ANA)
    assert [pool.name for pool in found.created] == ["Casa"]
    assert [(row.pool.name, row.active) for row in found.memberships] == [
        ("Casa", True),
        ("Pool number 2", False),
    ]
    assert (found.contributed, found.active) == (BTC, 1)
    assert len(sentences(html)) == 4
    assert f'href="/events/?account={ANA}"' in html


def test_an_account_in_another_letter_case_leads_to_the_same_page(client: Client) -> None:
    for text in (ANA.lower(), "0X" + ANA[2:].upper()):
        answer = client.get(f"/accounts/{text}/")
        assert answer.status_code == 301
        assert answer["Location"] == f"/accounts/{ANA}/"


def test_an_account_that_nobody_used_has_an_honest_page(client: Client) -> None:
    nobody = checksum(b"\x11" * 20)
    assert "No event names this account yet" in page(client, f"/accounts/{nobody}/")
    for wrong in ("0x12", "0x" + "g" * 40, "x"):
        page(client, f"/accounts/{wrong}/", 404)


def test_an_account_s_page_is_bounded_and_says_so(
    client: Client, chain: ChainFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts, "POOLS_SHOWN", 2)
    chain.block(*(chain.created(n, creator=CARO) for n in range(10, 14)))
    chain.block(*(chain.joined(n, CARO) for n in range(10, 14)))
    html = page(client, f"/accounts/{CARO}/")
    assert "there may be more" in html
    assert f'href="/pools/?creator={CARO}"' in html
    assert [row.pool.pool_id for row in accounts.account(CARO).memberships] == [13, 12]


def test_names_are_only_words_whatever_they_hold(client: Client, chain: ChainFactory) -> None:
    chain.block(chain.created(3, name=HOSTILE), chain.joined(3, ANA))
    paths = ("/events/", f"/accounts/{ANA}/", f"/pools/{CONTRACT}/3/members/", "/pools/")
    for path in paths:
        for query in ({}, {"q": HOSTILE, "account": HOSTILE, "kind": HOSTILE, "cursor": HOSTILE}):
            tags = Tags(page(client, path, **query))
            assert "hx-partial" not in tags.found, path
            assert "onerror" not in tags.attributes, path


def test_a_list_tells_its_filter_to_the_script_that_judges_new_rows(
    client: Client, chain: ChainFactory
) -> None:
    html = page(client, "/pools/", q='a"b', status="closed", ordering="created")
    assert 'data-filter="{&quot;q&quot;: &quot;a\\&quot;b&quot;, &quot;status' in html
    assert "data-insert" not in html
    assert "ordering" not in html.partition("data-filter=")[2].partition(">")[0]


def test_a_list_costs_the_same_however_long_it_is(client: Client, chain: ChainFactory) -> None:
    paths = (
        *("/events/", "/events/?kind=MemberJoined", f"/events/?account={ANA}&pool_id=1"),
        *("/pools/", "/pools/?ordering=-total&q=o", f"/accounts/{ANA}/"),
        f"/pools/{CONTRACT}/1/members/",
    )

    def queries() -> list[int]:
        counts = []
        for path in paths:
            with CaptureQueriesContext(
                connection,
            ) as asked:
                page(client, path)
            counts.append(len(asked))
        return counts

    queries()  # fills what is remembered
    before = queries()
    for first in range(100, 700, 100):
        numbers = range(first, first + 100)
        chain.blocks(
            tuple(chain.created(n) for n in numbers),
            tuple(chain.joined(n, ANA) for n in numbers),
            tuple(chain.joined(1, address(f"m{n}")) for n in numbers),
        )
    assert Pool.objects.count() > 600
    assert queries() == before
