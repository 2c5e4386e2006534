"""Who watches charts of browsers' own making, and when the hub tells of them: in turns.

Strangers define them, so what they cost is bounded as a share of the hub's time: a few are drawn at
once, and then it rests so many times as long as that took. Many make each come more seldom.
"""

import time
from typing import TYPE_CHECKING, Final

from realtime.charts import EACH, REST
from realtime.figures import LATELY
from realtime.frames import Audience, Language, Wanted
from realtime.outlet import Outlet
from realtime.topics import Topic

if TYPE_CHECKING:
    from realtime.hub import Hub

AT_ONCE: Final = 2  # frames wait meanwhile
MOST: Final = 4096  # different ones, languages told apart; others are as they were with their page

Some = dict[Topic, set[Language]]


class OwnCharts:
    """Looks when there is news and it is time. Times are the monotonic clock's."""

    def __init__(self, hub: "Hub") -> None:
        self._hub = hub
        self._watched: dict[Wanted, set[Outlet]] = {}
        self._wishes: dict[Outlet, list[Wanted]] = {}
        self._changed = False
        self._round_at = 0.0  # when all may be looked at again
        self._at = 0.0  # when the next few may
        self._waiting: Some = {}
        self._whole: set[Wanted] = set()  # to be told even where nothing differs
        self._told_at: dict[Wanted, float] = {}

    # --- for the hub --------------------------------------------------------------------------

    def enter(self, outlet: Outlet, audience: Audience) -> None:
        """A browser comes, or is brought up to date once more."""
        topics, language = audience
        if wishes := [(topic, language) for topic in topics if topic.kind == "own"]:
            self._wishes[outlet] = wishes
            for wanted in wishes:
                if wanted in self._watched or len(self._watched) < MOST:
                    self._watched.setdefault(wanted, set()).add(outlet)

    def came(self, outlet: Outlet, *, missed_some: bool) -> None:
        """It is up to date; its page may lack what others were told lately, or what changed since
        it was drawn."""
        for wanted in self._wishes.get(outlet, ()):
            told_at = self._told_at.get(wanted)
            if missed_some or told_at is None or time.monotonic() - told_at < LATELY:
                self._whole.add(wanted)

    def leave(self, outlet: Outlet) -> None:
        """Harmless if it never came."""
        for wanted in self._wishes.pop(outlet, ()):
            outlets = self._watched.get(wanted, set())
            outlets.discard(outlet)
            if not outlets:
                self._watched.pop(wanted, None)

    # --- among the hub's duties ---------------------------------------------------------------

    def may_have_changed(self) -> None:
        """Something was stored, or the hour turned."""
        self._changed = True

    def due_at(self) -> float | None:
        """When something here has to be done; None while there is nothing to do."""
        if self._waiting or self._whole:
            return self._at
        return max(self._at, self._round_at) if self._changed and self._watched else None

    async def attend(self) -> None:
        """Tell some of those that wait."""
        began = time.monotonic()
        figures = self._hub.source.own_figures
        # Also while some wait: newcomers alone could keep a round from ever beginning.
        if self._changed and began >= self._round_at:
            self._changed = False
            self._round_at = began + EACH
            for topic, language in self._watched:
                self._waiting.setdefault(topic, set()).add(language)
            self._told_at = {
                each: at for each, at in self._told_at.items() if each in self._watched
            }
            await self._hub.in_thread(figures.keep_only, set(self._watched))
        some, whole = self._take()
        if not some:
            return
        try:
            news = await self._hub.in_thread(figures.changed, some, whole)
        except BaseException:  # nothing was told: all of them wait again
            for topic, languages in some.items():
                self._waiting.setdefault(topic, set()).update(languages)
            self._whole |= whole
            raise
        for wanted, text in news.items():
            if text:
                self._told_at[wanted] = time.monotonic()
                await self._hub.mention_to(self._watched.get(wanted, ()), text)
        now = time.monotonic()
        self._at = now + REST * (now - began)

    def _take(self) -> tuple[Some, set[Wanted]]:
        """The first few that wait and that somebody still watches; which of them are told whole."""
        for topic, language in self._whole:
            self._waiting.setdefault(topic, set()).add(language)
        some: Some = {}
        whole: set[Wanted] = set()
        while self._waiting and len(some) < AT_ONCE:
            topic = next(iter(self._waiting))
            languages = self._waiting.pop(topic)
            told = {(topic, language) for language in languages} & self._whole
            self._whole -= told
            if languages := {each for each in languages if (topic, each) in self._watched}:
                some[topic] = languages
                whole |= told
        return some, whole
