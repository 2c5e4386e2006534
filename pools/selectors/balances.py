"""What was in a pool after each of its last changes, at a bounded cost however many there are."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pools import events
from pools.decoding import decode
from pools.events import Event
from pools.models import Log, Pool

MOST_LOGS: Final = 300


@dataclass(frozen=True, slots=True)
class Standing:
    """Which pool it is, and how it stands after `last_block`."""

    contract: int  # its key
    pool_id: int
    last_block: int
    total: int  # wei
    created_at: datetime

    @classmethod
    def of(cls, pool: Pool) -> "Standing":
        return cls(
            contract=pool.contract_id,
            pool_id=pool.pool_id,
            last_block=pool.last_block,
            total=pool.total_contributed,
            created_at=pool.created_at,
        )


@dataclass(frozen=True, slots=True)
class Balances:
    """Oldest first; the first step is where the line begins. `cut`: there were changes before."""

    steps: list[tuple[datetime, int]]
    cut: bool


def of(pool: Standing) -> Balances:
    """The totals, in wei, walked back from the pool's present one along its newest folded logs.

    Logs tell what was paid out, which is not always what had been contributed: what a withdrawal
    took off is the member's standing before less that after. Where the logs at hand do not tell
    the standing before, the line begins after that withdrawal.
    """
    newest = Log.objects.filter(
        contract=pool.contract,
        pool_id=pool.pool_id,
        retracted_seq=None,
        block_number__lte=pool.last_block,
    ).order_by("-block_number", "-log_index")
    logs = newest.values_list("timestamp", "topics", "data", "kind", "problem")
    found = list(logs[: MOST_LOGS + 1])
    cut = len(found) > MOST_LOGS
    changes = _changes(
        (at, decode(bytes(topics), bytes(data)))
        for at, topics, data, kind, problem in reversed(found[:MOST_LOGS])
        if kind and not problem
    )
    total = pool.total
    steps = []
    for at, change in reversed(changes):
        steps.append((at, total))
        if change is None:
            return Balances(steps[::-1], cut=True)
        total = max(0, total - change)
    begin = steps[-1][0] if cut and steps else pool.created_at
    return Balances([(begin, total), *reversed(steps)], cut)


def _changes(emitted: Iterable[tuple[datetime, Event]]) -> list[tuple[datetime, int | None]]:
    """By how much each of the events changed the pool's total, oldest first; None: not known."""
    standing: dict[str, int] = {}
    found: list[tuple[datetime, int | None]] = []
    for at, event in emitted:
        match event:
            case events.MemberJoined(member=member, btc_amount=amount, shares=shares):
                standing[member] = shares
                found.append((at, amount))
            case events.PartialWithdrawal(member=member, remaining_contribution=left):
                before = standing.get(member)
                standing[member] = left
                found.append((at, None if before is None else left - before))
            case events.MemberLeft(member=member):
                before = standing.pop(member, None)
                found.append((at, None if before is None else -before))
    return found
