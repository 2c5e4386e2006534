"""Reads of what operators should look at: alerts that stand, and the last verification."""

from django.db.models import Count

from pools.alerts import open_alerts
from pools.compiled import CompiledQuery
from pools.models import Alert, Contract, Verification

__all__ = ["last_verification", "open_alert_counts", "open_alerts", "passed_over"]


MOST_GAPS = 200
_GAPS = CompiledQuery(
    lambda: (
        Alert.objects.filter(kind="gap", resolved_at=None)
        .order_by("pk")
        .values_list("details", flat=True)[:MOST_GAPS]
    )
)


def open_alert_counts() -> dict[str, int]:
    """How many alerts of each kind stand; kinds without any are left out."""
    counted = Alert.objects.filter(resolved_at=None).values("kind").annotate(rows=Count("pk"))
    return {row["kind"]: row["rows"] for row in counted.order_by("kind")}


def passed_over() -> list[str]:
    """The contracts whose pools were folded over blocks that nobody could prove.

    One query, two where there are any. Told by the alerts that stand, which the backfill resolves
    when it has filled the gap.
    """
    firsts: dict[str, int] = {}
    for details in _GAPS.rows():
        contract, block = details.get("contract"), details.get("from_block")
        if isinstance(contract, str) and isinstance(block, int):
            firsts[contract] = min(block, firsts.get(contract, block))
    if not firsts:
        return []
    folded = Contract.objects.order_by("start_block", "address").values_list("address", "folded_to")
    return [address for address, to in folded if address in firsts and firsts[address] <= to]


def last_verification(*, whole: bool | None = None) -> Verification | None:
    """The newest comparison with the chain that has ended, of either extent or of the one named."""
    found = Verification.objects.filter(finished_at__isnull=False)
    if whole is not None:
        found = found.filter(whole=whole)
    return found.order_by("-pk").first()
