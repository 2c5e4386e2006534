"""Background work on Celery: gaps in the past, late logs, old messages.

Each task may come twice, or be killed half-way: what it does is idempotent and stored step by
step, and a lease keeps two of a kind from working at once.
"""

import asyncio
import time
from typing import Final

import structlog
from celery import shared_task
from django.conf import settings
from django.utils import timezone
from kombu.exceptions import OperationalError

from pools import deliveries, ingest, thresholds, turns, visits
from pools.leases import LostLease
from pools.rules import watching

from . import alert_sending, books, verification  # noqa: F401 - tasks register themselves
from .backfill import Backfill, new_store, working
from .chain import Misconfigured
from .configuration import from_settings
from .errors import RpcError
from .planning import work_waits
from .scans import forget_old
from .store import DatabaseAway, pinned_chain

log = structlog.get_logger(__name__)

BUDGET_SECONDS: Final = 180.0  # below Celery's soft limit; the next turn goes on from there
LONGEST_TURN_SECONDS: Final = 210.0
CATEGORISING_SECONDS: Final = 45.0
KEEP_MESSAGES: Final = 100_000
KEEP_BLOCKS: Final = 1_000


@shared_task(name="realtime.tasks.backfill_gaps")
def backfill_gaps() -> None:
    """Fill what is not covered up to the cursor, and scan again what was asked for.

    Every ten minutes the last blocks too: some nodes bring logs late. When that was last done
    stands in the database, so that it is not put off by restarts.
    """
    pinned = pinned_chain()
    if pinned is None or not work_waits(pinned[0], settings.POOL_CONTRACTS):
        return
    if asyncio.run(_take_turn()):
        try:
            # Time was up before the end. Should the broker be away, the beat comes in a minute.
            backfill_gaps.apply_async(expires=55, retry=False)
        except OperationalError as error:
            log.info("next_turn_not_asked_for", reason=str(error))


@shared_task(name="realtime.tasks.categorise")
def categorise() -> None:
    """Have stored pools follow the categories' keywords, as many as a turn has time for."""
    until = time.monotonic() + CATEGORISING_SECONDS
    more = True
    while more and time.monotonic() < until:
        with turns.giving_way():
            more = ingest.apply_rules()


@shared_task(name="realtime.tasks.watch_thresholds")
def watch_thresholds() -> None:
    """Raise alerts about a listener that is gone, a bad link, silence and a slow node."""
    thresholds.watch(now=timezone.now())


@shared_task(name="realtime.tasks.watch_rules")
def watch_rules() -> None:
    """Raise and resolve alerts by the rules that staff made."""
    watching.watch(now=timezone.now())


@shared_task(name="realtime.tasks.prune_outbox")
def prune_outbox() -> None:
    """Forget messages that nobody resumes from, old headers without logs, old scans' rows, visits,
    who was told of alerts, and what the listener wrote down of its link.
    """
    keep_blocks = max(KEEP_BLOCKS, 2 * settings.REORG_WINDOW)
    with turns.giving_way():
        ingest.prune(keep_messages=KEEP_MESSAGES, keep_blocks=keep_blocks)
    forget_old()
    books.forget_old()
    visits.forget_old()
    deliveries.forget_old(timezone.now())


async def _take_turn() -> bool:
    """One turn, unless another worker is at it; whether there is more to do at once.

    Nodes that fail are met again at the next turn.
    """

    async def work(backfill: Backfill) -> bool:
        return await backfill.take_turn(seconds=BUDGET_SECONDS)

    store = new_store()
    try:
        # A node that is slow, or asks for pauses, must not take the turn beyond Celery's limits.
        async with asyncio.timeout(LONGEST_TURN_SECONDS):
            return bool(await working(from_settings(settings), store, work))
    except TimeoutError:
        log.warning("turn_cut_off", after_seconds=LONGEST_TURN_SECONDS)
        return True
    except (DatabaseAway, LostLease, Misconfigured, RpcError) as error:
        log.warning("backfill_unfinished", reason=str(error))
        return False
    finally:
        await store.close()
