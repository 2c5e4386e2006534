"""Times in which nobody is told of some alerts.

What is raised or over meanwhile is written down all the same, as held back. When the silence has
ended, by its time or by staff, what still stands is told once; of what was raised and over within
it nobody hears. Who may tell is decided under the lock of the alert's row, so that of a silence
that ends while the alert does, one of both is true.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import Q

from pools.models import Alert, AlertDelivery, AlertSilence

State = AlertDelivery.State
_AT_ONCE: Final = 1_000  # rows, or alerts; the next turn takes the others


def holding(now: datetime) -> list[AlertSilence]:
    """Those that hold at this moment."""
    return list(AlertSilence.objects.filter(starts_at__lte=now, ends_at__gt=now))


def until(alert: Alert, silences: Sequence[AlertSilence]) -> datetime | None:
    """Until when nobody is told of the alert by these silences; None if none is about it."""
    return max((one.ends_at for one in silences if _is_about(one, alert)), default=None)


def _is_about(silence: AlertSilence, alert: Alert) -> bool:
    if not silence.kinds and not silence.key:
        return True
    return alert.key == silence.key or alert.kind in silence.kinds


def make(keys: Iterable[str], *, until: datetime, by: str) -> None:
    """Silence these alerts from now on."""
    AlertSilence.objects.bulk_create(
        AlertSilence(key=key, ends_at=until, made_by=by) for key in keys
    )


def hold(now: datetime) -> int:
    """Hold back what waits, untold, and is silenced by now; returns how many rows."""
    silences = holding(now)
    if not silences:
        return 0
    unclaimed = Q(claimed_until=None) | Q(claimed_until__lte=now)
    waiting = AlertDelivery.objects.filter(unclaimed, state=State.WAITING, alert__isnull=False)
    rows = waiting.select_related("alert").order_by("pk")[:_AT_ONCE]
    held = [row.pk for row in rows if row.alert is not None and until(row.alert, silences)]
    return waiting.filter(pk__in=held).update(state=State.HELD) if held else 0


def release(now: datetime) -> int:
    """Have told what was held back by silences that hold no more; returns how many rows."""
    held = AlertDelivery.objects.filter(state=State.HELD)
    alerts = Alert.objects.filter(pk__in=held.values("alert")).order_by("pk")[:_AT_ONCE]
    released = 0
    for alert in _free(alerts, holding(now)):
        with transaction.atomic():
            locked = Alert.objects.select_for_update().get(pk=alert.pk)
            mine = held.filter(alert=locked)
            if locked.resolved_at is not None:  # it was over while they had not heard of it
                raised = mine.filter(occasion=AlertDelivery.Occasion.RAISED)
                unheard = list(raised.values_list("receiver", flat=True))
                mine.filter(receiver__in=unheard).update(state=State.SPARED)
            released += mine.update(state=State.WAITING, due_at=now)
    return released


def _free(alerts: Iterable[Alert], silences: Sequence[AlertSilence]) -> list[Alert]:
    return [alert for alert in alerts if until(alert, silences) is None]


def spare(alert: Alert) -> None:
    """Tell nobody that the alert was raised who has not heard of it yet, as it is over.

    Called with its row locked, by whoever resolves it.
    """
    held = AlertDelivery.objects.filter(alert=alert, state=State.HELD)
    held.filter(occasion=AlertDelivery.Occasion.RAISED).update(state=State.SPARED)
