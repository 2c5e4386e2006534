"""How the listener fares, in sentences: the problem of the moment, and whom it needs.

Keeps `Progress` and says when it changed; logging happens once per change, not once per attempt.
"""

import asyncio
from datetime import UTC, datetime

import structlog

from .status import Progress

log = structlog.get_logger(__name__)


class Report:
    """What is told of this listener. `changed` is set when the status row should be written."""

    def __init__(self) -> None:
        self.progress = Progress()
        self.changed = asyncio.Event()

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
        self.progress.saw_head(up_to)
        if events:
            self.progress.events += events
            self.progress.last_event_at = datetime.now(UTC)

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
