"""When the hub tells of the dashboard's charts: soon after something happened, and seldom.

Only what somebody watches is read, one period at a time, so that no frame waits for all of them.
"""

import time
from typing import TYPE_CHECKING, Final

from pools.charts import kept
from realtime.frames import Language
from realtime.topics import Topic

if TYPE_CHECKING:
    from realtime.hub import Hub

EACH: Final = kept.GOOD_FOR  # the least seconds between two looks: none reads charts by the second
REST: Final = 20.0  # and as many times what the last one took


class Charts:
    """Looks when there is news and it is time. Times are the monotonic clock's."""

    def __init__(self, hub: "Hub") -> None:
        self._hub = hub
        self._changed = False
        self._at = 0.0
        self._waiting: dict[str, dict[Topic, set[Language]]] = {}

    def may_have_changed(self) -> None:
        """Something was stored, or the hour turned."""
        self._changed = True

    def due_at(self) -> float | None:
        """When something here has to be done; None while there is nothing to do."""
        if self._waiting:
            return 0.0
        return self._at if self._changed and self._hub.watched("charts") else None

    async def attend(self) -> None:
        """Tell one of the periods that wait; when none does, all that are watched begin to."""
        began = time.monotonic()
        if not self._waiting:
            self._changed = False
            self._at = began
            for topic, languages in self._hub.watched("charts").items():
                self._waiting.setdefault(topic.period, {})[topic] = languages
        period, watched = self._waiting.popitem()
        figures = self._hub.source.figures
        try:
            news = await self._hub.in_thread(figures.changed, period, watched)
        except BaseException:  # nothing was told: it waits again
            self._waiting[period] = watched
            raise
        self._at = max(self._at, began + max(EACH, REST * (time.monotonic() - began)))
        if any(any(texts.values()) for texts in news.values()):
            self._hub.forget_standing()
        for topic, texts in news.items():
            await self._hub.mention(texts, to=topic.__eq__)
