"""The admin's one wish to the workers: scan a range again.

It leaves a row; `realtime.backfill` finds it at its next turn, within a minute.
"""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from pools import ranges
from pools.admin.notes import note_added
from pools.models import CoveredRange, HistoricalScan, Log

ScannedRow = CoveredRange | HistoricalScan | Log


@admin.action(description=gettext_lazy("Scan this range again"), permissions=["rescan"])
def scan_again(
    _admin: Any, request: HttpRequest, rows: "QuerySet[CoveredRange | HistoricalScan | Log]"
) -> None:
    """Ask for the blocks of the chosen rows once more, in as few ranges as they make."""
    wanted: dict[int, list[ranges.Range]] = {}
    for row in rows:
        wanted.setdefault(row.contract_id, []).append(_range(row))
    with transaction.atomic():
        asked = [
            scan
            for contract, found in wanted.items()
            for scan in _request(contract, ranges.merge(found))
        ]
        note_added(request, asked)
    if not asked:
        messages.success(request, _("These ranges wait to be scanned already."))
        return
    told = ngettext(
        "%(count)d new scan requested; the backfill does it within a minute or two.",
        "%(count)d new scans requested; the backfill does them within a minute or two.",
        len(asked),
    )
    messages.success(request, told % {"count": len(asked)})


class MayRescan:
    """For admin classes with the action: who may add scans may ask for them."""

    def has_rescan_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("pools.add_historicalscan")


def _range(row: ScannedRow) -> ranges.Range:
    if isinstance(row, Log):
        return row.block_number, row.block_number
    return row.from_block, row.to_block


def _request(contract_id: int, found: Iterable[ranges.Range]) -> list[HistoricalScan]:
    """The scans that nobody had asked for yet."""
    asked = []
    for first, last in found:
        scan, is_new = HistoricalScan.objects.get_or_create(
            contract_id=contract_id,
            kind=HistoricalScan.Kind.RESCAN,
            state=HistoricalScan.State.REQUESTED,
            from_block=first,
            to_block=last,
        )
        if is_new:
            asked.append(scan)
    return asked
