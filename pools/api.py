"""The read-only JSON API under /api/v1/, with its OpenAPI description and a page for people.

Turns requests into filters and what `selectors` return into `schemas`; decides nothing itself.
"""

from collections.abc import Callable
from copy import copy
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.forms import Field
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, re_path, reverse
from django.views.decorators.csrf import csrf_exempt
from ninja import NinjaAPI

from pools import selectors
from pools.api_docs import TemplateDocs
from pools.filter_fields import AddressField, PoolIdField
from pools.filters import EventFilter, MemberFilter, PoolFilter
from pools.models import Pool
from pools.paged_filter import InvalidFilter, PagedFilter
from pools.paging import Page
from pools.schemas import (
    Answer,
    CoverageAnswer,
    ErrorAnswer,
    EventAnswer,
    ListAnswer,
    MemberAnswer,
    PoolAnswer,
    StatsAnswer,
)

A = TypeVar("A", bound=Answer)
F = TypeVar("F", bound=PagedFilter)
R = TypeVar("R")

METHODS = ("GET", "HEAD")

api = NinjaAPI(
    title="Coopsite",
    version="1",
    description=(
        "Savings pools, their members and every event of their contracts, as the chain says. "
        "Amounts are decimal strings in wei (the native coin has 18 decimals), ids are decimal "
        "strings, addresses are checksummed, times are RFC 3339 in UTC. Lists answer with "
        "results and next, the address of the following page or null; errors with detail."
    ),
    docs=TemplateDocs(),
    urls_namespace="api",
)


def parameters(filters: type[PagedFilter]) -> dict[str, list[dict[str, Any]]]:
    """What OpenAPI says of a list's filters, from their form fields."""
    return {
        "parameters": [
            {
                "in": "query",
                "name": name,
                "required": False,
                "description": str(field.help_text),
                "schema": field.json_schema,
            }
            for name, field in filters({}).form.fields.items()
        ]
    }


@api.get(
    "/pools",
    response={200: ListAnswer[PoolAnswer], 400: ErrorAnswer},
    openapi_extra=parameters(PoolFilter),
)
def pools(request: HttpRequest) -> HttpResponse:
    """The pools, newest first unless ordered otherwise."""
    found = selectors.pools(_filters(PoolFilter, request))
    return _list(request, found, PoolAnswer.of, ListAnswer[PoolAnswer])


@api.get(
    "/pools/{contract}/{pool_id}", response={200: PoolAnswer, 400: ErrorAnswer, 404: ErrorAnswer}
)
def pool(request: HttpRequest, contract: str, pool_id: str) -> HttpResponse:  # noqa: ARG001
    """One pool of one contract."""
    return _answer(PoolAnswer.of(_pool(contract, pool_id)))


@api.get(
    "/pools/{contract}/{pool_id}/members",
    response={200: ListAnswer[MemberAnswer], 400: ErrorAnswer, 404: ErrorAnswer},
    openapi_extra=parameters(MemberFilter),
)
def members(request: HttpRequest, contract: str, pool_id: str) -> HttpResponse:
    """The members of a pool in the order in which they joined, those who left included."""
    found = selectors.members(_pool(contract, pool_id), _filters(MemberFilter, request))
    return _list(request, found, MemberAnswer.of, ListAnswer[MemberAnswer])


@api.get(
    "/events",
    response={200: ListAnswer[EventAnswer], 400: ErrorAnswer},
    openapi_extra=parameters(EventFilter),
)
def events(request: HttpRequest) -> HttpResponse:
    """The events in chain order, without those that the chain took back."""
    found = selectors.events(_filters(EventFilter, request))
    return _list(request, found, EventAnswer.of, ListAnswer[EventAnswer])


@api.get("/stats", response=StatsAnswer)
def stats(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """The numbers of the dashboard and the state of the link to the chain."""
    return _answer(StatsAnswer.of(selectors.stats()))


@api.get("/coverage", response=CoverageAnswer)
def coverage(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """Which blocks of each contract are stored with proof, and which are not yet."""
    return _answer(CoverageAnswer.of(selectors.coverage()))


@api.exception_handler(InvalidFilter)
def bad_request(_request: HttpRequest, error: InvalidFilter) -> HttpResponse:
    return _answer(ErrorAnswer(detail=str(error)), status=400)


@api.exception_handler(Http404)
def not_found(_request: HttpRequest, error: Http404) -> HttpResponse:
    return _answer(ErrorAnswer(detail=str(error)), status=404)


def unknown(request: HttpRequest) -> HttpResponse:
    docs = reverse("api:openapi-view")
    detail = f"“{request.path[:80]}” is no address of this API; {docs} lists them."
    return _answer(ErrorAnswer(detail=detail), status=404)


def _read_only(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """HEAD is answered as GET is, and the server leaves the body out; other methods are refused.

    Ninja knows methods one by one and refuses in plain text.
    """

    def door(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        if request.method not in METHODS:
            detail = f"This API is for reading: it takes {' and '.join(METHODS)} only."
            refusal = _answer(ErrorAnswer(detail=detail), status=405)
            refusal["Allow"] = ", ".join(METHODS)
            return refusal
        asked = copy(request)
        asked.method = "GET"
        return view(asked, **kwargs)

    return csrf_exempt(door)


def urls() -> tuple[list[URLPattern], str, str]:
    """Every address under the API's prefix, for `path`: what does not exist is told in JSON too."""
    patterns, app_name, namespace = api.urls
    known = [
        path(str(each.pattern), _read_only(each.callback), name=each.name)
        for each in patterns
        if isinstance(each, URLPattern) and each.name != "api-root"
    ]
    root = path("", _read_only(unknown), name="api-root")
    return [*known, root, re_path("", _read_only(unknown))], app_name, namespace


def _filters(kind: type[F], request: HttpRequest) -> F:
    filters = kind(request.GET)
    filters.require_valid()
    return filters


def _pool(contract: str, pool_id: str) -> Pool:
    address = _read(AddressField(), "contract", contract)
    found = selectors.pool(address, _read(PoolIdField(), "pool_id", pool_id))
    if found is None:
        raise Http404(f"There is no pool {pool_id} of contract {address}.")
    return found


def _read(field: Field, name: str, value: str) -> Any:
    try:
        return field.clean(value)
    except ValidationError as error:
        raise InvalidFilter(f"{name}: {' '.join(error.messages)}") from error


def _list(
    request: HttpRequest, page: Page[R], shape: Callable[[R], A], answer: type[ListAnswer[A]]
) -> HttpResponse:
    following = None
    if page.next is not None:
        query = request.GET.copy()
        query["cursor"] = page.next
        following = request.build_absolute_uri(f"{request.path}?{query.urlencode()}")
    return _answer(answer(results=[shape(row) for row in page.results], next=following))


def _answer(answer: Answer, status: int = 200) -> HttpResponse:
    """Sent as it was made: it has been checked then, so ninja need not check it once more."""
    return HttpResponse(answer.model_dump_json(), status=status, content_type="application/json")
