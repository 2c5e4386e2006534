"""The step that puts rebuilt projections in place of the live ones, all of them at once.

What was computed beside the tables is brought up to this moment under the lock, and only rows that
differ are written: where nothing was wrong, nothing is.
"""

from collections.abc import Iterable
from typing import Any, Final

from django.db import transaction
from django.db.models import F, Sum

from pools import saving
from pools.ingest.steps import lock
from pools.leases import LeaseToken
from pools.loading import PoolPlace
from pools.models import COMMONEST_KIND, Contract, HourlyActivity, Log, OutboxRow, Pool
from pools.outbox import Outbox
from pools.projection import MAX_UINT256, Ledger
from pools.rebuilding import held_rows, hourly, lines
from pools.rebuilding.recomputing import Recomputed
from pools.rebuilding.refolding import Amendment, Refolded

_MEMBERS_AT_ONCE: Final = 5_000
_LOGS_AT_ONCE: Final = 500


class TooMuch(Exception):
    """So much was touched meanwhile that computing it now would hold up the listener."""


@transaction.atomic
def swap(recomputed: Recomputed, *, lease: LeaseToken, however_long: bool) -> bool:
    """Make the tables hold what was recomputed; returns whether any row had to change.

    Raises TooMuch, with nothing written, unless `however_long`; and LostLease.
    """
    chain = lock(recomputed.chain_id, lease)
    if not recomputed.finish(however_long=however_long):
        raise TooMuch
    changed = _swap_pools(recomputed) | _amend_logs(recomputed)
    for hour in recomputed.hours:
        changed |= hourly.put_right(hour)
    for contract in Contract.objects.filter(chain=chain):
        changed |= _swap_whole(contract, recomputed, rows_changed=contract.pk in changed)
    if changed:
        outbox = Outbox(chain)
        outbox.tell(OutboxRow.Kind.BATCH)
        outbox.save()
    return bool(changed)


def _swap_pools(recomputed: Recomputed) -> set[int]:
    """Returns the contracts of which a row was written; so do the others."""
    changed = set()
    batch: list[tuple[int, Refolded]] = []
    of, members = 0, 0
    for (contract_id, pool_id), refolded in recomputed.staging:
        if batch and (contract_id != of or members >= _MEMBERS_AT_ONCE):
            _write_pools(of, batch)
            batch, members = [], 0
        of = contract_id
        batch.append((pool_id, refolded))
        members += len(refolded.members)
        changed.add(contract_id)
    if batch:
        _write_pools(of, batch)
    return changed


def _write_pools(contract_id: int, batch: Iterable[tuple[int, Refolded]]) -> None:
    """Write the rows of these pools that differ, and delete those that are not to be."""
    ledger = Ledger()
    places: dict[int, PoolPlace] = {}
    on_record: set[tuple[int, str]] = set()
    held = held_rows.of_pools(contract_id, [pool_id for pool_id, _ in batch])
    for pool_id, refolded in batch:
        row = held.get(pool_id)
        if refolded.state is None:
            ledger.changed_pools.add(pool_id)
            continue
        refolded.place.key = row.key if row else None
        places[pool_id] = refolded.place
        ledger.pools[pool_id] = refolded.state
        if row is None or row.line != lines.of_pool(refolded.state, refolded.place):
            ledger.changed_pools.add(pool_id)
        standing = row.members if row else set()
        accounts = {lines.account_of(line) for line in standing}
        on_record |= {(pool_id, account) for account in accounts}
        for member in refolded.members:
            key = pool_id, member.account
            ledger.members[key] = member
            if lines.of_member(member) not in standing:
                ledger.changed_members.add(key)
        ledger.changed_members |= {(pool_id, account) for account in accounts} - set(ledger.members)
    saving.save_rows(contract_id, ledger, places, on_record)


def _amend_logs(recomputed: Recomputed) -> set[int]:
    changed = set()
    for contract_id, amendments in recomputed.amendments.items():
        rows = [_amended(key, said) for key, said in amendments.by_log.items()]
        Log.objects.bulk_update(
            rows,
            ["kind", "uncommon_kind", "pool_id", "account", "problem"],
            batch_size=_LOGS_AT_ONCE,
        )
        recomputed.hours |= {
            said.time - said.time % hourly.HOUR for said in amendments.by_log.values()
        }
        if rows:
            changed.add(contract_id)
    return changed


def _amended(key: int, said: Amendment) -> Log:
    return Log(
        pk=key,
        kind=said.kind,
        uncommon_kind=None if said.kind == COMMONEST_KIND else said.kind,
        pool_id=said.pool_id,
        account=said.account,
        problem=said.problem,
    )


def _swap_whole(contract: Contract, recomputed: Recomputed, *, rows_changed: bool) -> set[int]:
    """The contract's own facts and its totals, which are sums over the rows as they are now."""
    pools = Pool.objects.filter(contract=contract)
    events = HourlyActivity.objects.filter(contract=contract).aggregate(total=Sum("count"))
    whole = recomputed.wholes[contract.pk]
    whole.pools_total = whole.members_total = whole.total_contributed = 0
    held = pools.values_list("member_count", "total_contributed")
    for member_count, total_contributed in held.iterator():
        whole.pools_total += 1
        whole.members_total += member_count
        whole.total_contributed += total_contributed
    # Folded pool by pool, nothing keeps absurd amounts of several from passing what a row can hold.
    whole.total_contributed = min(whole.total_contributed, MAX_UINT256)
    facts: dict[str, Any] = {**saving.facts_of(whole), "events_total": events["total"] or 0}
    if rows_changed or any(getattr(contract, name) != value for name, value in facts.items()):
        # Whoever folds in memory sees by the revision that the rows are others now.
        Contract.objects.filter(pk=contract.pk).update(**facts, revision=F("revision") + 1)
        return {contract.pk}
    return set()
