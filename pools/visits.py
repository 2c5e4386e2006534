"""Counts where visitors are: the time zone that a browser tells, once a day, and nothing else.

No cookie, no address and no other word of the request is stored. So that one address cannot decide
the counts, the cache holds a digest of it until the day ends, under a key that ends with the day,
too: from then on nobody can tell whose it was. Who sends DNT or Sec-GPC is not counted, and neither
is anybody while the cache is away.
"""

import hmac
import re
import secrets
import time
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache, partial
from typing import Final
from zoneinfo import available_timezones

from django.conf import settings
from django.core.cache import cache
from django.db import IntegrityError, OperationalError, transaction
from django.db.models import F
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from redis.exceptions import RedisError

from pools.clients import client
from pools.models import RegionCount
from pools.turns import giving_way

MOST_A_MINUTE: Final = 300  # from all browsers together: nobody can inflate the counts for long
MOST_A_DAY: Final = 5  # from one address, behind which a household may be
KEPT_DAYS: Final = 400
_DAY: Final = 24 * 3600  # seconds; days are UTC
_LONGEST_BODY: Final = 64  # bytes
_ZONE: Final = re.compile(rb"[A-Za-z0-9_+/-]+")


def visit(request: HttpRequest) -> HttpResponse:
    """Count the time zone in the body; 204 whether or not it counted, 4xx for no time zone."""
    if not settings.ENABLE_REGIONS:
        raise Http404("visitors' regions are not counted here")
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    if request.content_type != "text/plain":
        return _refused("Send the name of a time zone as text/plain.", 415)
    if len(request.body) > _LONGEST_BODY:
        return _refused(f"No time zone has a name of over {_LONGEST_BODY} bytes.", 413)
    if not _ZONE.fullmatch(request.body):
        return _refused("Not the name of a time zone, such as America/Lima.", 400)
    zone = request.body.decode("ascii")
    # A browser may know zones that are newer than our list.
    if not _wants_privacy(request) and zone in _known_zones() and _is_within_bounds(request):
        _count(zone)
    return HttpResponse(status=204)


def forget_old() -> None:
    """Delete the counts of longer ago than `KEPT_DAYS`, where the chart of all visitors ends."""
    RegionCount.objects.filter(day__lt=_today() - timedelta(days=KEPT_DAYS)).delete()


def _wants_privacy(request: HttpRequest) -> bool:
    return "1" in (request.headers.get("DNT"), request.headers.get("Sec-GPC"))


@lru_cache(maxsize=1)
def _known_zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _is_within_bounds(request: HttpRequest) -> bool:
    try:
        # The address first: what one alone sends too much shall take no room from all others.
        return _is_heard(request) and _is_first(f"visits:{int(time.time()) // 60}", MOST_A_MINUTE)
    except (RedisError, ValueError):  # away; or it forgot the key between the two questions
        return False


def _is_heard(request: HttpRequest) -> bool:
    """Whether this address has told little today; so has anybody who has none of its own."""
    meta = request.META
    who = client(meta.get("REMOTE_ADDR") or "", meta.get("HTTP_X_FORWARDED_FOR", ""))
    if who is None:
        return True
    now = int(time.time())
    day, left = f"visits:{now // _DAY}", _DAY - now % _DAY
    key = cache.get_or_set(f"{day}:key", partial(secrets.token_hex, 32), timeout=left)
    digest = hmac.digest(str(key).encode(), str(who).encode(), "sha256").hex()
    return _is_first(f"{day}:{digest}", MOST_A_DAY, timeout=left)


def _is_first(key: str, most: int, *, timeout: int = 120) -> bool:
    """Whether this is one of the first `most` askings for the key while the cache remembers it."""
    cache.add(key, 0, timeout=timeout)
    return bool(cache.incr(key) <= most)


def _count(zone: str) -> None:
    of_today = RegionCount.objects.filter(day=_today(), region=zone)
    try:
        with giving_way(), transaction.atomic():
            if not of_today.update(count=F("count") + 1):
                try:
                    with transaction.atomic():
                        RegionCount.objects.create(day=_today(), region=zone, count=1)
                except IntegrityError:  # another was the first today
                    of_today.update(count=F("count") + 1)
    except OperationalError:
        pass  # the database is busy with what matters more


def _today() -> date:
    return datetime.now(UTC).date()


def _refused(why: str, status: int) -> HttpResponse:
    return HttpResponse(f"{why}\n", status=status, content_type="text/plain; charset=utf-8")
