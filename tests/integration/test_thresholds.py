"""The records are watched: trouble with the listener or its link is raised, told, and resolved."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from pools import thresholds
from pools.alerts import open_alerts
from pools.models import Alert, AlertDelivery, ConnectionSpell, LatencySample, ListenerStatus
from realtime.tasks import watch_thresholds
from tests.factories import ChainFactory, listener

pytestmark = pytest.mark.django_db


@pytest.fixture
def now() -> datetime:
    return timezone.now()


def standing() -> list[str]:
    return sorted(alert.kind for alert in open_alerts())


def is_lost(since: datetime) -> None:
    ConnectionSpell.objects.create(
        state="reconnecting", since=since, until=since + timedelta(seconds=2)
    )


def answers_in(milliseconds: float, *, minute: datetime) -> None:
    LatencySample.objects.create(
        minute=int(minute.timestamp()) // 60,
        endpoint="node.example",
        answer_count=2,
        answer_sum=2 * milliseconds,
    )


def test_an_empty_database_raises_nothing() -> None:
    watch_thresholds()
    assert standing() == []


def test_a_listener_that_is_gone_is_raised_once_and_resolved_when_it_is_back(
    now: datetime, settings: Settings
) -> None:
    settings.ALERT_EMAILS = ["ana@example.org"]
    listener(updated_at=now - timedelta(minutes=3))
    for _ in range(3):
        watch_thresholds()
    assert standing() == ["listener"]
    assert Alert.objects.get().count == 3
    ListenerStatus.objects.update(updated_at=now)
    watch_thresholds()
    assert standing() == []
    told = AlertDelivery.objects.order_by("pk").values_list("occasion", flat=True)
    assert list(told) == ["raised", "resolved"]


def test_losses_of_the_link_count_for_an_hour(now: datetime, settings: Settings) -> None:
    settings.ALERT_RECONNECTS = 3
    listener(updated_at=now)
    for minutes in (5, 30, 59, 61, 90):
        is_lost(now - timedelta(minutes=minutes))
    thresholds.watch(now=now)
    assert standing() == ["link"]
    assert "lost 3 times" in Alert.objects.get().message
    for later, stands in ((2, ["link"]), (32, [])):  # two losses are near three, one is not
        ListenerStatus.objects.update(updated_at=now + timedelta(minutes=later))
        thresholds.watch(now=now + timedelta(minutes=later))
        assert standing() == stands


def test_the_newest_event_tells_of_silence(now: datetime, settings: Settings) -> None:
    settings.ALERT_SILENCE_SECONDS = 600
    chain = ChainFactory(start_time=now - timedelta(seconds=700))
    chain.block(chain.created(1))
    listener(updated_at=now)
    thresholds.watch(now=now)
    assert standing() == ["silence"]
    while chain.head.timestamp < now.timestamp() - 600:
        chain.block(chain.joined(1))
    thresholds.watch(now=now)
    assert standing() == []


def test_the_mean_of_the_last_whole_minutes_tells_of_a_slow_node(now: datetime) -> None:
    listener(updated_at=now)
    answers_in(90_000, minute=now - timedelta(minutes=9))
    answers_in(90_000, minute=now)  # goes on
    for minutes in (1, 2, 3):
        answers_in(800 * minutes, minute=now - timedelta(minutes=minutes))
    thresholds.watch(now=now)
    assert standing() == ["latency"]
    assert "takes 1,600 ms" in Alert.objects.get().message
    LatencySample.objects.update(answer_sum=100)
    thresholds.watch(now=now)
    assert standing() == []


def test_it_asks_little_while_all_is_well(
    now: datetime, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    listener(updated_at=now)
    with django_assert_max_num_queries(6):
        thresholds.watch(now=now)
