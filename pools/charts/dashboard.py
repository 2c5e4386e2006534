"""The dashboard's charts of one period: which, and in which order."""

from datetime import datetime
from typing import Final

from django.utils import timezone
from django.utils.translation import gettext as _

from pools import buckets
from pools.buckets import PERIODS
from pools.charts import compared, over_time, shares, shown
from pools.charts.shown import Chart
from pools.selectors import activity
from pools.stretches import Period

DEFAULT: Final = "24h"


def read_period(text: str | None) -> str:
    """The period that an address asks for; what makes no sense is the usual one."""
    return text if text in PERIODS else DEFAULT


def period_words(period: str) -> str:
    return {"24h": _("24 hours"), "7d": _("7 days"), "30d": _("30 days"), "all": _("All")}[period]


def charts(period: Period, now: datetime | None = None) -> list[Chart]:
    """All of them, in the active language. A constant number of queries."""
    read = activity.read(period, now or timezone.now())
    spans = compared.spans_of(period, read)
    groups = len(over_time.GROUP_CSS)
    counts = buckets.into(read.hours, spans, groups)
    names = shown.bucket_names(spans)
    before = compared.before(period, read, spans, groups)
    return [
        over_time.pools(read, spans, names, counts, before),
        over_time.activity(spans, names, counts, before),
        over_time.rhythm(read, period),
        shares.regions(read.regions, period),
        shares.sizes(read.sizes),
        shares.categories(read.categories),
    ]
