"""Charts of browsers' own making as HTML, each drawn once for all who ask for it within seconds.

Held by the process as `kept` holds the others, apart from them: whatever strangers define, the
newest few are kept and the dashboard's own charts left alone. A browser's title is not kept.
"""

import threading
import time
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from pools.charts import own
from pools.charts.kept import GOOD_FOR, QUARTER
from pools.own_charts import Definition, OwnChart
from pools.selectors import activity
from pools.stretches import Period

MOST: Final = 128


@dataclass(frozen=True, slots=True)
class Drawing:
    """One chart of one period in one language, without the title that a browser gave it."""

    title: str
    hint: str
    inside: SafeString
    state: Hashable
    good_until: float  # by the monotonic clock


Key = tuple[Period, Definition, str | None, str, int]
_kept: dict[Key, Drawing] = {}
_lock = threading.Lock()


def figures(
    charts: Iterable[OwnChart], page_period: Period, *, is_own: bool = True
) -> dict[str, SafeString]:
    """The figures by the charts' names, in the active language, for a page of this period.

    Where they are the browser's own (`is_own`) they lead to their form.
    """
    now, clock = timezone.now(), time.monotonic()
    state: Hashable = None
    readers: dict[Period, own.Reader] = {}
    shown = {}
    for chart in charts:
        period = chart.definition.shown_in(page_period)
        quarter = int(now.timestamp()) // QUARTER
        key = (period, chart.definition, get_language(), settings.TIME_ZONE, quarter)
        drawing = _kept.get(key)
        if drawing is None or clock >= drawing.good_until:
            state = state or activity.state(now)
            if drawing is None or drawing.state != state:
                reader = readers.setdefault(period, own.Reader(period, now))
                drawing = _drawn(chart.definition, period, reader, state, clock + GOOD_FOR)
                _keep(key, drawing)
        shown[chart.name] = _figure(chart, drawing, is_own=is_own)
    return shown


def forget() -> None:
    """Draw all anew when they are asked for next."""
    with _lock:
        _kept.clear()


def _drawn(
    definition: Definition, period: Period, reader: own.Reader, state: Hashable, until: float
) -> Drawing:
    chart = own.chart(definition, period, reader.read(definition))
    inside = render_to_string("charts/_inside.html", {"chart": chart})
    return Drawing(chart.title, chart.hint, inside, state, until)


def _keep(key: Key, drawing: Drawing) -> None:
    with _lock:
        _kept.pop(key, None)
        while len(_kept) >= MOST:
            del _kept[next(iter(_kept))]
        _kept[key] = drawing


def _figure(chart: OwnChart, drawing: Drawing, *, is_own: bool) -> SafeString:
    hint = f"{drawing.title} · {drawing.hint}".rstrip(" ·") if chart.title else drawing.hint
    context = {
        "name": f"{own.NAME}{chart.definition}",
        "slot": chart.slot if is_own else None,
        "title": chart.title or drawing.title,
        "hint": hint,
        "inside": drawing.inside,
    }
    return render_to_string("charts/_own_chart.html", context)
