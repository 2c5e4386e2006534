"""Staff name receivers, silence alerts and make rules in the admin; no URL ever comes out of it."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from pools import silences
from pools.alerts import open_alerts, raise_alert
from pools.models import AlertDelivery, AlertReceiver, AlertRule, AlertSilence
from pools.receivers import of_service
from realtime.alert_sending import send_alerts
from tests.factories import ANA, BTC, CONTRACT, ChainFactory
from tests.receivers import Webhook

pytestmark = pytest.mark.django_db

SECRET = "s3cr3t-canary"
URL = f"json://127.0.0.1:9/{SECRET}"
RULE = {
    "name": "Quiet",
    "measure": "events",
    "kinds": ["j", "l"],
    "of": "",
    "minutes": "60",
    "side": "below",
    "limit_text": "3",
    "enabled": "on",
}


@pytest.fixture
def staff(admin_user: User) -> Client:
    client = Client()
    client.force_login(admin_user)
    return client


def looker(*may: str) -> Client:
    user = User.objects.create_user("looker", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=may))
    client = Client()
    client.force_login(user)
    return client


def page(client: Client, model: str, *key: int) -> str:
    name = "change" if key else "changelist"
    return client.get(reverse(f"admin:pools_{model}_{name}", args=key)).content.decode()


def send(
    client: Client, model: str, values: dict[str, Any], *key: int, language: str = "en"
) -> str:
    url = reverse(f"admin:pools_{model}_{'change' if key else 'add'}", args=key)
    answer = client.post(url, values, follow=True, headers={"accept-language": language})
    assert answer.status_code == 200
    return answer.content.decode()


def act(client: Client, model: str, action: str, *keys: int) -> str:
    url = reverse(f"admin:pools_{model}_changelist")
    chosen = {"action": action, "_selected_action": keys}
    return client.post(url, chosen, follow=True).content.decode()


def receiver(**values: Any) -> dict[str, Any]:
    return {"name": "Team", "new_url": URL, "enabled": "on", **values}


def test_a_url_goes_in_and_never_comes_out(staff: Client) -> None:
    shown = send(staff, "alertreceiver", receiver(kinds=["gap", "rule"]))
    team = AlertReceiver.objects.get()
    assert (team.url, team.kinds) == (URL, ["gap", "rule"])
    shown += page(staff, "alertreceiver") + page(staff, "alertreceiver", team.pk)
    shown += send(staff, "alertreceiver", receiver(new_url="", name=""), team.pk)
    shown += send(staff, "alertreceiver", receiver(new_url="json://[", name="x"), team.pk)
    shown += send(staff, "alertreceiver", receiver(new_url="", name="Renamed"), team.pk)
    history = reverse("admin:pools_alertreceiver_history", args=[team.pk])
    delete = reverse("admin:pools_alertreceiver_delete", args=[team.pk])
    shown += staff.get(history).content.decode() + staff.get(delete).content.decode()
    team.refresh_from_db()
    assert (team.url, team.name) == (URL, "Renamed")
    assert "JSON post (json://…)" in shown
    assert "Gap in history, Own rule" in shown
    said = [f"{entry.object_repr} {entry.change_message}" for entry in LogEntry.objects.all()]
    assert len(said) == 2
    assert SECRET not in f"{shown} {said}"


def test_who_may_only_look_sees_nothing_of_the_url() -> None:
    team = AlertReceiver.objects.create(name="Team", url=URL)
    client = looker("view_alertreceiver")
    shown = page(client, "alertreceiver") + page(client, "alertreceiver", team.pk)
    assert "JSON post (json://…)" in shown
    assert SECRET not in shown
    assert "new_url" not in shown
    assert "Send a test alert" not in shown


def test_who_may_only_look_cannot_guess_the_url_by_filters() -> None:
    AlertReceiver.objects.create(name="Team", url=URL)
    client = looker("view_alertreceiver")
    changelist = reverse("admin:pools_alertreceiver_changelist")
    for lookup, value in (("url__startswith", "json"), ("url", URL), ("url__regex", SECRET)):
        answer = client.get(changelist, {lookup: value})
        assert "Team" not in answer.text, lookup
        assert answer.status_code == 400, "as Django answers lookups that are not allowed"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("", "Enter the URL of the service."),
        ("syslog://", "No service that may be told of alerts has such a URL."),
        ("slack://T1JJ3T3L2/A1BRTD4JD/x?template=/etc/passwd", "it names a file"),
        ("json://127.0.0.1/x?a=b;template=/etc/passwd", "it names a file"),
        ("slack://nonsense", "This URL cannot be used"),
        ("ntfy://127.0.0.1/one/two", "it names several targets"),
    ],
)
def test_what_is_no_usable_url_is_refused(staff: Client, url: str, said: str) -> None:
    assert said in send(staff, "alertreceiver", receiver(new_url=url))
    assert not AlertReceiver.objects.exists()


def test_refusals_are_in_the_language_of_whoever_reads_them(staff: Client) -> None:
    shown = send(staff, "alertreceiver", receiver(new_url=""), language="es")
    assert "Escriba la URL del servicio." in shown
    shown = send(staff, "alertrule", {**RULE, "limit_text": "x"}, language="es")
    assert "No es un número entero." in shown


def test_a_chosen_receiver_is_sent_a_test(staff: Client) -> None:
    with Webhook() as hook:
        team = AlertReceiver.objects.create(name="Team", url=f"json://127.0.0.1:{hook.port}/")
        AlertReceiver.objects.create(name="Others", url="json://127.0.0.1:9/")
        assert "(Team)" in act(staff, "alertreceiver", "send_test", team.pk)
        send_alerts()
    assert len(hook.posted) == 1
    (row,) = AlertDelivery.objects.all()
    assert (row.receiver, row.state) == (of_service(team.pk), "sent")
    assert "Team" in page(staff, "alertdelivery")
    found = staff.get(reverse("admin:pools_alertdelivery_changelist"), {"q": "tea"})
    assert "1 alert delivery" in found.content.decode()
    AlertReceiver.objects.update(enabled=False)
    assert "None of these is enabled." in act(staff, "alertreceiver", "send_test", team.pk)


def test_alerts_are_silenced_by_an_action_and_told_when_it_is_ended(
    staff: Client, webhook: Webhook
) -> None:
    raise_alert("link", "link", "another one")
    send_alerts()
    alert = raise_alert("gap", "gap:1", "blocks 1 to 9")
    assert "1 alert silenced for 8 h" in act(staff, "alert", "silence_8_hours", alert.pk)
    (silence,) = AlertSilence.objects.all()
    assert (silence.key, silence.made_by) == ("gap:1", "admin")
    assert 7.9 < (silence.ends_at - timezone.now()).total_seconds() / 3600 <= 8
    send_alerts()
    assert len(webhook.posted) == 1
    shown = page(staff, "alertsilence", silence.pk)
    assert "gap:1" in shown
    assert 'name="kinds"' not in shown
    assert "1 silence has ended" in act(staff, "alertsilence", "end_now", silence.pk)
    send_alerts()
    assert webhook.posted[1].told == [("raised", "blocks 1 to 9")]


def test_more_alerts_than_are_silenced_one_by_one_are_left_as_they_are(
    staff: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(silences, "MOST_MADE", 0)
    alert = raise_alert("gap", "gap:1", "blocks 1 to 9")
    assert "Silence their kinds instead." in act(staff, "alert", "silence_8_hours", alert.pk)
    assert not AlertSilence.objects.exists()


def test_silencing_asks_for_its_permission() -> None:
    alert = raise_alert("gap", "gap:1", "blocks 1 to 9")
    client = looker("view_alert", "change_alert")
    assert "Silence for" not in page(client, "alert")
    act(client, "alert", "silence_8_hours", alert.pk)
    assert not AlertSilence.objects.exists()


def silence(**values: Any) -> dict[str, Any]:
    return {
        "starts_at_0": "2026-01-01",
        "starts_at_1": "10:00:00",
        "ends_at_0": "2999-01-01",
        "ends_at_1": "12:00:00",
        "reason": "We move the node.",
        **values,
    }


def test_silences_are_made_by_a_form(staff: Client) -> None:
    rule = AlertRule.objects.create(name="Quiet", measure="lag", limit=5)
    send(staff, "alertsilence", silence(kinds=["gap", "link"]))
    send(staff, "alertsilence", silence(rule=rule.pk))
    of_kinds, of_rule = AlertSilence.objects.order_by("pk")
    assert (of_kinds.kinds, of_kinds.key, of_kinds.made_by) == (["gap", "link"], "", "admin")
    assert (of_rule.kinds, of_rule.key) == ([], rule.key)
    send(staff, "alertsilence", silence(reason="Again."), of_rule.pk)
    of_rule.refresh_from_db()
    assert (of_rule.key, of_rule.reason) == ("", "Again.")
    assert "Gap in history, Bad link to the chain" in page(staff, "alertsilence")


def test_a_silence_of_a_rule_that_is_gone_never_becomes_one_of_everything(staff: Client) -> None:
    rule = AlertRule.objects.create(name="Quiet", measure="lag", limit=5)
    send(staff, "alertsilence", silence(rule=rule.pk))
    one, key = AlertSilence.objects.get(), rule.key
    assert 'name="rule"' in page(staff, "alertsilence", one.pk)
    rule.delete()
    assert 'name="rule"' not in page(staff, "alertsilence", one.pk)
    send(staff, "alertsilence", silence(reason="Longer."), one.pk)
    one.refresh_from_db()
    assert (one.key, one.reason) == (key, "Longer.")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"ends_at_0": "2025-12-31"}, "A silence ends after it starts."),
        ({"starts_at_0": "2020-01-01", "ends_at_0": "2020-01-02"}, "This is over already."),
        ({"kinds": ["gap"], "rule": "RULE"}, "Choose either kinds or a rule."),
    ],
)
def test_what_is_no_silence_is_refused(staff: Client, values: dict[str, Any], said: str) -> None:
    rule = AlertRule.objects.create(name="Quiet", measure="lag", limit=5)
    values = {name: rule.pk if value == "RULE" else value for name, value in values.items()}
    assert said in send(staff, "alertsilence", silence(**values))
    assert not AlertSilence.objects.exists()


def test_rules_are_made_by_a_form(staff: Client) -> None:
    chain = ChainFactory()
    chain.block(chain.created(7))
    send(staff, "alertrule", RULE)
    amount = {"measure": "amount", "of": "7", "limit_text": "0,05", "side": "above"}
    send(staff, "alertrule", {**RULE, **amount, "name": "Much", "kinds": ["n", "j"]})
    send(staff, "alertrule", {**RULE, "name": "Ana", "of": ANA.lower(), "limit_text": "1"})
    quiet, much, ana = AlertRule.objects.order_by("pk")
    assert (quiet.letters, quiet.limit, quiet.address) == ("jl", 3, "")
    assert (much.letters, much.limit) == ("j", BTC // 20)
    assert (much.address, much.pool_id) == (CONTRACT, 7)
    assert (ana.address, ana.pool_id) == (ANA, None)
    shown = page(staff, "alertrule", much.pk)
    assert 'value="0.05"' in shown
    assert f'value="/pools/{CONTRACT}/7/"' in shown
    assert "BTC moved by them, more than 0.05 BTC, 60 min" in page(staff, "alertrule")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"limit_text": "1.5"}, "Not a whole number."),
        ({"limit_text": "-1"}, "Not a whole number."),
        ({"limit_text": "0"}, "Nothing is less than 0."),
        ({"measure": "amount", "limit_text": "1,000.5"}, "Not an amount of BTC"),
        ({"measure": "amount", "limit_text": "1,000"}, "Not an amount of BTC"),
        ({"measure": "amount", "limit_text": "٣"}, "Not an amount of BTC"),
        ({"measure": "amount", "minutes": "1441"}, "BTC is added up over one day"),
        ({"measure": "amount", "kinds": ["n"]}, "None of these moves any BTC"),
        ({"kinds": []}, "Choose one kind at least."),
        ({"minutes": "0"}, "greater than or equal to 1"),
        ({"minutes": "10081"}, "less than or equal to 10080"),
        ({"of": "99"}, "There is no such pool."),
        ({"of": "whatever"}, "Neither a pool nor an account"),
        ({"measure": "lag"}, "Of the node, only too much can be an alert."),
        ({"measure": "latency", "side": "above", "of": ANA}, "measured of the node"),
    ],
)
def test_what_is_no_rule_is_refused(staff: Client, values: dict[str, Any], said: str) -> None:
    assert said in send(staff, "alertrule", {**RULE, **values})
    assert not AlertRule.objects.exists()


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("limit", [1, 10**17, 1234 * BTC, 1234 * BTC + 1, 999_999_999_999 * BTC])
def test_a_rule_that_is_saved_unchanged_stays_as_it_was(
    staff: Client, limit: int, language: str
) -> None:
    send(staff, "alertrule", {**RULE, "measure": "amount", "side": "above", "limit_text": "7"})
    rule = AlertRule.objects.get()
    AlertRule.objects.update(limit=limit)
    raise_alert("rule", rule.key, "too much")
    url = reverse("admin:pools_alertrule_change", args=[rule.pk])
    form = staff.get(url, headers={"accept-language": language}).context["adminform"].form
    values = {name: value for name in form.fields if (value := form[name].value()) is not None}
    send(staff, "alertrule", values, rule.pk, language=language)
    rule.refresh_from_db()
    assert rule.limit == limit
    assert [alert.key for alert in open_alerts()] == [rule.key]


@pytest.mark.parametrize(
    ("values", "stands"), [({"name": "Silent"}, True), ({"limit_text": "9"}, False)]
)
def test_an_alert_of_what_the_rule_asked_before_does_not_stand(
    staff: Client, values: dict[str, str], stands: bool
) -> None:
    send(staff, "alertrule", RULE)
    rule = AlertRule.objects.get()
    raise_alert("rule", rule.key, "too quiet")
    send(staff, "alertrule", {**RULE, **values}, rule.pk)
    assert bool(open_alerts()) == stands


@pytest.mark.parametrize("how", ["disabled", "deleted", "deleted with others"])
def test_a_rule_that_goes_takes_its_alert_along_at_once(staff: Client, how: str) -> None:
    send(staff, "alertrule", RULE)
    rule = AlertRule.objects.get()
    raise_alert("rule", rule.key, "too quiet")
    if how == "disabled":
        send(staff, "alertrule", {**RULE, "enabled": ""}, rule.pk)
    elif how == "deleted":
        staff.post(reverse("admin:pools_alertrule_delete", args=[rule.pk]), {"post": "yes"})
    else:
        url = reverse("admin:pools_alertrule_changelist")
        chosen = {"action": "delete_selected", "_selected_action": [rule.pk], "post": "yes"}
        staff.post(url, chosen)
    assert open_alerts() == []


def test_who_may_only_look_at_rules_and_silences_reads_them() -> None:
    rule = AlertRule.objects.create(name="Quiet", measure="lag", limit=5)
    silence = AlertSilence.objects.create(ends_at=timezone.now() + timedelta(hours=1))
    client = looker("view_alertrule", "view_alertsilence")
    assert "Blocks behind the chain, more than 5" in page(client, "alertrule", rule.pk)
    assert "everything" in page(client, "alertsilence", silence.pk)
