"""The dashboard's charts as HTML, each drawn once for all who ask for it within some seconds.

Held by the process. What is kept may be as old as live pages let their charts be; after that it
serves only while the charts are drawn from the same records. Only the newest few are kept.
"""

import threading
import time
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from pools.buckets import PERIODS
from pools.charts import dashboard
from pools.selectors import activity
from pools.stretches import Period

MOST: Final = 2 * len(PERIODS) + 8  # each period in two languages, and some days of one's own
QUARTER: Final = 900  # seconds: some time zones begin their hours and days at one
GOOD_FOR: Final = 5.0  # seconds, whatever happens: as often live pages are told


@dataclass(frozen=True, slots=True)
class Drawing:
    """Of one period in one language: as many of its charts as were asked for, by name."""

    state: Hashable
    good_until: float  # by the monotonic clock
    html: dict[str, SafeString] = field(default_factory=dict)


Key = tuple[Period, str | None, str, int]
_kept: dict[Key, Drawing] = {}
_lock = threading.Lock()


def figures(period: Period, names: Sequence[str]) -> dict[str, SafeString]:
    """The charts of a period by these names of theirs, in the active language.

    However many days strangers ask for, they leave the drawings of the named periods alone; and
    whatever they arrange, no chart is kept twice.
    """
    now, clock = timezone.now(), time.monotonic()
    key = (period, get_language(), settings.TIME_ZONE, int(now.timestamp()) // QUARTER)
    drawing = _kept.get(key)
    if drawing is None or clock >= drawing.good_until:
        state = activity.state(now)
        if drawing is None or drawing.state != state:
            drawing = Drawing(state, clock + GOOD_FOR)
    # What joins the others later is newer than `state` says: it is drawn anew with them.
    if missing := [name for name in names if name not in drawing.html]:
        drawing.html.update(_draw(period, missing, now))
        _keep(key, drawing)
    return {name: drawing.html[name] for name in names}


def forget() -> None:
    """Draw all anew when they are asked for next."""
    with _lock:
        _kept.clear()


def _keep(key: Key, drawing: Drawing) -> None:
    with _lock:
        for other in [each for each in _kept if each == key or each[-1] != key[-1]]:
            del _kept[other]
        while len(_kept) >= MOST:
            del _kept[next((each for each in _kept if each[0] not in PERIODS), next(iter(_kept)))]
        _kept[key] = drawing


def _draw(period: Period, names: Sequence[str], now: datetime) -> dict[str, SafeString]:
    charts = dashboard.charts(period, names, now)
    drawn = (render_to_string("charts/_chart.html", {"chart": chart}) for chart in charts)
    return dict(zip(names, drawn, strict=True))
