"""Loads stored states into a ledger, folds logs, and stores what changed.

Called by `ingest` inside its transactions only. New logs at the end of a pool's history are folded
onto its stored state; anything else (a late log, a retraction) folds that pool afresh from its
stored logs, so that the result is always that of one fold in chain order.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import UTC, datetime

from django.db.models import QuerySet

from pools.decoding import decode
from pools.events import Event
from pools.models import Contract, Log, Membership, Pool
from pools.names import clean_name
from pools.projection import ContractState, FoldingError, Ledger, MemberState, PoolState

# What a contract-wide event tells; the totals follow from the pools.
_TOLD = (
    "paused",
    "emergency_mode",
    "performance_fee",
    "fee_collector",
    "owner",
    "implementation",
    "initialized_version",
    "fees_collected",
)
_ADDRESSES = ("fee_collector", "owner", "implementation")  # stored as "" while unknown
_TOTALS = ("pools_total", "members_total", "total_contributed")
_POOL_FACTS = (
    "name",
    "name_raw",
    "creator",
    "status",
    "min_contribution",
    "max_members",
    "member_count",
    "total_contributed",
    "created_at",
    "created_block",
    "created_log_index",
    "created_tx",
    "closed_at",
    "events",
    "last_event_at",
    "last_block",
    "last_log_index",
)
_MEMBER_FACTS = ("contribution", "shares", "active", "joined_at", "left_at", "yield_claimed")


def event_of(log: Log) -> Event:
    """The typed event of a stored log. Raises DecodingError for one that has no `kind`."""
    return decode(bytes(log.topics), bytes(log.data))


def apply(logs: Collection[Log]) -> None:
    """Fold new logs that follow everything stored of their contracts."""
    for contract, own in _by_contract(logs):
        contract.events_total += len(own)
        _apply(contract, own)


def insert(logs: Collection[Log]) -> None:
    """Fold new logs that may lie before others: pools with later events are folded afresh."""
    for contract, own in _by_contract(logs):
        contract.events_total += len(own)
        later = _standing(contract).filter(
            pool_id__in={log.pool_id for log in own if log.pool_id is not None},
            block_number__gte=own[0].block_number,
            seq__lt=own[0].seq,
        )
        behind = {log.pool_id for log in later.only("pool_id") if log.pool_id is not None}
        _apply(
            contract,
            [log for log in own if log.pool_id is not None and log.pool_id not in behind],
        )
        _refold(contract, behind, contract_wide=any(log.pool_id is None for log in own))


def remove(logs: Collection[Log]) -> None:
    """Fold the pools of retracted logs afresh from what still stands."""
    for contract, own in _by_contract(logs):
        contract.events_total -= len(own)
        touched = {log.pool_id for log in own if log.pool_id is not None}
        _refold(contract, touched, contract_wide=any(log.pool_id is None for log in own))


def _by_contract(logs: Iterable[Log]) -> list[tuple[Contract, list[Log]]]:
    """The decoded logs of each contract, in the order given."""
    groups: dict[int, list[Log]] = defaultdict(list)
    for log in logs:
        if log.kind:
            groups[log.contract_id].append(log)
    return [(own[0].contract, own) for own in groups.values()]


def _standing(contract: Contract) -> QuerySet[Log]:
    return Log.objects.filter(contract=contract, retracted_seq=None).exclude(kind="")


def _apply(contract: Contract, logs: Collection[Log]) -> None:
    pool_ids = {log.pool_id for log in logs if log.pool_id is not None}
    ledger, rows = _load(contract, pool_ids, accounts={log.account for log in logs})
    _fold(ledger, logs)
    _store(contract, ledger, rows, _creations(logs))


def _refold(contract: Contract, pool_ids: Collection[int], *, contract_wide: bool) -> None:
    ledger, rows = _load(contract, pool_ids, accounts=None)
    ledger.forget_pools(pool_ids)
    in_order = _standing(contract).order_by("block_number", "log_index")
    history = list(in_order.filter(pool_id__in=pool_ids)) if pool_ids else []
    if contract_wide:
        totals = {name: getattr(ledger.contract, name) for name in _TOTALS}
        ledger.contract = ContractState(**totals)
        _fold(ledger, in_order.filter(pool_id=None))
    _fold(ledger, history)
    _store(contract, ledger, rows, _creations(history))


def _fold(ledger: Ledger, logs: Iterable[Log]) -> None:
    """Fold each log; one that contradicts what is known is marked and left out."""
    marked = []
    for log in logs:
        problem = ""
        try:
            ledger.fold(
                event_of(log),
                at=(log.block_number, log.log_index),
                block_time=int(log.timestamp.timestamp()),
            )
        except FoldingError as error:
            problem = f"not folded: {error}"[:300]
        if log.problem != problem:
            log.problem = problem
            marked.append(log)
    if marked:
        Log.objects.bulk_update(marked, ["problem"], batch_size=500)


def _creations(logs: Iterable[Log]) -> dict[int, Log]:
    """The first creation of each pool: a second one is refused by the fold."""
    found: dict[int, Log] = {}
    for log in logs:
        if log.kind == "PoolCreated" and log.pool_id is not None and not log.problem:
            found.setdefault(log.pool_id, log)
    return found


def _load(
    contract: Contract, pool_ids: Collection[int], *, accounts: Collection[str] | None
) -> tuple[Ledger, dict[int, Pool]]:
    """A ledger with the stored states of these pools and members (all members for None)."""
    facts = {name: getattr(contract, name) for name in (*_TOLD, *_TOTALS)}
    for name in _ADDRESSES:
        facts[name] = facts[name] or None
    ledger = Ledger(ContractState(**facts))
    if not pool_ids:
        return ledger, {}
    rows = {
        row.pool_id: row for row in Pool.objects.filter(contract=contract, pool_id__in=pool_ids)
    }
    for row in rows.values():
        ledger.pools[row.pool_id] = _pool_state(row)
    members = Membership.objects.filter(pool__in=rows.values()).select_related("pool")
    if accounts is not None:
        members = members.filter(account__in=accounts)
    for member in members:
        ledger.members[member.pool.pool_id, member.account] = _member_state(member)
    return ledger, rows


def _pool_state(row: Pool) -> PoolState:
    return PoolState(
        pool_id=row.pool_id,
        name=bytes(row.name_raw),
        creator=row.creator,
        status=row.status,
        min_contribution=row.min_contribution,
        max_members=row.max_members,
        member_count=row.member_count,
        total_contributed=row.total_contributed,
        created_at=int(row.created_at.timestamp()),
        last_event_at=int(row.last_event_at.timestamp()),
        events=row.events,
        closed_at=_seconds(row.closed_at),
        last_position=(row.last_block, row.last_log_index),
    )


def _member_state(row: Membership) -> MemberState:
    return MemberState(
        pool_id=row.pool.pool_id,
        account=row.account,
        contribution=row.contribution,
        shares=row.shares,
        active=row.active,
        joined_at=int(row.joined_at.timestamp()),
        left_at=_seconds(row.left_at),
        yield_claimed=row.yield_claimed,
    )


def _store(
    contract: Contract, ledger: Ledger, rows: dict[int, Pool], creations: dict[int, Log]
) -> None:
    """Write the ledger's changed pools, members and the contract's facts."""
    gone = [rows[pool_id].pk for pool_id in ledger.changed_pools - ledger.pools.keys()]
    Pool.objects.filter(pk__in=gone).delete()
    changed = [
        _pool_row(contract, ledger.pools[pool_id], rows.get(pool_id), creations.get(pool_id))
        for pool_id in sorted(ledger.changed_pools & ledger.pools.keys())
    ]
    Pool.objects.bulk_create(
        changed,
        update_conflicts=True,
        unique_fields=["contract", "pool_id"],
        update_fields=_POOL_FACTS,
        batch_size=500,
    )
    rows = {row.pool_id: row for row in changed}
    left_over = [key for key in ledger.changed_members if key not in ledger.members]
    for pool_id, account in left_over:
        Membership.objects.filter(
            pool__contract=contract, pool__pool_id=pool_id, account=account
        ).delete()
    Membership.objects.bulk_create(
        [
            _member_row(rows[pool_id], ledger.members[pool_id, account])
            for pool_id, account in sorted(ledger.changed_members & ledger.members.keys())
        ],
        update_conflicts=True,
        unique_fields=["pool", "account"],
        update_fields=_MEMBER_FACTS,
        batch_size=500,
    )
    for name in (*_TOLD, *_TOTALS):
        value = getattr(ledger.contract, name)
        setattr(contract, name, "" if value is None and name in _ADDRESSES else value)
    contract.save(update_fields=[*_TOLD, *_TOTALS, "events_total"])


def _pool_row(contract: Contract, state: PoolState, row: Pool | None, creation: Log | None) -> Pool:
    row = row or Pool(contract=contract, pool_id=state.pool_id)
    if creation is not None:
        row.created_block = creation.block_number
        row.created_log_index = creation.log_index
        row.created_tx = creation.transaction_hash
    row.name = clean_name(state.name)
    row.name_raw = state.name
    row.creator = state.creator
    row.status = state.status
    row.min_contribution = state.min_contribution
    row.max_members = state.max_members
    row.member_count = state.member_count
    row.total_contributed = state.total_contributed
    row.created_at = _moment(state.created_at)
    row.last_event_at = _moment(state.last_event_at)
    row.closed_at = None if state.closed_at is None else _moment(state.closed_at)
    row.events = state.events
    row.last_block, row.last_log_index = state.last_position
    return row


def _member_row(pool: Pool, state: MemberState) -> Membership:
    return Membership(
        pool=pool,
        account=state.account,
        contribution=state.contribution,
        shares=state.shares,
        active=state.active,
        joined_at=_moment(state.joined_at),
        left_at=None if state.left_at is None else _moment(state.left_at),
        yield_claimed=state.yield_claimed,
    )


def _seconds(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp())


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
