"""The JSON API answers as the interface says, and says no as it should."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from pools import selectors
from pools.filters import EventFilter, PoolFilter
from pools.models import Chain, HourlyActivity
from tests.factories import (
    ANA,
    BEA,
    BTC,
    CARO,
    CHAIN_ID,
    CONTRACT,
    NOON,
    ChainFactory,
    address,
    listener,
    undecodable,
)

pytestmark = pytest.mark.django_db

OTHER_CONTRACT = address("another contract")
BIGGEST = 2**256 - 1


@pytest.fixture
def chain() -> ChainFactory:
    return ChainFactory()


def get(client: Client, path: str, expect: int = 200, /, **query: Any) -> Any:
    answer = client.get(f"/api/v1{path}", query)
    assert answer.status_code == expect, answer.content
    assert answer["Content-Type"].startswith("application/json")
    return answer.json()


def walk(client: Client, path: str, **query: Any) -> Iterator[dict[str, Any]]:
    """Every result of a list, page after page, as a reader follows `next`."""
    answer = get(client, path, **query)
    yield from answer["results"]
    while answer["next"]:
        assert answer["next"].startswith("http://testserver/api/v1/")
        answer = client.get(answer["next"]).json()
        yield from answer["results"]


def test_a_pool_is_told_with_its_numbers(client: Client, chain: ChainFactory) -> None:
    chain.block(chain.created(1, name="Casa común", creator=BEA))
    chain.block(chain.joined(1, ANA, 2 * BTC))
    pool = get(client, f"/pools/{CONTRACT}/1")
    assert pool.pop("at_block") is None  # it is told of now
    assert pool == {
        "chain_id": CHAIN_ID,
        "contract": CONTRACT,
        "pool_id": "1",
        "name": "Casa común",
        "creator": BEA,
        "status": "accepting",
        "min_contribution": str(BTC // 1000),
        "max_members": 10,
        "member_count": 1,
        "total_contributed": str(2 * BTC),
        "created_at": "2025-06-15T12:00:00Z",
        "created_block": 100,
        "created_tx": pool["created_tx"],
        "category": "housing",
        "last_event_at": "2025-06-15T12:00:10Z",
        "reading": None,
    }
    assert get(client, "/pools") == {"results": [pool], "next": None}
    assert get(client, "/stats")["latest_pool"] == pool


def test_numbers_at_the_limit_of_uint256_arrive_exactly(
    client: Client, chain: ChainFactory
) -> None:
    chain.block(
        chain.created(BIGGEST, min_contribution=BIGGEST, max_members=BIGGEST),
        chain.joined(BIGGEST, ANA, BIGGEST - 1),
    )
    pool = get(client, f"/pools/{CONTRACT}/{BIGGEST}")
    assert pool["pool_id"] == pool["min_contribution"] == pool["max_members"] == str(BIGGEST)
    assert pool["total_contributed"] == str(BIGGEST - 1)
    [event] = get(client, "/events", kind="MemberJoined")["results"]
    assert event["args"]["btcAmount"] == str(BIGGEST - 1)
    assert get(client, "/stats")["total_contributed"] == str(BIGGEST - 1)


def test_an_event_carries_every_argument_under_its_name_in_the_interface(
    client: Client, chain: ChainFactory
) -> None:
    chain.block(chain.created(7, name="Bloß\x00 <b>ein</b> \u202eName"))
    [event] = get(client, "/events")["results"]
    assert event == {
        "seq": 1,
        "kind": "PoolCreated",
        "contract": CONTRACT,
        "pool_id": "7",
        "account": ANA,
        "args": {
            "poolId": "7",
            "creator": ANA,
            "name": "Bloß <b>ein</b> Name",
            "minContribution": str(BTC // 1000),
            "maxMembers": "10",
            "timestamp": str(int(NOON.timestamp())),
        },
        "block_number": 100,
        "block_hash": chain.head.hash,
        "transaction_hash": event["transaction_hash"],
        "log_index": 0,
        "timestamp": "2025-06-15T12:00:00Z",
        "confirmed": True,
    }


def test_an_event_about_the_contract_as_a_whole_names_no_pool(
    client: Client, chain: ChainFactory
) -> None:
    chain.block(
        chain.event("Paused", account=CARO), chain.event("EmergencyModeUpdated", enabled=True)
    )
    paused, emergency = get(client, "/events")["results"]
    assert (paused["pool_id"], paused["account"], paused["args"]) == (None, None, {"account": CARO})
    assert emergency["args"] == {"enabled": True}


def test_events_come_in_chain_order_or_turned(client: Client, chain: ChainFactory) -> None:
    for number in range(1, 8):
        chain.block(chain.created(number), chain.joined(number))
    oldest_first = list(walk(client, "/events", limit=3))
    assert [event["seq"] for event in oldest_first] == list(range(1, 15))
    newest_first = list(walk(client, "/events", limit=4, order="desc"))
    assert newest_first == oldest_first[::-1]


def test_events_of_several_contracts_share_one_order(client: Client) -> None:
    chain = ChainFactory(contracts=(CONTRACT, OTHER_CONTRACT))
    chain.block(
        chain.created(1),
        chain.event(
            "PoolCreated",
            contract=OTHER_CONTRACT,
            pool_id=1,
            creator=BEA,
            name=b"Elsewhere",
            min_contribution=1,
            max_members=2,
        ),
        chain.joined(1),
    )
    assert [event["contract"] for event in get(client, "/events")["results"]] == [
        CONTRACT,
        OTHER_CONTRACT,
        CONTRACT,
    ]
    [event] = get(client, "/events", contract=OTHER_CONTRACT.lower())["results"]
    assert event["args"]["name"] == "Elsewhere"
    assert len(get(client, "/events", pool_id=1)["results"]) == 3
    assert len(get(client, "/events", pool_id=1, contract=CONTRACT)["results"]) == 2
    assert get(client, f"/pools/{OTHER_CONTRACT}/1")["name"] == "Elsewhere"


def test_a_page_does_not_shift_when_events_arrive_meanwhile(
    client: Client, chain: ChainFactory
) -> None:
    chain.block(*(chain.created(number) for number in range(1, 5)))
    first = get(client, "/events", order="desc", limit=2)
    chain.block(chain.created(5), chain.created(6))
    second = client.get(first["next"]).json()
    assert [e["pool_id"] for e in first["results"] + second["results"]] == ["4", "3", "2", "1"]


def test_event_filters_select_what_they_name(client: Client, chain: ChainFactory) -> None:
    chain.block(chain.created(1, creator=ANA))
    chain.block(chain.created(2, creator=BEA))
    chain.block(chain.joined(1, BEA), chain.joined(2, CARO), at=NOON + timedelta(days=1))

    def seqs(**query: Any) -> list[int]:
        return [event["seq"] for event in get(client, "/events", **query)["results"]]

    assert seqs(kind="PoolCreated") == [1, 2]
    assert seqs(pool_id=2) == [2, 4]
    assert seqs(account=BEA.lower()) == [2, 3]
    assert seqs(from_block=101) == [2, 3, 4]
    assert seqs(to_block=101) == [1, 2]
    assert seqs(from_block=101, to_block=101) == [2]
    assert seqs(since=0) == [1, 2, 3, 4]
    assert seqs(since=3) == [4]
    assert seqs(since=4) == []
    assert seqs(date_from="2025-06-16") == [3, 4]
    assert seqs(date_to="2025-06-15") == [1, 2]
    assert seqs(date_from="2025-06-15T12:00:10Z", date_to="2025-06-16T12:00:00Z") == [2]
    assert seqs(contract=OTHER_CONTRACT) == []
    assert seqs(pool_id=BIGGEST) == []
    assert seqs(kind="MemberJoined", account=CARO, since=1, order="desc") == [4]
    assert seqs(kind="", pool_id="", account="") == [1, 2, 3, 4]


def test_what_the_chain_took_back_is_not_in_the_list(client: Client, chain: ChainFactory) -> None:
    chain.block(chain.created(1))
    chain.block(chain.created(2))
    chain.roll_back(100)
    chain.block(chain.created(3))
    assert [event["pool_id"] for event in get(client, "/events")["results"]] == ["1", "3"]
    assert [pool["pool_id"] for pool in get(client, "/pools")["results"]] == ["3", "1"]
    stats = get(client, "/stats")
    assert (stats["events_total"], stats["pools_total"]) == (2, 2)
    assert stats["seq"] == 4  # two events, one retraction, one event


def test_a_log_that_cannot_be_read_is_no_event(client: Client, chain: ChainFactory) -> None:
    chain.block(undecodable(), chain.created(1))
    [event] = get(client, "/events")["results"]
    assert (event["kind"], event["log_index"]) == ("PoolCreated", 1)
    assert get(client, "/stats")["events_total"] == 1


def test_an_event_counts_as_confirmed_with_enough_blocks_on_top(
    client: Client, chain: ChainFactory, settings: Settings
) -> None:
    settings.CONFIRMATIONS = 2
    chain.block(chain.created(1))
    chain.block()
    assert [e["confirmed"] for e in get(client, "/events")["results"]] == [False]
    chain.block()
    assert [e["confirmed"] for e in get(client, "/events")["results"]] == [True]


def test_members_are_listed_with_those_who_left(client: Client, chain: ChainFactory) -> None:
    chain.block(chain.created(1), chain.joined(1, ANA, 3 * BTC))
    chain.block(chain.joined(1, BEA), chain.joined(1, CARO))
    chain.block(chain.left(1, ANA, btc_amount=4 * BTC))
    path = f"/pools/{CONTRACT}/1/members"
    members = list(walk(client, path, limit=1))
    assert members == get(client, path)["results"]
    assert [member["account"] for member in members] == [ANA, *sorted([BEA, CARO])]
    assert members[0] == {
        "account": ANA,
        "contribution": "0",
        "active": False,
        "joined_at": "2025-06-15T12:00:00Z",
        "left_at": "2025-06-15T12:00:20Z",
        "yield_claimed": "0",
    }


def test_pool_filters_select_what_they_name(client: Client, chain: ChainFactory) -> None:
    chain.block(chain.created(1, name="Ahorro 100%", creator=ANA))
    chain.block(chain.created(2, name="ORGANIZACIÓN vecinal", creator=BEA), at=NOON + timedelta(1))
    chain.block(chain.created(3, name="House_fund"), chain.joined(3), chain.closed(1))

    def ids(**query: Any) -> list[str]:
        return [pool["pool_id"] for pool in get(client, "/pools", **query)["results"]]

    assert ids() == ["3", "2", "1"]
    assert ids(q="ahorro") == ["1"]
    assert ids(q="organización") == ["2"]
    assert ids(q="100%") == ["1"]
    assert ids(q="%") == ["1"]
    assert ids(q="_") == ["3"]
    assert ids(q="ó.*") == []
    assert ids(creator=BEA.lower()) == ["2"]
    assert ids(status="closed") == ["1"]
    assert ids(category="community") == ["2", "1"]
    assert ids(category="none") == []
    assert ids(created_after="2025-06-16") == ["3", "2"]
    assert ids(created_before="2025-06-15") == ["1"]
    assert ids(created_after="2025-06-16T12:00:01Z") == ["3"]
    assert ids(ordering="created") == ["1", "2", "3"]
    assert ids(ordering="-members")[0] == "3"
    assert ids(ordering="-total")[0] == "3"
    assert ids(ordering="total")[-1] == "3"


@pytest.mark.parametrize("order", ["created", "total", "members", "activity"])
@pytest.mark.parametrize("sign", ["", "-"])
def test_every_order_of_pools_pages_through_all_of_them_once(
    client: Client, chain: ChainFactory, order: str, sign: str
) -> None:
    for number in range(1, 6):  # with ties in every column
        chain.block(chain.created(number), chain.created(number + 10))
    chain.block(chain.joined(1, ANA, BTC), chain.joined(2, ANA, BTC), chain.joined(3, ANA, 2**200))
    everything = get(client, "/pools", ordering=f"{sign}{order}")["results"]
    pages = list(walk(client, "/pools", ordering=f"{sign}{order}", limit=2))
    assert pages == everything
    assert len({pool["pool_id"] for pool in pages}) == 10


def test_the_dashboard_numbers_count_by_block_time(client: Client, chain: ChainFactory) -> None:
    yesterday = NOON - timedelta(days=1)
    later = ChainFactory.block
    later(chain, chain.created(1), at=NOON)
    now = NOON + timedelta(days=1, minutes=30)
    chain.block(chain.created(2), at=NOON + timedelta(minutes=30, seconds=1))
    chain.block(chain.created(3), chain.joined(3), at=now - timedelta(hours=2))
    chain.block(chain.joined(3, BEA), at=now - timedelta(minutes=1))
    stats = selectors.stats(now)
    assert stats.events_total == 5
    assert stats.events_today == 3
    assert stats.events_yesterday_same_time == 1  # the one at 12:30:01 was later in the day
    assert stats.events_this_hour == 1
    assert stats.trend_percent == 200.0
    assert stats.members_total == 2
    assert selectors.stats(yesterday).trend_percent is None


def test_the_link_to_the_chain_is_told_and_old_news_means_offline(
    client: Client, chain: ChainFactory
) -> None:
    chain.block()
    listener(updated_at=NOON, connected_at=NOON - timedelta(hours=1), head=104)
    connection = selectors.connection(NOON + timedelta(seconds=5))
    assert connection.state == "live"
    assert connection.uptime_seconds == 3605
    assert (connection.head, connection.cursor, connection.lag_blocks) == (104, 100, 4)
    silent = selectors.connection(NOON + timedelta(seconds=21))
    assert (silent.state, silent.uptime_seconds) == ("offline", None)


def test_before_anything_happened_every_list_is_empty(client: Client) -> None:
    assert get(client, "/pools") == get(client, "/events") == {"results": [], "next": None}
    assert get(client, "/coverage") == {"contracts": []}
    stats = get(client, "/stats")
    assert stats["latest_pool"] is None
    assert stats["trend_percent"] is None
    assert (stats["seq"], stats["total_contributed"]) == (0, "0")
    assert stats["connection"]["state"] == "offline"
    assert stats["connection"]["head"] is None


def test_blocks_that_were_heard_of_and_not_read_are_gaps(
    client: Client, chain: ChainFactory
) -> None:
    chain.block(chain.created(1))
    listener(updated_at=NOON, head=105)
    (told,) = get(client, "/coverage")["contracts"]
    expected = {
        "contract": CONTRACT,
        "chain_id": CHAIN_ID,
        "start_block": 100,
        "head": 105,
        "covered_blocks": 1,
        "gaps": [[101, 105]],
        "pieces": 1,
        "unproved": [],
        "broken_seams": [],
    }
    assert told == told | expected


def test_unknown_things_are_not_found(client: Client, chain: ChainFactory) -> None:
    for path in (
        f"/pools/{CONTRACT}/99",
        f"/pools/{OTHER_CONTRACT}/1",
        f"/pools/{CONTRACT}/99/members",
        "/",
        "/poools",
        "/pools%0A",
        f"/pools/{CONTRACT}",
    ):
        assert set(get(client, path, 404)) == {"detail"}


NONSENSE = [
    "-1",
    "1.5",
    "1e3",
    "٣",
    "²",
    "0x10",
    "nonsense",
    "9" * 30_000,
    str(2**256),
    "NaN",
    "1\x002",
    "\x00",
    "' OR 1=1 --",
    "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"),
    "a" * 10_240,
    "../../etc/passwd",
    "{}",
    "[1]",
]
PARAMETERS = [
    *(("/events", name) for name in EventFilter.base_filters),
    *(("/pools", name) for name in PoolFilter.base_filters if name != "q"),
]


@pytest.mark.parametrize("nonsense", NONSENSE, ids=lambda text: ascii(text)[:20])
def test_a_parameter_that_makes_no_sense_is_refused_and_named(
    client: Client, nonsense: str
) -> None:
    for path, name in PARAMETERS:
        assert name in get(client, path, 400, **{name: nonsense})["detail"]


@pytest.mark.parametrize("nonsense", NONSENSE, ids=lambda text: ascii(text)[:20])
def test_free_text_finds_nothing_or_is_refused(client: Client, nonsense: str) -> None:
    assert client.get("/api/v1/pools", {"q": nonsense}).status_code in (200, 400)
    assert client.get("/pools/", {"q": nonsense}).status_code == 200


@pytest.mark.parametrize("number", ["9" * 5000, "-1", "1" + "0" * 78, "٣", "x", "1\x00"])
def test_a_path_that_makes_no_sense_is_refused(client: Client, number: str) -> None:
    for path in (f"/pools/{CONTRACT}/{number}", f"/pools/{number}/1", f"/pools/{number}/1/members"):
        assert client.get(f"/api/v1{path}").status_code in (400, 404)


def test_a_cursor_of_another_list_or_order_is_refused(client: Client, chain: ChainFactory) -> None:
    chain.block(*(chain.created(number) for number in range(1, 5)))
    pools = get(client, "/pools", limit=1)["next"].partition("cursor=")[2]
    get(client, "/events", 400, cursor=pools)
    get(client, "/pools", 400, cursor=pools, ordering="-total")
    get(client, "/pools", 200, cursor=pools)


def test_lists_take_the_same_few_queries_however_long(
    client: Client, chain: ChainFactory, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for start in (1, 40):
        chain.block(*(chain.created(start + number) for number in range(30)))
        chain.block(*(chain.joined(start, address(f"member {n}")) for n in range(30)))
        with django_assert_num_queries(2):
            get(client, "/pools", limit=1000)
        with django_assert_num_queries(4):
            get(client, "/events", limit=1000)
        with django_assert_num_queries(2):
            get(client, f"/pools/{CONTRACT}/{start}/members")
        with django_assert_num_queries(5):
            get(client, "/stats")


EVERY_KIND_OF_ADDRESS = ["pools", f"pools/{CONTRACT}/1", "stats", "openapi.json", "docs", "", "po"]


@pytest.mark.parametrize("path", EVERY_KIND_OF_ADDRESS)
def test_reading_needs_no_login_and_writing_is_impossible(path: str) -> None:
    client = Client(enforce_csrf_checks=True)
    for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "WISH"):
        answer = client.generic(method, f"/api/v1/{path}")
        assert (answer.status_code, answer["Allow"]) == (405, "GET, HEAD")
        assert answer["Content-Type"] == "application/json"
        assert set(answer.json()) == {"detail"}


@pytest.mark.parametrize("path", EVERY_KIND_OF_ADDRESS)
def test_head_tells_what_get_would_answer(client: Client, chain: ChainFactory, path: str) -> None:
    chain.block(chain.created(1))
    asked, told = client.get(f"/api/v1/{path}"), client.head(f"/api/v1/{path}")
    assert told.status_code == asked.status_code
    assert told["Content-Type"] == asked["Content-Type"]
    assert told.content == b""


def test_openapi_describes_every_filter_and_every_answer(
    client: Client, chain: ChainFactory
) -> None:
    chain.block(chain.created(1), chain.joined(1))
    schema = client.get("/api/v1/openapi.json").json()
    described = {
        path: {one["name"] for one in methods["get"]["parameters"]}
        for path, methods in schema["paths"].items()
    }
    assert set(described) == {
        "/api/v1/pools",
        "/api/v1/pools/{contract}/{pool_id}",
        "/api/v1/pools/{contract}/{pool_id}/members",
        "/api/v1/events",
        "/api/v1/stats",
        "/api/v1/activity",
        "/api/v1/coverage",
    }
    assert described["/api/v1/events"] == set(EventFilter.base_filters)
    assert described["/api/v1/pools"] == set(PoolFilter.base_filters)
    for path in ("/api/v1/pools", "/api/v1/events"):
        answer = client.get(path).json()["results"][0]
        ref = schema["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]
        listed = schema["components"]["schemas"][ref["schema"]["$ref"].rpartition("/")[2]]
        item = listed["properties"]["results"]["items"]["$ref"].rpartition("/")[2]
        assert set(schema["components"]["schemas"][item]["properties"]) == set(answer)


def test_the_page_for_people_asks_nobody_else_for_anything(client: Client) -> None:
    answer = client.get("/api/v1/docs")
    assert answer.status_code == 200
    page = answer.content.decode()
    assert "/api/v1/pools/{contract}/{pool_id}/members" in page
    assert "from_block" in page
    assert "//cdn" not in page
    assert "<script>" not in page
    assert "unsafe" not in answer["Content-Security-Policy"]


def test_activity_is_counted_by_the_hour_the_day_and_the_week(client: Client) -> None:
    now = timezone.now().replace(microsecond=0)
    chain = ChainFactory(start_time=now - timedelta(days=30))
    chain.block(chain.created(1), chain.joined(1, ANA), chain.joined(1, BEA), undecodable())
    chain.block(chain.left(1, ANA), at=now - timedelta(hours=3))
    for unit, length in (("hour", 168), ("day", 90), ("week", 104)):
        found = get(client, "/activity", bucket=unit)["results"]
        assert len(found) == length
        assert [one["start"] for one in found] == sorted(one["start"] for one in found)
        told = [one["counts"] for one in found if one["counts"]]
        long_ago = [] if unit == "hour" else [{"MemberJoined": 2, "PoolCreated": 1}]
        assert told == [*long_ago, {"MemberLeft": 1}]
    assert get(client, "/activity") == get(client, "/activity", bucket="day")
    assert "bucket" in get(client, "/activity", 400, bucket="year")["detail"]


def test_activity_asked_for_again_reads_the_past_once_until_it_changes(client: Client) -> None:
    now = timezone.now().replace(microsecond=0)
    chain = ChainFactory(start_time=now - timedelta(days=30))
    chain.block(chain.created(1), chain.joined(1, ANA))
    chain.block(chain.created(2), at=now)

    def ask() -> tuple[list[dict[str, int]], int]:
        with CaptureQueriesContext(connection) as queries:
            found = get(client, "/activity", bucket="week")["results"]
        reads = [query for query in queries if "hourlyactivity" in query["sql"]]
        return [one["counts"] for one in found if one["counts"]], len(reads)

    assert ask() == ([{"MemberJoined": 1, "PoolCreated": 1}, {"PoolCreated": 1}], 2)
    chain.block(chain.created(3), at=now)
    assert ask() == ([{"MemberJoined": 1, "PoolCreated": 1}, {"PoolCreated": 2}], 1)
    HourlyActivity.objects.filter(hour__lt=now - timedelta(days=9)).update(count=7)
    Chain.objects.update(activity_mark=1)  # as whoever changes past hours does
    assert ask() == ([{"MemberJoined": 7, "PoolCreated": 7}, {"PoolCreated": 2}], 2)
