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
from .scans import work_waits
from .store import pinned_chain

log = structlog.get_logger(__name__)

BUDGET_SECONDS: Final = 180.0  # below Celery's soft limit; the next turn goes on from there
KEEP_MESSAGES: Final = 100_000
KEEP_BLOCKS: Final = 1_000


@shared_task(name="realtime.tasks.backfill_gaps")
def backfill_gaps() -> None:
    """Fill what is not covered up to the cursor, and scan again what was asked for."""
    pinned = pinned_chain()
    if pinned is not None and work_waits(pinned[0]):
        asyncio.run(_with_backfill(_close_gaps))


@shared_task(name="realtime.tasks.rescan_recent")
def rescan_recent() -> None:
    """Ask for the last hundred blocks once more: some nodes bring logs late."""
    if pinned_chain() is not None:
        asyncio.run(_with_backfill(Backfill.rescan_recent))


@shared_task(name="realtime.tasks.prune_outbox")
def prune_outbox() -> None:
    """Forget messages that nobody resumes from, and old headers without logs."""
    keep_blocks = max(KEEP_BLOCKS, 2 * settings.REORG_WINDOW)
    ingest.prune(keep_messages=KEEP_MESSAGES, keep_blocks=keep_blocks)


async def _close_gaps(backfill: Backfill) -> None:
    until = asyncio.get_running_loop().time() + BUDGET_SECONDS
    await backfill.close_gaps(until=until)
    await backfill.requested(until=until)


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
