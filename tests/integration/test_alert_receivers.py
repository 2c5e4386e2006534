"""Receivers that redirect, hang, chatter or refuse harm neither us nor each other."""

import socket
from collections.abc import Iterator
from time import monotonic

import pytest
import structlog
from pytest_django import Settings

from pools import deliveries
from pools.alerts import raise_alert, resolve
from pools.models import AlertDelivery
from pools.receivers import WEBHOOK
from realtime import alert_receivers
from realtime.alert_sending import send_alerts
from tests.receivers import TOKEN, MailServer, Refusal, Webhook, states

pytestmark = pytest.mark.django_db

ANA, BEA = "ana@example.org", "bea@example.org"
State = AlertDelivery.State


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
    row = AlertDelivery.objects.get(receiver=WEBHOOK)
    assert (row.state, row.attempts, row.error) == (State.WAITING, 1, "KeyError: '***'")
    assert len(mail_server.mails) == 1
