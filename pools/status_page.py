"""The status page: whether the numbers are true, on what evidence, and what is being done about it.

Reads through `pools.selectors` and writes nothing.
"""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from pools import selectors
from pools.charts.dashboard import period_words
from pools.filters import PieceFilter
from pools.frame import frame
from pools.selectors.status import DEFAULT
from pools.selectors.status_history import WINDOWS


@require_safe
def status(request: HttpRequest) -> HttpResponse:
    """Everything; `?cursor=` asks for older pieces of the ledger, `?period=` for a longer past."""
    filters = PieceFilter(request.GET)
    asked = request.GET.get("period", "")
    period = asked if asked in WINDOWS else DEFAULT
    return render(
        request,
        "status/status.html",
        {
            **frame(topics="status,notices"),
            "status": selectors.status(filters, period=period),
            "periods": [(each, period_words(each)) for each in WINDOWS],
            # Only the usual window follows the clock.
            "follows": period == DEFAULT,
            # Only the newest pieces follow the ledger as it grows.
            "older": filters.after is not None,
        },
    )
