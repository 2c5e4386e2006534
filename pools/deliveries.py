"""The table of who is to be told of which alert: filled with the alert, emptied by the senders.

A row is written in the transaction that raises or resolves its alert, so none is lost and none
comes twice. A sender claims rows by compare-and-swap, tells their receiver, and settles them. One
that dies in between has perhaps told: when its claim has run out another tells again, under the
same ids.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Final
from uuid import uuid4

import structlog
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from pools import silences
from pools.models import Alert, AlertDelivery, AlertSilence
from pools.receivers import receivers, service_of

log = structlog.get_logger(__name__)

Occasion = AlertDelivery.Occasion
State = AlertDelivery.State

MOST_TOGETHER: Final = 100  # rows of one message; what is more goes into the next
# 1, 2, 4, … minutes after a failure, at most four hours: given up after some 16 hours.
FIRST_DELAY: Final = timedelta(minutes=1)
LONGEST_DELAY: Final = timedelta(hours=4)
MOST_ATTEMPTS: Final = 12
# Longer than Celery lets any task live, so that nobody takes over from one that still sends.
CLAIMED: Final = timedelta(seconds=330)
KEPT: Final = timedelta(days=90)
LEFT: Final = "it was taken out of the settings"
LEFT_ADMIN: Final = "it was disabled or deleted"
UNHEARD: Final = "the receiver was not told that it was raised"
DIED: Final = "whoever sent it ended each time before it was done"


@dataclass(frozen=True, slots=True)
class Batch:
    """What one receiver is told in one message, oldest first. `claim` is the proof of holding it.

    `tried` are those whose attempt it is; the others go along with them.
    """

    receiver: str
    claim: str
    rows: list[AlertDelivery]
    tried: frozenset[int]


def note(alert: Alert, occasion: AlertDelivery.Occasion) -> None:
    """Have the receivers told, inside the transaction that raises or resolves the alert.

    That it is over is told to those who were told of it, or will be before. In a silence both are
    held back until it ends.
    """
    if occasion == Occasion.RESOLVED:
        silences.spare(alert)
        raised = AlertDelivery.objects.filter(alert=alert, occasion=Occasion.RAISED)
        unheard = (State.FAILED, State.SPARED)
        heard = set(raised.exclude(state__in=unheard).values_list("receiver", flat=True))
        told = [receiver for receiver in receivers() if receiver in heard]
    else:
        told = receivers(alert.kind)
    if not told:
        return
    is_silent = silences.until(alert, silences.holding(timezone.now())) is not None
    state = State.HELD if is_silent else State.WAITING
    AlertDelivery.objects.bulk_create(
        AlertDelivery(alert=alert, occasion=occasion, receiver=receiver, state=state)
        for receiver in told
    )


def note_test(chosen: Sequence[str] | None = None) -> list[AlertDelivery]:
    """Have each receiver, or those chosen, told that this is a test; returns the rows."""
    told = receivers() if chosen is None else chosen
    return AlertDelivery.objects.bulk_create(
        AlertDelivery(occasion=Occasion.TEST, receiver=receiver) for receiver in told
    )


def due_receivers(now: datetime) -> list[str]:
    """Those with something to tell now, whom nobody is telling at the moment."""
    waiting = AlertDelivery.objects.filter(state=State.WAITING)
    busy = waiting.filter(claimed_until__gt=now).values("receiver")
    due = waiting.filter(due_at__lte=now).exclude(receiver__in=busy)
    return list(due.order_by("receiver").values_list("receiver", flat=True).distinct())


def give_up_left(now: datetime) -> None:
    """Stop trying to tell those who are no receivers any more."""
    for receiver in set(due_receivers(now)).difference(receivers()):
        reason = LEFT if service_of(receiver) is None else LEFT_ADMIN
        _free(receiver, now).update(state=State.FAILED, error=reason)
        log.warning("alerts_not_told", receiver=receiver, reason=reason)


def claim(receiver: str, *, now: datetime) -> Batch | None:
    """Take all that waits for a receiver, so far as one message holds it.

    None if nothing is left, or if another is just telling it: a receiver hears of things in the
    order in which they happened. So what waits for its next attempt goes along with what is due.
    """
    token = uuid4().hex
    waiting = AlertDelivery.objects.filter(state=State.WAITING, receiver=receiver)
    free = _free(receiver, now)
    with transaction.atomic():
        # Whoever else claims waits for this row, and then sees that the receiver is being told.
        first = waiting.select_for_update().order_by("pk").first()
        if first is None or waiting.filter(claimed_until__gt=now).exists():
            return None
        if free.filter(attempts__gte=MOST_ATTEMPTS).update(state=State.FAILED, error=DIED):
            _end_nothing_unheard(receiver)
        oldest = list(free.order_by("pk").values_list("pk", flat=True)[:MOST_TOGETHER])
        if not free.filter(pk__in=oldest).update(claim=token, claimed_until=now + CLAIMED):
            return None
        mine = waiting.filter(claim=token)
        # Counted before the sending: who dies in it has tried, too.
        mine.filter(due_at__lte=now).update(attempts=F("attempts") + 1)
        rows = list(mine.select_related("alert").order_by("pk"))
    tried = frozenset(row.pk for row in rows if row.due_at <= now)
    return Batch(receiver=receiver, claim=token, rows=rows, tried=tried)


def sent(batch: Batch, *, now: datetime) -> None:
    """The receiver has it."""
    told = _held(batch).update(
        state=State.SENT, sent_at=now, error="", claim="", claimed_until=None
    )
    log.info("alerts_told", receiver=batch.receiver, rows=told)


def failed(batch: Batch, error: str, *, now: datetime, random: Random) -> None:
    """The receiver has it not, or did not say so. `error` is one redacted sentence.

    A test is not tried again: who asked for it is told.
    """
    spread = random.uniform(0.9, 1.1)  # the same for all of them: they stay together
    given_up = 0
    with transaction.atomic():
        for row in batch.rows:
            if row.pk not in batch.tried:
                continue
            row.error = error[:300]
            row.due_at = now + spread * delay(row.attempts)
            if row.attempts >= MOST_ATTEMPTS or row.occasion == Occasion.TEST:
                row.state = State.FAILED
                given_up += 1
            _held(batch).filter(pk=row.pk).update(
                state=row.state, error=row.error, due_at=row.due_at
            )
        mine = AlertDelivery.objects.filter(pk__in=[row.pk for row in batch.rows])
        mine.filter(claim=batch.claim).update(claim="", claimed_until=None)
        if given_up:
            _end_nothing_unheard(batch.receiver)
    tell = log.error if given_up else log.warning
    tell("alerts_not_told", receiver=batch.receiver, reason=error, given_up=given_up)


def send_again(rows: "QuerySet[AlertDelivery]", *, now: datetime) -> int:
    """Have what was given up tried afresh; returns how many were."""
    return rows.filter(state=State.FAILED).update(state=State.WAITING, attempts=0, due_at=now)


def forget_old(now: datetime) -> None:
    """Drop what was settled long ago, and silences that ended then. Of an alert that stands nothing
    is dropped: whom to tell that it is over is known by it."""
    over = Q(alert=None) | Q(alert__resolved_at__lt=now - KEPT)
    settled = AlertDelivery.objects.filter(over, created_at__lt=now - KEPT)
    settled.exclude(state__in=(State.WAITING, State.HELD)).delete()
    AlertSilence.objects.filter(ends_at__lt=now - KEPT).delete()


def delay(attempts: int) -> timedelta:
    """How long to wait after so many attempts, at least one, have failed."""
    doubled: timedelta = FIRST_DELAY * 2 ** (attempts - 1)
    return min(doubled, LONGEST_DELAY)


def unsettled() -> dict[str, int]:
    """How many wait to be told, and how many were given up."""
    open_states = (State.WAITING, State.FAILED)
    return {
        str(state.value): AlertDelivery.objects.filter(state=state).count() for state in open_states
    }


def outcome(rows: Sequence[AlertDelivery]) -> list[AlertDelivery]:
    """The same rows as they stand now."""
    return list(AlertDelivery.objects.filter(pk__in=[row.pk for row in rows]).order_by("pk"))


def _end_nothing_unheard(receiver: str) -> None:
    """Do not tell that an alert is over which the receiver was not told of."""
    unheard = AlertDelivery.objects.filter(
        receiver=receiver, occasion=Occasion.RAISED, state=State.FAILED
    )
    ends = AlertDelivery.objects.filter(
        receiver=receiver, occasion=Occasion.RESOLVED, state__in=(State.WAITING, State.HELD)
    )
    ends.filter(alert__in=unheard.values("alert")).update(state=State.FAILED, error=UNHEARD)


def _free(receiver: str, now: datetime) -> "QuerySet[AlertDelivery]":
    unclaimed = Q(claimed_until=None) | Q(claimed_until__lte=now)
    return AlertDelivery.objects.filter(unclaimed, receiver=receiver, state=State.WAITING)


def _held(batch: Batch) -> "QuerySet[AlertDelivery]":
    """The rows that are still ours: a claim that ran out may be another's by now."""
    return AlertDelivery.objects.filter(
        state=State.WAITING, receiver=batch.receiver, claim=batch.claim
    )
