"""Reads about one account: what it does is found by the logs that name it."""

from pools.models import Log, Pool


def pool_keys_of(account: str) -> list[int]:
    """The keys of the pools in which a logged event names the account (checksummed address)."""
    named = Log.objects.filter(account=account, retracted_seq=None, pool_id__isnull=False)
    pool_ids: dict[int, list[int]] = {}
    for contract, pool_id in named.order_by().values_list("contract_id", "pool_id").distinct():
        if pool_id is not None:
            pool_ids.setdefault(contract, []).append(pool_id)
    keys: list[int] = []
    for contract, wanted in pool_ids.items():
        for at in range(0, len(wanted), 1_000):
            pools = Pool.objects.filter(contract=contract, pool_id__in=wanted[at : at + 1_000])
            keys += pools.values_list("pk", flat=True)
    return keys
