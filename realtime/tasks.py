"""Background work on Celery: gaps in the past, late logs, old messages.

Each task may come twice, or be killed half-way: what it does is idempotent and stored step by
step, and a lease keeps two of a kind from working at once.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from celery import shared_task
from django.conf import settings

from pools import ingest

from .backfill import Backfill, BackfillFailed, new_store, opened
from .chain import Misconfigured
from .configuration import from_settings
from .errors import RpcError
from .scans import forget_old, work_waits
from .store import pinned_chain

log = structlog.get_logger(__name__)

BUDGET_SECONDS: Final = 180.0  # below Celery's soft limit; the next turn goes on from there
KEEP_MESSAGES: Final = 100_000
KEEP_BLOCKS: Final = 1_000


@shared_task(name="realtime.tasks.backfill_gaps")
def backfill_gaps() -> None:
    """Fill what is not covered up to the cursor, and scan again what was asked for.

    Once an hour the last hundred blocks too: some nodes bring logs late. When that was last done
    stands in the database, so that it is not put off by restarts.
    """
    pinned = pinned_chain()
    if pinned is not None and work_waits(pinned[0]):
        asyncio.run(_with_backfill(_one_turn))


@shared_task(name="realtime.tasks.prune_outbox")
def prune_outbox() -> None:
    """Forget messages that nobody resumes from, old headers without logs and old scans' rows."""
    keep_blocks = max(KEEP_BLOCKS, 2 * settings.REORG_WINDOW)
    ingest.prune(keep_messages=KEEP_MESSAGES, keep_blocks=keep_blocks)
    forget_old()


async def _one_turn(backfill: Backfill) -> None:
    until = asyncio.get_running_loop().time() + BUDGET_SECONDS
    try:
        await backfill.rescan_recent()
    except BackfillFailed as error:  # no reason to leave the past as it is
        log.warning("rescan_failed", reason=str(error))
    await backfill.fill_past(until=until)


async def _with_backfill(work: Callable[[Backfill], Awaitable[None]]) -> None:
    """Do `work` unless another worker is at it. Nodes that fail are met again at the next turn."""
    store = new_store()
    try:
        async with opened(from_settings(settings), store) as backfill:
            if backfill is not None:
                await work(backfill)
    except (BackfillFailed, Misconfigured, RpcError) as error:
        log.warning("backfill_unfinished", reason=str(error))
    finally:
        await store.close()
