"""While a silence holds nobody is told; what still stands when it ends is told then, once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier, Event
from time import sleep
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from pools import deliveries, silences
from pools.alerts import raise_alert, resolve
from pools.models import Alert, AlertDelivery, AlertSilence
from pools.receivers import WEBHOOK
from realtime.alert_sending import send_alerts
from tests.receivers import Webhook, later, states

pytestmark = pytest.mark.django_db

State = AlertDelivery.State


def silence(*kinds: str, key: str = "", hours: float = 1, after: float = 0) -> AlertSilence:
    now = timezone.now()
    return AlertSilence.objects.create(
        kinds=list(kinds),
        key=key,
        starts_at=now + timedelta(hours=after),
        ends_at=now + timedelta(hours=after + hours),
    )


def told(webhook: Webhook) -> list[tuple[str, str]]:
    return [each for posted in webhook.posted for each in posted.told]


def test_what_is_raised_in_a_silence_is_told_once_when_it_ends(webhook: Webhook) -> None:
    silence()
    raise_alert("gap", "gap:1", "blocks 1 to 9")
    send_alerts()
    assert told(webhook) == []
    assert states() == [State.HELD]
    with later(minutes=59):
        send_alerts()
        assert told(webhook) == []
    with later(minutes=61):
        for _ in range(3):
            send_alerts()
    assert told(webhook) == [("raised", "blocks 1 to 9")]


def test_what_is_over_before_the_silence_is_told_to_nobody(webhook: Webhook) -> None:
    silence()
    raise_alert("gap", "gap:1", "blocks 1 to 9")
    resolve("gap:1")
    with later(hours=2):
        send_alerts()
    assert told(webhook) == []
    assert states() == [State.SPARED]


def test_what_was_told_before_is_told_to_be_over_when_the_silence_ends(webhook: Webhook) -> None:
    raise_alert("gap", "gap:1", "blocks 1 to 9")
    send_alerts()
    silence()
    resolve("gap:1")
    send_alerts()
    assert told(webhook) == [("raised", "blocks 1 to 9")]
    with later(hours=2):
        send_alerts()
    assert told(webhook)[1:] == [("resolved", "blocks 1 to 9")]


def test_what_waits_when_a_silence_begins_is_held_back(webhook: Webhook) -> None:
    webhook.answers = [500]
    raise_alert("gap", "gap:1", "blocks 1 to 9")
    send_alerts()
    silence()
    with later(minutes=10):
        send_alerts()
    assert len(webhook.posted) == 1
    assert states() == [State.HELD]
    with later(hours=2):
        send_alerts()
    assert states() == [State.SENT]


def test_who_heard_of_neither_before_a_silence_hears_of_neither_after(webhook: Webhook) -> None:
    webhook.answers = [500]
    raise_alert("gap", "gap:1", "blocks 1 to 9")
    send_alerts()
    resolve("gap:1")
    silence()
    send_alerts()
    assert states() == [State.HELD, State.HELD]
    with later(hours=2):
        send_alerts()
    assert len(webhook.posted) == 1
    assert states() == [State.SPARED, State.SPARED]


def test_what_a_silence_is_about_is_held_back_however_much_else_waits(
    webhook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(silences, "_AT_ONCE", 2)
    webhook.answers = [500]
    for number in range(3):
        raise_alert("latency", f"latency:{number}", f"slow {number}")
    send_alerts()
    raise_alert("gap", "gap:1", "a gap")
    silence("gap")
    with later(minutes=5):
        send_alerts()
    assert states() == [State.SENT] * 3 + [State.HELD]


@pytest.mark.parametrize("about", [{"kinds": ["gap"]}, {"key": "gap:1"}])
def test_what_is_silenced_no_more_is_told_however_much_else_is_held_back(
    webhook: Webhook, monkeypatch: pytest.MonkeyPatch, about: dict[str, Any]
) -> None:
    monkeypatch.setattr(silences, "_AT_ONCE", 2)
    silence("latency", hours=48)
    short = timezone.now() + timedelta(hours=1)
    AlertSilence.objects.create(ends_at=short, **about)
    for number in range(3):
        raise_alert("latency", f"latency:{number}", f"slow {number}")
    raise_alert("gap", "gap:1", "a gap")
    assert states() == [State.HELD] * 4
    with later(hours=2):
        send_alerts()
    assert told(webhook) == [("raised", "a gap")]


def test_a_silence_of_everything_releases_nothing(webhook: Webhook) -> None:
    silence("gap")
    raise_alert("gap", "gap:1", "a gap")
    silence(hours=48)
    with later(hours=2):
        send_alerts()
    assert states() == [State.HELD]


def test_silences_are_forgotten_long_after_they_ended(webhook: Webhook) -> None:
    over, holds = silence("gap", hours=1), silence("latency", hours=3)
    deliveries.forget_old(over.ends_at + deliveries.KEPT + timedelta(hours=1))
    assert list(AlertSilence.objects.all()) == [holds]


def test_no_more_alerts_are_silenced_one_by_one_than_everybody_can_read() -> None:
    keys = [f"gap:{number}" for number in range(silences.MOST_MADE + 1)]
    with pytest.raises(silences.TooMany, match="101 alerts; 100"):
        silences.make(keys, until=timezone.now() + timedelta(hours=1), by="ana")
    assert not AlertSilence.objects.exists()


def test_a_silence_is_of_its_kinds_or_of_its_alert_alone(webhook: Webhook) -> None:
    silence("gap")
    silence(key="rule:7")
    silence(after=5)
    for kind, key in (("gap", "gap:1"), ("latency", "latency"), ("rule", "rule:7"), ("rule", "7")):
        raise_alert(kind, key, key)
    send_alerts()
    assert told(webhook) == [("raised", "latency"), ("raised", "7")]


def test_a_test_goes_out_in_any_silence(webhook: Webhook) -> None:
    silence()
    deliveries.note_test()
    send_alerts()
    assert [event for event, _ in told(webhook)] == ["test"]


def test_a_silence_that_staff_end_or_delete_ends(webhook: Webhook) -> None:
    one, other = silence("gap"), silence("latency")
    raise_alert("gap", "gap:1", "a gap")
    raise_alert("latency", "latency", "a slow node")
    one.delete()
    AlertSilence.objects.filter(pk=other.pk).update(
        starts_at=timezone.now() - timedelta(hours=1), ends_at=timezone.now()
    )
    send_alerts()
    assert told(webhook) == [("raised", "a gap"), ("raised", "a slow node")]


def test_of_two_silences_the_longer_counts(webhook: Webhook) -> None:
    silence(hours=1)
    silence("gap", hours=3)
    alert = raise_alert("gap", "gap:1", "blocks 1 to 9")
    assert silences.until(alert, silences.holding(timezone.now())) == max(
        AlertSilence.objects.values_list("ends_at", flat=True)
    )
    with later(hours=2):
        send_alerts()
    assert told(webhook) == []


def test_who_was_not_told_in_time_is_not_told_that_it_is_over(webhook: Webhook) -> None:
    """Given up within the silence, so that both rows end."""
    raise_alert("gap", "gap:1", "blocks 1 to 9")
    AlertDelivery.objects.update(attempts=deliveries.MOST_ATTEMPTS)
    batch = deliveries.claim(WEBHOOK, now=timezone.now() + timedelta(minutes=1))
    assert batch is None
    silence()
    resolve("gap:1")
    with later(hours=2):
        send_alerts()
    assert told(webhook) == []


def test_what_is_held_back_is_never_forgotten(webhook: Webhook) -> None:
    silence(hours=24 * 365)
    raise_alert("gap", "gap:1", "blocks 1 to 9")
    deliveries.forget_old(timezone.now() + deliveries.KEPT * 2)
    assert states() == [State.HELD]


def test_no_silence_ends_before_it_starts() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        silence(hours=-1)


@pytest.mark.django_db(transaction=True)
def test_workers_who_see_a_silence_end_at_once_tell_each_alert_once(webhook: Webhook) -> None:
    over = silence()
    for number in range(30):
        raise_alert("gap", f"gap:{number}", f"gap {number}")
    over.delete()
    together = Barrier(4)

    def work(_: int) -> None:
        together.wait()
        send_alerts()
        connection.close()

    with ThreadPoolExecutor(4) as workers:
        list(workers.map(work, range(4)))
    send_alerts()
    assert sorted(told(webhook)) == sorted(("raised", f"gap {number}") for number in range(30))
    assert states() == [State.SENT] * 30


@pytest.mark.django_db(transaction=True)
def test_of_an_alert_that_is_over_as_the_silence_ends_both_or_nothing_is_told(
    webhook: Webhook,
) -> None:
    over = silence()
    for number in range(20):
        raise_alert("gap", f"gap:{number}", f"gap {number}")
    over.delete()
    together = Barrier(2)

    def end() -> None:
        together.wait()
        for number in range(20):
            resolve(f"gap:{number}")
        connection.close()

    with ThreadPoolExecutor(1) as other:
        ending = other.submit(end)
        together.wait()
        send_alerts()
        ending.result()
    send_alerts()
    heard = told(webhook)
    assert len(heard) == len(set(heard))
    assert {words for event, words in heard if event == "raised"} == {
        words for event, words in heard if event == "resolved"
    }
    assert not AlertDelivery.objects.filter(state__in=[State.WAITING, State.HELD]).exists()
    assert not Alert.objects.filter(resolved_at=None).exists()


@pytest.mark.django_db(transaction=True)
def test_of_an_alert_that_is_over_as_the_silence_begins_both_or_nothing_is_told(
    webhook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one that resolves has seen no silence yet; the other holds back meanwhile."""
    webhook.answers = [500]
    raise_alert("gap", "gap:1", "blocks 1 to 9")
    send_alerts()
    decided = Event()
    look = silences.until

    def until(*about: Any) -> datetime | None:
        found = look(*about)
        decided.set()
        sleep(0.5)
        return found

    def end() -> None:
        resolve("gap:1")
        connection.close()

    monkeypatch.setattr(silences, "until", until)
    with ThreadPoolExecutor(1) as other:
        ending = other.submit(end)
        assert decided.wait(5)
        silence()  # on SQLite this waits until the other has written
        silences.hold(timezone.now())
        ending.result()
    assert states() == [State.HELD, State.HELD]
