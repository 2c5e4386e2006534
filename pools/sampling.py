"""Which pools a nightly comparison looks at: a few by chance, and those that were wrong before."""

from collections.abc import Collection
from random import Random
from typing import Final

from pools.alerts import open_alerts
from pools.models import Pool
from pools.snapshot import HeldContract

MISMATCH: Final = "mismatch"


def choose(
    contracts: Collection[HeldContract], *, random: Random, most: int
) -> dict[int, set[int]]:
    """The numbers of at most `most` pools by contract key, and of those with an open alert."""
    keys = {contract.address: contract.key for contract in contracts}
    everything = list(
        Pool.objects.filter(contract__in=keys.values()).values_list("contract_id", "pool_id")
    )
    chosen: dict[int, set[int]] = {key: set() for key in keys.values()}
    for key, pool_id in random.sample(everything, min(most, len(everything))):
        chosen[key].add(pool_id)
    for alert in open_alerts(MISMATCH):
        told = alert.details
        if told.get("contract") in keys and told.get("pool_id") is not None:
            chosen[keys[told["contract"]]].add(int(told["pool_id"]))
    return chosen
