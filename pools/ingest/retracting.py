"""What a reorganisation takes back: a part of the steps in `following`."""

from collections import Counter

from django.db.models import F

from pools import coverage
from pools.activity import count_events
from pools.models import (
    Block,
    Chain,
    Contract,
    Cursor,
    Log,
    OutboxRow,
)
from pools.outbox import Outbox
from pools.projecting import Projection


def retract_above(chain: Chain, to_number: int, outbox: Outbox) -> None:
    """Mark blocks above `to_number` as no longer canonical, newest log first, and the cursor."""
    above = Block.objects.filter(chain=chain, canonical=True, number__gt=to_number)
    logs = list(
        Log.objects.filter(
            block__in=above, block_number__gt=to_number, retracted_seq=None
        ).order_by("-block_number", "-log_index")
    )
    for log in logs:
        log.retracted_seq = outbox.tell(OutboxRow.Kind.RETRACTION, log)
    Log.objects.bulk_update(logs, ["retracted_seq"], batch_size=500)
    above.update(canonical=False)
    decoded = [log for log in logs if log.kind]
    counts = Counter((log.contract_id, int(log.timestamp.timestamp()), log.kind) for log in decoded)
    count_events({key: -count for key, count in counts.items()})
    for contract in Contract.objects.filter(chain=chain):
        _unfold(contract, [log for log in decoded if log.contract_id == contract.pk], to_number)
    base = Block.objects.filter(chain=chain, canonical=True, number=to_number).first()
    coverage.cut(chain, to_number, end_hash=base.hash if base else "", retracted=logs)
    Cursor.objects.filter(chain=chain).update(
        number=to_number,
        hash=base.hash if base else "",
        timestamp=base.timestamp if base else None,
    )


def _unfold(contract: Contract, retracted: list[Log], to_number: int) -> None:
    """Take the contract's projections back to `to_number`, if they were beyond.

    Never below the contract's start: there is no gap to wait for, so nothing would lead up again.
    """
    kept = max(to_number, contract.start_block - 1)
    folded = [log for log in retracted if log.block_number <= contract.folded_to]
    if contract.folded_to <= kept and not folded:
        # A backfill may have folded further in memory: let it see that the chain has changed.
        Contract.objects.filter(pk=contract.pk).update(revision=F("revision") + 1)
        return
    Projection(contract).refold(
        {log.pool_id for log in folded if log.pool_id is not None},
        contract_wide=any(log.pool_id is None for log in folded),
        up_to=min(kept, contract.folded_to),
    )
