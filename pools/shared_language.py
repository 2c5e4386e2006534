"""The language of what caches may share: never a cookie's, of which they know nothing."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import translation
from django.utils.translation.trans_real import parse_accept_lang_header

P = ParamSpec("P")
Response = TypeVar("Response", bound=HttpResponseBase)


def language_of(request: HttpRequest) -> str:
    """That of `?lang=`, else the first of the `Accept-Language` header that is spoken here."""
    header = request.headers.get("Accept-Language", "")
    accepted = (_spoken(code) for code, _weight in parse_accept_lang_header(header))
    return said_language(request) or next(filter(None, accepted), settings.LANGUAGE_CODE)


def said_language(request: HttpRequest) -> str:
    """That of `?lang=` alone; empty if it says none that is spoken here."""
    return _spoken(request.GET.get("lang", ""))


def _spoken(code: str) -> str:
    try:
        return translation.get_supported_language_variant(code)
    except LookupError:
        return ""


def in_shared_language(
    view: Callable[Concatenate[HttpRequest, P], Response],
) -> Callable[Concatenate[HttpRequest, P], Response]:
    """A view that speaks it; that answers vary by the header is the middleware's to say."""

    @wraps(view)
    def speaking(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> Response:
        language = language_of(request)
        with translation.override(language):
            response = view(request, *args, **kwargs)
        response.headers["Content-Language"] = language
        return response

    return speaking
