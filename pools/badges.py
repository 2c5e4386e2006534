"""Badges for other sites: one fact each, as an SVG picture and as JSON that shields.io reads.

They read through `pools.selectors`; a picture's text is escaped by its template. No cookie is set
and none is read, not even the language's.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.utils.cache import get_conditional_response, patch_cache_control
from django.utils.http import quote_etag
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from pools import presentation, selectors, state_words
from pools.decoding import checksum
from pools.models import Pool
from pools.rows import Connection, Stats
from pools.shared_language import in_shared_language
from pools.templatetags.coopsite import badge_state, status_label, status_word

GOOD_FOR: Final = 30  # seconds that browsers and caches may keep a badge
PADDING: Final = 6
# White words can be read on each of them.
COLOURS: Final[Mapping[str, str]] = {
    "green": "067a55",
    "blue": "1d5fd1",
    "purple": "6d3fd6",
    "amber": "9a5b00",
    "red": "c22a20",
    "grey": "4b5362",
}
OF_STATE: Final = {"live": "green", "reconnecting": "amber", "error": "red", "offline": "grey"}
OF_STATUS: Final = {"accepting": "green", "active": "blue", "closed": "grey"}
# How wide letters are at 11 pixels, by groups; the picture then holds them to it.
NARROW: Final = frozenset("iljtfrI.,:;!'|()[] ")
WIDE: Final = frozenset("mwMWOQGDHNU%@#&")
OF_SITE: Final = ("live", "pools", "events-today", "btc")
OF_POOL: Final = ("members", "pooled", "status")


@dataclass(frozen=True, slots=True)
class Badge:
    """`colour` is one of COLOURS."""

    label: str
    message: str
    colour: str

    def as_json(self) -> str:
        """The schema of shields.io's endpoint badge."""
        told = {
            "schemaVersion": 1,
            "label": self.label,
            "message": self.message,
            "color": COLOURS[self.colour],
        }
        return json.dumps(told, ensure_ascii=False)

    def as_svg(self) -> str:
        left, right = width_of(self.label), width_of(self.message)
        sizes = {
            "width": left + right,
            "left": left,
            "right": right,
            "label_at": left / 2,
            "message_at": left + right / 2,
            "label_width": left - 2 * PADDING,
            "message_width": right - 2 * PADDING,
        }
        told = {name: f"{size:g}" for name, size in sizes.items()}
        return render_to_string(
            "badges/badge.svg", {"badge": self, "colour": COLOURS[self.colour], **told}
        )


def width_of(text: str) -> float:
    """Roughly what a text takes, the room around it included."""
    each = (4.0 if one in NARROW else 9.5 if one in WIDE else 7.0 for one in text)
    return sum(each) + 2 * PADDING


@require_safe
@in_shared_language
def site_badge(request: HttpRequest, name: str, kind: str) -> HttpResponseBase:
    if name not in OF_SITE:
        raise Http404("no such badge")
    return _answer(request, of_site(name, selectors.stats()), kind)


@require_safe
@in_shared_language
def pool_badge(
    request: HttpRequest, contract: str, pool_id: int, name: str, kind: str
) -> HttpResponseBase:
    pool = selectors.pool(checksum(bytes.fromhex(contract[2:])), pool_id)
    if pool is None or name not in OF_POOL:
        raise Http404("no such badge")
    return _answer(request, of_pool(name, pool), kind)


def of_site(name: str, stats: Stats) -> Badge:
    """One of OF_SITE."""
    match name:
        case "pools":
            return Badge(_("pools"), presentation.whole(stats.pools_total), "blue")
        case "events-today":
            return Badge(_("events today"), presentation.whole(stats.events_today), "purple")
        case "btc":
            return Badge(_("BTC pooled"), _btc(stats.total_contributed), "amber")
    return _of_connection(stats.connection)


def of_pool(name: str, pool: Pool) -> Badge:
    """One of OF_POOL, whose label is the pool's name."""
    title = presentation.pool_title(pool.name, pool.pool_id)
    match name:
        case "members":
            count = (
                f"{presentation.whole(pool.member_count)} / {presentation.whole(pool.max_members)}"
            )
            return Badge(title, _("%(count)s members") % {"count": count}, "blue")
        case "pooled":
            return Badge(title, f"{_btc(pool.total_contributed)} BTC", "amber")
    return Badge(title, status_label(pool), OF_STATUS[status_word(pool)])


def _btc(wei: int) -> str:
    return presentation.btc(wei, decimals=4)


def _of_connection(connection: Connection) -> Badge:
    state = badge_state(connection)
    return Badge("Coopsite", str(state_words.BADGE[state]), OF_STATE[state])


def _answer(request: HttpRequest, badge: Badge, kind: str) -> HttpResponseBase:
    if kind == "svg":
        response = HttpResponse(badge.as_svg(), content_type="image/svg+xml; charset=utf-8")
    else:
        response = HttpResponse(badge.as_json(), content_type="application/json; charset=utf-8")
        response["Access-Control-Allow-Origin"] = "*"
    etag = quote_etag(hashlib.sha256(response.content).hexdigest()[:16])
    response["ETag"] = etag
    patch_cache_control(response, public=True, max_age=GOOD_FOR)
    return get_conditional_response(request, etag=etag, response=response) or response
