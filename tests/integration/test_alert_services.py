"""Services by name hear of alerts through Apprise, of the kinds they want; URLs stay secret."""

import json
import logging
import socket
import subprocess
from time import monotonic

import pytest
import structlog

from pools import deliveries
from pools.alerts import raise_alert, resolve
from pools.models import AlertDelivery, AlertReceiver
from pools.receivers import WEBHOOK, of_service, receivers
from pools.services import calling
from realtime.alert_sending import send_alerts
from tests.receivers import MailServer, Refusal, Webhook, later, states

pytestmark = pytest.mark.django_db

State = AlertDelivery.State
SECRET = "s3cr3t-canary"


def service(url: str, name: str = "Team", *, kinds: tuple[str, ...] = ()) -> AlertReceiver:
    return AlertReceiver.objects.create(name=name, url=url, kinds=list(kinds))


def test_a_service_is_told_when_an_alert_is_raised_and_when_it_is_over() -> None:
    with Webhook() as hook:
        service(f"json://127.0.0.1:{hook.port}/{SECRET}")
        raise_alert("gap", "gap:1", "No node proves blocks 1 to 9 of Ñandú")
        send_alerts()
        resolve("gap:1")
        send_alerts()
    raised, over = hook.posted
    assert raised.path == f"/{SECRET}"
    assert raised.body["title"] == "[Coopsite] Raised: No node proves blocks 1 to 9 of Ñandú"
    assert "Raised: No node proves blocks 1 to 9 of Ñandú (" in raised.body["message"]
    assert raised.body["type"] == "warning"
    assert over.body["title"].startswith("[Coopsite] Resolved: No node")
    assert over.body["type"] == "success"
    assert states() == [State.SENT, State.SENT]


def test_ntfy_gets_what_ntfy_understands() -> None:
    with Webhook() as hook:
        service(f"ntfy://:{SECRET}@127.0.0.1:{hook.port}/pools?auth=token")
        deliveries.note_test()
        send_alerts()
    (posted,) = hook.posted
    assert posted.body["topic"] == "pools"
    assert posted.body["title"].startswith("[Coopsite] Test: This is a test")
    assert "This is a test: alerts of Coopsite reach you." in posted.body["message"]


def test_gotify_gets_its_token_where_gotify_wants_it() -> None:
    token = "Abcdefghijklmno"
    with Webhook() as hook:
        service(f"gotify://127.0.0.1:{hook.port}/{token}")
        raise_alert("gap", "gap:1", "blocks 1 to 9")
        send_alerts()
    (posted,) = hook.posted
    assert posted.path == "/message"
    assert posted.headers["X-Gotify-Key"] == token
    assert "Raised: blocks 1 to 9" in posted.body["message"]


def test_who_hears_of_some_kinds_hears_of_no_others() -> None:
    with Webhook() as hook:
        service(f"json://127.0.0.1:{hook.port}/", kinds=("gap", "rule"))
        raise_alert("latency", "latency", "a slow node")
        raise_alert("gap", "gap:1", "blocks 1 to 9")
        resolve("latency")
        send_alerts()
    (posted,) = hook.posted
    assert "slow node" not in posted.body["message"]
    assert list(AlertDelivery.objects.values_list("alert__kind", "occasion")) == [("gap", "raised")]


def test_what_was_told_is_told_to_be_over_even_if_the_kind_was_dropped_meanwhile() -> None:
    with Webhook() as hook:
        team = service(f"json://127.0.0.1:{hook.port}/")
        raise_alert("gap", "gap:1", "blocks 1 to 9")
        send_alerts()
        team.kinds = ["latency"]
        team.save()
        resolve("gap:1")
        send_alerts()
    assert [posted.body["type"] for posted in hook.posted] == ["warning", "success"]


def test_webhook_and_mails_of_the_settings_stay_as_they_were(
    webhook: Webhook, mail_server: MailServer
) -> None:
    team = service("json://127.0.0.1:9/")
    assert receivers("gap") == [WEBHOOK, "mail to ana@example.org", of_service(team.pk)]
    raise_alert("gap", "gap:1", "blocks 1 to 9")
    send_alerts()
    assert webhook.posted[0].told == [("raised", "blocks 1 to 9")]
    assert len(mail_server.mails) == 1
    assert states() == [State.SENT, State.SENT, State.WAITING]


def test_who_refuses_is_tried_again_later() -> None:
    with Webhook(503) as hook:
        service(f"json://127.0.0.1:{hook.port}/{SECRET}")
        raise_alert("gap", "gap:1", "blocks 1 to 9")
        send_alerts()
        assert states() == [State.WAITING]
        with later(minutes=2):
            send_alerts()
    assert len(hook.posted) == 2
    (row,) = AlertDelivery.objects.all()
    assert (row.state, row.attempts) == (State.SENT, 2)


def test_no_url_of_a_service_is_kept_or_logged(caplog: pytest.LogCaptureFixture) -> None:
    with Webhook(403, says=f"token {SECRET} was revoked") as hook:
        service(f"json://user:{SECRET}@127.0.0.1:{hook.port}/{SECRET}/x?+X-Key={SECRET}")
        raise_alert("gap", "gap:1", "blocks 1 to 9")
        with structlog.testing.capture_logs() as lines, caplog.at_level(logging.DEBUG):
            send_alerts()
    (row,) = AlertDelivery.objects.all()
    assert row.error
    assert "403" in row.error
    assert lines[0]["event"] == "alerts_not_told"
    assert SECRET not in f"{row.error} {row.receiver} {lines} {caplog.text}"


def test_no_list_of_processes_shows_the_url(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[list[str], dict[str, str]]] = []
    run = subprocess.run

    def watched(command: list[str], **options: object) -> object:
        seen.append((command, dict(options["env"])))  # type: ignore[call-overload]
        return run(command, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess, "run", watched)
    monkeypatch.setenv("SECRET_KEY", SECRET)
    with Webhook() as hook:
        calling.tell(f"json://127.0.0.1:{hook.port}/{SECRET}", title="t", body="b", mood="info")
    ((command, environment),) = seen
    assert SECRET not in f"{command} {environment}"


def test_a_redirect_of_a_service_is_not_followed() -> None:
    with Webhook() as elsewhere, Webhook(302, location=elsewhere.url()) as hook:
        service(f"json://127.0.0.1:{hook.port}/?redirect=yes")
        raise_alert("gap", "gap:1", "blocks 1 to 9")
        send_alerts()
    assert len(hook.posted) == 1
    assert not elsewhere.posted
    assert states() == [State.WAITING]


def test_a_service_that_hangs_is_cut_off_and_delays_nobody(
    mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calling, "TELL_LIMIT", 3.0)
    begun = monotonic()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        service(f"json://127.0.0.1:{silent.getsockname()[1]}/{SECRET}?rto=3600&retry=5")
        raise_alert("gap", "gap:1", "blocks 1 to 9")
        send_alerts()
    assert monotonic() - begun < 15
    told = AlertDelivery.objects.get(receiver__startswith="mail")
    hung = AlertDelivery.objects.get(receiver__startswith="service")
    assert (told.state, hung.state) == (State.SENT, State.WAITING)
    assert hung.error == "no answer within 3 s"


def test_words_that_call_everybody_are_made_harmless() -> None:
    with Webhook() as hook:
        service(f"json://127.0.0.1:{hook.port}/")
        raise_alert("gap", "gap:1", "a node said @everyone and <!channel>")
        send_alerts()
    said = json.dumps(hook.posted[0].body, ensure_ascii=False)
    assert "@everyone" not in said
    assert "<!channel" not in said


@pytest.mark.parametrize("gone", ["disabled", "deleted"])
def test_who_is_disabled_or_deleted_is_told_no_more(gone: str) -> None:
    team = service("json://127.0.0.1:9/")
    raise_alert("gap", "gap:1", "blocks 1 to 9")
    if gone == "deleted":
        team.delete()
    else:
        AlertReceiver.objects.update(enabled=False)
    send_alerts()
    (row,) = AlertDelivery.objects.all()
    assert (row.state, row.error) == (State.FAILED, "it was disabled or deleted")


def test_one_service_that_fails_costs_no_other_its_news(mail_server: MailServer) -> None:
    mail_server.refusals = [Refusal("rcpt to:", "550 no")]
    with Webhook() as hook:
        service("json://127.0.0.1:9/", "Gone")
        service(f"json://127.0.0.1:{hook.port}/", "Here")
        raise_alert("gap", "gap:1", "blocks 1 to 9")
        send_alerts()
    assert states() == [State.WAITING, State.WAITING, State.SENT]
