"""The status page: whether the numbers are true, on what evidence, and what is being done about it.

Reads through `pools.selectors` and writes nothing.
"""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from pools import selectors
from pools.filters import PieceFilter
from pools.views import frame


@require_safe
def status(request: HttpRequest) -> HttpResponse:
    """Everything, or with `?cursor=` older pieces of the ledger beside it."""
    filters = PieceFilter(request.GET)
    return render(
        request,
        "status/status.html",
        {
            **frame(topics="status,notices"),
            "status": selectors.status(filters),
            # Only the newest pieces follow the ledger as it grows.
            "older": filters.after is not None,
        },
    )
