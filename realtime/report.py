"""How the listener fares, in sentences: the problem of the moment, and whom it needs.

Keeps `Progress` and says when it changed; logging happens once per change, not once per attempt.
"""

import asyncio
from collections import deque
from datetime import UTC, datetime
from typing import Final

import structlog

from .status import Progress

MOST_DELAYS: Final = 1_000  # between two status rows

log = structlog.get_logger(__name__)


class Report:
    """What is told of this listener. `changed` is set when the status row should be written."""

    def __init__(self) -> None:
        self.progress = Progress()
        self.changed = asyncio.Event()
        self._delays: deque[float] = deque(maxlen=MOST_DELAYS)
        self._stored = -1  # the newest block whose way was measured

    def well(self, *, head: int | None, endpoint: str) -> None:
        """A step went well: nodes answer and the database stores."""
        progress = self.progress
        progress.saw_head(head)
        progress.polling = endpoint
        progress.failed_polls = 0
        if progress.polling_since is None:
            progress.polling_since = datetime.now(UTC)
            self.changed.set()
        if progress.problem:
            log.info("listener_well_again", after=progress.problem)
            progress.problem = ""
            progress.stopped = False
            self.changed.set()

    def stored(self, events: int, *, up_to: int) -> None:
        """Blocks up to this one were committed just now, with so many events."""
        heard_at = self.progress.head_at
        if up_to == self.progress.head and up_to > self._stored and heard_at is not None:
            self._delays.append((datetime.now(UTC) - heard_at).total_seconds() * 1000)
            self._stored = up_to
        self.progress.saw_head(up_to)
        if events:
            self.progress.events += events
            self.progress.last_event_at = datetime.now(UTC)

    def taken_delays(self) -> list[float]:
        """The ms from hearing of a block to having committed it, since the last time of asking.

        Only blocks that were heard of before they were stored: of others nobody knows.
        """
        taken = list(self._delays)
        self._delays.clear()
        return taken

    def trouble(self, sentence: str) -> None:
        """No usable answer this time; it is tried again."""
        self.progress.failed_polls += 1
        self.progress.polling_since = None
        if self._say(sentence, stopped=False):
            log.warning("listener_in_trouble", reason=sentence)

    def cannot_store(self, sentence: str) -> None:
        """The database does not take what the nodes give; it is tried again."""
        if self._say(sentence, stopped=True):
            log.error("listener_cannot_store", reason=sentence)

    def needs_a_person(self, sentence: str) -> None:
        """Nothing is written until somebody has decided."""
        if self._say(sentence, stopped=True):
            log.critical("listener_needs_a_person", reason=sentence)

    def _say(self, sentence: str, *, stopped: bool) -> bool:
        if (sentence, stopped) == (self.progress.problem, self.progress.stopped):
            return False
        self.progress.problem = sentence
        self.progress.stopped = stopped
        self.changed.set()
        return True
