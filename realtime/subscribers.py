"""Who wants to hear of what: callbacks per event kind, each with a handle to leave again.

A callback runs in the event loop and must be quick; one that raises is logged and harms nobody.
"""

from collections.abc import Callable
from typing import Any, Final

import structlog

log = structlog.get_logger(__name__)

MOST_SUBSCRIBERS: Final = 1_000


class Subscription:
    """A place among the subscribers. `unsubscribe` may be called twice, or while being told."""

    def __init__(self, leave: Callable[[], None]) -> None:
        self._leave: Callable[[], None] | None = leave

    @property
    def active(self) -> bool:
        """Whether the callback is still told."""
        return self._leave is not None

    def unsubscribe(self) -> None:
        """Be told nothing any more."""
        leave, self._leave = self._leave, None
        if leave is not None:
            leave()


class Subscribers:
    """The callbacks of every event kind, told in the order in which they came."""

    def __init__(self) -> None:
        self._callbacks: dict[str, dict[object, Callable[[Any], None]]] = {}

    def add(self, event: str, callback: Callable[[Any], None]) -> Subscription:
        """Tell `callback` of each `event` from now on. Raises ValueError beyond a thousand."""
        listeners = self._callbacks.setdefault(event, {})
        if len(listeners) >= MOST_SUBSCRIBERS:
            raise ValueError(f"more than {MOST_SUBSCRIBERS} subscribers of “{event}”")
        key = object()
        listeners[key] = callback
        return Subscription(lambda: listeners.pop(key, None) and None)

    def tell(self, event: str, value: object) -> None:
        """Hand `value` to everyone who subscribed to `event`."""
        listeners = self._callbacks.get(event, {})
        for key, callback in list(listeners.items()):
            if key not in listeners:
                continue  # left while an earlier one was being told
            try:
                callback(value)
            except Exception:
                log.exception("subscriber_failed", event_kind=event)
