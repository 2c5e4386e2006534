"""The error pages, in the colours and the language of who sees them: so no cache may share them.

Those that Django itself would render without the request run no context processor: what is broken
may be what it needs.
"""

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.cache import patch_vary_headers
from django.views import defaults


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    return _page("400.html", request, status=400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _by_cookie(defaults.permission_denied(request, exception))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _by_cookie(defaults.page_not_found(request, exception))


def server_error(request: HttpRequest) -> HttpResponse:
    return _page("500.html", request, status=500)


def form_too_old(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001
    return _page("403_csrf.html", request, status=403)


def _page(template: str, request: HttpRequest, *, status: int) -> HttpResponse:
    html = render_to_string(template, {"request": request})
    return _by_cookie(HttpResponse(html, status=status))


def _by_cookie(response: HttpResponse) -> HttpResponse:
    patch_vary_headers(response, ("Cookie",))
    return response
