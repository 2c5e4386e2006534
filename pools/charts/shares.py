"""The dashboard's charts of what the whole is made of: pools by size and category, visits by place.

What was read, as figures with words; reads nothing.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from pools.charts import drawing, shown
from pools.charts.shown import Chart, Key, Table
from pools.charts.titles import title
from pools.models import Category
from pools.selectors.activity import SIZES
from pools.stretches import Days, Period
from pools.visits import KEPT_DAYS

SIZE_CSS: Final = (
    *("tone-grey", "tone-blue", "tone-green", "tone-purple", "tone-amber", "tone-pink"),
)
CATEGORIES: Final = 8  # that are told apart; those with fewer pools are put together
REGIONS: Final = 8
MOST_ROWS: Final = 60


def sizes(counts: Sequence[int]) -> Chart:
    words = [
        _members(f"{low}+" if high is None else str(low) if low == high else f"{low}–{high}", low)
        for low, high in SIZES
    ]
    return _parts(
        "sizes",
        _("by members, now"),
        (_("Members"), _("Pools")),
        [(css, word, count) for css, word, count in zip(SIZE_CSS, words, counts, strict=True)],
        _("How many members pools have shows here as soon as there is a pool."),
    )


def _members(number: str, least: int) -> str:
    return ngettext("%(n)s member", "%(n)s members", least) % {"n": number}


def categories(counts: Sequence[tuple[Category | None, int]]) -> Chart:
    named = [(each, count) for each, count in counts if each is not None]
    parts = [(f"tone-{each.tone}", each.name, count) for each, count in named[:CATEGORIES]]
    for word, rest in (
        (_("Other"), sum(count for _each, count in named[CATEGORIES:])),
        (_("No category"), sum(count for each, count in counts if each is None)),
    ):
        if rest:
            parts.append(("tone-grey", word, rest))
    return _parts(
        "categories",
        _("of all pools, now"),
        (_("Category"), _("Pools")),
        parts,
        _("What pools save for shows here as soon as there is a pool."),
    )


def _parts(
    name: str,
    hint: str,
    head: tuple[str, str],
    parts: Sequence[tuple[str, str, int]],
    empty: str,
) -> Chart:
    """A donut of pools: (colour, word, count) each."""
    total = sum(count for _css, _word, count in parts)
    keys = tuple(Key(css, word, shown.count(count)) for css, word, count in parts)
    return Chart(
        name=f"chart-{name}",
        title=title(name),
        hint=hint,
        shape="charts/_donut.html",
        drawing={
            "slices": drawing.donut(
                [count for _css, _word, count in parts],
                css=[css for css, _word, _count in parts],
                titles=[
                    f"{word}: {shown.pools_in_words(count)} ({shown.share(count, total)})"
                    for _css, word, count in parts
                ],
            ),
            "total": shown.short(total),
            "unit": ngettext("pool", "pools", total),
        }
        if total
        else None,
        summary=shown.summed(keys),
        empty=empty,
        keys=keys,
        table=Table(
            (*head, _("Share")),
            tuple(
                (word, shown.count(count), shown.share(count, total)) for _css, word, count in parts
            ),
        ),
    )


def _forgotten(period: Period) -> bool:
    """Whether the period began before the first day of which visits are still counted."""
    if isinstance(period, Days):
        return period.first < timezone.localdate() - timedelta(days=KEPT_DAYS)
    return period == "all"


def regions(counts: Sequence[tuple[str, int]], period: Period) -> Chart:
    total = sum(count for _zone, count in counts)
    shown_ones = [(_place(zone), count) for zone, count in counts[:REGIONS]]
    if rest := sum(count for _zone, count in counts[REGIONS:]):
        shown_ones.append((_("Elsewhere"), rest))
    values = [shown.count(count) for _place, count in shown_ones]
    names = [name for name, _count in shown_ones]
    bars = drawing.ranks([count for _name, count in shown_ones])
    return Chart(
        name="chart-regions",
        title=title("regions"),
        hint=(
            _("by time zone, visits a day, the last %(days)s days") % {"days": KEPT_DAYS}
            if _forgotten(period)
            else _("by time zone, visits a day")
        ),
        shape="charts/_ranks.html",
        drawing={
            "rows": list(zip(names, values, bars, strict=True)),
            "height": str(len(bars) * drawing.ROW),
        }
        if total
        else None,
        summary=shown.summed([Key("", *row) for row in zip(names, values, strict=True)]),
        empty=_("Time zones show here once browsers have told theirs: counted, nothing else kept."),
        table=Table(
            (_("Time zone"), _("Visits"), _("Share")),
            tuple(
                (zone, shown.count(count), shown.share(count, total))
                for zone, count in counts[:MOST_ROWS]
            ),
        ),
    )


def _place(zone: str) -> str:
    """America/La_Paz is La Paz."""
    return zone.rpartition("/")[2].replace("_", " ")
