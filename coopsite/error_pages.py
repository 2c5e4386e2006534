"""The error pages that Django itself would render without the request, and so without its colours.

No context processor runs: what is broken may be what it needs.
"""

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    return _page("400.html", request, status=400)


def server_error(request: HttpRequest) -> HttpResponse:
    return _page("500.html", request, status=500)


def form_too_old(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001
    return _page("403_csrf.html", request, status=403)


def _page(template: str, request: HttpRequest, *, status: int) -> HttpResponse:
    return HttpResponse(render_to_string(template, {"request": request}), status=status)
