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
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from ninja import NinjaAPI

from pools import at_block, buckets, selectors
from pools.api_docs import TemplateDocs
from pools.buckets import LATEST
from pools.coverage_answer import CoverageAnswer
from pools.filter_fields import AddressField, ChoiceField, PoolIdField
from pools.filters import EventFilter, MemberFilter, PoolFilter
from pools.models import Pool
from pools.paged_filter import InvalidFilter, PagedFilter
from pools.paging import Page
from pools.schemas import (
    ActivityAnswer,
    Answer,
    ErrorAnswer,
    EventAnswer,
    ListAnswer,
    MemberAnswer,
    MembersAnswer,
    PoolAnswer,
    PoolAtAnswer,
    StatsAnswer,
)
from pools.selectors import NotProved, NotThere
from pools.shared_language import in_shared_language
from pools.time_travel import PastPool

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
    readings = selectors.readings_of(found.results)

    def shape(pool: Pool) -> PoolAnswer:
        return PoolAnswer.of(pool, readings.get(pool.pk))

    return _list(request, found, shape, ListAnswer[PoolAnswer])


@api.get(
    "/pools/{contract}/{pool_id}",
    response={200: PoolAtAnswer, 400: ErrorAnswer, 404: ErrorAnswer, 409: ErrorAnswer},
    openapi_extra={"parameters": [at_block.PARAMETER]},
)
def pool(request: HttpRequest, contract: str, pool_id: str) -> HttpResponse:
    """One pool of one contract, now or right after a past block."""
    block = _at_block(request)
    if block is not None:
        past = _pool_at(contract, pool_id, block)
        return _answer(PoolAtAnswer.at(past.pool, None, at_block=block))
    found = _pool(contract, pool_id)
    return _answer(PoolAtAnswer.at(found, selectors.reading(found), at_block=None))


@api.get(
    "/pools/{contract}/{pool_id}/members",
    response={200: MembersAnswer, 400: ErrorAnswer, 404: ErrorAnswer, 409: ErrorAnswer},
    openapi_extra={"parameters": [*parameters(MemberFilter)["parameters"], at_block.PARAMETER]},
)
def members(request: HttpRequest, contract: str, pool_id: str) -> HttpResponse:
    """The members of a pool in the order in which they joined, those who left included; now or
    right after a past block.
    """
    filters, block = _filters(MemberFilter, request), _at_block(request)
    if block is None:
        page = selectors.members(_pool(contract, pool_id), filters)
    else:
        page = _pool_at(contract, pool_id, block).members(filters)
    results = [MemberAnswer.of(member) for member in page.results]
    return _answer(MembersAnswer(results=results, next=_next(request, page), at_block=block))


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
    told = selectors.stats()
    reading = selectors.reading(told.latest_pool) if told.latest_pool else None
    return _answer(StatsAnswer.of(told, reading))


@api.get(
    "/activity",
    response={200: ListAnswer[ActivityAnswer], 400: ErrorAnswer},
    openapi_extra={
        "parameters": [
            {
                "in": "query",
                "name": "bucket",
                "required": False,
                "description": "What is counted together; by the day unless told otherwise.",
                "schema": {"type": "string", "enum": list(LATEST)},
            }
        ]
    },
)
def activity(request: HttpRequest) -> HttpResponse:
    """How many events of each kind there were in the last 168 hours, 90 days or 104 weeks; days
    and weeks by the site's time zone, the oldest first.
    """
    choice = ChoiceField(names=tuple(LATEST), required=False)
    unit = _read(choice, "bucket", request.GET.get("bucket", "")) or "day"
    now = timezone.now()
    stretch = buckets.latest(unit, now, timezone.get_default_timezone())
    found = zip(stretch.starts, selectors.activity_by_kind(stretch, now), strict=True)
    results = [ActivityAnswer(start=start, counts=counts) for start, counts in found]
    return _answer(ListAnswer[ActivityAnswer](results=results, next=None))


@api.get("/coverage", response=CoverageAnswer)
def coverage(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """Which blocks of each contract are stored with proof, and which are not yet."""
    return _answer(CoverageAnswer.of(selectors.coverage()))


@api.exception_handler(InvalidFilter)
def bad_request(_request: HttpRequest, error: InvalidFilter) -> HttpResponse:
    return _answer(ErrorAnswer(detail=str(error)), status=400)


@api.exception_handler(NotThere)
@api.exception_handler(Http404)
def not_found(_request: HttpRequest, error: Http404 | NotThere) -> HttpResponse:
    return _answer(ErrorAnswer(detail=str(error)), status=404)


@api.exception_handler(NotProved)
def not_proved(_request: HttpRequest, error: NotProved) -> HttpResponse:
    return _answer(ErrorAnswer(detail=str(error)), status=409)


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
        path(str(each.pattern), _read_only(_in_its_language(each)), name=each.name)
        for each in patterns
        if isinstance(each, URLPattern) and each.name != "api-root"
    ]
    root = path("", _read_only(unknown), name="api-root")
    return [*known, root, re_path("", _read_only(unknown))], app_name, namespace


def _in_its_language(each: URLPattern) -> Callable[..., HttpResponse]:
    """What programs read, caches may share; the page of the API is a page like any other."""
    view: Callable[..., HttpResponse] = each.callback
    return view if each.name == "openapi-view" else in_shared_language(view)


def _filters(kind: type[F], request: HttpRequest) -> F:
    filters = kind(request.GET)
    filters.require_valid()
    return filters


def _pool(contract: str, pool_id: str) -> Pool:
    address, number = _place(contract, pool_id)
    found = selectors.pool(address, number)
    if found is None:
        raise Http404(f"There is no pool {pool_id} of contract {address}.")
    return found


def _pool_at(contract: str, pool_id: str, block: int) -> PastPool:
    address, number = _place(contract, pool_id)
    return selectors.pool_at(address, number, block)


def _place(contract: str, pool_id: str) -> tuple[str, int]:
    address: str = _read(AddressField(), "contract", contract)
    number: int = _read(PoolIdField(), "pool_id", pool_id)
    return address, number


def _at_block(request: HttpRequest) -> int | None:
    try:
        return at_block.asked(request)
    except ValidationError as error:
        raise InvalidFilter(f"{at_block.NAME}: {' '.join(error.messages)}") from error


def _read(field: Field, name: str, value: str) -> Any:
    try:
        return field.clean(value)
    except ValidationError as error:
        raise InvalidFilter(f"{name}: {' '.join(error.messages)}") from error


def _list(
    request: HttpRequest, page: Page[R], shape: Callable[[R], A], answer: type[ListAnswer[A]]
) -> HttpResponse:
    results = [shape(row) for row in page.results]
    return _answer(answer(results=results, next=_next(request, page)))


def _next(request: HttpRequest, page: Page[Any]) -> str | None:
    """The address of the following page."""
    if page.next is None:
        return None
    query = request.GET.copy()
    query["cursor"] = page.next
    return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")


def _answer(answer: Answer, status: int = 200) -> HttpResponse:
    """Sent as it was made: it has been checked then, so ninja need not check it once more."""
    return HttpResponse(answer.model_dump_json(), status=status, content_type="application/json")
