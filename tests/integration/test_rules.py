"""Rules of one's own: measured from what is stored, raised, told and resolved by themselves."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db.models import F
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from pools import leases, selectors
from pools.alerts import open_alerts, raise_alert
from pools.models import (
    Alert,
    AlertDelivery,
    AlertRule,
    CoveredRange,
    Cursor,
    LatencySample,
    Lease,
    ListenerStatus,
)
from pools.rules import measuring, watching
from pools.rules.judging import Measured
from realtime.tasks import watch_rules
from tests.factories import ANA, BEA, BTC, CONTRACT, ChainFactory, Emitted, listener

pytestmark = pytest.mark.django_db


@pytest.fixture
def now() -> datetime:
    return timezone.now().replace(minute=20, second=0, microsecond=0)


@pytest.fixture
def chain(now: datetime) -> ChainFactory:
    chain = ChainFactory(start_time=now - timedelta(hours=30))
    chain.block(chain.created(1), chain.created(2, creator=BEA))
    listener(updated_at=now)
    return chain


def at(chain: ChainFactory, moment: datetime, *events: Emitted) -> None:
    chain.block(*events, at=moment)


def rule(**values: Any) -> AlertRule:
    usual = {
        "name": "Much going on",
        "measure": "events",
        "letters": "j",
        "minutes": 60,
        "side": "above",
        "limit": 2,
    }
    return AlertRule.objects.create(**{**usual, **values})


def measured(one: AlertRule, now: datetime) -> Measured | None:
    """Without its time, which ends with the newest block."""
    found = measuring.measure(one, selectors.connection(now), now)
    return None if found is None else replace(found, until=None)


def standing() -> list[str]:
    return sorted(alert.key for alert in open_alerts())


def test_a_rule_is_raised_told_and_resolved(
    chain: ChainFactory, now: datetime, settings: Settings
) -> None:
    settings.ALERT_EMAILS = ["ana@example.org"]
    one = rule()
    for minutes in (50, 30, 10):
        at(chain, now - timedelta(minutes=minutes), chain.joined(1, BEA))
    for _ in range(2):
        watching.watch(now=now)
    (alert,) = open_alerts()
    assert (alert.kind, alert.key, alert.count) == ("rule", one.key, 2)
    newest = f"{now - timedelta(minutes=10):%Y-%m-%d %H:%M} UTC"
    assert alert.message == (
        f"“Much going on”: 3 events in 60 min up to {newest}, more than 2 events."
    )
    at(chain, now + timedelta(minutes=45))
    ListenerStatus.objects.update(updated_at=now + timedelta(minutes=45))
    watching.watch(now=now + timedelta(minutes=45))
    assert standing() == []
    told = AlertDelivery.objects.order_by("pk").values_list("occasion", flat=True)
    assert list(told) == ["raised", "resolved"]


def test_everything_is_counted_to_the_second_by_hours_and_their_edges(
    chain: ChainFactory, now: datetime
) -> None:
    moments = range(1500, 0, -23)  # minutes ago, and three seconds
    for ago in moments:
        moment = now - timedelta(minutes=ago, seconds=3)
        at(chain, moment, chain.joined(1, BEA), chain.left(1, BEA), chain.closed(2))
    at(chain, now)
    per_block = {"j": 1, "jl": 2, "n": 0, "o": 1, "njlwyo": 3}
    for minutes in (15, 20, 21, 60, 95, 140, 600, 1440):
        inside = sum(ago * 60 + 3 <= minutes * 60 for ago in moments)
        for letters, each in per_block.items():
            one = rule(name=f"{minutes} {letters}", letters=letters, minutes=minutes)
            assert measured(one, now) == Measured(inside * each), one


def test_pools_and_accounts_are_counted_by_themselves(chain: ChainFactory, now: datetime) -> None:
    at(chain, now - timedelta(minutes=70), chain.joined(1, ANA))
    at(chain, now - timedelta(minutes=5), chain.joined(1, ANA), chain.joined(2, BEA))
    at(chain, now, chain.joined(1, BEA), chain.left(1, BEA))
    of_pool = rule(name="a pool", address=CONTRACT, pool_id=1)
    of_account = rule(name="an account", address=BEA, letters="jl")
    assert measured(of_pool, now) == Measured(2)
    assert measured(of_account, now) == Measured(3)
    assert measured(rule(name="none", address=CONTRACT, pool_id=99), now) == Measured(0)


def test_amounts_are_exact_to_the_wei(chain: ChainFactory, now: datetime) -> None:
    at(chain, now - timedelta(minutes=90), chain.joined(1, ANA, 7 * BTC))
    at(chain, now - timedelta(minutes=30), chain.joined(1, BEA, 2 * BTC + 1))
    at(chain, now, chain.joined(2, BEA, 1), chain.left(1, BEA, BTC))
    one = rule(measure="amount", limit=2 * BTC + 1)
    assert measured(one, now) == Measured(2 * BTC + 2)
    assert measured(rule(name="both", measure="amount", letters="jl"), now) == Measured(3 * BTC + 2)
    watching.watch(now=now)
    assert one.key in standing()
    message = Alert.objects.get(key=one.key).message
    assert message.startswith("“Much going on”: 2 BTC in 60 min up to ")
    assert message.endswith(" UTC, more than 2 BTC.")


def test_too_little_is_an_alert_only_where_nothing_is_missing(
    chain: ChainFactory, now: datetime
) -> None:
    one = rule(side="below", limit=1)
    at(chain, now)
    piece = CoveredRange.objects.order_by("-from_block").first()
    assert piece is not None
    CoveredRange.objects.filter(pk=piece.pk).update(to_block=chain.head.number - 1)
    watching.watch(now=now)
    assert standing() == []
    CoveredRange.objects.filter(pk=piece.pk).update(to_block=chain.head.number)
    watching.watch(now=now)
    assert standing() == [one.key]


@pytest.mark.parametrize("state", ["reconnecting", "offline", "connecting"])
def test_too_little_is_no_alert_while_the_listener_is_away(
    chain: ChainFactory, now: datetime, state: str
) -> None:
    rule(side="below", limit=1)
    at(chain, now)
    ListenerStatus.objects.update(state=state)
    watching.watch(now=now)
    assert standing() == []
    ListenerStatus.objects.update(state="live", updated_at=now - timedelta(minutes=1))
    watching.watch(now=now)
    assert standing() == []  # it fell silent


def test_what_is_stored_late_is_not_missed_meanwhile(chain: ChainFactory, now: datetime) -> None:
    """The time ends with the newest block: an hour behind is not an hour without events."""
    rule(side="below", limit=1)
    at(chain, now - timedelta(minutes=70), chain.joined(1, BEA))
    watching.watch(now=now)
    assert standing() == []


def test_data_that_are_behind_call_off_no_alarm(chain: ChainFactory, now: datetime) -> None:
    one = rule(limit=0)
    at(chain, now, chain.joined(1, BEA))
    watching.watch(now=now)
    ListenerStatus.objects.update(state="reconnecting")
    at(chain, now + timedelta(hours=2))
    watching.watch(now=now + timedelta(hours=2))
    assert standing() == [one.key]


def test_a_past_that_is_not_read_yet_hinders_no_rule_about_the_present(
    chain: ChainFactory, now: datetime
) -> None:
    one = rule(side="below", limit=1)
    at(chain, now - timedelta(hours=20))
    CoveredRange.objects.all().delete()
    for minutes in (61, 30, 0):
        at(chain, now - timedelta(minutes=minutes))
    watching.watch(now=now)
    assert standing() == [one.key]


def test_a_rule_that_is_disabled_or_deleted_takes_its_alert_along(
    chain: ChainFactory, now: datetime
) -> None:
    first, second = rule(limit=0), rule(name="second", limit=0)
    at(chain, now, chain.joined(1, BEA))
    watching.watch(now=now)
    assert standing() == [first.key, second.key]
    AlertRule.objects.filter(pk=first.pk).update(enabled=False)
    second.delete()
    raise_alert("gap", "gap:1", "not a rule's")
    watch_rules()
    assert standing() == ["gap:1"]


@pytest.mark.parametrize("change", [{"limit": 7}, {"enabled": False}, None])
def test_a_rule_that_is_changed_while_it_is_measured_is_not_raised_as_it_was(
    chain: ChainFactory,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
    change: dict[str, Any] | None,
) -> None:
    rule(limit=0)
    at(chain, now, chain.joined(1, BEA))
    measure = watching.measure

    def measuring_slowly(one: AlertRule, *about: Any) -> Measured | None:
        found = measure(one, *about)
        rows = AlertRule.objects.filter(pk=one.pk)
        if change is None:
            rows.delete()
        else:
            rows.update(**change)
        return found

    monkeypatch.setattr(watching, "measure", measuring_slowly)
    for _ in range(2):
        watching.watch(now=now)
    assert not Alert.objects.exists()


def test_a_rule_that_fails_hinders_no_other_and_is_told_of(
    chain: ChainFactory, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = rule(limit=0), rule(name="good", limit=0)
    at(chain, now, chain.joined(1, BEA))
    measure = watching.measure

    def failing(one: AlertRule, *about: Any) -> Measured | None:
        if one == bad:
            raise ValueError("no such thing")
        return measure(one, *about)

    monkeypatch.setattr(watching, "measure", failing)
    with pytest.raises(ExceptionGroup) as failed:
        watching.watch(now=now)
    assert [str(error) for error in failed.value.exceptions] == ["no such thing"]
    assert standing() == [good.key]
    monkeypatch.setattr(watching, "measure", measure)
    watching.watch(now=now)
    assert standing() == [bad.key, good.key]


def test_only_one_turn_is_taken_at_a_time(chain: ChainFactory, now: datetime) -> None:
    rule(limit=0)
    at(chain, now, chain.joined(1, BEA))
    other = leases.acquire(watching.LEASE, holder="another:1", seconds=60)
    assert other is not None
    watching.watch(now=now)
    assert standing() == []
    leases.release(other)
    watching.watch(now=now)
    assert len(standing()) == 1


def test_a_turn_that_another_took_over_writes_nothing_more(
    chain: ChainFactory, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule(limit=0)
    at(chain, now, chain.joined(1, BEA))
    measure = watching.measure

    def sleeping(*about: Any) -> Measured | None:
        Lease.objects.filter(name=watching.LEASE).update(holder="another:1", token=F("token") + 1)
        return measure(*about)

    monkeypatch.setattr(watching, "measure", sleeping)
    with pytest.raises(leases.LostLease):
        watching.watch(now=now)
    assert standing() == []
    assert Lease.objects.get(name=watching.LEASE).holder == "another:1"


@pytest.mark.parametrize("state", ["live", "reconnecting"])
def test_what_went_on_long_ago_is_no_news_to_a_listener_that_catches_up(
    chain: ChainFactory, now: datetime, state: str
) -> None:
    one = rule(limit=0)
    at(chain, now, chain.joined(1, BEA))
    later = now + timedelta(days=3)
    ListenerStatus.objects.update(state=state, updated_at=later)
    watching.watch(now=later)
    assert standing() == []
    at(chain, later - timedelta(minutes=5), chain.joined(1, BEA))
    watching.watch(now=later)
    assert standing() == [one.key]


def test_what_stands_says_up_to_when_it_is_known(chain: ChainFactory, now: datetime) -> None:
    rule(limit=0)
    at(chain, now, chain.joined(1, BEA))
    for moment in (now, now + timedelta(days=3)):
        watching.watch(now=moment)
        assert f"up to {now:%Y-%m-%d %H:%M} UTC" in Alert.objects.get(resolved_at=None).message


def test_who_hovers_at_a_limit_is_not_told_again_and_again(
    chain: ChainFactory, now: datetime
) -> None:
    one = rule(limit=5, minutes=10)
    for minute in range(40):
        moment = now + timedelta(minutes=minute)
        joins = [chain.joined(1, BEA)] if minute % 2 else []
        at(chain, moment, *joins, *[chain.joined(2, BEA)] * (minute in (8, 18, 28)))
        ListenerStatus.objects.update(updated_at=moment)
        watching.watch(now=moment)
    assert Alert.objects.filter(key=one.key).count() == 1


def test_blocks_behind_and_slow_answers_are_measured_of_the_node(
    chain: ChainFactory, now: datetime
) -> None:
    lag = rule(name="behind", measure="lag", limit=20)
    slow = rule(name="slow", measure="latency", limit=500, minutes=3)
    ListenerStatus.objects.update(head=chain.head.number + 21)
    minute = int(now.timestamp()) // 60
    for ago in (1, 2, 3):
        LatencySample.objects.create(
            minute=minute - ago, endpoint="n", answer_count=2, answer_sum=1200
        )
    watching.watch(now=now)
    assert standing() == [lag.key, slow.key]
    assert [alert.message for alert in Alert.objects.order_by("pk")] == [
        "“behind”: 21 blocks behind, more than 20 blocks behind.",
        "“slow”: 600 ms in the last 3 min, more than 500 ms.",
    ]
    ListenerStatus.objects.update(state="reconnecting")
    watching.watch(now=now)
    assert standing() == [lag.key, slow.key]


def test_nothing_is_known_before_the_first_block(now: datetime) -> None:
    rule(side="below")
    watching.watch(now=now)
    assert not Cursor.objects.exists()
    assert standing() == []


def test_of_more_than_is_read_at_least_that_is_said(
    chain: ChainFactory, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measuring, "MOST_LOGS", 2)
    at(chain, now, *[chain.joined(1, BEA)] * 4)
    found = measured(rule(measure="amount", limit=BTC), now)
    assert found == Measured(2 * BTC, whole=False)
    watching.watch(now=now)
    assert "at least 2 BTC" in Alert.objects.get().message


def test_a_turn_asks_as_little_whatever_the_past_holds(
    chain: ChainFactory, now: datetime, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    rule(minutes=90, limit=1000)
    for ago in range(1500, 0, -50):
        at(chain, now - timedelta(minutes=ago), chain.joined(1, BEA))
    with django_assert_max_num_queries(21):  # nine of them for the lease
        watching.watch(now=now)
