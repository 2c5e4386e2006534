"""Telling the receivers of alerts what waits in the table of `pools.deliveries`.

The beat looks every few seconds, so what happens in between is gathered into one message. Each
receiver is told in a thread of its own: one that is slow or gone holds up no other. All records
are read and written by the thread that called.
"""

import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from random import Random
from time import sleep
from typing import Final

from celery import shared_task
from django.utils import timezone

from pools import deliveries, silences, turns
from pools.deliveries import Batch
from pools.models import AlertDelivery
from pools.receivers import receivers, target_of

from .alert_receivers import NotTold, redactor, tell

BUDGET_SECONDS: Final = 60.0
MOST_AT_ONCE: Final = 16  # receivers
LOOK_SECONDS: Final = 0.2
WORKER_SECONDS: Final = 60.0  # three turns of the beat


@shared_task(name="realtime.alert_sending.send_alerts")
def send_alerts() -> None:
    """Tell each receiver what is due to it, and forget those who are none any more.

    What fills more than a message takes the next one.
    """
    with turns.giving_way():
        silences.release(timezone.now())
        silences.hold(timezone.now())
    deliveries.give_up_left(timezone.now())
    known = receivers()
    due = [one for one in deliveries.due_receivers(timezone.now()) if one in known]
    if not due:
        return
    until = time.monotonic() + BUDGET_SECONDS
    with ThreadPoolExecutor(min(len(due), MOST_AT_ONCE)) as threads:
        sending = {_start(threads, batch): batch for batch in map(_claim, due) if batch}
        while sending:
            done, _ = wait(sending, return_when=FIRST_COMPLETED)
            for future in done:
                batch = sending.pop(future)
                told = _settle(batch, future)
                is_full = len(batch.rows) == deliveries.MOST_TOGETHER
                goes_on = told and is_full and time.monotonic() < until
                if goes_on and (more := _claim(batch.receiver)):
                    sending[_start(threads, more)] = more


def have_test_sent() -> list[AlertDelivery]:
    """Have a worker tell each receiver that this is a test; returns how that stands in the end.

    Not sent from here: nobody would cut that off, where Celery ends a task that takes too long.
    """
    rows = deliveries.note_test()
    until = time.monotonic() + WORKER_SECONDS
    while True:
        sleep(LOOK_SECONDS)
        rows = deliveries.outcome(rows)
        waiting = [row for row in rows if row.state == AlertDelivery.State.WAITING]
        if not waiting or time.monotonic() > until:
            return rows


def _claim(receiver: str) -> Batch | None:
    with turns.giving_way():
        return deliveries.claim(receiver, now=timezone.now())


def _start(threads: ThreadPoolExecutor, batch: Batch) -> Future[None]:
    return threads.submit(tell, batch.rows, target_of(batch.receiver))


def _settle(batch: Batch, future: Future[None]) -> bool:
    """Write down how it went; whether the receiver has it."""
    error = future.exception()
    now = timezone.now()
    with turns.giving_way():
        if error is None:
            deliveries.sent(batch, now=now)
        else:
            # Anything but NotTold is a fault of ours, which must not cost the others their news.
            clean = redactor(target_of(batch.receiver))
            reason = str(error) if isinstance(error, NotTold) else clean.error(error)
            deliveries.failed(batch, reason, now=now, random=Random())  # noqa: S311 - jitter
    return error is None
