"""What staff do by actions and buttons stands in the admin's history: who did what to which."""

from typing import Any

import pytest
from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.contrib.auth.models import User
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from pools.models import (
    Alert,
    AlertDelivery,
    AlertReceiver,
    AlertSilence,
    HistoricalScan,
    Log,
    Pool,
)
from tests.records import one_of_each

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff() -> Client:
    one_of_each()
    client = Client()
    client.force_login(User.objects.create_superuser("rosa"))
    return client


def act(client: Client, record: Model, action: str, **more: Any) -> None:
    client.post(
        reverse(f"admin:pools_{record._meta.model_name}_changelist"),
        {"action": action, "_selected_action": [record.pk], **more},
    )


def history(client: Client, record: Model, language: str = "en") -> list[tuple[str, str]]:
    """Who did what to the record, as its page of history says it, the newest last."""
    url = reverse(f"admin:pools_{record._meta.model_name}_history", args=[record.pk])
    answer = client.get(url, headers={"accept-language": language})
    lines = answer.context["action_list"]
    for line in lines:
        assert line.get_change_message() in answer.text
    return [(line.user.username, line.get_change_message()) for line in lines]


def test_who_acknowledged_an_alert_is_known(staff: Client) -> None:
    alert = Alert.objects.get()
    act(staff, alert, "acknowledge")
    act(staff, alert, "acknowledge")  # again, which does nothing
    assert history(staff, alert) == [("rosa", "Acknowledged.")]


def test_a_line_is_read_in_the_readers_language(staff: Client) -> None:
    alert = Alert.objects.get()
    act(staff, alert, "acknowledge")
    act(staff, alert, "silence_8_hours")
    said = [text for _, text in history(staff, alert, "es")]
    assert said == ["Se marcó como atendida.", "Agregado silencio “8 h”."]


def test_who_silenced_an_alert_is_known_of_the_alert_and_of_the_silence(staff: Client) -> None:
    alert = Alert.objects.get()
    before = set(AlertSilence.objects.values_list("pk", flat=True))
    act(staff, alert, "silence_8_hours")
    assert history(staff, alert) == [("rosa", "Added silence “8 h”.")]
    (silence,) = AlertSilence.objects.exclude(pk__in=before)
    assert history(staff, silence) == [("rosa", "Added.")]


def test_who_ended_a_silence_is_known(staff: Client) -> None:
    silence = AlertSilence.objects.get()
    act(staff, silence, "end_now")
    act(staff, silence, "end_now")
    assert history(staff, silence) == [("rosa", "Ended.")]


def test_who_had_something_sent_again_is_known(staff: Client) -> None:
    delivery = AlertDelivery.objects.get()
    act(staff, delivery, "send_again")  # nothing was given up
    assert history(staff, delivery) == []
    AlertDelivery.objects.update(state="failed")
    act(staff, delivery, "send_again")
    assert history(staff, delivery) == [("rosa", "To be tried again.")]


def test_who_sent_a_test_is_known_of_the_receiver_and_of_what_is_sent(staff: Client) -> None:
    team = AlertReceiver.objects.get()
    act(staff, team, "send_test")
    assert history(staff, team) == [("rosa", "Sent a test alert.")]
    assert history(staff, AlertDelivery.objects.get(occasion="test")) == [("rosa", "Added.")]
    staff.post(reverse("admin:pools_alertdelivery_test"))
    for sent in AlertDelivery.objects.filter(occasion="test"):
        assert history(staff, sent) == [("rosa", "Added.")]


def test_who_asked_for_a_scan_is_known(staff: Client) -> None:
    log = Log.objects.get(block_number=102)
    act(staff, log, "scan_again")
    act(staff, log, "scan_again")  # it is asked for already
    asked = HistoricalScan.objects.get(from_block=102)
    assert history(staff, asked) == [("rosa", "Added.")]


@pytest.mark.parametrize("where", ["list", "page"])
def test_who_set_a_pools_category_and_took_it_back_is_known(staff: Client, where: str) -> None:
    pool = Pool.objects.get()
    if where == "list":
        act(staff, pool, "set_category", category="travel")
        act(staff, pool, "set_category")
        act(staff, pool, "follow_rules")
        act(staff, pool, "follow_rules")  # it does already
    else:
        url = reverse("admin:pools_pool_category", args=[pool.pk])
        for sent in ({"category": "travel"}, {}, {"follow": ""}, {"follow": ""}):
            staff.post(url, sent)
    assert history(staff, pool) == [
        ("rosa", "Added category correction “travel”."),
        ("rosa", "Added category correction “none”."),
        ("rosa", "The rules decide its category again."),
    ]


def test_a_line_names_its_record_and_whether_it_was_made_or_changed(staff: Client) -> None:
    alert = Alert.objects.get()
    act(staff, alert, "acknowledge")
    act(staff, Log.objects.get(block_number=102), "scan_again")
    made, changed = LogEntry.objects.order_by("-pk")[:2]
    assert (changed.action_flag, changed.object_repr) == (CHANGE, alert.message)
    assert (made.action_flag, made.object_repr) == (ADDITION, "Rescan 102-102: Requested")
