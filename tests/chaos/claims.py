"""Whether the ledger claims no more than what is there."""

from pools.models import Contract, CoveredRange, Log
from tests.scripted_chain import ScriptedChain


def assert_claims_hold(chain: ScriptedChain) -> None:
    """Every covered block has exactly the chain's logs, and every range the chain's hashes."""
    claimed: set[int] = set()
    for row in CoveredRange.objects.all():
        blocks = range(row.from_block, row.to_block + 1)
        assert claimed.isdisjoint(blocks), "two ranges claim one block"
        claimed.update(blocks)
        assert row.end_hash == chain.blocks[row.to_block].header.hash
        assert row.parent_hash in ("", chain.blocks[row.from_block].header.parent_hash)
        stored = Log.objects.filter(
            contract=row.contract_id, block_number__range=(row.from_block, row.to_block)
        ).filter(retracted_seq=None)
        held = set(stored.values_list("block__hash", "log_index"))
        logs = [log for number in blocks for log in chain.blocks[number].logs]
        told = {(log.block_hash, log.log_index) for log in logs}
        assert held == told
        assert row.logs == len(told)
    for contract in Contract.objects.all():
        behind = range(contract.start_block, contract.folded_to + 1)
        assert claimed.issuperset(behind), "something is folded that is not proved"
