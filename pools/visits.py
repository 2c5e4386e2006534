"""Counts where visitors are: the time zone that a browser tells, once a day, and nothing else.

No cookie, no address and no other word of the request is kept. Who sends DNT or Sec-GPC is not
counted, and neither is anybody while the cache, which bounds the counts, is away.
"""

import re
import time
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import available_timezones

from django.conf import settings
from django.core.cache import cache
from django.db import IntegrityError, OperationalError, transaction
from django.db.models import F
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from redis.exceptions import RedisError

from pools.models import RegionCount
from pools.turns import giving_way

MOST_A_MINUTE: Final = 300  # from all browsers together: nobody can inflate the counts for long
KEPT_DAYS: Final = 400
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
    if not _wants_privacy(request) and zone in _known_zones() and _is_within_bounds():
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


def _is_within_bounds() -> bool:
    key = f"visits:{int(time.time()) // 60}"
    try:
        cache.add(key, 0, timeout=120)
        return cache.incr(key) <= MOST_A_MINUTE
    except (RedisError, ValueError):  # away; or it forgot the key between the two questions
        return False


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
