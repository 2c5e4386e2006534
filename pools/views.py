"""The pages of one pool, and the statistics. Whole and useful without JavaScript.

They read through `pools.selectors` and write nothing. The dashboard is `dashboard_page`'s, lists
are `list_pages`' matter.
"""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import translation
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from pools import at_block, embedding, selectors
from pools.charts import series
from pools.decoding import checksum
from pools.frame import frame
from pools.models import Contract
from pools.rows import FEED_ROWS, MEMBERS_SHOWN
from pools.shared_language import said_language
from pools.time_travel import PastPool

BIGGEST_POOL_ID = 2**256 - 1


@require_safe
def pool_page(request: HttpRequest, contract: str, pool_id: int) -> HttpResponse:
    """One pool; its contract's address in another letter case leads to the same page."""
    address = checksum(bytes.fromhex(contract[2:]))
    if address != contract:
        return redirect("pools:pool", contract=address, pool_id=pool_id, permanent=True)
    moment = at_block.of_page(request, contract, pool_id)
    shown = _pool_then(moment.past) if moment.past else _pool_now(contract, pool_id)
    shown |= {
        "moment": moment,
        "contributions": series.figure(shown["pool"], shown["stats"].seq),
        "snippets": embedding.snippets(request, shown["pool"]),
        "members_shown": MEMBERS_SHOWN,
        "event_blocks": dict.fromkeys(event.block_number for event in shown["events"]),
    }
    return render(request, "pools/pool.html", shown, status=moment.status)


@require_safe
def short_pool_page(_request: HttpRequest, contract_key: int, pool_id: int) -> HttpResponse:
    """Where feed rows point: the contract by its number here, which saves forty bytes a row."""
    contract = get_object_or_404(Contract, pk=contract_key)
    return redirect("pools:pool", contract=contract.address, pool_id=pool_id, permanent=False)


def _pool_now(contract: str, pool_id: int) -> dict[str, Any]:
    # Read before the pool, which must not be older than the number that the page follows from.
    around = frame(topics=f"pool:{contract}:{pool_id},notices")
    pool = selectors.pool(contract, pool_id)
    if pool is None:
        raise Http404("no such pool")
    return {
        **around,
        "pool": pool,
        "members": selectors.largest_members(pool, MEMBERS_SHOWN),
        "events": selectors.latest_events(FEED_ROWS, pool=pool),
        "reading": selectors.reading(pool),
    }


@never_cache
@require_safe
def statistics(request: HttpRequest) -> HttpResponse:
    """What the badge's pop-over shows, alone: for its "Refresh".

    In the language that `?lang=` says, which is that of the page: a frame's may be its address's.
    """
    stats = selectors.stats()
    context = {"stats": stats, "connection": stats.connection}
    language = said_language(request) or translation.get_language()
    with translation.override(language):
        response = render(request, "live/_statistics.html", context)
    response.headers["Content-Language"] = language
    return response


def _pool_then(past: PastPool) -> dict[str, Any]:
    """As it was, without what is said of now: nothing live, no banners, no readings."""
    return {
        **frame(topics=""),
        "troubled": [],
        "fee_changes": [],
        "behind": [],
        "passed_over": [],
        "link": None,
        "past": past,
        "pool": past.pool,
        "members": past.largest_members(MEMBERS_SHOWN),
        "events": selectors.latest_events(FEED_ROWS, pool=past.pool, up_to=past.at_block),
    }
