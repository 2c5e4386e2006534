"""Whoever dies on the way, and however many look at once: each row is told, and by one."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from random import Random
from threading import Barrier, Event
from typing import Any

import pytest
from django.conf import settings as project
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from pools import deliveries
from pools.alerts import raise_alert, resolve
from pools.models import AlertDelivery
from pools.receivers import WEBHOOK
from realtime import alert_receivers
from realtime.alert_sending import send_alerts
from tests.receivers import MailServer, Webhook, later, states
from tests.waiting import until

pytestmark = pytest.mark.django_db

State = AlertDelivery.State


def test_a_sender_that_dies_has_perhaps_told_and_another_tells_again_under_the_same_id(
    webhook: Webhook,
) -> None:
    raise_alert("gap", "gap:1", "blocks 1 to 9")
    batch = deliveries.claim(WEBHOOK, now=timezone.now())
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


def test_who_is_told_by_one_worker_is_not_told_of_later_things_by_another(
    webhook: Webhook,
) -> None:
    raise_alert("gap", "gap:1", "blocks 1 to 9")
    now = timezone.now()
    first = deliveries.claim(WEBHOOK, now=now)
    assert first is not None
    resolve("gap:1")
    assert deliveries.claim(WEBHOOK, now=now) is None
    deliveries.sent(first, now=now)
    second = deliveries.claim(WEBHOOK, now=now)
    assert second is not None
    assert [row.occasion for row in second.rows] == ["resolved"]


def test_what_kills_its_sender_each_time_is_given_up(webhook: Webhook) -> None:
    raise_alert("gap", "gap:1", "blocks 1 to 9")
    for turn in range(deliveries.MOST_ATTEMPTS):
        assert deliveries.claim(WEBHOOK, now=timezone.now() + timedelta(hours=turn))
    with later(days=1):
        send_alerts()
    assert not webhook.posted
    assert states() == [State.FAILED]


def test_a_claim_outlives_every_task_of_celery() -> None:
    assert deliveries.CLAIMED.total_seconds() > project.CELERY_TASK_TIME_LIMIT


def test_a_claim_that_ran_out_settles_nothing(webhook: Webhook) -> None:
    raise_alert("gap", "gap:1", "blocks 1 to 9")
    now = timezone.now()
    first = deliveries.claim(WEBHOOK, now=now)
    second = deliveries.claim(WEBHOOK, now=now + deliveries.CLAIMED)
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
        send_alerts()
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
        send_alerts()
        connection.close()

    with ThreadPoolExecutor(1) as worker:
        first = worker.submit(work)
        try:
            assert begun.wait(20)
            until(lambda: "sent" in states())  # the mail, by the same worker
            raise_alert("gap", "gap:2", "blocks 11 to 19")
            send_alerts()
            assert len(webhook.posted) == 1
            assert "blocks 11 to 19" in mail_server.mails[-1].text.get_content()
        finally:
            webhook.before = lambda _: None
            go_on.set()
        first.result()
    send_alerts()
    assert [posted.told for posted in webhook.posted] == [
        [("raised", "blocks 1 to 9")],
        [("raised", "blocks 11 to 19")],
    ]


def test_what_was_settled_long_ago_is_forgotten_but_not_of_an_alert_that_stands(
    settings: Settings,
) -> None:
    settings.ALERT_EMAILS = ["ana@example.org"]  # Django's mail of tests takes all
    raise_alert("gap", "gap:1", "1 to 9")
    stands = raise_alert("gap", "gap:2", "20 to 29")
    resolve("gap:1")
    deliveries.note_test()
    send_alerts()
    deliveries.note_test()
    now = timezone.now()
    deliveries.forget_old(now + deliveries.KEPT - timedelta(minutes=1))
    assert AlertDelivery.objects.count() == 5
    deliveries.forget_old(now + deliveries.KEPT + timedelta(minutes=1))
    left = list(AlertDelivery.objects.order_by("pk").values_list("alert", "occasion", "state"))
    assert left == [(stands.pk, "raised", "sent"), (None, "test", "waiting")]
