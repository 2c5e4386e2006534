"""Alerts: what a person should look at, one row for each matter while it stands.

Whoever finds the trouble raises it under a key, again and again as long as it lasts, and resolves
that key when it is over. Nothing of it keeps a secret of ours or a character that cannot be seen.
Whom to tell is written down in the same transaction (`deliveries`); the telling is the workers'.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from pools import deliveries
from pools.models import Alert, AlertDelivery
from pools.redaction import Redactor

log = structlog.get_logger(__name__)

_LONGEST_KEY = 200
_RACES = 5  # how often another worker may raise or resolve the same key under our hands


def raise_alert(
    kind: str, key: str, message: str, details: Mapping[str, Any] | None = None
) -> Alert:
    """The open alert of this key: a new one, or the one that stands, seen once more.

    `message` is one sentence for operators; `details` is anything JSON can hold (large numbers as
    strings). Both are kept as last told, every text in them on one line of at most 300 characters.
    Safe to call from several workers at once, in a transaction or outside.
    """
    if len(key) > _LONGEST_KEY:
        raise ValueError(f"an alert's key of {len(key)} characters; {_LONGEST_KEY} are kept")
    plain = _Plain()
    told = {"message": plain(message), "details": plain.value(details or {})}
    for _ in range(_RACES):
        if (alert := _seen_again(key, told)) or (alert := _new(kind, key, told)):
            return alert
    raise IntegrityError(f"the alert {key} is raised and resolved by others all the time")


def resolve(key: str) -> None:
    """The matter is settled. Does nothing where no alert of this key stands."""
    with transaction.atomic():
        alert = Alert.objects.select_for_update().filter(key=key, resolved_at=None).first()
        if alert is None:
            return
        alert.resolved_at = timezone.now()
        alert.save(update_fields=["resolved_at"])
        deliveries.note(alert, AlertDelivery.Occasion.RESOLVED)
    log.info("alert_resolved", key=key)


def acknowledge(alerts: "QuerySet[Alert]", *, at: datetime) -> int:
    """Note that somebody has seen these; returns how many nobody had seen before."""
    return alerts.filter(resolved_at=None, acknowledged_at=None).update(acknowledged_at=at)


def open_alerts(kind: str | None = None) -> list[Alert]:
    """The alerts that stand, of one kind or of all: those nobody has acknowledged first, then
    the newest first.
    """
    found = Alert.objects.filter(resolved_at=None)
    if kind is not None:
        found = found.filter(kind=kind)
    return list(found.order_by(F("acknowledged_at").asc(nulls_first=True), "-raised_at", "-pk"))


def _seen_again(key: str, told: dict[str, Any]) -> Alert | None:
    with transaction.atomic():
        alert = Alert.objects.select_for_update().filter(key=key, resolved_at=None).first()
        if alert is not None:
            alert.count += 1
            alert.message, alert.details = told["message"], told["details"]
            alert.save(update_fields=["count", "message", "details", "seen_at"])
        return alert


def _new(kind: str, key: str, told: dict[str, Any]) -> Alert | None:
    """The alert; None if another worker was the first to raise it."""
    try:
        with transaction.atomic():
            alert = Alert.objects.create(kind=kind, key=key, **told)
            deliveries.note(alert, AlertDelivery.Occasion.RAISED)
    except IntegrityError:
        return None
    log.warning("alert_raised", kind=kind, key=key, message=alert.message)
    return alert


class _Plain:
    """Makes texts fit to be shown to anybody: no keys of node URLs, nothing that cannot be seen."""

    def __init__(self) -> None:
        self._redact = Redactor([*settings.CHAIN_HTTP_URLS, *settings.CHAIN_WS_URLS])

    def __call__(self, text: str) -> str:
        return self._redact(text)

    def value(self, value: Any) -> Any:
        """The value with every text in it cleaned."""
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, Mapping):
            return {self(str(name)): self.value(inner) for name, inner in value.items()}
        if isinstance(value, Iterable) and not isinstance(value, str | bytes):
            return [self.value(inner) for inner in value]
        return self(str(value))
