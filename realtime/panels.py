"""The status page's panels for browsers: read together, told only where something changed.

Reads records and renders, in the hub's thread.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from django.db.models import Model

from pools import selectors
from pools.paging import Page
from pools.status_rows import History, Status
from realtime import fragments
from realtime.frames import Language

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
# Each panel's element and partial, by what of the status it shows.
PANELS: Final[Mapping[str, tuple[str, ...]]] = {
    "verdict": ("verdict",),
    "history": ("history",),
    "spells": ("history",),
    "latency": ("latency",),
    "samples": ("latency",),
    "connection": ("connection",),
    "alerts": ("alerts", "settled"),
    "coverage": ("coverage",),
    "scans": ("running", "waiting", "waiting_total"),
    "ended": ("ended",),
    "checks": ("checks",),
    "endpoints": ("endpoints",),
    "pieces": ("pieces",),
}


class Panels:
    """Remembers what was told last. Browsers that come are told everything."""

    def __init__(self) -> None:
        self._told: Status | None = None

    def all(self) -> str:
        """Every panel as it is now, in the active language."""
        now = selectors.status()
        if self._told is None:
            self._told = now  # nobody was told anything else
        return fragments.status_panels(now, PANELS)

    def changed(self, languages: Iterable[Language]) -> dict[Language, str]:
        """The panels that differ from those told before; nothing where none does."""
        before, now = self._told, selectors.status()
        self._told = now
        names = [name for name, parts in PANELS.items() if _differ(before, now, parts)]
        return fragments.in_each(languages, lambda: fragments.status_panels(now, names))


def _differ(before: Status | None, now: Status, parts: Iterable[str]) -> bool:
    if before is None:
        return True
    return any(_plain(_shown(before, part)) != _plain(_shown(now, part)) for part in parts)


def _shown(status: Status, part: str) -> Any:
    if part == "history":
        return _still(status.history)
    if part == "connection":  # what the clock alone changes ticks in the browser
        return replace(status.connection, uptime_seconds=None, updated_at=None)
    return getattr(status, part)


def _still(history: History) -> History:
    """Without the end of the spell that goes on, which every look moves."""
    spells = [replace(one, until=one.since) if one.goes_on else one for one in history.spells]
    live, told = history.live_ms, history.told_ms
    shares = live * 10_000 // told if told else 0  # as precise as the page shows it
    return replace(history, spells=spells, live_ms=shares, told_ms=0, start=EPOCH)


def _plain(value: Any) -> Any:
    """The value so that it equals another when all its parts do: records go by their key alone."""
    if isinstance(value, Page):
        return _plain(value.results)
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, Model):
        return {name: held for name, held in vars(value).items() if name != "_state"}
    return value
