"""The dashboard's charts for browsers: drawn together, told only where something differs.

Reads records and renders, in the hub's thread.
"""

import time
from collections.abc import Iterable
from typing import Final

from pools.charts import dashboard, kept
from realtime import fragments
from realtime.frames import Language

# A page shows charts that may be so old, and takes some seconds to come here.
LATELY: Final = kept.GOOD_FOR + 10.0


class Figures:
    """Remembers what was told last of each period in each language."""

    def __init__(self) -> None:
        self._told: dict[tuple[str, Language], dict[str, str]] = {}
        self._told_at: dict[tuple[str, Language], float] = {}

    def all(self, period: str) -> str:
        """Every chart as it is now, in the active language."""
        return "".join(fragments.figures(dashboard.charts(period)).values())

    def changed(self, period: str, languages: Iterable[Language]) -> dict[Language, str]:
        """The pictures and tables that differ from those told before; nothing where none does."""
        texts = {}
        for language in languages:
            with fragments.in_language(language):
                now = fragments.figures(dashboard.charts(period))
            before = self._told.get((period, language), {})
            self._told[period, language] = now
            texts[language] = "".join(
                html for target, html in now.items() if before.get(target) != html
            )
            if texts[language]:
                self._told_at[period, language] = time.monotonic()
        return texts

    def told_lately(self, period: str, language: Language) -> str:
        """What a page just loaded may lack though it missed no event: nothing, if none was told."""
        told_at = self._told_at.get((period, language))
        if told_at is None or time.monotonic() - told_at > LATELY:
            return ""
        return "".join(self._told[period, language].values())
