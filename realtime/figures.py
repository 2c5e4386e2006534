"""The dashboard's charts for browsers: drawn together, told only where something differs.

Reads records and renders, in the hub's thread.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from pools.charts import dashboard, kept, titles
from realtime import fragments
from realtime.frames import Language
from realtime.topics import Topic

# A page shows charts that may be so old, and takes some seconds to come here.
LATELY: Final = kept.GOOD_FOR + 10.0


Parts = dict[str, str]
"""The fragments of a chart, by the element that each fills."""


class Figures:
    """Remembers what was told last of each period in each language, chart by chart."""

    def __init__(self) -> None:
        self._told: dict[tuple[str, Language], dict[str, Parts]] = {}
        self._told_at: dict[tuple[str, Language], float] = {}

    def all(self, topic: Topic) -> str:
        """Every chart of the topic as it is now, in the active language."""
        names = names_of(topic)
        return "".join(
            html for parts in _made(topic.period, names).values() for html in parts.values()
        )

    def changed(
        self, period: str, watched: Mapping[Topic, Iterable[Language]]
    ) -> dict[Topic, dict[Language, str]]:
        """The pictures and tables that differ from those told before; nothing where none does.

        Of the charts of a period that these topics name, each made once for a language.
        """
        texts: dict[Topic, dict[Language, str]] = {topic: {} for topic in watched}
        told = dict(self._told)
        for language in {language for languages in watched.values() for language in languages}:
            topics = [topic for topic, languages in watched.items() if language in languages]
            wanted = {name for topic in topics for name in names_of(topic)}
            with fragments.in_language(language):
                now = _made(period, [name for name in titles.ALL if name in wanted])
            before = self._told.get((period, language), {})
            told[period, language] = now
            news = {
                name: "".join(
                    html
                    for target, html in parts.items()
                    if before.get(name, {}).get(target) != html
                )
                for name, parts in now.items()
            }
            for topic in topics:
                texts[topic][language] = "".join(news[name] for name in names_of(topic))
            if any(news.values()):
                self._told_at[period, language] = time.monotonic()
        self._told = told  # in the end: who could not read all of it tells nothing
        return texts

    def told_lately(self, topic: Topic, language: Language) -> str:
        """What a page just loaded may lack though it missed no event: nothing, if none was told."""
        key = topic.period, language
        told_at = self._told_at.get(key)
        if told_at is None or time.monotonic() - told_at > LATELY:
            return ""
        told = self._told[key]
        return "".join(html for name in names_of(topic) for html in told.get(name, {}).values())


def names_of(topic: Topic) -> tuple[str, ...]:
    """The charts that a topic is about."""
    return topic.charts or titles.ALL


def _made(period: str, names: Sequence[str]) -> dict[str, Parts]:
    charts = dashboard.charts(period, names)
    return dict(zip(names, map(fragments.figure, charts), strict=True))
