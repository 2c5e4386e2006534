"""Telling every hub, over the channel layer, that there is something to read.

Called after a commit, by the listener and by Celery tasks. Nobody waits long for it and nothing
fails with it: what does not arrive is found in the outbox, by hubs that look there anyway.
"""

import asyncio
import logging
import time
from typing import Any

from channels.layers import get_channel_layer

from realtime import metrics
from realtime.wakeups import GROUP

LIMIT = 1.0  # seconds for one announcement
REST = 1.0  # seconds after a failure in which nothing is tried

log = logging.getLogger(__name__)


class _Line:
    """Whether the channel layer took the last announcement, so that an outage is logged once."""

    def __init__(self) -> None:
        self.up = True
        self.retry_at = 0.0


_line = _Line()


async def announce_sequence(seq: int) -> None:
    """Everything up to this number is committed."""
    await _announce({"type": "live.sequence", "seq": seq})


async def announce_hint(hint: dict[str, Any]) -> None:
    """The node told of a log that is not committed yet; fields as in `realtime.hints.Hint`."""
    await _announce({"type": "live.hint", "hint": hint})


async def retract_hint(key: str, reason: str) -> None:
    """A hint, `<block hash>:<log index>`, did not come true."""
    await _announce({"type": "live.unhint", "key": key, "reason": reason})


async def announce_status() -> None:
    """The listener wrote down a change of its connection."""
    await _announce({"type": "live.status"})


async def announce_progress() -> None:
    """A scan began, went on or ended, or blocks were covered or folded: what the status page shows.

    Hubs look at most once a second, so that nobody need call this more often.
    """
    await _announce({"type": "live.progress"})


async def _announce(message: dict[str, Any]) -> None:
    if time.monotonic() < _line.retry_at:
        metrics.LOST_ANNOUNCEMENTS.inc()
        return
    try:
        async with asyncio.timeout(LIMIT):
            await get_channel_layer().group_send(GROUP, message)
    except Exception as error:  # noqa: BLE001 - whatever Redis did, the event is stored
        metrics.LOST_ANNOUNCEMENTS.inc()
        if _line.up:
            log.warning("The channel layer takes no announcements (%s)", error or "time limit")
        _line.up = False
        _line.retry_at = time.monotonic() + REST
    else:
        if not _line.up:
            log.info("The channel layer takes announcements again")
        _line.up = True
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        # redis-py sends by `asyncio.wait_for`, which before Python 3.12 swallows a cancellation
        # that comes just as the sending ends: whoever announces in a loop would go on for ever.
        raise asyncio.CancelledError
