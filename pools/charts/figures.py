"""The dashboard's figures as a browser arranged them, ready-made ones and its own."""

from collections.abc import Sequence

from django.utils.safestring import SafeString, mark_safe

from pools.arrangement import OF, Arrangement
from pools.charts import kept, kept_own, links
from pools.own_charts import OwnChart
from pools.stretches import Period

NORMAL = 'class="chart box"'  # as `_chart.html` writes it
CSS = {1: "quarter", 3: "three-quarters", 4: "wide"}


def arranged(
    arrangement: Arrangement,
    own: Sequence[OwnChart],
    period: Period,
    *,
    is_own: bool = True,
    carried: str = "",
) -> SafeString:
    """In their order and sizes, in the active language.

    Where it is the browser's own (`is_own`), its charts lead to their form; else they are part of
    what the address carries. Links to other days pass on what is `carried`.
    """
    names = arrangement.parts("charts")
    chosen = [chart for chart in own if chart.name in names]
    ready = [name for name in names if name not in {chart.name for chart in chosen}]
    found = kept.figures(period, ready) if ready else {}
    if chosen:
        found |= kept_own.figures(chosen, period, is_own=is_own)
    for name in names:
        if css := CSS.get(arrangement.width(f"charts{OF}{name}")):
            found[name] = SafeString(found[name].replace(NORMAL, f'{NORMAL[:-1]} {css}"', 1))
    html = "".join(found[name] for name in names)
    if carried or not is_own:
        html = links.carrying(html, carried)
    return mark_safe(html)  # noqa: S308 - rendered by us
