"""What a person should look at is told once while it stands, harmlessly; staff acknowledge it."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import structlog
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from pools import selectors
from pools.alerts import open_alerts, raise_alert, resolve
from pools.models import Alert

pytestmark = pytest.mark.django_db

CANARY = "canary-77d0c1"


def test_a_matter_that_lasts_is_one_alert_that_counts_up() -> None:
    first = raise_alert("gap", "gap:1-9", "blocks 1 to 9", {"reason": "no header"})
    again = raise_alert("gap", "gap:1-9", "blocks 1 to 9, still", {"reason": "lagging"})
    assert again.pk == first.pk
    (stored,) = Alert.objects.all()
    assert (stored.count, stored.message) == (2, "blocks 1 to 9, still")
    assert stored.details == {"reason": "lagging"}
    assert stored.raised_at == first.raised_at < stored.seen_at


def test_what_is_resolved_and_comes_back_is_another_alert() -> None:
    raise_alert("gap", "gap:1-9", "blocks 1 to 9")
    resolve("gap:1-9")
    resolve("gap:1-9")
    assert open_alerts() == []
    raise_alert("gap", "gap:1-9", "blocks 1 to 9")
    assert Alert.objects.filter(key="gap:1-9").count() == 2
    assert [alert.count for alert in open_alerts()] == [1]


def test_only_a_new_alert_is_a_line_in_the_log() -> None:
    with structlog.testing.capture_logs() as lines:
        for _ in range(3):
            raise_alert("gap", "gap:1-9", "blocks 1 to 9")
        resolve("gap:1-9")
        resolve("gap:1-9")
    assert [line["event"] for line in lines] == ["alert_raised", "alert_resolved"]


def test_no_secret_and_nothing_invisible_gets_into_an_alert(settings: Settings) -> None:
    settings.CHAIN_HTTP_URLS = [f"https://node.example/v2/{CANARY}"]
    said = f"bad key {CANARY} {CANARY[:9]}\u200b{CANARY[9:]} \x00\x1b[31m \u202egnp.exe\n"
    said += "at postgres://me:pass-word@db/x "
    alert = raise_alert(
        "gap", "gap:1", said * 50, {said: [said, {"deep": said}], "number": 7, "big": 2**70}
    )
    alert.refresh_from_db()
    whole = f"{alert.message} {alert.details}"
    assert CANARY not in whole
    assert "pass-word" not in whole
    assert not set("\x00\x1b\u202e\n") & set(whole)
    assert len(alert.message) <= 300
    assert alert.details["number"] == 7
    assert "postgres://db" in alert.message


def test_open_alerts_come_unseen_first_then_newest() -> None:
    for key in "abc":
        raise_alert("gap" if key < "c" else "mismatch", key, f"matter {key}")
    Alert.objects.filter(key="c").update(acknowledged_at="2026-01-01T00:00Z")
    assert [alert.key for alert in open_alerts()] == ["b", "a", "c"]
    assert [alert.key for alert in open_alerts("mismatch")] == ["c"]
    assert selectors.open_alert_counts() == {"gap": 2, "mismatch": 1}


@pytest.mark.django_db(transaction=True)
def test_workers_who_raise_the_same_at_once_make_one_alert() -> None:
    def raise_ten(worker: int) -> None:
        for _ in range(10):
            raise_alert("gap", "gap:1", f"seen by {worker}")
        connection.close()

    with ThreadPoolExecutor(6) as workers:
        list(workers.map(raise_ten, range(6)))
    assert [alert.count for alert in open_alerts()] == [60]


@pytest.mark.django_db(transaction=True)
def test_no_raising_is_lost_while_others_resolve() -> None:
    def raise_ten(worker: int) -> None:
        for _ in range(10):
            raise_alert("gap", "gap:1", f"seen by {worker}")
            if worker == 0:
                resolve("gap:1")
        connection.close()

    with ThreadPoolExecutor(4) as workers:
        list(workers.map(raise_ten, range(4)))
    assert sum(Alert.objects.values_list("count", flat=True)) == 40
    assert len(open_alerts()) <= 1


def test_an_operator_acknowledges_in_the_admin(admin_user: User) -> None:
    standing = raise_alert("gap", "gap:1", "blocks 1 to 9")
    settled = raise_alert("gap", "gap:2", "blocks 11 to 19")
    resolve(settled.key)
    client = Client()
    client.force_login(admin_user)
    _acknowledge(client, standing, settled)
    standing.refresh_from_db()
    settled.refresh_from_db()
    assert standing.acknowledged_at is not None
    assert standing.resolved_at is None
    assert settled.acknowledged_at is None
    assert _listed(client, standing="unseen") == 0
    assert _listed(client, standing="open") == 1
    assert _listed(client, standing="resolved") == 1
    assert _listed(client, q="gap:2") == 1


def test_who_may_only_look_does_not_acknowledge() -> None:
    alert = raise_alert("gap", "gap:1", "blocks 1 to 9")
    looker = User.objects.create_user("looker", is_staff=True)
    looker.user_permissions.set(Permission.objects.filter(codename="view_alert"))
    client = Client()
    client.force_login(looker)
    assert _listed(client) == 1
    _acknowledge(client, alert)
    alert.refresh_from_db()
    assert alert.acknowledged_at is None


def test_open_alerts_are_a_metric(client: Client) -> None:
    raise_alert("gap", "gap:1", "blocks 1 to 9")
    assert 'coopsite_open_alerts{kind="gap"} 1.0' in client.get("/metrics").content.decode()


def _acknowledge(client: Client, *alerts: Alert) -> None:
    client.post(
        reverse("admin:pools_alert_changelist"),
        {"action": "acknowledge", "_selected_action": [alert.pk for alert in alerts]},
    )


def _listed(client: Client, **query: str) -> int:
    answer = client.get(reverse("admin:pools_alert_changelist"), query)
    return len(answer.context["cl"].result_list)
