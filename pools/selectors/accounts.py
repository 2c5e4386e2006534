"""Reads about one account: what it does is found by the logs that name it."""

from dataclasses import dataclass

from django.db.models import Q

from pools.models import Log, Membership, Pool
from pools.rows import FEED_ROWS, EventRow
from pools.selectors.lists import all_pools, event_rows, standing_events

LOGS_READ = 500  # of an account's newest logs, to find the pools it is in
POOLS_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Account:
    """What one address did, as far as a page shows it.

    `memberships` are those of the pools it had to do with last, each with its pool; `more_pools`
    and `more_created` say that there are others. `contributed`, in wei, is what it holds in those
    listed, `yield_claimed` what it took out of them.
    """

    address: str
    created: list[Pool]
    more_created: bool
    memberships: list[Membership]
    more_pools: bool
    events: list[EventRow]

    @property
    def active(self) -> int:
        return sum(membership.active for membership in self.memberships)

    @property
    def contributed(self) -> int:
        return sum(each.contribution for each in self.memberships if each.active)

    @property
    def yield_claimed(self) -> int:
        return sum(each.yield_claimed for each in self.memberships)

    @property
    def unknown(self) -> bool:
        """Whether no event ever named it."""
        return not (self.events or self.created)


def account(address: str) -> Account:
    """Of a checksummed address. A constant number of queries, each of a bounded number of rows."""
    # By key: the index of creators keeps those of one creator in that order.
    created = list(all_pools().filter(creator=address).order_by("-pk")[: POOLS_SHOWN + 1])
    keys, more_pools = _newest_pools_of(address)
    events = standing_events().filter(account=address).order_by("-block_number", "-log_index")
    return Account(
        address=address,
        created=created[:POOLS_SHOWN],
        more_created=len(created) > POOLS_SHOWN,
        memberships=_memberships(address, keys),
        more_pools=more_pools,
        events=event_rows(events[:FEED_ROWS]),
    )


def _newest_pools_of(address: str) -> tuple[list[tuple[int, int]], bool]:
    """Contract keys and ids of the pools it had to do with last; whether there may be more."""
    logs = Log.objects.filter(account=address, retracted_seq=None)
    named = list(
        logs.order_by("-block_number", "-log_index").values_list("contract_id", "pool_id")[
            :LOGS_READ
        ]
    )
    keys = list(dict.fromkeys((contract, pool) for contract, pool in named if pool is not None))
    return keys[:POOLS_SHOWN], len(named) == LOGS_READ or len(keys) > POOLS_SHOWN


def _memberships(address: str, keys: list[tuple[int, int]]) -> list[Membership]:
    """In the order of the keys, those that it left after those it is in."""
    if not keys:
        return []
    any_of = Q()
    for contract in {contract for contract, _ in keys}:
        any_of |= Q(contract=contract, pool_id__in=[pool for c, pool in keys if c == contract])
    pools = {(pool.contract_id, pool.pool_id): pool for pool in all_pools().filter(any_of)}
    found = {
        row.pool_id: row
        for row in Membership.objects.filter(
            account=address, pool__in=[pool.pk for pool in pools.values()]
        )
    }
    rows = []
    for key in keys:
        pool = pools.get(key)
        if pool is not None and pool.pk in found:
            found[pool.pk].pool = pool
            rows.append(found[pool.pk])
    return sorted(rows, key=lambda row: not row.active)


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
