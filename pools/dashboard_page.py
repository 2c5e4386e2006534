"""The dashboard, as a browser or a link arranges it. Whole and useful without JavaScript.

Reads through `pools.selectors` and writes nothing; what is hidden is not read. `embedding` shows
the same in other sites' frames.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from pools import arrangement, cards, chosen_period, feed_kinds, selectors, shared_arrangement
from pools.buckets import PERIODS
from pools.charts import figures
from pools.charts.dashboard import period_words
from pools.frame import frame
from pools.rows import FEED_ROWS, NEWEST_POOLS
from pools.shared_arrangement import Fields, Shown


@require_safe
def dashboard(request: HttpRequest) -> HttpResponse:
    shown = shared_arrangement.of(request)
    context = context_of(shown, request.GET)
    if shown.fields:
        own = shared_arrangement.own_of(request)
        context |= {
            "shared": True,
            "has_own": shared_arrangement.is_kept_by(request),
            "own_charts": len(own.charts),
            "is_same": own.is_as(shown),
        }
    return render(request, "dashboard/dashboard.html", context)


def context_of(
    shown: Shown, asked: Mapping[str, str], *, framed: bool = False, fixed: Fields = ()
) -> dict[str, Any]:
    """What the sections of an arrangement show, for the period and the kind that are asked for.

    `carried` is what links of the page pass on beside these two: the arrangement, if the address
    carries it, and what is `fixed` by the address besides.
    """
    arranged = shown.arranged
    is_own = not framed and not shown.fields
    carried = urlencode([*shown.fields, *fixed])
    period = chosen_period.read(asked)
    around = frame(
        topics=arranged.topics(period.period, shown.charts),
        newest=NEWEST_POOLS if arranged.shows("newest") else 1,
    )
    kind = asked.get("kind", "")
    chosen = feed_kinds.chosen(kind)
    kind_fields = [("kind", chosen.name)] if chosen and chosen.name else []
    context = {
        **around,
        "lines": arranged.lines(),
        "beside": arrangement.BESIDE,
        "framed": framed,
        "is_own": is_own,
        "carried": carried,
        "carried_fields": shown.fields,
        "chosen_period": period,
        "choices": feed_kinds.CHOICES,
        "chosen": chosen or feed_kinds.ALL,
        "unknown_kind": "" if chosen else kind[:40],
    }
    if names := arranged.parts("cards"):
        context["cards"] = cards.shown(names, around["stats"])
        if cards.LIVE in names:
            context["answers"] = selectors.answers_of_last_hour(timezone.now())
        if set(names) - {cards.LIVE}:
            context["sparks"] = selectors.spark_counts(
                around["stats"].pools_total, recent=around["recent"]
            )
    if arranged.shows("activity"):
        context["events"] = (
            selectors.latest_of_kinds(chosen.kinds, FEED_ROWS, around["contracts"])
            if chosen and chosen.kinds
            else selectors.latest_events(FEED_ROWS, contracts=around["contracts"])
        )
    if arranged.shows("newest"):
        context["pools"] = around["newest"]
    if arranged.parts("charts"):
        context["periods"] = [(each, period_words(each)) for each in PERIODS]
        context["figures"] = figures.arranged(
            arranged,
            shown.charts,
            period.period,
            is_own=is_own,
            carried=urlencode([*shown.fields, *fixed, *kind_fields]),
        )
    return context
