"""The dashboard's figures as a browser arranged them, ready-made ones and its own."""

from collections.abc import Sequence

from django.utils.safestring import SafeString, mark_safe

from pools.arrangement import Arrangement
from pools.charts import kept, kept_own
from pools.own_charts import OwnChart
from pools.stretches import Period

NORMAL, WIDE = 'class="chart box"', 'class="chart box wide"'  # as `_chart.html` writes the first


def arranged(arrangement: Arrangement, own: Sequence[OwnChart], period: Period) -> SafeString:
    """In their order and sizes, in the active language."""
    names = arrangement.parts("charts")
    chosen = [chart for chart in own if chart.name in names]
    ready = [name for name in names if name not in {chart.name for chart in chosen}]
    found = kept.figures(period, ready) if ready else {}
    if chosen:
        found |= kept_own.figures(chosen, period)
    for name in set(names).intersection(arrangement.wide_parts("charts")):
        found[name] = SafeString(found[name].replace(NORMAL, WIDE, 1))
    return mark_safe("".join(found[name] for name in names))  # noqa: S308 - rendered by us
