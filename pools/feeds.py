"""Atom feeds (RFC 4287): the pools of a list's view, and the events of one pool.

Django's syndication framework writes the XML; entries are read through `pools.selectors`.
"""

import html
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from django.contrib.syndication.views import Feed
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django.utils.feedgenerator import Atom1Feed
from django.utils.html import escape
from django.utils.translation import gettext as _

from pools import presentation, selectors, sentences
from pools.badges import GOOD_FOR
from pools.decoding import checksum
from pools.filters import PoolFilter
from pools.models import Pool
from pools.paged_filter import InvalidFilter
from pools.rows import EventRow
from pools.shared_language import in_shared_language

ENTRIES = 50


class PoolsFeed(Feed[Pool, PoolFilter]):
    """The first pools that the filters of `/pools/` show, in its order."""

    feed_type = Atom1Feed

    def get_object(self, request: HttpRequest, *_args: Any, **_kwargs: Any) -> PoolFilter:
        query = request.GET.copy()
        for other in ("cursor", "lang"):
            query.pop(other, None)
        query["limit"] = str(ENTRIES)
        filters = PoolFilter(query)
        filters.require_valid()
        return filters

    def __call__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return super().__call__(request, *args, **kwargs)
        except InvalidFilter as error:
            return HttpResponse(f"{error}\n", status=400, content_type="text/plain; charset=utf-8")

    def title(self) -> str:
        return "Coopsite: " + _("Pools")

    def link(self) -> str:
        return reverse("pools:list")

    def items(self, filters: PoolFilter) -> list[Pool]:
        return selectors.pools(filters).results

    def item_title(self, pool: Pool) -> str:
        return presentation.pool_title(pool.name, pool.pool_id)

    def item_description(self, pool: Pool) -> str:
        words = _("Created by %(creator)s. %(members)s of %(limit)s members, %(total)s BTC pooled.")
        return words % {
            "creator": pool.creator,
            "members": presentation.whole(pool.member_count),
            "limit": presentation.whole(pool.max_members),
            "total": presentation.btc(pool.total_contributed),
        }

    def item_link(self, pool: Pool) -> str:
        return reverse("pools:pool", args=[pool.contract.address, pool.pool_id])

    def item_pubdate(self, pool: Pool) -> datetime:
        return pool.created_at

    def item_updateddate(self, pool: Pool) -> datetime:
        return pool.last_event_at

    def item_categories(self, pool: Pool) -> Iterable[str]:
        return [pool.category_id] if pool.category_id else []


class PoolFeed(Feed[EventRow, Pool]):
    """The last events of one pool."""

    feed_type = Atom1Feed

    def get_object(self, _request: HttpRequest, contract: str, pool_id: int) -> Pool:
        pool = selectors.pool(checksum(bytes.fromhex(contract[2:])), pool_id)
        if pool is None:
            raise Http404("no such pool")
        return pool

    def title(self, pool: Pool) -> str:
        return "Coopsite: " + presentation.pool_title(pool.name, pool.pool_id)

    def link(self, pool: Pool) -> str:
        return reverse("pools:pool", args=[pool.contract.address, pool.pool_id])

    def items(self, pool: Pool) -> list[EventRow]:
        return selectors.latest_events(ENTRIES, pool=pool)

    def item_title(self, event: EventRow) -> str:
        return _plain_sentence(event)

    def item_description(self, event: EventRow) -> str:
        amount = "" if event.amount is None else f"{presentation.btc(event.amount)} BTC. "
        return amount + _("Block %(number)s") % {"number": presentation.whole(event.block_number)}

    def item_link(self, event: EventRow) -> str:
        """With the log's identity, so that each entry's id differs."""
        return f"{reverse('pools:pool', args=[event.contract, event.pool_id])}#{event.key}"

    def item_pubdate(self, event: EventRow) -> datetime:
        return event.timestamp

    def item_updateddate(self, event: EventRow) -> datetime:
        return event.timestamp


def _for_caches(feed: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """The feed as caches may share it: for so long, where they would guess by its last entry."""

    @in_shared_language
    def view(request: HttpRequest, /, **place: Any) -> HttpResponse:
        response = feed(request, **place)
        patch_cache_control(response, public=True, max_age=GOOD_FOR)
        return response

    return view


pools_feed = _for_caches(PoolsFeed())
pool_feed = _for_caches(PoolFeed())


def _plain_sentence(event: EventRow) -> str:
    """What happened, as text: the syndication framework escapes it."""
    pool = presentation.pool_title(event.pool_name, event.pool_id or 0)
    words = sentences.sentence(
        kind=event.kind, account=event.account, pool=escape(pool), args=event.args
    )
    return html.unescape(words)
