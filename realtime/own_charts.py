"""When the hub tells of charts of browsers' own making: in turns, however many there are.

Strangers define them, so what they cost is bounded as a share of the hub's time: a few are drawn at
once, and then it rests so many times as long as that took. Many make each come more seldom.
"""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from realtime.charts import EACH, REST
from realtime.figures import LATELY
from realtime.frames import Audience, Language, Wanted
from realtime.topics import Topic

if TYPE_CHECKING:
    from realtime.hub import Hub

AT_ONCE: Final = 4

Watched = dict[Topic, set[Language]]


class OwnCharts:
    """Looks when there is news and it is time. Times are the monotonic clock's."""

    def __init__(self, hub: "Hub") -> None:
        self._hub = hub
        self._changed = False
        self._round_at = 0.0  # when all may be looked at again
        self._at = 0.0  # when the next few may
        self._waiting: Watched = {}
        self._whole: set[Wanted] = set()  # to be told even where nothing differs
        self._told_at: dict[Wanted, float] = {}

    def may_have_changed(self) -> None:
        """Something was stored, or the hour turned."""
        self._changed = True

    def somebody_came(self, audience: Audience, *, missed_some: bool) -> None:
        """A page may lack what others were told lately, or what changed since it was drawn."""
        topics, language = audience
        for wanted in ((topic, language) for topic in topics if topic.kind == "own"):
            told_at = self._told_at.get(wanted)
            if missed_some or told_at is None or time.monotonic() - told_at < LATELY:
                self._whole.add(wanted)

    def due_at(self) -> float | None:
        """When something here has to be done; None while there is nothing to do."""
        if self._waiting or self._whole:
            return self._at
        if self._changed and self._hub.watched("own"):
            return max(self._at, self._round_at)
        return None

    async def attend(self) -> None:
        """Tell some of those that wait."""
        began = time.monotonic()
        figures = self._hub.source.own_figures
        watched = self._hub.watched("own")
        if self._changed and not self._waiting and began >= self._round_at:
            self._changed = False
            self._round_at = began + EACH
            self._waiting = {topic: set(languages) for topic, languages in watched.items()}
            self._told_at = {each: at for each, at in self._told_at.items() if each[0] in watched}
            await self._hub.in_thread(figures.keep_only, watched)
        some, whole = self._take(watched)
        if not some:
            return
        news = await self._hub.in_thread(figures.changed, some, whole)
        now = time.monotonic()
        self._at = now + REST * (now - began)
        for topic, texts in news.items():
            self._told_at |= {(topic, language): now for language, text in texts.items() if text}
            await self._hub.mention(texts, to=topic.__eq__)

    def _take(self, watched: Mapping[Topic, set[Language]]) -> tuple[Watched, set[Wanted]]:
        """The first few that wait and that somebody still watches; which of them are told whole."""
        for topic, language in self._whole:
            self._waiting.setdefault(topic, set()).add(language)
        some: Watched = {}
        whole: set[Wanted] = set()
        while self._waiting and len(some) < AT_ONCE:
            topic = next(iter(self._waiting))
            languages = self._waiting.pop(topic)
            told = {(topic, language) for language in languages} & self._whole
            self._whole -= told
            if languages := languages & watched.get(topic, set()):
                some[topic] = languages
                whole |= told
        return some, whole
