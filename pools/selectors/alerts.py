"""Reads of what operators should look at: alerts that stand, and the last verification."""

from collections.abc import Collection
from datetime import datetime

from django.db.models import Count

from pools import silences
from pools.alerts import open_alerts
from pools.compiled import CompiledQuery
from pools.models import Alert, AlertDelivery, Contract, Verification
from pools.status_rows import StandingAlert, Telling

__all__ = [
    "last_verification",
    "open_alert_counts",
    "open_alerts",
    "passed_over",
    "standing_alerts",
]


MOST_GAPS = 200
_GAPS = CompiledQuery(
    lambda: (
        Alert.objects.filter(kind="gap", resolved_at=None)
        .order_by("pk")
        .values_list("details", flat=True)[:MOST_GAPS]
    )
)


def open_alert_counts() -> dict[str, int]:
    """How many alerts of each kind stand; kinds without any are left out."""
    counted = Alert.objects.filter(resolved_at=None).values("kind").annotate(rows=Count("pk"))
    return {row["kind"]: row["rows"] for row in counted.order_by("kind")}


def standing_alerts(now: datetime, most: int) -> list[StandingAlert]:
    """The alerts that stand, as `open_alerts` orders them, with who was told; three queries."""
    found = open_alerts()[:most]
    if not found:
        return []
    quiet = silences.holding(now)
    raised = AlertDelivery.objects.filter(alert__in=found, occasion=AlertDelivery.Occasion.RAISED)
    states: dict[int | None, set[str]] = {}
    for alert, state in raised.values_list("alert", "state").order_by().distinct():
        states.setdefault(alert, set()).add(state)
    return [
        StandingAlert(
            key=alert.key,
            kind=alert.kind,
            message=alert.message,
            raised_at=alert.raised_at,
            count=alert.count,
            acknowledged_at=alert.acknowledged_at,
            silenced_until=until,
            telling=_telling(states.get(alert.pk, set()), is_silent=until is not None),
        )
        for alert in found
        for until in [silences.until(alert, quiet)]
    ]


def _telling(states: Collection[str], *, is_silent: bool) -> Telling:
    """The state of all deliveries in one word, the one that asks for most attention."""
    state = AlertDelivery.State
    if is_silent and state.WAITING in states and state.SENT not in states:
        return Telling.HELD  # as the next turn of the senders notes
    for found, word in (
        (state.FAILED, Telling.FAILED),
        (state.WAITING, Telling.WAITING),
        (state.SENT, Telling.TOLD),
        (state.HELD, Telling.HELD),
    ):
        if found in states:
            return word
    return Telling.NOBODY


def passed_over() -> list[str]:
    """The contracts whose pools were folded over blocks that nobody could prove.

    One query, two where there are any. Told by the alerts that stand, which the backfill resolves
    when it has filled the gap.
    """
    firsts: dict[str, int] = {}
    for details in _GAPS.rows():
        contract, block = details.get("contract"), details.get("from_block")
        if isinstance(contract, str) and isinstance(block, int):
            firsts[contract] = min(block, firsts.get(contract, block))
    if not firsts:
        return []
    folded = Contract.objects.order_by("start_block", "address").values_list("address", "folded_to")
    return [address for address, to in folded if address in firsts and firsts[address] <= to]


def last_verification(*, whole: bool | None = None) -> Verification | None:
    """The newest comparison with the chain that has ended, of either extent or of the one named."""
    found = Verification.objects.filter(finished_at__isnull=False)
    if whole is not None:
        found = found.filter(whole=whole)
    return found.order_by("-pk").first()
