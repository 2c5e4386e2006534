"""The cards' pictures tell what the hours' counts say, to pages and to browsers that stay."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import timezone

from pools import answer_times, selectors
from pools.models import HourlyActivity, LatencySample
from pools.sparklines import DAYS, HOURS
from realtime.source import Source
from tests.factories import ANA, BEA, NOON, ChainFactory

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
NOW = NOON + timedelta(minutes=20)


@pytest.fixture
def chain() -> ChainFactory:
    return ChainFactory(start_time=NOON - 40 * HOUR)


def test_hours_days_and_kinds_are_those_of_the_events(chain: ChainFactory) -> None:
    chain.block(chain.created(1), at=NOON - 26 * HOUR)
    chain.block(chain.joined(1, ANA), chain.joined(1, BEA), at=NOON - 3 * HOUR)
    chain.block(chain.left(1, BEA), chain.created(2), at=NOON)
    counts = selectors.spark_counts(2, NOW)
    assert len(counts.hours) == len(counts.joins) == HOURS
    assert counts.hours[-4:] == (2, 0, 0, 2)
    assert counts.joins[-4:] == (2, 0, 0, 0)
    assert counts.leaves[-1] == counts.paid_out[-1] == 1
    assert len(counts.today) == 13
    assert sum(counts.today) == 4
    assert len(counts.yesterday) == 24
    assert counts.yesterday[10] == 1
    assert counts.pools[-3:] == (0, 1, 2)
    assert len(counts.pools) == DAYS + 1


def test_a_day_is_that_of_the_site_s_time_zone(
    chain: ChainFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain.block(chain.created(1), at=NOON - 8 * HOUR)  # 4 o'clock UTC: 22 o'clock the day before
    zone = ZoneInfo("America/Mexico_City")
    monkeypatch.setattr(timezone, "get_default_timezone", lambda: zone)
    counts = selectors.spark_counts(1, NOW)
    assert sum(counts.today) == 0
    assert len(counts.today) == 7
    assert counts.yesterday[22] == 1


def test_an_hour_in_which_midnight_is_belongs_to_both_days(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    zone = ZoneInfo("Asia/Kolkata")  # whose days begin at half past six in the evening, UTC
    monkeypatch.setattr(timezone, "get_default_timezone", lambda: zone)
    midnight = datetime(2026, 3, 10, tzinfo=zone).astimezone(UTC)
    chain = ChainFactory(start_time=midnight - 50 * HOUR)
    chain.block(chain.created(1), at=midnight - 49 * HOUR)
    chain.block(chain.joined(1, ANA), at=midnight + timedelta(minutes=5))
    counts = selectors.spark_counts(1, midnight + timedelta(minutes=10))
    assert counts.today == (1,)
    assert (len(counts.yesterday), counts.yesterday[-1]) == (25, 1)


def test_an_empty_site_has_pictures_without_anything_in_them(client: Client) -> None:
    html = client.get("/").content.decode()
    assert len(re.findall('class="spark"', html)) == 6
    assert "From 0 to 0 pools in 30 days." in html


def test_the_cost_does_not_grow_with_the_hours(
    chain: ChainFactory, django_assert_num_queries: Any
) -> None:
    chain.block(chain.created(1))
    hours = [
        HourlyActivity(
            contract=chain.contract, hour=NOON - back * HOUR, kind="MemberJoined", count=back
        )
        for back in range(1, 900)
    ]
    HourlyActivity.objects.bulk_create(hours, ignore_conflicts=True)
    with django_assert_num_queries(2):
        selectors.spark_counts(1, NOW)


def test_only_pictures_that_changed_are_told_anew() -> None:
    chain = ChainFactory(start_time=timezone.now().replace(microsecond=0) - timedelta(seconds=60))
    chain.block(chain.created(1))
    source = Source()
    source.look_around()
    assert set(_told(source)) == {"pools", "today", "hour", "live", "members", "btc"}
    assert _told(source) == []
    chain.block(chain.joined(1, ANA))
    source.look_around()
    told = set(_told(source))
    assert told >= {"hour", "members", "btc"}
    assert "pools" not in told


def test_the_connection_shows_how_quick_the_node_answered_in_the_last_hour(
    client: Client, django_assert_num_queries: Any
) -> None:
    now = timezone.now()
    minute = int(now.timestamp()) // 60
    for back, total, count in ((60, 900.0, 1), (2, 30.0, 3), (1, 100.0, 5)):
        LatencySample.objects.create(
            minute=minute - back, endpoint="one", answer_count=count, answer_sum=total
        )
    LatencySample.objects.create(
        minute=minute - 1, endpoint="other", answer_count=5, answer_sum=300.0
    )
    with django_assert_num_queries(1):
        answers = selectors.answers_of_last_hour(now)
    assert [each for each in answers if each is not None] == [10.0, 40.0]
    assert answers[-2] == 40.0
    html = client.get("/").content.decode()
    assert "Node latency in the last hour: 25 ms on average, 40 ms at most." in html
    source = Source()
    source.look_around()
    assert "live" in _told(source)
    assert "live" not in _told(source)
    LatencySample.objects.filter(minute=minute - 2).update(answer_sum=33.0)
    assert _told(source) == ["live"]


def test_the_line_of_answers_has_holes_where_nothing_was_measured() -> None:
    assert answer_times.line((1.0, 2.0, None, 4.0)).count("M") == 2
    assert answer_times.line((None,) * 60) == ""
    assert answer_times.picture((None,) * 60).paths == ()


def _told(source: Source) -> list[str]:
    return re.findall(r"<hx-partial id=spark-(\w+)>", source.sparks(["en"])["en"])
