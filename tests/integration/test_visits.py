"""Visitors' time zones are counted, and nothing else of them is kept."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings

from pools import selectors, visits
from pools.models import RegionCount
from tests.redis_server import RedisServer

pytestmark = pytest.mark.django_db
TODAY = datetime.now(UTC).date()


@pytest.fixture(autouse=True)
def empty_cache(redis_server: RedisServer) -> None:
    cache.clear()


def tell(
    client: Client, zone: str | bytes, content_type: str = "text/plain", **headers: str
) -> int:
    answer = client.post("/visits/", zone, content_type=content_type, headers=headers)
    assert not answer.cookies
    return answer.status_code


def counted() -> dict[str, int]:
    return dict(selectors.regions())


def test_each_telling_counts_one(client: Client) -> None:
    for zone in ("America/Lima", "America/La_Paz", "America/Lima", "UTC"):
        assert tell(client, zone) == 204
    assert selectors.regions() == [("America/Lima", 2), ("America/La_Paz", 1), ("UTC", 1)]


def test_counts_are_of_a_day_and_a_zone_and_of_nobody(client: Client) -> None:
    tell(client, "America/Lima")
    assert list(RegionCount.objects.values_list("day", "region", "count")) == [
        (TODAY, "America/Lima", 1)
    ]
    assert {field.name for field in RegionCount._meta.get_fields()} == {
        *("id", "day", "region", "count")
    }


@pytest.mark.parametrize("header", ["DNT", "Sec-GPC"])
def test_who_asks_not_to_be_tracked_is_not_counted(client: Client, header: str) -> None:
    assert tell(client, "America/Lima", **{header: "1"}) == 204
    assert counted() == {}
    assert tell(client, "America/Lima", **{header: "0"}) == 204
    assert counted() == {"America/Lima": 1}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (" ", 400),
        ("America/Lima\n", 400),
        ("<script>", 400),
        ("América/Lima", 400),
        (b"\xff\xfe\x00", 400),
        ("a" * 65, 413),
        ("a" * 3_000_000, 400),
        ("Mars/Olympus_Mons", 204),
        ("../../etc/passwd", 400),
        ("america/lima", 204),
    ],
)
def test_what_is_no_time_zone_is_not_counted(
    client: Client, body: str | bytes, status: int
) -> None:
    assert tell(client, body) == status
    assert counted() == {}


@pytest.mark.parametrize(
    "kind",
    ["application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"],
)
def test_other_kinds_of_bodies_are_refused(client: Client, kind: str) -> None:
    assert tell(client, "America/Lima", content_type=kind) == 415


def test_only_pages_of_ours_can_tell() -> None:
    stranger = Client(enforce_csrf_checks=True)
    assert stranger.post("/visits/", "UTC", content_type="text/plain").status_code == 403
    assert counted() == {}


def test_reading_the_address_counts_nothing(client: Client) -> None:
    assert client.get("/visits/").status_code == 405


def test_no_more_than_so_many_count_in_a_minute(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(visits, "MOST_A_MINUTE", 3)
    monkeypatch.setattr(visits.time, "time", lambda: 600.0)
    for _ in range(5):
        assert tell(client, "UTC") == 204
    assert counted() == {"UTC": 3}
    monkeypatch.setattr(visits.time, "time", lambda: 660.0)
    assert tell(client, "UTC") == 204
    assert counted() == {"UTC": 4}


def test_one_address_does_not_decide_where_visitors_are(client: Client) -> None:
    for number in range(400):
        stranger = {
            "X-Forwarded-For": f"10.0.0.{number % 250}, 1.1.1.1"
        }  # the first is its own word
        assert tell(client, "Antarctica/Troll", **stranger) == 204
    for other in ("8.8.8.8", "8.8.4.4", "192.168.0.7", "192.168.0.7"):
        tell(client, "America/Lima", **{"X-Forwarded-For": other})
    assert counted() == {"Antarctica/Troll": visits.MOST_A_DAY, "America/Lima": 4}


def test_an_address_can_be_told_from_no_key_and_no_digest_after_its_day(client: Client) -> None:
    tell(client, "UTC", **{"X-Forwarded-For": "1.1.1.1"})
    redis = cache._cache.get_client(None)  # type: ignore[attr-defined]
    kept = {key.decode(): redis.ttl(key) for key in redis.keys("*visits:*")}
    assert len(kept) == 3
    assert all(0 < seconds <= 24 * 3600 + 1 for seconds in kept.values())
    assert not any("1.1.1.1" in key for key in kept)
    (digest,) = [key for key in kept if len(key.rpartition(":")[2]) == 64]
    (secret,) = [key for key in kept if key.endswith(":key")]
    redis.delete(secret)
    tell(client, "UTC", **{"X-Forwarded-For": "1.1.1.1"})
    assert len(redis.keys("*visits:*")) == 4  # under another key it is somebody else
    assert digest.encode() in redis.keys("*visits:*")


def test_while_the_cache_is_away_nobody_counts_and_nothing_breaks(
    client: Client, settings: Settings
) -> None:
    settings.CACHES = {
        "default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:9/0"}
    }
    assert tell(client, "UTC") == 204
    assert counted() == {}


def test_switched_off_there_is_no_address_and_no_line(client: Client, settings: Settings) -> None:
    assert b'id="regions"' in client.get("/").content
    settings.ENABLE_REGIONS = False
    html = client.get("/").content
    assert b'id="regions"' not in html
    assert b"/visits/" not in html
    assert client.get("/visits/").status_code == 404
    assert tell(client, "UTC") == 404


def test_a_period_begins_with_its_first_day() -> None:
    for days, count in ((0, 1), (6, 2), (7, 4)):
        RegionCount.objects.create(day=TODAY - timedelta(days), region="UTC", count=count)
    assert selectors.regions(TODAY - timedelta(6)) == [("UTC", 3)]
    assert selectors.regions() == [("UTC", 7)]


def test_counts_are_forgotten_after_400_days() -> None:
    for days in (400, 401):
        RegionCount.objects.create(day=TODAY - timedelta(days), region=f"Etc/GMT-{days - 400}")
    visits.forget_old()
    assert RegionCount.objects.get().region == "Etc/GMT-0"
