"""An operator proves that alerts arrive, from the command line or in the admin."""

import json
from io import StringIO

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from pools.alerts import raise_alert
from pools.models import AlertDelivery
from realtime import alert_sending
from realtime.alert_sending import send_alerts
from tests.receivers import MailServer, Webhook

pytestmark = pytest.mark.django_db

TEST = "This is a test: alerts of Coopsite reach you."
URL = "admin:pools_alertdelivery_test"
LIST = "admin:pools_alertdelivery_changelist"


@pytest.fixture(autouse=True)
def worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Does its turn while the command sleeps."""
    monkeypatch.setattr(alert_sending, "sleep", lambda _seconds: send_alerts())


def run(*arguments: str) -> str:
    said = StringIO()
    call_command("send_test_alert", *arguments, stdout=said)
    return said.getvalue()


def test_the_command_tells_everybody_and_says_so(webhook: Webhook, mail_server: MailServer) -> None:
    said = run()
    assert said.splitlines() == [
        f"webhook at 127.0.0.1:{webhook.port}: sent",
        "mail to ana@example.org: sent",
    ]
    (posted,) = webhook.posted
    assert posted.told == [("test", TEST)]
    assert posted.body["events"][0]["alert"] is None
    (mail,) = mail_server.mails
    assert mail.text["Subject"] == f"[Coopsite] Test: {TEST}"


def test_what_is_not_taken_is_said_once_and_not_tried_again(
    webhook: Webhook, settings: Settings
) -> None:
    webhook.answers = [404]
    settings.ALERT_EMAILS = ["ana@example.org"]  # and Django's mail of tests takes all
    said = StringIO()
    with pytest.raises(CommandError, match="1 of 2 receivers did not take the test"):
        call_command("send_test_alert", "--json", stdout=said)
    assert json.loads(said.getvalue()) == {
        "receivers": [
            {
                "receiver": f"webhook at 127.0.0.1:{webhook.port}",
                "sent": False,
                "error": "HTTP 404",
            },
            {"receiver": "mail to ana@example.org", "sent": True, "error": ""},
        ]
    }
    send_alerts()
    assert len(webhook.posted) == 1
    assert "canary-5f21aa" not in said.getvalue()


def test_a_test_takes_along_what_waits_and_a_failed_one_gives_up_only_itself(
    webhook: Webhook,
) -> None:
    raise_alert("gap", "gap:1", "blocks 1 to 9")
    webhook.answers = [500]
    with pytest.raises(CommandError):
        run()
    assert list(AlertDelivery.objects.order_by("pk").values_list("occasion", "state")) == [
        *[("raised", "waiting"), ("test", "failed")]
    ]
    run()
    assert webhook.posted[-1].told == [("raised", "blocks 1 to 9"), ("test", TEST)]


def test_without_a_worker_it_says_so_and_does_not_wait_for_ever(
    webhook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    monkeypatch.setattr(alert_sending, "sleep", slept.append)
    monkeypatch.setattr(alert_sending, "WORKER_SECONDS", 0)
    said = StringIO()
    with pytest.raises(CommandError, match="1 of 1 receivers did not take the test"):
        call_command("send_test_alert", stdout=said)
    assert "the Celery worker or its beat does not run" in said.getvalue()
    assert not webhook.posted
    assert slept == [alert_sending.LOOK_SECONDS]


def test_without_receivers_it_says_what_to_set() -> None:
    with pytest.raises(CommandError, match="set ALERT_WEBHOOK_URL or ALERT_EMAILS"):
        run()


def test_staff_send_one_by_a_button(webhook: Webhook, admin_user: User) -> None:
    client = Client()
    client.force_login(admin_user)
    assert "Send a test alert" in client.get(reverse(LIST)).content.decode()
    shown = client.post(reverse(URL), follow=True).content.decode()
    assert "A test goes out within half a minute (webhook)" in shown
    assert not webhook.posted  # nobody waits for a receiver in a request
    send_alerts()
    assert webhook.posted[0].told == [("test", TEST)]


def test_without_receivers_the_button_says_what_to_set(admin_user: User) -> None:
    client = Client()
    client.force_login(admin_user)
    shown = client.post(reverse(URL), follow=True).content.decode()
    assert "set ALERT_WEBHOOK_URL or ALERT_EMAILS" in shown


def test_who_may_only_look_has_no_button(webhook: Webhook) -> None:
    looker = User.objects.create_user("looker", is_staff=True)
    looker.user_permissions.set(Permission.objects.filter(codename="view_alertdelivery"))
    client = Client()
    client.force_login(looker)
    assert "Send a test alert" not in client.get(reverse(LIST)).content.decode()
    assert client.post(reverse(URL)).status_code == 403
    assert client.get(reverse(URL)).status_code == 405
    assert not AlertDelivery.objects.exists()
