"""Operators hear of alerts where they asked to: once each, again and again until it is taken."""

from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from pools import deliveries
from pools.alerts import acknowledge, raise_alert, resolve
from pools.models import Alert, AlertDelivery
from realtime.alert_sending import send_alerts
from tests.receivers import TOKEN, Webhook, later, states

pytestmark = pytest.mark.django_db

State = AlertDelivery.State


def test_nothing_is_written_down_where_nobody_wants_to_hear() -> None:
    raise_alert("gap", "gap:1", "blocks 1 to 9")
    resolve("gap:1")
    send_alerts()
    assert not AlertDelivery.objects.exists()


def test_an_alert_is_posted_as_json_when_it_is_raised_and_when_it_is_over(
    webhook: Webhook, settings: Settings
) -> None:
    settings.SITE_URL = "https://pools.example.org"
    alert = raise_alert("gap", "gap:1", "No node proves blocks 1 to 9", {"from_block": 1})
    send_alerts()
    resolve("gap:1")
    send_alerts()
    raised, resolved = webhook.posted
    assert raised.path == f"/hooks/{TOKEN}"
    assert raised.headers["Content-Type"] == "application/json"
    (event,) = raised.body.pop("events")
    assert raised.body == {
        "source": "coopsite",
        "site": "https://pools.example.org",
        "status_page": "https://pools.example.org/status/",
        "text": f"Raised: No node proves blocks 1 to 9 ({event['raised_at']})\n\n"
        "https://pools.example.org/status/",
    }
    assert datetime.fromisoformat(event["raised_at"]) == alert.raised_at.replace(microsecond=0)
    assert event["raised_at"].endswith("Z")
    told = AlertDelivery.objects.get(occasion="raised")
    assert event == {
        "id": str(told.uid),
        "event": "raised",
        "alert": alert.pk,
        "kind": "gap",
        "message": "No node proves blocks 1 to 9",
        "details": {"from_block": 1},
        "count": 1,
        "raised_at": event["raised_at"],
        "resolved_at": None,
    }
    (over,) = resolved.body["events"]
    assert (over["event"], over["alert"]) == ("resolved", alert.pk)
    assert over["resolved_at"] is not None
    assert over["id"] != event["id"]
    assert raised.headers["Idempotency-Key"] != resolved.headers["Idempotency-Key"]


def test_what_stands_is_told_once_and_what_comes_back_is_told_again(webhook: Webhook) -> None:
    for _ in range(3):
        raise_alert("gap", "gap:1", "blocks 1 to 9")
        acknowledge(Alert.objects.all(), at=timezone.now())
        send_alerts()
    for _ in range(2):
        resolve("gap:1")
        send_alerts()
    raise_alert("gap", "gap:1", "blocks 1 to 9")
    send_alerts()
    told = [event for posted in webhook.posted for event, _ in posted.told]
    assert told == ["raised", "resolved", "raised"]


def test_who_was_given_up_is_not_told_that_it_is_over(webhook: Webhook) -> None:
    raise_alert("gap", "gap:1", "blocks 1 to 9")
    AlertDelivery.objects.update(state=State.FAILED)
    resolve("gap:1")
    send_alerts()
    assert webhook.posted == []


def test_no_row_can_be_written_twice(webhook: Webhook) -> None:
    alert = raise_alert("gap", "gap:1", "blocks 1 to 9")
    with pytest.raises(IntegrityError), transaction.atomic():
        deliveries.note(alert, AlertDelivery.Occasion.RAISED)


def test_an_alert_that_is_rolled_back_tells_nobody(webhook: Webhook) -> None:
    with transaction.atomic():
        raise_alert("gap", "gap:1", "blocks 1 to 9")
        transaction.set_rollback(True)
    send_alerts()
    assert not webhook.posted


def test_who_was_never_told_of_an_alert_is_not_told_that_it_is_over(
    webhook: Webhook, settings: Settings
) -> None:
    settings.ALERT_WEBHOOK_URL = ""
    raise_alert("gap", "gap:1", "blocks 1 to 9")
    settings.ALERT_WEBHOOK_URL = webhook.url()
    resolve("gap:1")
    send_alerts()
    assert not webhook.posted


def test_a_flood_is_one_message_and_a_larger_one_as_few_as_hold_it(webhook: Webhook) -> None:
    for number in range(230):
        raise_alert("gap", f"gap:{number}", f"gap {number}")
    send_alerts()
    assert [len(posted.told) for posted in webhook.posted] == [100, 100, 30]
    told = [message for posted in webhook.posted for _, message in posted.told]
    assert told == [f"gap {number}" for number in range(230)]
    assert webhook.posted[0].body["text"].endswith("… and 60 more")


def test_a_receiver_that_fails_is_tried_again_with_growing_delays(webhook: Webhook) -> None:
    webhook.answers = [500, 503]
    raise_alert("gap", "gap:1", "blocks 1 to 9")
    for _ in range(3):
        send_alerts()  # only the first has anything to do
    assert len(webhook.posted) == 1
    for minutes in (1.2, 4):
        with later(minutes=minutes):
            send_alerts()
            send_alerts()
    assert len(webhook.posted) == 3
    assert len({posted.body["events"][0]["id"] for posted in webhook.posted}) == 1
    assert len({posted.headers["Idempotency-Key"] for posted in webhook.posted}) == 1
    (row,) = AlertDelivery.objects.all()
    assert (row.state, row.attempts, row.error) == (State.SENT, 3, "")


def test_delays_double_up_to_four_hours_and_end_after_some_sixteen() -> None:
    delays = [deliveries.delay(made) for made in range(1, deliveries.MOST_ATTEMPTS)]
    assert [delay.total_seconds() / 60 for delay in delays[:4]] == [1, 2, 4, 8]
    assert max(delays) == timedelta(hours=4)
    assert timedelta(hours=15) < sum(delays, timedelta()) < timedelta(hours=18)


def test_who_never_answers_is_given_up_at_last(webhook: Webhook) -> None:
    webhook.answers = [500] * deliveries.MOST_ATTEMPTS
    raise_alert("gap", "gap:1", "blocks 1 to 9")
    for turn in range(deliveries.MOST_ATTEMPTS + 2):
        with later(hours=5 * turn):
            send_alerts()
    assert len(webhook.posted) == deliveries.MOST_ATTEMPTS
    (row,) = AlertDelivery.objects.all()
    assert (row.state, row.error) == (State.FAILED, "HTTP 500")
    assert deliveries.send_again(AlertDelivery.objects.all(), now=timezone.now()) == 1
    send_alerts()
    assert states() == [State.SENT]


def test_news_go_out_at_once_though_older_ones_wait_and_in_their_order(webhook: Webhook) -> None:
    webhook.answers = [500, 500]
    raise_alert("gap", "gap:1", "blocks 1 to 9")
    send_alerts()
    raise_alert("gap", "gap:2", "blocks 11 to 19")
    send_alerts()
    old, new = AlertDelivery.objects.order_by("pk")
    assert (old.attempts, new.attempts) == (1, 1)  # the older one's attempt was not due
    resolve("gap:1")
    send_alerts()
    assert webhook.posted[-1].told == [
        *[("raised", "blocks 1 to 9"), ("raised", "blocks 11 to 19")],
        ("resolved", "blocks 1 to 9"),
    ]
    assert states() == [State.SENT] * 3


def test_who_is_taken_out_of_the_settings_is_not_tried_for_ever(
    webhook: Webhook, settings: Settings
) -> None:
    raise_alert("gap", "gap:1", "blocks 1 to 9")
    settings.ALERT_WEBHOOK_URL = ""
    send_alerts()
    (row,) = AlertDelivery.objects.all()
    assert (row.state, row.error) == (State.FAILED, deliveries.LEFT)


def test_what_waits_and_what_was_given_up_is_a_metric(webhook: Webhook, client: Client) -> None:
    for number in range(3):
        raise_alert("gap", f"gap:{number}", "a gap")
    last = AlertDelivery.objects.order_by("pk").last()
    assert last is not None
    AlertDelivery.objects.filter(pk=last.pk).update(state=State.FAILED)
    text = client.get("/metrics").content.decode()
    assert 'coopsite_alert_deliveries{state="waiting"} 2.0' in text
    assert 'coopsite_alert_deliveries{state="failed"} 1.0' in text


def test_the_end_of_what_could_not_be_told_is_not_told(webhook: Webhook) -> None:
    raise_alert("gap", "gap:1", "blocks 1 to 9")
    AlertDelivery.objects.update(attempts=deliveries.MOST_ATTEMPTS - 1)
    resolve("gap:1")
    raise_alert("gap", "gap:2", "blocks 11 to 19")
    webhook.answers = [500]
    send_alerts()
    with later(seconds=deliveries.FIRST_DELAY.total_seconds() * 2):
        send_alerts()
    assert states() == [State.FAILED, State.FAILED, State.SENT]
    assert webhook.posted[-1].told == [("raised", "blocks 11 to 19")]


def test_an_operator_sees_what_was_given_up_and_has_it_sent_again(
    webhook: Webhook, admin_user: User
) -> None:
    raise_alert("gap", "gap:1", "blocks 1 to 9")
    raise_alert("gap", "gap:2", "blocks 11 to 19")
    given_up, waiting = AlertDelivery.objects.order_by("pk")
    AlertDelivery.objects.filter(pk=given_up.pk).update(
        state=State.FAILED, attempts=12, error="HTTP 500"
    )
    client = Client()
    client.force_login(admin_user)
    listed = reverse("admin:pools_alertdelivery_changelist")
    shown = client.get(listed, {"state": "failed"}).content.decode()
    assert "HTTP 500" in shown
    assert "blocks 1 to 9" in shown
    assert TOKEN not in shown
    assert "1 delivery is tried again" in _send_again(client, given_up, waiting)
    given_up.refresh_from_db()
    assert (given_up.state, given_up.attempts) == (State.WAITING, 0)
    send_alerts()
    assert states() == [State.SENT, State.SENT]
    assert "0 deliveries are tried again" in _send_again(client, given_up)
    assert states() == [State.SENT, State.SENT]  # what has been told is told


def test_who_may_only_look_sends_nothing_again(webhook: Webhook) -> None:
    raise_alert("gap", "gap:1", "blocks 1 to 9")
    AlertDelivery.objects.update(state=State.FAILED)
    looker = User.objects.create_user("looker", is_staff=True)
    looker.user_permissions.set(Permission.objects.filter(codename="view_alertdelivery"))
    client = Client()
    client.force_login(looker)
    _send_again(client, AlertDelivery.objects.get())
    assert states() == [State.FAILED]


def _send_again(client: Client, *rows: AlertDelivery) -> str:
    """What the page says of it."""
    answer = client.post(
        reverse("admin:pools_alertdelivery_changelist"),
        {"action": "send_again", "_selected_action": [row.pk for row in rows]},
        follow=True,
    )
    return answer.content.decode()
