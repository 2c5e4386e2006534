"""Times in which nobody is told of some alerts.

What is raised or over meanwhile is written down all the same, as held back. When the silence has
ended, by its time or by staff, what still stands is told once; of what was raised and over within
it nobody hears. Who may tell is decided under the lock of the alert's row, so that of a silence
that ends while the alert does, one of both is true.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import Q, QuerySet

from pools.models import Alert, AlertDelivery, AlertSilence

State = AlertDelivery.State
MOST_MADE: Final = 100  # at once, each read by all who tell; of more a silence of kinds is made
_AT_ONCE: Final = 1_000  # alerts that a turn changes; the next one takes the others


class TooMany(Exception):
    """More alerts than are silenced one by one."""


def holding(now: datetime) -> list[AlertSilence]:
    """Those that hold at this moment."""
    return list(_holding(now))


def _holding(now: datetime) -> "QuerySet[AlertSilence]":
    return AlertSilence.objects.filter(starts_at__lte=now, ends_at__gt=now)


def until(alert: Alert, silences: Sequence[AlertSilence]) -> datetime | None:
    """Until when nobody is told of the alert by these silences; None if none is about it."""
    return max((one.ends_at for one in silences if _is_about(one, alert)), default=None)


def _is_about(silence: AlertSilence, alert: Alert) -> bool:
    if _is_of_everything(silence):
        return True
    return alert.key == silence.key or alert.kind in silence.kinds


def _is_of_everything(silence: AlertSilence) -> bool:
    return not silence.kinds and not silence.key


def _silenced(now: datetime) -> Q:
    """The same for the database: the alerts that any silence is about at this moment."""
    found = holding(now)
    if any(map(_is_of_everything, found)):
        return Q(pk__isnull=False)
    keys = _holding(now).exclude(key="").values("key")
    return Q(kind__in={kind for one in found for kind in one.kinds}) | Q(key__in=keys)


def make(keys: Sequence[str], *, until: datetime, by: str) -> list[AlertSilence]:
    """Silence these alerts from now on; returns the silences. Raises TooMany."""
    if len(keys) > MOST_MADE:
        raise TooMany(f"{len(keys):,} alerts; {MOST_MADE} at once are silenced one by one")
    return AlertSilence.objects.bulk_create(
        AlertSilence(key=key, ends_at=until, made_by=by) for key in keys
    )


def hold(now: datetime) -> int:
    """Hold back what waits, untold, and is silenced by now; returns how many rows."""
    unclaimed = Q(claimed_until=None) | Q(claimed_until__lte=now)
    waiting = AlertDelivery.objects.filter(unclaimed, state=State.WAITING)
    held = 0
    for alert in _some(Alert.objects.filter(_silenced(now), pk__in=waiting.values("alert"))):
        with transaction.atomic():
            # Whoever resolves it is done by then, so that both occasions are held or none.
            locked = Alert.objects.select_for_update().get(pk=alert)
            held += waiting.filter(alert=locked).update(state=State.HELD)
    return held


def release(now: datetime) -> int:
    """Have told what was held back by silences that hold no more; returns how many rows."""
    held = AlertDelivery.objects.filter(state=State.HELD)
    released = 0
    for alert in _some(Alert.objects.filter(pk__in=held.values("alert")).exclude(_silenced(now))):
        with transaction.atomic():
            locked = Alert.objects.select_for_update().get(pk=alert)
            mine = held.filter(alert=locked)
            if locked.resolved_at is not None:  # it was over while they had not heard of it
                raised = mine.filter(occasion=AlertDelivery.Occasion.RAISED)
                unheard = list(raised.values_list("receiver", flat=True))
                mine.filter(receiver__in=unheard).update(state=State.SPARED)
            released += mine.update(state=State.WAITING, due_at=now)
    return released


def _some(alerts: "QuerySet[Alert]") -> list[int]:
    return list(alerts.order_by("pk").values_list("pk", flat=True)[:_AT_ONCE])


def spare(alert: Alert) -> None:
    """Tell nobody that the alert was raised who has not heard of it yet, as it is over.

    Called with its row locked, by whoever resolves it.
    """
    held = AlertDelivery.objects.filter(alert=alert, state=State.HELD)
    held.filter(occasion=AlertDelivery.Occasion.RAISED).update(state=State.SPARED)
