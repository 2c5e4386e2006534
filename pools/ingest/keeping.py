"""Steps about the whole: which chain and contracts are followed, and what may be forgotten."""

from collections.abc import Iterable

from django.db import transaction
from django.db.models import Exists, OuterRef

from pools.ingest.past import FOLDED_AT_ONCE
from pools.models import (
    Block,
    Chain,
    Contract,
    CoveredRange,
    Cursor,
    Log,
    OutboxRow,
)
from pools.projecting import Projection, logs_between
from pools.reorg import Header


class WrongChain(Exception):
    """The node follows another chain than this database, or the chain was reset."""


@transaction.atomic
def register(chain_id: int, contracts: Iterable[tuple[str, int]], *, anchor: Header) -> Chain:
    """Pin the chain at its first sight and list the contracts `(address, start block)`.

    `anchor` is an early block as the node gives it now; the one pinned first must have that hash.
    Raises WrongChain when this database belongs to another chain, or the chain was reset.
    """
    chain = Chain.objects.select_for_update().first()
    if chain is None:
        chain = Chain.objects.create(
            chain_id=chain_id, anchor_number=anchor.number, anchor_hash=anchor.hash
        )
    if chain.chain_id != chain_id:
        raise WrongChain(
            f"This database follows chain {chain.chain_id}, but the node serves chain {chain_id}. "
            "Point CHAIN_WS_URLS and CHAIN_HTTP_URLS at the right node, or DATABASE_URL elsewhere."
        )
    if (chain.anchor_number, chain.anchor_hash) != (anchor.number, anchor.hash):
        raise WrongChain(
            f"Block {chain.anchor_number} of chain {chain_id} was {chain.anchor_hash}, but the "
            f"node says {anchor.hash}: the chain was reset. A reset chain needs a new database."
        )
    for address, start_block in contracts:
        contract, _ = Contract.objects.get_or_create(
            chain=chain,
            address=address,
            defaults={"start_block": start_block, "folded_to": start_block - 1},
        )
        if contract.start_block != start_block:
            _move_start(contract, start_block)
    return chain


@transaction.atomic
def prune(*, keep_messages: int, keep_blocks: int) -> None:
    """Forget messages that no browser resumes from, and old headers that carry no log."""
    for chain in Chain.objects.select_for_update():
        OutboxRow.objects.filter(seq__lte=chain.last_seq - keep_messages).delete()
        cursor = Cursor.objects.filter(chain=chain).first()
        if cursor is not None:
            old = Block.objects.filter(chain=chain, number__lt=cursor.number - keep_blocks)
            logs = Log.objects.filter(block_number=OuterRef("number"), block=OuterRef("pk"))
            old.filter(~Exists(logs)).delete()


def _move_start(contract: Contract, start_block: int) -> None:
    """Another start block in the settings: what lies lower is a gap, what lies below it is left.

    Logs below a higher start that waited behind a gap wait for nothing any more: they are folded.
    """
    contract.start_block = start_block
    if not CoveredRange.objects.filter(contract=contract).exists():
        contract.folded_to = start_block - 1
    contract.revision += 1  # whoever folds in memory begins again from what is stored
    contract.save(update_fields=["start_block", "folded_to", "revision"])
    projection = Projection(contract)
    while (first := projection.folded_to + 1) < start_block:
        logs, up_to = logs_between(contract.pk, first, start_block - 1, limit=FOLDED_AT_ONCE)
        projection.fold_stored(logs, up_to=up_to)
        projection.save()
