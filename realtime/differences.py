"""What a second reading and the records say differently, and telling of it.

Reads the records and writes alerts; which side is right is settled by `rescanning`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from pools import alerts, ranges
from pools.models import Contract, CoveredRange, Log
from pools.segments import Segment

LATE: Final = "late_logs"
SURPLUS: Final = "surplus_logs"
_ROWS: Final = 100  # of the ledger that are looked at together
_NAMED: Final = 20  # logs whose places an alert names


@dataclass(frozen=True, slots=True)
class Evidence:
    """Who told of a block first, and up to which block; nobody, for blocks that are not proved."""

    endpoint: str
    to_block: int


@dataclass(frozen=True, slots=True)
class Held:
    """A log that is stored."""

    block_number: int
    block_hash: str
    log_index: int
    transaction_hash: str


@dataclass(frozen=True, slots=True)
class Found:
    """`late` are places (block, index) of logs that we lack in blocks that counted as proved."""

    late: list[tuple[int, int]]
    surplus: list[Held]


def evidence_at(contract: Contract, number: int) -> Evidence:
    """What the ledger says of a block and of those above it that it says the same of."""
    rows = CoveredRange.objects.filter(contract=contract, to_block__gte=number)
    endpoint, last = "", number - 1
    for row in rows.order_by("from_block")[:_ROWS]:
        if row.from_block > last + 1:
            return Evidence(endpoint, last) if endpoint else Evidence("", row.from_block - 1)
        if endpoint and row.endpoint != endpoint:
            break
        endpoint, last = row.endpoint, row.to_block
    return Evidence(endpoint, last) if endpoint else Evidence("", 2**63 - 1)


def between(contract: Contract, segment: Segment) -> Found:
    """How the segment and the records differ, before it is stored."""
    blocks = segment.from_block, segment.to_block
    held = {
        (log.block_number, log.log_index): log
        for log in Log.objects.filter(
            contract=contract, retracted_seq=None, block_number__range=blocks
        ).select_related("block")
    }
    told = {(log.block_number, log.log_index) for log in segment.logs}
    covered = CoveredRange.objects.filter(
        contract=contract, from_block__lte=blocks[1], to_block__gte=blocks[0]
    ).values_list("from_block", "to_block")
    unproved = ranges.gaps(*blocks, covered)
    return Found(
        late=[
            place
            for place in sorted(told - held.keys())
            if not any(first <= place[0] <= last for first, last in unproved)
        ],
        surplus=[
            Held(log.block_number, log.block.hash, log.log_index, log.transaction_hash)
            for place, log in sorted(held.items())
            if place not in told
        ],
    )


def report_late(
    contract: Contract, segment: Segment, late: Sequence[tuple[int, int]], *, first: str
) -> None:
    """Raise an alert for logs that a node tells of now, and `first`, a host, did not before."""
    alerts.raise_alert(
        LATE,
        _late_key(contract),
        f"{len(late)} logs of {contract.address} came late and are stored now: "
        f"{segment.endpoint} has them, {first} did not tell of them.",
        {
            **_about(contract, segment),
            "first_endpoint": first,
            "logs": len(late),
            "places": [f"{number}:{index}" for number, index in late[:_NAMED]],
        },
    )


def resolve_late(contract: Contract) -> None:
    """A whole scan found nothing that came late."""
    alerts.resolve(_late_key(contract))


def report_surplus(contract: Contract, segment: Segment, *, surplus: Sequence[Held]) -> None:
    """Raise an alert for each block with logs that are not on the chain; resolve the others."""
    blocks: dict[int, list[int]] = {}
    for held in surplus:
        blocks.setdefault(held.block_number, []).append(held.log_index)
    for number, indices in blocks.items():
        alerts.raise_alert(
            SURPLUS,
            _surplus_key(contract, number),
            f"{len(indices)} stored logs of block {number} of {contract.address} are in no "
            "receipt of that block. They are kept: a person has to find out which node has lied.",
            {**_about(contract, segment), "block": number, "log_indices": indices[:_NAMED]},
        )
    for alert in alerts.open_alerts(SURPLUS):
        number = alert.details.get("block", -1)
        looked_at = segment.from_block <= number <= segment.to_block and number not in blocks
        if looked_at and alert.key == _surplus_key(contract, number):
            alerts.resolve(alert.key)


def _about(contract: Contract, segment: Segment) -> dict[str, Any]:
    return {
        "contract": contract.address,
        "from_block": segment.from_block,
        "to_block": segment.to_block,
        "endpoint": segment.endpoint,
    }


def _late_key(contract: Contract) -> str:
    return f"{LATE}:{contract.address}"


def _surplus_key(contract: Contract, number: int) -> str:
    return f"{SURPLUS}:{contract.address}:{number}"
