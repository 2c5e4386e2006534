"""Steps about what pools are for: what people set by hand, and stored pools following new rules.

A pool's category is no word of the chain, but it stands in a row that other steps make and delete.
So it is written under the same lock of the chain's row, and for the same reasons: two writers never
lock pools in different orders, and no step that stored a pool by older rules is overlooked by those
that go over all pools for newer ones.
"""

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Final

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from pools import categories
from pools.categorising import Rules
from pools.models import CategoryCorrection, CategoryRules, Chain, OutboxRow, Pool
from pools.outbox import Outbox

POOLS_AT_ONCE: Final = 2_000  # looked at in some 100 ms, during which no other can write
_ROWS_AT_ONCE: Final = 500


def rules_changed() -> None:
    """Note that categories or keywords are others now; to be called with the change itself.

    From then on new pools follow them, and `apply_rules` has all others to go over.
    """
    CategoryRules.objects.update_or_create(pk=1, defaults={"revision": uuid.uuid4(), "done_to": 0})


@transaction.atomic
def apply_rules() -> bool:
    """Give the next pools the category that rules and corrections say; whether more are left.

    When none is, every page is told to read its pools again.
    """
    chains = list(Chain.objects.select_for_update())
    rules = CategoryRules.objects.filter(done_to__isnull=False).first()
    if rules is None or rules.done_to is None:
        return False
    found = list(_pools().filter(pk__gt=rules.done_to).order_by("pk")[:POOLS_AT_ONCE])
    _decide(found, categories.rules_of(rules.revision))
    more = len(found) == POOLS_AT_ONCE
    # Rules that were changed meanwhile begin again at the first pool.
    unchanged = CategoryRules.objects.filter(revision=rules.revision)
    unchanged.update(done_to=found[-1].pk if more else None)
    if not more and (found or rules.done_to):
        _tell(chains)
    return more


@transaction.atomic
def correct(pool_keys: Collection[int], slug: str | None) -> int:
    """Set these pools' category by hand, for good; None for pools of no category.

    Returns how many pools there were.
    """
    chains = list(Chain.objects.select_for_update())
    found = list(_pools().filter(pk__in=pool_keys))
    CategoryCorrection.objects.bulk_create(
        [
            CategoryCorrection(
                contract_id=pool.contract_id,
                pool_id=pool.pool_id,
                name=pool.name,
                category_id=slug,
                corrected_at=timezone.now(),
            )
            for pool in found
        ],
        update_conflicts=True,
        unique_fields=["contract", "pool_id"],
        update_fields=["name", "category", "corrected_at"],
        batch_size=_ROWS_AT_ONCE,
    )
    _set({slug: found})
    _tell(chains)
    return len(found)


@transaction.atomic
def forget_corrections(pool_keys: Collection[int]) -> int:
    """Have these pools follow the rules again; returns how many had been set by hand."""
    chains = list(Chain.objects.select_for_update())
    found = list(_pools().filter(pk__in=pool_keys).order_by("contract_id"))
    forgotten = 0
    for contract_id, pools in groupby(found, key=attrgetter("contract_id")):
        pool_ids = [pool.pool_id for pool in pools]
        corrections = CategoryCorrection.objects.filter(contract=contract_id, pool_id__in=pool_ids)
        forgotten += corrections.delete()[0]
    _decide(found, categories.rules_in_force())
    _tell(chains)
    return forgotten


def _pools() -> QuerySet[Pool]:
    return Pool.objects.only("contract_id", "pool_id", "name", "category_id")


def _decide(pools: Sequence[Pool], rules: Rules) -> None:
    """Write the category of those that have another one than they should."""
    wrong: dict[str | None, list[Pool]] = {}
    for contract_id, of_contract in groupby(
        sorted(pools, key=attrgetter("contract_id")), key=attrgetter("contract_id")
    ):
        by_id = {pool.pool_id: pool for pool in of_contract}
        names = {pool_id: pool.name for pool_id, pool in by_id.items()}
        for pool_id, slug in categories.decided(contract_id, names, rules).items():
            if by_id[pool_id].category_id != slug:
                wrong.setdefault(slug, []).append(by_id[pool_id])
    _set(wrong)


def _set(by_slug: Mapping[str | None, Sequence[Pool]]) -> None:
    for slug, pools in by_slug.items():
        keys = [pool.pk for pool in pools]
        for at in range(0, len(keys), _ROWS_AT_ONCE):
            Pool.objects.filter(pk__in=keys[at : at + _ROWS_AT_ONCE]).update(category=slug)


def _tell(chains: Iterable[Chain]) -> None:
    """What pages show of pools may be old: they read it again."""
    for chain in chains:
        outbox = Outbox(chain)
        outbox.tell(OutboxRow.Kind.BATCH)
        outbox.save()
