"""The rules in force, and what they and people say of pools: reads for whoever stores pools.

Writes nothing; `pools.ingest.categories` does. Callers hold the chain row's lock.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Final
from uuid import UUID

from django.db.models import QuerySet

from pools.categorising import Rule, Rules
from pools.models import Category, CategoryCorrection, CategoryRules, Pool

_ASKED_AT_ONCE: Final = 500


def rules_in_force() -> Rules:
    """The rules of this moment. Read anew only when they have another revision."""
    revision = CategoryRules.objects.values_list("revision", flat=True).first()
    return rules_of(revision) if revision else Rules()


@lru_cache(maxsize=2)
def rules_of(_revision: UUID) -> Rules:
    """The rules as they are now, remembered under the revision that was read before them."""
    return Rules(
        Rule(category.slug, category.order, tuple(category.keywords))
        for category in Category.objects.filter(active=True)
    )


def decided(contract_id: int, names: Mapping[int, str], rules: Rules) -> dict[int, str | None]:
    """The category's slug for each pool id with its cleaned name: by hand first, else by rules."""
    by_hand = dict(_corrections(contract_id, names))
    return {
        pool_id: by_hand[pool_id] if pool_id in by_hand else rules.category_of(name)
        for pool_id, name in names.items()
    }


def corrections_of(pool: Pool) -> QuerySet[CategoryCorrection]:
    """What was set by hand for this very pool: one row or none."""
    return CategoryCorrection.objects.filter(
        contract=pool.contract_id, pool_id=pool.pool_id, name=pool.name
    )


def _corrections(contract_id: int, names: Mapping[int, str]) -> Iterator[tuple[int, str | None]]:
    corrections = CategoryCorrection.objects.filter(contract=contract_id)
    if not corrections.exists():
        return
    for pool_ids in _parts(list(names)):
        for row in corrections.filter(pool_id__in=pool_ids):
            if names[row.pool_id] == row.name:
                yield row.pool_id, row.category_id


def _parts(pool_ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for at in range(0, len(pool_ids), _ASKED_AT_ONCE):
        yield pool_ids[at : at + _ASKED_AT_ONCE]
