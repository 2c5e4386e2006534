"""Reads of where visitors are: by time zone, as their browsers told."""

from datetime import date

from django.db.models import Sum

from pools.models import RegionCount


def regions(since: date | None = None, until: date | None = None) -> list[tuple[str, int]]:
    """How often each time zone (IANA name) was told on these days (UTC), the most first."""
    counts = RegionCount.objects.all()
    if since is not None:
        counts = counts.filter(day__gte=since)
    if until is not None:
        counts = counts.filter(day__lte=until)
    told = counts.values_list("region").annotate(total=Sum("count"))
    return list(told.order_by("-total", "region"))
