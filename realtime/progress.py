"""What the hub tells of the work itself: the status page's panels and the banner about history.

Scans and coverage change many times a second while history is read. They are looked at when
somebody says so, at most once a second and for a small part of the time only; panels that nobody
watches are not read at all.
"""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from realtime.topics import STATUS, Topic

if TYPE_CHECKING:
    from pools.status_rows import Behind
    from realtime.hub import Hub

EACH: Final = 1.0  # the least seconds between two looks at what the panels show
REST: Final = 30.0  # and as many times what the last look took: a ledger may be long
BANNER_EACH: Final = 3.0  # seconds between two banners: they go to everybody


class Progress:
    """Looks when there is news and it is time. Times are the monotonic clock's."""

    def __init__(self, hub: "Hub") -> None:
        self._hub = hub
        self._panels_changed = False
        self._panels_at = 0.0
        self._history_changed = False
        self._history_at = 0.0
        # None: whoever is here may have read anything
        self._told: tuple[Sequence[Behind], Sequence[str]] | None = None

    def blocks_came(self) -> None:
        """The listener stored something."""
        self._panels_changed = True

    def may_have_changed(self) -> None:
        """Somebody said so, or a while has passed in which nobody could."""
        self._panels_changed = self._history_changed = True

    def due_at(self) -> float | None:
        """When something here has to be done; None while there is nothing to do."""
        times = []
        if self._panels_changed and self._hub.languages(of=STATUS.__eq__):
            times.append(self._panels_at)
        if self._history_changed:
            times.append(self._history_at)
        return min(times, default=None)

    async def attend(self) -> None:
        """Do one thing that is due."""
        if self._history_changed and self._history_at <= time.monotonic():
            await self._look_at_history()
        else:
            await self._look_at_panels()

    async def _look_at_panels(self) -> None:
        self._panels_changed = False
        began = time.monotonic()
        languages = self._hub.languages(of=STATUS.__eq__)
        texts = await self._hub.in_thread(self._hub.source.panels.changed, languages)
        now = time.monotonic()
        self._panels_at = now + max(EACH, REST * (now - began))
        if any(texts.values()):
            self._hub.forget_standing()
            await self._hub.mention(texts, to=STATUS.__eq__)

    async def _look_at_history(self) -> None:
        self._history_changed = False
        self._history_at = time.monotonic() + BANNER_EACH
        told = await self._hub.in_thread(self._hub.source.look_at_history)
        if told == self._told:
            return
        self._told = told
        self._hub.forget_standing()
        languages = self._hub.languages(of=_any)
        texts = await self._hub.in_thread(self._hub.source.banners, languages)
        await self._hub.mention(texts, to=_any)


def _any(_topic: Topic) -> bool:
    return True
