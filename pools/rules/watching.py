"""Looks at every rule, raises what passes its limit and resolves what no longer does.

May be done by anybody at any time: an alert stands once for each rule and goes with it. One turn
is done at a time, and a rule that fails hinders no other.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

import structlog
from django.db import transaction

from pools import alerts, leases, presentation, selectors
from pools.alert_kinds import RULE
from pools.leases import LeaseToken, LostLease
from pools.models import AlertRule
from pools.rules.judging import Measured, is_passed
from pools.rules.measuring import measure

log = structlog.get_logger(__name__)

Measure = AlertRule.Measure
LEASE: Final = "rules"
_LEASE_SECONDS: Final = 330.0  # longer than Celery lets any task live
# Blocks that are older tell of the past: a listener that catches up raises nothing on its way.
FRESH: Final = timedelta(minutes=10)
_SIDES: Final = {AlertRule.Side.ABOVE: "more", AlertRule.Side.BELOW: "less"}


def watch(*, now: datetime) -> None:
    """Raise and resolve by all rules, unless another is at it. What is not known stays as it is.

    Raises, when all others are done, an ExceptionGroup of what rules failed with.
    """
    lease = leases.acquire(LEASE, holder=leases.holder(), seconds=_LEASE_SECONDS)
    if lease is None:
        log.info("rules_are_watched_by_another")
        return
    try:
        _take_turn(lease, now)
    finally:
        leases.release(lease)


def _take_turn(lease: LeaseToken, now: datetime) -> None:
    # Read first, so that no rule made meanwhile is taken for one that is gone.
    standing = {alert.key for alert in alerts.open_alerts(RULE)}
    link = selectors.connection(now)
    rules = list(AlertRule.objects.filter(enabled=True).order_by("pk"))
    for key in standing.difference(rule.key for rule in rules):
        alerts.resolve(key)
    failures: list[Exception] = []
    for rule in rules:
        try:
            measured = measure(rule, link, now)
            if measured is not None:
                _follow(rule, measured, lease=lease, stands=rule.key in standing, now=now)
        except LostLease:
            raise
        except Exception as error:
            log.exception("rule_not_watched", rule=rule.pk, name=rule.name)
            failures.append(error)
    if failures:
        raise ExceptionGroup("rules could not be watched; the log names each", failures)


def _follow(
    rule: AlertRule, measured: Measured, *, lease: LeaseToken, stands: bool, now: datetime
) -> None:
    """Raise or resolve, if the rule is still the one that was measured."""
    passed = is_passed(measured, side=rule.side, limit=rule.limit)
    is_old = measured.until is not None and measured.until < now - FRESH
    if passed is None or (passed and is_old and not stands) or not (passed or stands):
        return
    with transaction.atomic():
        leases.check(lease)
        if not _is_the_same(rule):
            return  # the next turn measures what it is now
        if passed:
            alerts.raise_alert(RULE, rule.key, says(rule, measured), _details(rule, measured))
        else:
            alerts.resolve(rule.key)


def _is_the_same(rule: AlertRule) -> bool:
    """Whether nobody has changed, disabled or deleted it; nor does, until the commit."""
    stored = AlertRule.objects.select_for_update().filter(pk=rule.pk).values().first()
    return stored is not None and all(
        getattr(rule, field) == value for field, value in stored.items()
    )


def says(rule: AlertRule, measured: Measured) -> str:
    """The rule's alert in one sentence, for operators."""
    least = "" if measured.whole else "at least "
    side = _SIDES[AlertRule.Side(rule.side)]
    found, limit = _shown(rule, measured.number), _shown(rule, rule.limit)
    return f"“{rule.name}”: {least}{found}{_time(rule, measured)}, {side} than {limit}."


def _time(rule: AlertRule, measured: Measured) -> str:
    if rule.measure == Measure.LAG:
        return ""
    if measured.until is None:
        return f" in the last {rule.minutes} min"
    return f" in {rule.minutes} min up to {measured.until.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _shown(rule: AlertRule, number: int) -> str:
    if rule.measure == Measure.AMOUNT:
        return f"{presentation.btc(number)} BTC"
    unit = {Measure.EVENTS: "events", Measure.LAG: "blocks behind", Measure.LATENCY: "ms"}
    return f"{number:,} {unit[Measure(rule.measure)]}"


def _details(rule: AlertRule, measured: Measured) -> dict[str, object]:
    return {
        "rule": rule.pk,
        "name": rule.name,
        "measured": str(measured.number),
        "limit": str(rule.limit),
        "of": f"{rule.address}/{rule.pool_id}" if rule.pool_id is not None else rule.address,
    }
