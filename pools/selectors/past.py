"""Reads of pools as they were: from the stored logs alone, and only where none can be missing.

The number of queries is constant and logs are taken in as they come, however many there are.
"""

from datetime import datetime

from django.db.models import Exists, OuterRef, Q

from pools import time_travel
from pools.models import Block, Contract, CoveredRange, Pool
from pools.moment import one_moment
from pools.rebuilding import stored_logs
from pools.time_travel import PastPool


class NotThere(Exception):
    """No such contract, or it had no such pool at that block; the sentence says which."""


class NotProved(Exception):
    """Logs up to that block may be missing: any number might be wrong.

    `exact_to` is the highest block whose answer is exact, None when there is none.
    """

    def __init__(self, block: int, exact_to: int | None) -> None:
        self.block, self.exact_to = block, exact_to
        upto = (
            "no block of this contract is proved from its first one on yet"
            if exact_to is None
            else f"answers are exact up to block {exact_to}"
        )
        super().__init__(f"Not every log up to block {block} is stored with proof: {upto}.")


def pool_at(address: str, pool_id: int, block: int) -> PastPool:
    """The pool of a contract (checksummed address) right after a block.

    Raises NotThere and NotProved.
    """
    with one_moment():
        contract = Contract.objects.filter(address=address).first()
        if contract is None:
            raise NotThere(f"There is no contract {address}.")
        if block < contract.start_block:
            raise NotThere(f"Contract {address} is followed from block {contract.start_block} on.")
        exact_to = _exact_to(contract)
        if exact_to is None or block > exact_to:
            raise NotProved(block, exact_to)
        logs = stored_logs.standing(contract.pk, pool_id, up_to=block)
        found = time_travel.fold_pool(contract, logs)
        if found is None:
            raise NotThere(f"There was no pool {pool_id} of contract {address} at block {block}.")
        pool, members = found
        today = Pool.objects.filter(contract=contract, pool_id=pool_id)
        pool.category_id = today.values_list("category", flat=True).first()
        return PastPool(pool, block, *_known_block(contract, block), members)


def _exact_to(contract: Contract) -> int | None:
    """The end of the unbroken coverage that begins with the contract's first block.

    It ends as well where a range does not link to the one below: one of them is of another chain.
    """
    covered = CoveredRange.objects.filter(contract=contract, to_block__gte=contract.start_block)
    first = covered.order_by("from_block").values_list("from_block", flat=True)[:1]
    above = CoveredRange.objects.filter(contract=contract, from_block=OuterRef("to_block") + 1)
    linked = above.filter(Q(parent_hash="") | Q(parent_hash=OuterRef("end_hash")))
    ends = ~Exists(linked) & ~(Q(end_hash="") & Exists(above))
    row = covered.filter(ends).order_by("from_block").annotate(first=first)
    found = row.values_list("first", "to_block").first()
    return found[1] if found is not None and found[0] <= contract.start_block else None


def _known_block(contract: Contract, block: int) -> tuple[int, datetime]:
    """The pool's creation at least is known: its log's block is stored with its time."""
    return (
        Block.objects.filter(chain=contract.chain_id, canonical=True, number__lte=block)
        .order_by("-number")
        .values_list("number", "timestamp")[0]
    )
