"""The dashboard's charts as HTML, drawn once for all who ask within some seconds.

Held by the process. What is kept may be as old as live pages let their charts be; after that it
serves only while the charts are drawn from the same records. Only the newest few are kept.
"""

import threading
import time
from collections.abc import Hashable
from dataclasses import dataclass
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
    html: SafeString
    state: Hashable
    good_until: float  # by the monotonic clock


_kept: dict[tuple[Period, str | None, str, int], Drawing] = {}
_lock = threading.Lock()


def figures(period: Period) -> SafeString:
    """The charts of a period, in the active language.

    However many days strangers ask for, they leave the drawings of the named periods alone.
    """
    now, clock = timezone.now(), time.monotonic()
    turn = int(now.timestamp()) // QUARTER
    key = (period, get_language(), settings.TIME_ZONE, turn)
    drawing = _kept.get(key)
    if drawing and clock < drawing.good_until:
        return drawing.html
    state = activity.state(now)
    if drawing is None or drawing.state != state:
        drawing = Drawing(_draw(period, now), state, clock + GOOD_FOR)
        with _lock:
            for other in [each for each in _kept if each == key or each[-1] != turn]:
                del _kept[other]
            while len(_kept) >= MOST:
                del _kept[
                    next((each for each in _kept if each[0] not in PERIODS), next(iter(_kept)))
                ]
            _kept[key] = drawing
    return drawing.html


def forget() -> None:
    """Draw all anew when they are asked for next."""
    with _lock:
        _kept.clear()


def _draw(period: Period, now: datetime) -> SafeString:
    charts = dashboard.charts(period, now)
    return render_to_string("dashboard/_figures.html", {"charts": charts})
