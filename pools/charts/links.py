"""Where the name of a bucket leads: to its days by the same charts, or to the events in it.

The same for everybody who looks at a period. Scripts read ranges from these addresses, too.
"""

from collections.abc import Mapping
from html import escape  # Django's own goes through several calls for each row of a table
from itertools import pairwise
from typing import Final
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone

from pools import zoom
from pools.buckets import Buckets
from pools.charts import shown
from pools.stretches import Days

CHARTS: Final = "#charts"
MOST_CARRIED: Final = 500  # characters; a page may have a thousand rows
_BEGIN: Final = '<a href="'
_IN_PAGE: Final = f"{_BEGIN}?"


def of_days(days: Days) -> str:
    """The dashboard's charts of these days, as its address says it."""
    return f"from={days.first}&to={days.last}"


def anchor(link: str, words: str) -> str:
    """The link as HTML."""
    return f'{_BEGIN}{escape(link)}">{escape(words)}</a>'


def carrying(html: str, query: str) -> str:
    """The same drawings, where links into the page stay in its frame and pass this query on.

    Long ones are left out; scripts take them from the address.
    """
    rest = f"{escape(query)}&amp;" if 0 < len(query) <= MOST_CARRIED else ""
    return html.replace(_IN_PAGE, f'<a target="_self" href="?{rest}')


def narrower(spans: Buckets, events: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """A link for each bucket: to its days, or, where it is an hour, to its events.

    `events` are what the list of events is filtered by besides.
    """
    if spans.unit == "hour":
        return to_events(spans, events or {})
    zone = shown.zone()
    today = timezone.localdate(timezone=zone)
    return tuple(f"?{of_days(days)}{CHARTS}" for days in zoom.days_of(spans, zone, today))


def to_events(spans: Buckets, events: Mapping[str, str]) -> tuple[str, ...]:
    """A link for each bucket to its events, whatever its length."""
    start = f"{reverse('pools:events')}?{urlencode({**events, 'date_from': ''})}"
    moments = [zoom.moment(edge) for edge in spans.edges]
    return tuple(f"{start}{since}&date_to={until}" for since, until in pairwise(moments))
