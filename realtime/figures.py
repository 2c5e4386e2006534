"""The dashboard's charts for browsers: drawn together, told only where something differs.

Reads records and renders, in the hub's thread.
"""

from collections.abc import Iterable

from pools.charts import dashboard
from realtime import fragments
from realtime.frames import Language


class Figures:
    """Remembers what was told last of each period in each language."""

    def __init__(self) -> None:
        self._told: dict[tuple[str, Language], dict[str, str]] = {}

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
        return texts
