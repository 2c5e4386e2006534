"""The feed as it was last told to browsers: mostly a frame need only say what goes on top."""

from pools.rows import FEED_ROWS, EventRow
from realtime import changes
from realtime.changes import Change

Feed = tuple[EventRow, ...]
"""Newest first."""


def after(told: Feed, change: Change) -> tuple[Feed, Feed | None]:
    """The feed after a change; and once more where browsers must be told the whole of it.

    They need not where putting the added rows on top of what was told gives the right one. Reads
    the records only if that is in doubt.
    """
    newest = changes.position(told[0]) if told else (-1, -1)
    on_top = (*reversed(change.added), *told)[:FEED_ROWS]
    disturbed = bool(change.struck) or any(changes.position(row) <= newest for row in change.added)
    if not disturbed and not change.batch:
        return on_top, None
    # What was committed since may have pushed some of the oldest rows out already.
    feed = changes.latest(up_to=change.last_seq)
    same = [row.key for row in feed] == [row.key for row in on_top[: len(feed)]]
    return (on_top, None) if same and not disturbed else (feed, feed)
