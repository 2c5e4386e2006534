"""What a connection says of itself, and the times it keeps: plain values."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class State(StrEnum):
    """How the link to the node stands."""

    CONNECTING = "connecting"
    LIVE = "live"
    RECONNECTING = "reconnecting"
    ERROR = "error"
    OFFLINE = "offline"


@dataclass(frozen=True, slots=True)
class Timing:
    """The WS_* settings: seconds, and the attempts after which the state is `error`."""

    heartbeat_seconds: float = 30.0
    reconnect_seconds: float = 1.0
    max_reconnect_seconds: float = 30.0
    max_reconnect_attempts: int = 10


@dataclass(frozen=True, slots=True)
class Statistics:
    """What the status page shows. Seconds and aware datetimes in UTC; `latency` in seconds."""

    state: State
    detail: str
    endpoint: str
    connected_since: datetime | None
    uptime: float
    messages: int
    bytes: int
    events_received: int
    last_event_at: datetime | None
    latency: float | None
    attempts: int
    reconnects: int
