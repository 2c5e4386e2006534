"""The lists: all pools, all events, all members of a pool. Their filters live in the URL.

Each is whole without JavaScript. The scripts of `static/js/lists/` read the very same pages to add
the next rows below, and the filter as the list's element tells it to judge rows that come in live.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from pools import selectors
from pools.charts import shown
from pools.decoding import checksum
from pools.filter_fields import only_day
from pools.filters import EventFilter, MemberFilter, PoolFilter
from pools.frame import frame
from pools.models import NO_CATEGORY, Category, Contract
from pools.paged_filter import PagedFilter, Parameter
from pools.paging import Page
from pools.presentation import short_address
from pools.sentences import KIND_NAMES

STATUSES = (
    ("", _("Any")),
    ("accepting", _("Open")),
    ("active", _("Active")),
    ("closed", _("Closed")),
)
ORDERINGS = (
    ("-created", _("Newest first")),
    ("created", _("Oldest first")),
    ("-activity", _("Latest activity")),
    ("-total", _("Most pooled")),
    ("total", _("Least pooled")),
    ("-members", _("Most members")),
    ("members", _("Fewest members")),
)
MORE_POOL_FILTERS = ("creator", "created_after", "created_before")  # behind "More filters"
MORE_EVENT_FILTERS = ("contract", "date_from", "date_to")
ROWS = 50


@dataclass(frozen=True, slots=True)
class Chip:
    """One filter that is on: what it says, and the query without it."""

    label: str
    words: str
    query: str


@require_safe
def pool_list(request: HttpRequest) -> HttpResponse:
    """The pools that the URL asks for; values that make no sense are told of and left aside."""
    filters = PoolFilter(request.GET)
    categories = _category_options(filters.values.get("category"))
    names = {"status": dict(STATUSES), "category": dict(categories)}
    around = frame(topics="pools,notices")
    context = {
        **around,
        "options": {"status": STATUSES, "category": categories, "ordering": ORDERINGS},
        "more_open": any(request.GET.get(name) for name in MORE_POOL_FILTERS),
        **_list(filters, selectors.pools(filters, around["contracts"]), request.GET, names),
        "newest_first": filters.ordering.name == "-created" and not filters.after,
    }
    return render(request, "pools/list.html", context)


@require_safe
def event_list(request: HttpRequest) -> HttpResponse:
    """The events that the URL asks for, newest first unless it says otherwise."""
    query = request.GET.copy()
    if not query.get("order"):
        query["order"] = "desc"
    if not query.get("limit"):
        query["limit"] = str(ROWS)
    filters = EventFilter(query)
    around = frame(topics="events,notices")
    contracts = around["contracts"]
    context = {
        **around,
        "options": {"kind": [("", _("Any")), *KIND_NAMES.items()]},
        "contract_options": _contract_options(contracts, asked=request.GET.get("contract")),
        "more_open": any(request.GET.get(name) for name in MORE_EVENT_FILTERS),
        **_list(filters, selectors.events(filters, contracts), request.GET, {"kind": KIND_NAMES}),
        "newest_first": filters.ordering.descending and not filters.after,
    }
    return render(request, "events/list.html", context)


@require_safe
def member_list(request: HttpRequest, contract: str, pool_id: int) -> HttpResponse:
    """Everybody who is or was in a pool, in the order in which they joined."""
    address = checksum(bytes.fromhex(contract[2:]))
    if address != contract:
        return redirect("pools:members", contract=address, pool_id=pool_id, permanent=True)
    around = frame(topics=f"pool:{contract}:{pool_id},notices")
    pool = selectors.pool(contract, pool_id)
    if pool is None:
        raise Http404("no such pool")
    filters = MemberFilter(request.GET)
    context = {
        **around,
        "pool": pool,
        **_list(filters, selectors.members(pool, filters), request.GET, {}),
    }
    return render(request, "pools/members.html", context)


def _category_options(chosen: str | None) -> list[tuple[str, str]]:
    """The categories in use, and the chosen one: the URL may name one that no longer is."""
    named = [(category.slug, category.name) for category in selectors.categories()]
    if chosen and chosen != NO_CATEGORY and chosen not in dict(named):
        named += [(kept.slug, kept.name) for kept in Category.objects.filter(slug=chosen)]
    return [("", str(_("Any"))), *named, (NO_CATEGORY, str(_("Uncategorised")))]


def _contract_options(contracts: Sequence[Contract], *, asked: str | None) -> list[tuple[str, str]]:
    """The contracts to choose among; none where there is one and the URL asks for none."""
    addresses = [contract.address for contract in contracts]
    if len(addresses) < 2 and not (addresses and asked):
        return []
    return [("", str(_("Any"))), *((address, short_address(address)) for address in addresses)]


def _list(
    filters: PagedFilter, page: Page[Any], query: QueryDict, names: dict[str, Any]
) -> dict[str, Any]:
    """What every list shows: rows, the filters that are on, and where its pages are."""
    chosen = _chosen(filters)
    return {
        "filters": filters,
        "rows": page.results,
        "chips": [
            Chip(
                label=str(filters.base_filters[name].label),
                words=str(
                    names.get(name, {}).get(value)
                    or _words(query.get(name, ""), filters.values[name])
                ),
                query=_with(query, **{name: None, "cursor": None}),
            )
            for name, value in chosen.items()
        ],
        "chosen": json.dumps(chosen),
        "filtered": any(query.get(name) for name in filters.base_filters),
        "first_query": _with(query, cursor=None),
        "next_query": _with(query, cursor=page.next) if page.next else "",
    }


def _chosen(filters: PagedFilter) -> dict[str, str]:
    """The values that select rows, as their rows carry them."""
    return {
        name: value.isoformat() if isinstance(value, datetime) else str(value)
        for name, value in filters.values.items()
        if value not in (None, "") and not isinstance(filters.base_filters[name], Parameter)
    }


def _words(value: str, read: object) -> str:
    if isinstance(read, datetime) and not only_day(value):
        return shown.full(read) + (f":{read.second:02}" if read.second else "")
    return short_address(value) if value[:2].lower() == "0x" and len(value) > 12 else value


def _with(query: QueryDict, **changes: str | None) -> str:
    """The query with these parameters in place, or taken away, and nothing empty in it."""
    wanted = {**query.dict(), **changes}
    return urlencode({name: value for name, value in wanted.items() if value})
