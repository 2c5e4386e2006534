"""Looks at every rule, raises what passes its limit and resolves what no longer does.

May be done by anybody at any time: an alert stands once for each rule and goes with it.
"""

from datetime import datetime
from typing import Final

from pools import alerts, presentation, selectors
from pools.alert_kinds import RULE
from pools.models import AlertRule
from pools.rules.judging import Measured, is_passed
from pools.rules.measuring import measure

Measure = AlertRule.Measure
_SIDES: Final = {AlertRule.Side.ABOVE: "more", AlertRule.Side.BELOW: "less"}


def watch(*, now: datetime) -> None:
    """Raise and resolve by all rules. What is not known is left as it is."""
    # Read first, so that no rule made meanwhile is taken for one that is gone.
    standing = {alert.key for alert in alerts.open_alerts(RULE)}
    link = selectors.connection(now)
    rules = list(AlertRule.objects.filter(enabled=True).order_by("pk"))
    for key in standing.difference(rule.key for rule in rules):
        alerts.resolve(key)
    for rule in rules:
        measured = measure(rule, link, now)
        if measured is None:
            continue
        passed = is_passed(measured, side=rule.side, limit=rule.limit)
        if passed:
            alerts.raise_alert(RULE, rule.key, says(rule, measured), _details(rule, measured))
        elif passed is False and rule.key in standing:
            alerts.resolve(rule.key)


def says(rule: AlertRule, measured: Measured) -> str:
    """The rule's alert in one sentence, for operators."""
    least = "" if measured.whole else "at least "
    time = "" if rule.measure == Measure.LAG else f" in the last {rule.minutes} min"
    side = _SIDES[AlertRule.Side(rule.side)]
    limit = _shown(rule, rule.limit)
    return f"“{rule.name}”: {least}{_shown(rule, measured.number)}{time}, {side} than {limit}."


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
