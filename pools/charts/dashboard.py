"""The dashboard's charts of one period: which, and in which order."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Final

from django.utils import timezone
from django.utils.translation import gettext as _

from pools import buckets
from pools.buckets import PERIODS
from pools.charts import compared, links, over_time, shares, shown
from pools.charts.shown import Chart
from pools.charts.titles import ALL
from pools.selectors import activity
from pools.selectors.activity import Activity
from pools.stretches import Period

DEFAULT: Final = "24h"


def read_period(text: str | None) -> str:
    """The period that an address asks for; what makes no sense is the usual one."""
    return text if text in PERIODS else DEFAULT


def period_words(period: str) -> str:
    return {"24h": _("24 hours"), "7d": _("7 days"), "30d": _("30 days"), "all": _("All")}[period]


def charts(period: Period, names: Sequence[str] = ALL, now: datetime | None = None) -> list[Chart]:
    """Those of these names, in the active language. A constant number of queries.

    What none of them shows is not read.
    """
    of = frozenset(names)
    read = activity.read(period, now or timezone.now(), of=of)
    makers: dict[str, Callable[[], Chart]] = {
        "regions": partial(shares.regions, read.regions, period),
        "sizes": partial(shares.sizes, read.sizes),
        "categories": partial(shares.categories, read.categories),
    }
    if activity.OF_HOURS & of:
        makers |= _over_time(period, read)
    return [makers[name]() for name in names]


def _over_time(period: Period, read: Activity) -> dict[str, Callable[[], Chart]]:
    spans = compared.spans_of(period, read)
    groups = len(over_time.GROUP_CSS)
    counts = buckets.into(read.hours, spans, groups)
    names, narrower = shown.bucket_names(spans), links.narrower(spans)
    before = compared.before(period, read, spans, groups)
    return {
        "pools": partial(over_time.pools, read, spans, names, narrower, counts, before),
        "activity": partial(over_time.activity, spans, names, narrower, counts, before),
        "rhythm": partial(over_time.rhythm, read, period),
    }
