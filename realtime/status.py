"""The listener's status row: what the badge and `/readyz` know of the link to the chain.

One row, overwritten; it describes this process, not the chain, so it is not `ingest`'s to write.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from pools.models import ListenerStatus

from .statistics import State, Statistics

ROW = 1


@dataclass(slots=True)
class Progress:
    """What the listener itself knows, beside its connection. Times are aware datetimes in UTC."""

    problem: str = ""  # a sentence; empty while the chain can be followed
    stopped: bool = False  # nothing can or may be written meanwhile
    polling: str = ""  # the host that answered the last poll
    polling_since: datetime | None = None
    failed_polls: int = 0
    events: int = 0
    last_event_at: datetime | None = None
    head: int | None = None
    head_at: datetime | None = None

    def saw_head(self, number: int | None) -> None:
        """Remember when the chain last grew: one that stands still is said to."""
        if number is not None and number != self.head:
            self.head = number
            self.head_at = datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class StatusRow:
    """The columns of `ListenerStatus`, with `updated_at` left to the writing."""

    state: str
    detail: str
    stopped: bool
    endpoint: str
    connected_at: datetime | None
    latency_ms: float | None
    reconnect_attempts: int
    reconnects_total: int
    events_received: int
    messages_received: int
    bytes_received: int
    last_event_at: datetime | None
    head: int | None
    head_at: datetime | None


def describe(
    progress: Progress, stream: Statistics | None, *, latency: float | None, most_attempts: int
) -> StatusRow:
    """One honest row out of the socket's state and the polling's; `latency` of polling in s.

    Without a socket (none configured) the polling alone decides.
    """
    state, detail = _state(progress, stream, most_attempts)
    seeking = stream is not None and stream.state is not State.LIVE
    if stream is not None and stream.latency is not None:
        latency = stream.latency
    return StatusRow(
        state=state.value,
        detail=detail[:300],
        stopped=progress.stopped,
        endpoint=(stream.endpoint if stream else "") or progress.polling,
        connected_at=stream.connected_since if stream else progress.polling_since,
        latency_ms=None if latency is None else round(latency * 1000, 3),
        # A link that was found keeps its count for a while, in case that it breaks at once.
        reconnect_attempts=stream.attempts if stream and seeking else progress.failed_polls,
        reconnects_total=stream.reconnects if stream else 0,
        events_received=progress.events,
        messages_received=stream.messages if stream else 0,
        bytes_received=stream.bytes if stream else 0,
        last_event_at=progress.last_event_at,
        head=progress.head,
        head_at=progress.head_at,
    )


def _state(progress: Progress, stream: Statistics | None, most_attempts: int) -> tuple[State, str]:
    if progress.stopped:
        return State.ERROR, progress.problem
    if stream is not None and stream.state is not State.LIVE:
        return stream.state, progress.problem or stream.detail
    if progress.problem:
        spent = progress.failed_polls > most_attempts
        return (State.ERROR if spent else State.RECONNECTING), progress.problem
    if stream is None and progress.polling_since is None:
        return State.CONNECTING, ""
    return State.LIVE, ""


def offline(row: StatusRow) -> StatusRow:
    """The last row of a listener that stops in order."""
    return replace(
        row,
        state=State.OFFLINE.value,
        detail="the listener was stopped",
        stopped=False,
        connected_at=None,
        latency_ms=None,
        reconnect_attempts=0,
    )


def write(row: StatusRow) -> None:
    """Overwrite the status row."""
    columns = {name: getattr(row, name) for name in StatusRow.__slots__}
    columns["updated_at"] = datetime.now(UTC)
    if not ListenerStatus.objects.filter(pk=ROW).update(**columns):
        ListenerStatus.objects.create(pk=ROW, **columns)
