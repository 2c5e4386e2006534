"""Operators hear of alerts where they asked to: once each, whatever dies or hangs on the way."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from random import Random
from threading import Barrier, Event
from time import monotonic
from typing import Any

import pytest
import structlog
import time_machine
from django.conf import settings as project
from django.contrib.auth.models import Permission, User
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from pools import deliveries
from pools.alerts import acknowledge, raise_alert, resolve
from pools.models import Alert, AlertDelivery
from realtime import alert_receivers
from realtime.alert_sending import send_alerts, send_due
from tests.receivers import MailServer, Refusal, Webhook
from tests.waiting import until

pytestmark = pytest.mark.django_db

TOKEN = "canary-5f21aa"
ANA, BEA = "ana@example.org", "bea@example.org"
State = AlertDelivery.State


@pytest.fixture
def webhook(settings: Settings) -> Iterator[Webhook]:
    with Webhook() as hook:
        settings.ALERT_WEBHOOK_URL = hook.url(f"/hooks/{TOKEN}")
        yield hook


@pytest.fixture
def mail_server(settings: Settings) -> Iterator[MailServer]:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    with MailServer() as server:
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        settings.ALERT_EMAILS = [ANA]
        yield server


def later(**by: float) -> time_machine.travel:
    return time_machine.travel(timezone.now() + timedelta(**by), tick=True)


def states() -> list[str]:
    return list(AlertDelivery.objects.order_by("pk").values_list("state", flat=True))


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


def test_a_redirect_is_not_followed(webhook: Webhook, settings: Settings) -> None:
    with Webhook(302, location=webhook.url("/elsewhere")) as redirecting:
        settings.ALERT_WEBHOOK_URL = redirecting.url()
        raise_alert("gap", "gap:1", "blocks 1 to 9")
        send_alerts()
    assert len(redirecting.posted) == 1
    assert not webhook.posted
    (row,) = AlertDelivery.objects.all()
    assert row.error == "HTTP 302: redirects are not followed"


@pytest.fixture
def silent() -> Iterator[str]:
    """The URL of a server that takes a connection and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/{TOKEN}"


def test_who_hangs_is_cut_off_and_delays_no_other_receiver(
    silent: str, mail_server: MailServer, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alert_receivers, "TIME_LIMIT", 1.0)
    settings.ALERT_WEBHOOK_URL = silent
    settled: list[tuple[str, float]] = []
    begun = monotonic()

    def sent(_batch: object, **_: object) -> None:
        settled.append(("sent", monotonic() - begun))

    def failed(_batch: object, error: str, **_: object) -> None:
        settled.append((error, monotonic() - begun))

    monkeypatch.setattr(deliveries, "sent", sent)
    monkeypatch.setattr(deliveries, "failed", failed)
    raise_alert("gap", "gap:1", "blocks 1 to 9")
    send_alerts()
    assert [how for how, _ in settled] == ["sent", "no answer within 1 s"]
    assert settled[0][1] < 1.0 <= settled[1][1] < 5.0


def test_an_endless_answer_is_not_read_to_its_end(settings: Settings) -> None:
    with Webhook(400, says="no such channel " * 100_000) as chatty:
        settings.ALERT_WEBHOOK_URL = chatty.url()
        raise_alert("gap", "gap:1", "blocks 1 to 9")
        send_alerts()
    (row,) = AlertDelivery.objects.all()
    assert row.error.startswith("HTTP 400 no such channel")
    assert len(row.error) <= 300


def test_a_mail_goes_to_each_address_by_itself(mail_server: MailServer, settings: Settings) -> None:
    settings.ALERT_EMAILS = [ANA, BEA]
    settings.SITE_URL = "https://pools.example.org"
    settings.DEFAULT_FROM_EMAIL = "Pools <coopsite@example.org>"
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "coopsite", "pass-word"
    mail_server.refusals = [Refusal(f"rcpt to:<{BEA}>", "550 5.1.1 unknown here: pass-word")]
    raise_alert("gap", "gap:1", "No node proves blocks 1 to 9 of Ñandú")
    send_alerts()
    (mail,) = mail_server.mails
    assert (mail.sender, mail.to) == ("coopsite@example.org", [ANA])
    assert mail.text["Subject"].strip() == (  # long ones are folded
        "[Coopsite pools.example.org] Raised: No node proves blocks 1 to 9 of Ñandú"
    )
    assert mail.text["From"] == "Pools <coopsite@example.org>"
    assert mail.text["Auto-Submitted"] == "auto-generated"
    assert mail.text["Message-ID"].endswith("@example.org>")
    content = mail.text.get_content()
    assert "Raised: No node proves blocks 1 to 9 of Ñandú" in content
    assert "https://pools.example.org/status/" in content
    refused = AlertDelivery.objects.get(receiver__endswith=BEA)
    assert (refused.state, refused.attempts) == (State.WAITING, 1)
    assert "unknown here: ***" in refused.error
    assert states() == [State.SENT, State.WAITING]


def test_many_alerts_are_one_mail_that_counts_them(mail_server: MailServer) -> None:
    for number in range(3):
        raise_alert("gap", f"gap:{number}", f"gap {number}")
    resolve("gap:1")
    send_alerts()
    (mail,) = mail_server.mails
    assert mail.text["Subject"] == "[Coopsite] Alerts: 3 raised, 1 resolved"
    assert "Resolved: gap 1" in mail.text.get_content()


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/{}", "http://user:{}@nowhere.invalid/x"])
def test_no_secret_of_a_receiver_is_kept_or_logged(url: str, settings: Settings) -> None:
    settings.ALERT_WEBHOOK_URL = url.format(TOKEN)
    raise_alert("gap", "gap:1", "blocks 1 to 9")
    with structlog.testing.capture_logs() as lines:
        send_alerts()
    (row,) = AlertDelivery.objects.all()
    assert row.error
    assert lines[0]["event"] == "alerts_not_told"
    assert TOKEN not in f"{row.error} {lines}"


def test_what_a_receiver_echoes_of_our_token_is_not_kept(settings: Settings) -> None:
    with Webhook(403, says=f"token {TOKEN} was revoked") as hook:
        settings.ALERT_WEBHOOK_URL = hook.url(f"/{TOKEN}")
        raise_alert("gap", "gap:1", "blocks 1 to 9")
        send_alerts()
    (row,) = AlertDelivery.objects.all()
    assert row.error == "HTTP 403 token *** was revoked"


def test_a_fault_of_ours_costs_no_other_receiver_its_news(
    webhook: Webhook, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise KeyError(TOKEN)

    monkeypatch.setattr(alert_receivers, "post", broken)
    raise_alert("gap", "gap:1", "blocks 1 to 9")
    send_alerts()
    row = AlertDelivery.objects.get(receiver=deliveries.WEBHOOK)
    assert (row.state, row.attempts, row.error) == (State.WAITING, 1, "KeyError: '***'")
    assert len(mail_server.mails) == 1


def test_who_is_taken_out_of_the_settings_is_not_tried_for_ever(
    webhook: Webhook, settings: Settings
) -> None:
    raise_alert("gap", "gap:1", "blocks 1 to 9")
    settings.ALERT_WEBHOOK_URL = ""
    send_alerts()
    (row,) = AlertDelivery.objects.all()
    assert (row.state, row.error) == (State.FAILED, deliveries.LEFT)


def test_a_sender_that_dies_has_perhaps_told_and_another_tells_again_under_the_same_id(
    webhook: Webhook,
) -> None:
    raise_alert("gap", "gap:1", "blocks 1 to 9")
    batch = deliveries.claim(deliveries.WEBHOOK, now=timezone.now())
    assert batch is not None
    alert_receivers.post(batch.rows)  # and then the power went
    send_alerts()
    assert len(webhook.posted) == 1
    with later(seconds=deliveries.CLAIMED.total_seconds() + 1):
        send_alerts()
        deliveries.sent(batch, now=timezone.now())  # the dead one wakes: it holds nothing
    first, second = webhook.posted
    assert first.body["events"][0]["id"] == second.body["events"][0]["id"]
    assert first.headers["Idempotency-Key"] == second.headers["Idempotency-Key"]
    (row,) = AlertDelivery.objects.all()
    assert (row.state, row.attempts) == (State.SENT, 2)


def test_what_kills_its_sender_each_time_is_given_up(webhook: Webhook) -> None:
    raise_alert("gap", "gap:1", "blocks 1 to 9")
    for turn in range(deliveries.MOST_ATTEMPTS):
        assert deliveries.claim(deliveries.WEBHOOK, now=timezone.now() + timedelta(hours=turn))
    with later(days=1):
        send_alerts()
    assert not webhook.posted
    assert states() == [State.FAILED]


def test_a_claim_outlives_every_task_of_celery() -> None:
    assert deliveries.CLAIMED.total_seconds() > project.CELERY_TASK_TIME_LIMIT


def test_a_claim_that_ran_out_settles_nothing(webhook: Webhook) -> None:
    raise_alert("gap", "gap:1", "blocks 1 to 9")
    now = timezone.now()
    first = deliveries.claim(deliveries.WEBHOOK, now=now)
    second = deliveries.claim(deliveries.WEBHOOK, now=now + deliveries.CLAIMED)
    assert first is not None
    assert second is not None
    deliveries.failed(first, "too late", now=now, random=Random(1))
    (row,) = AlertDelivery.objects.all()
    assert (row.error, row.claim) == ("", second.claim)


@pytest.mark.django_db(transaction=True)
def test_workers_who_look_at_once_send_each_row_once(webhook: Webhook) -> None:
    for number in range(60):
        raise_alert("gap", f"gap:{number}", f"gap {number}")
    together = Barrier(4)

    def work(_: int) -> None:
        together.wait()
        send_due()
        connection.close()

    with ThreadPoolExecutor(4) as workers:
        list(workers.map(work, range(4)))
    told = [event["id"] for posted in webhook.posted for event in posted.body["events"]]
    assert len(told) == len(set(told)) == 60
    assert states() == [State.SENT] * 60


@pytest.mark.django_db(transaction=True)
def test_who_is_being_told_is_left_alone_and_others_are_told_meanwhile(
    webhook: Webhook, mail_server: MailServer
) -> None:
    begun, go_on = Event(), Event()

    def hold(_: Any) -> None:
        begun.set()
        go_on.wait(20)

    webhook.before = hold
    raise_alert("gap", "gap:1", "blocks 1 to 9")

    def work() -> None:
        send_due()
        connection.close()

    with ThreadPoolExecutor(1) as worker:
        first = worker.submit(work)
        try:
            assert begun.wait(20)
            until(lambda: "sent" in states())  # the mail, by the same worker
            raise_alert("gap", "gap:2", "blocks 11 to 19")
            send_due()
            assert len(webhook.posted) == 1
            assert "blocks 11 to 19" in mail_server.mails[-1].text.get_content()
        finally:
            webhook.before = lambda _: None
            go_on.set()
        first.result()
    send_due()
    assert [posted.told for posted in webhook.posted] == [
        [("raised", "blocks 1 to 9")],
        [("raised", "blocks 11 to 19")],
    ]


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
    _send_again(client, given_up, waiting)
    given_up.refresh_from_db()
    assert (given_up.state, given_up.attempts) == (State.WAITING, 0)
    send_alerts()
    assert states() == [State.SENT, State.SENT]
    _send_again(client, given_up)
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


def _send_again(client: Client, *rows: AlertDelivery) -> None:
    client.post(
        reverse("admin:pools_alertdelivery_changelist"),
        {"action": "send_again", "_selected_action": [row.pk for row in rows]},
    )
