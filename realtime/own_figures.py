"""Charts of browsers' own making, told only where something differs.

Reads records and renders, in the hub's thread. Of what was told only fingerprints are kept, so that
many charts take little memory.
"""

from collections.abc import Collection, Mapping

from django.utils import timezone

from pools.charts import own
from realtime import fragments
from realtime.frames import Language, Wanted
from realtime.topics import Topic

Told = dict[str, int]
"""A fingerprint of what each element of a chart holds."""


class OwnFigures:
    """Remembers what was told last of each chart in each language."""

    def __init__(self) -> None:
        self._told: dict[Wanted, Told] = {}

    def keep_only(self, watched: Collection[Wanted]) -> None:
        """Forget what was told of others."""
        self._told = {each: told for each, told in self._told.items() if each in watched}

    def changed(
        self, some: Mapping[Topic, Collection[Language]], whole: Collection[Wanted] = ()
    ) -> dict[Wanted, str]:
        """What differs from what was told before, each chart read once; all of those in `whole`."""
        readers: dict[str, own.Reader] = {}
        texts: dict[Wanted, str] = {}
        told: dict[Wanted, Told] = {}
        for topic, languages in some.items():
            assert topic.own is not None  # noqa: S101 - topics of other kinds never come here
            reader = readers.setdefault(topic.period, own.Reader(topic.period, timezone.now()))
            found = reader.read(topic.own)
            for language in languages:
                wanted = topic, language
                with fragments.in_language(language):
                    parts = fragments.figure(own.chart(topic.own, topic.period, found))
                before = {} if wanted in whole else self._told.get(wanted, {})
                now = told[wanted] = {target: hash(html) for target, html in parts.items()}
                texts[wanted] = "".join(
                    html for target, html in parts.items() if before.get(target) != now[target]
                )
        self._told.update(told)  # in the end: who could not read all of it tells nothing
        return texts
