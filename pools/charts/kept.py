"""The dashboard's charts as HTML, drawn once for all who ask between two changes.

Held by the process and exact: what is kept goes with everything that the charts are drawn from, and
only the newest few are kept.
"""

import threading
from collections.abc import Hashable
from datetime import datetime
from typing import Final

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from pools.charts import dashboard
from pools.charts.buckets import PERIODS
from pools.selectors import activity

MOST: Final = 2 * len(PERIODS)  # each period in two languages
QUARTER: Final = 900  # seconds: some time zones begin their hours and days at one

_kept: dict[Hashable, SafeString] = {}
_lock = threading.Lock()


def figures(period: str) -> SafeString:
    """The charts of a period, in the active language."""
    now = timezone.now()
    state = activity.state(period, now)
    if state is None:
        return _draw(period, now)
    turn = int(now.timestamp()) // QUARTER
    key = (period, get_language(), settings.TIME_ZONE, turn, state)
    html = _kept.get(key)
    if html is None:
        html = _draw(period, now)
        with _lock:
            while len(_kept) >= MOST:
                del _kept[next(iter(_kept))]
            _kept[key] = html
    return html


def _draw(period: str, now: datetime) -> SafeString:
    charts = dashboard.charts(period, now)
    return render_to_string("dashboard/_figures.html", {"charts": charts})
