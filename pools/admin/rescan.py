"""The admin's one wish to the workers: scan a range again.

It leaves a row; `realtime.backfill` finds it at its next turn, within a minute.
"""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from pools import ranges
from pools.admin.base import many
from pools.models import CoveredRange, HistoricalScan, Log

ScannedRow = CoveredRange | HistoricalScan | Log


@admin.action(description="Scan this range again", permissions=["rescan"])
def scan_again(
    _admin: Any, request: HttpRequest, rows: "QuerySet[CoveredRange | HistoricalScan | Log]"
) -> None:
    """Ask for the blocks of the chosen rows once more, in as few ranges as they make."""
    wanted: dict[int, list[ranges.Range]] = {}
    for row in rows:
        wanted.setdefault(row.contract_id, []).append(_range(row))
    asked = sum(_request(contract, ranges.merge(found)) for contract, found in wanted.items())
    scans = many(asked, "new scan", "new scans")
    messages.success(
        request,
        f"{scans} requested; the backfill does them within a minute or two."
        if asked
        else "These ranges wait to be scanned already.",
    )


class MayRescan:
    """For admin classes with the action: who may add scans may ask for them."""

    def has_rescan_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("pools.add_historicalscan")


def _range(row: ScannedRow) -> ranges.Range:
    if isinstance(row, Log):
        return row.block_number, row.block_number
    return row.from_block, row.to_block


def _request(contract_id: int, found: Iterable[ranges.Range]) -> int:
    asked = 0
    for first, last in found:
        _, new = HistoricalScan.objects.get_or_create(
            contract_id=contract_id,
            kind=HistoricalScan.Kind.RESCAN,
            state=HistoricalScan.State.REQUESTED,
            from_block=first,
            to_block=last,
        )
        asked += new
    return asked
