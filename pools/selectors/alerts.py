"""Reads of what operators should look at: alerts that stand, and the last verification."""

from django.db.models import Count

from pools.alerts import open_alerts
from pools.models import Alert, Verification

__all__ = ["last_verification", "open_alert_counts", "open_alerts"]


def open_alert_counts() -> dict[str, int]:
    """How many alerts of each kind stand; kinds without any are left out."""
    counted = Alert.objects.filter(resolved_at=None).values("kind").annotate(rows=Count("pk"))
    return {row["kind"]: row["rows"] for row in counted.order_by("kind")}


def last_verification(*, whole: bool | None = None) -> Verification | None:
    """The newest comparison with the chain that has ended, of either extent or of the one named."""
    found = Verification.objects.filter(finished_at__isnull=False)
    if whole is not None:
        found = found.filter(whole=whole)
    return found.order_by("-pk").first()
