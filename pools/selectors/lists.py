"""Reads of pools, members, events and messages, in a constant number of queries each.

Numbers about the whole are in `overview`; which rows a URL asks for is `filters`' matter. Whoever
has read `contracts` hands them to the reads of pools and events, which then do not ask for them.
"""

import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Final

from django.conf import settings
from django.db.models import BigIntegerField, CharField, Field, Q, QuerySet

from pools import paging, rows
from pools.compiled import CompiledQuery, Placeholder
from pools.fields import UInt256Field
from pools.filters import EventFilter, MemberFilter, PoolFilter
from pools.interface import event_args
from pools.models import Block, Contract, Cursor, Log, Membership, OutboxRow, Pool, is_of_kind
from pools.paged_filter import PagedFilter
from pools.paging import Page
from pools.projecting import event_of
from pools.rows import EventRow, Message


def pool(contract: str, pool_id: int) -> Pool | None:
    """The pool of a contract (checksummed address), None when there is no such pool."""
    return next(iter(_POOL.rows(contract=contract, pool_id=pool_id)), None)


def pools(filters: PoolFilter, contracts: Sequence[Contract] = ()) -> Page[Pool]:
    """The pools that the filter's valid values select; a wrong value selects nothing away."""
    every = _pools_without_contracts() if contracts else all_pools()
    found = _page(filters.select(every), filters)
    return found.map(lambda pools: _with_contracts(pools, contracts))


def newest_pools(limit: int, contracts: Sequence[Contract] = ()) -> list[Pool]:
    return _with_contracts(_newest_pools(limit, joined=not contracts).rows(), contracts)


def members(pool: Pool, filters: MemberFilter) -> Page[Membership]:
    """The pool's members in the order in which they joined, those who left included."""
    return _page(Membership.objects.filter(pool=pool), filters)


def largest_members(pool: Pool, limit: int) -> list[Membership]:
    """Those who hold most, then those who left."""
    return _largest_members(limit).rows(pool=pool.pk)


def events(filters: EventFilter, contracts: Sequence[Contract] = ()) -> Page[EventRow]:
    """The events that the filter's valid values select, without those that were taken back."""
    found = _page(filters.select(standing_events()), filters)
    return found.map(lambda logs: event_rows(logs, contracts))


def latest_events(
    limit: int = 10,
    pool: Pool | None = None,
    up_to: int | None = None,
    contracts: Sequence[Contract] = (),
) -> list[EventRow]:
    """The newest events, newest first; of that pool alone, and up to that block, if told so."""
    asked: dict[str, int] = {} if up_to is None else {"up_to": up_to}
    if pool is None:
        return event_rows(_latest_events(limit, *asked).rows(**asked), contracts)
    asked |= {"contract": pool.contract_id, "pool_id": pool.pool_id}
    found = _latest_events(limit, *asked).rows(**asked)
    return _rows_of(found, {(pool.contract_id, pool.pool_id): pool.name}, [pool.contract])


def latest_of_kinds(
    kinds: Sequence[str], limit: int, contracts: Sequence[Contract] = ()
) -> list[EventRow]:
    """The newest events of these kinds that could be read, newest first.

    Each kind is asked for alone, by its index: asked at once, all of theirs would be sorted.
    """
    readable = Log.objects.filter(retracted_seq=None, problem="")
    newest: list[Log] = []
    for kind in kinds:
        found = readable.filter(is_of_kind(kind)).order_by("-block_number", "-log_index")
        newest += found.select_related("block")[:limit]
    newest.sort(key=lambda log: (log.block_number, log.log_index, log.seq), reverse=True)
    return event_rows(newest[:limit], contracts)


def newest_of_each(kinds: Sequence[str], contracts: Sequence[Contract]) -> list[EventRow]:
    """Of each contract the newest event of each of these kinds that could be read; a query each."""
    readable = Log.objects.filter(retracted_seq=None, problem="").select_related("block")
    ordered = readable.order_by("-block_number", "-log_index")
    each = [
        ordered.filter(is_of_kind(kind), contract=contract).first()
        for contract in contracts
        for kind in kinds
    ]
    return event_rows([log for log in each if log is not None], contracts)


def outbox_after(seq: int, limit: int) -> list[Message]:
    """The messages after a sequence number, in order, at most `limit` of them."""
    found = _outbox_after(limit).rows(seq=seq)
    logs = {row.log.pk: row.log for row in found if row.log is not None and row.log.kind}
    by_log = dict(zip(logs, event_rows(logs.values()), strict=True))
    return [
        Message(
            seq=row.seq,
            first_seq=row.first_seq,
            kind=OutboxRow.Kind(row.kind),
            created_at=row.created_at,
            event=by_log.get(row.log_id) if row.log_id else None,
        )
        for row in found
    ]


def event_rows(logs: Iterable[Log], contracts: Sequence[Contract] = ()) -> list[EventRow]:
    """The rows for decoded logs, with pool names and confirmations."""
    found = list(logs)
    return _rows_of(found, _pool_names(found), contracts)


def _rows_of(
    logs: Sequence[Log], names: Mapping[tuple[int, int], str], contracts: Sequence[Contract]
) -> list[EventRow]:
    _attach_contracts(logs, contracts)
    _attach_blocks(logs)
    confirmed_up_to = _confirmed_block()
    return [_event_row(log, names, confirmed_up_to) for log in logs]


def _attach_contracts(rows: Sequence[Log | Pool], contracts: Sequence[Contract]) -> None:
    """Not joined: a page has read them, and their columns cost as much as the rows' own."""
    without = [row for row in rows if not type(row).contract.is_cached(row)]
    known = {contract.pk: contract for contract in contracts}
    unknown = {row.contract_id for row in without} - known.keys()
    found = {**known, **Contract.objects.in_bulk(unknown)} if unknown else known
    for row in without:
        row.contract = found[row.contract_id]


def _attach_blocks(logs: Sequence[Log]) -> None:
    """Not joined where any logs are asked for: blocks might tempt a planner to begin there."""
    without = [log for log in logs if not Log.block.is_cached(log)]
    blocks = Block.objects.in_bulk({log.block_id for log in without})
    for log in without:
        log.block = blocks[log.block_id]


def _page(found: QuerySet[paging.M], filters: PagedFilter) -> Page[paging.M]:
    return paging.page(found, filters.ordering, after=filters.after, size=filters.size)


def all_pools() -> QuerySet[Pool]:
    """Each with its contract and its category."""
    return _pools_without_contracts().select_related("contract")


_POOL = CompiledQuery(
    lambda contract, pool_id: all_pools().filter(contract__address=contract, pool_id=pool_id),
    contract=CharField(),
    pool_id=UInt256Field(),
)


@cache
def _newest_pools(limit: int, *, joined: bool) -> CompiledQuery[Pool]:
    found = all_pools if joined else _pools_without_contracts
    return CompiledQuery(lambda: found().order_by("-created_block", "-created_log_index")[:limit])


@cache
def _largest_members(limit: int) -> CompiledQuery[Membership]:
    return CompiledQuery(
        lambda pool: Membership.objects.filter(pool=pool).order_by(
            "-active", "-contribution", "account"
        )[:limit],
        pool=BigIntegerField(),
    )


_EVENT_FIELDS: Final[dict[str, "Field[Any, Any]"]] = {
    "up_to": BigIntegerField(),
    "contract": BigIntegerField(),
    "pool_id": UInt256Field(),
}


@cache
def _latest_events(limit: int, *by: str) -> CompiledQuery[Log]:
    """By these of `_EVENT_FIELDS`.

    Of all pools without their blocks, which might tempt a planner to begin there.
    """

    def build(up_to: Placeholder | None = None, **of_pool: Placeholder) -> QuerySet[Log]:
        found = standing_events().order_by("-block_number", "-log_index")
        if up_to is not None:
            found = found.filter(block_number__lte=up_to)
        if of_pool:
            found = found.filter(**of_pool).select_related("block")
        return found[:limit]

    return CompiledQuery(build, **{name: _EVENT_FIELDS[name] for name in by})


@cache
def _outbox_after(limit: int) -> CompiledQuery[OutboxRow]:
    return CompiledQuery(
        lambda seq: (
            OutboxRow.objects.filter(seq__gt=seq)
            .order_by("seq")
            .select_related("log__contract", "log__block")[:limit]
        ),
        seq=BigIntegerField(),
    )


def _pools_without_contracts() -> QuerySet[Pool]:
    with_category = Pool.objects.select_related("category")
    return with_category.defer("name_raw", "category__keywords_en", "category__keywords_es")


def _with_contracts(pools: Iterable[Pool], contracts: Sequence[Contract]) -> list[Pool]:
    found = list(pools)
    _attach_contracts(found, contracts)
    return found


def standing_events() -> QuerySet[Log]:
    """Logs that stand and are events of the interface; the admin shows the undecodable ones."""
    return Log.objects.filter(retracted_seq=None).exclude(kind="")


def _confirmed_block() -> int:
    """The highest block with CONFIRMATIONS blocks on top of it; -1 when there is none."""
    if not settings.CONFIRMATIONS:
        return sys.maxsize  # what is stored is at or below the cursor
    newest = Cursor.objects.order_by("-number").values_list("number", flat=True).first()
    return -1 if newest is None else newest - settings.CONFIRMATIONS


def _pool_names(logs: Sequence[Log]) -> dict[tuple[int, int], str]:
    """Names by (contract key, pool id)."""
    wanted: dict[int, set[int]] = {}
    for log in logs:
        if log.pool_id is not None:
            wanted.setdefault(log.contract_id, set()).add(log.pool_id)
    if not wanted:
        return {}
    any_of = Q()
    for contract, ids in wanted.items():
        any_of |= Q(contract=contract, pool_id__in=ids)
    found = Pool.objects.filter(any_of).values_list("contract_id", "pool_id", "name")
    return {(contract, pool_id): name for contract, pool_id, name in found}


def _event_row(log: Log, names: Mapping[tuple[int, int], str], confirmed_up_to: int) -> EventRow:
    event = event_of(log)
    return EventRow(
        seq=log.seq,
        kind=log.kind,
        chain_id=log.contract.chain_id,
        contract=log.contract.address,
        contract_id=log.contract_id,
        pool_id=log.pool_id,
        pool_name=None if log.pool_id is None else names.get((log.contract_id, log.pool_id)),
        account=log.account or None,
        amount=rows.shown_amount(event),
        args=event_args(event),
        block_number=log.block_number,
        block_hash=log.block.hash,
        transaction_hash=log.transaction_hash,
        log_index=log.log_index,
        timestamp=log.timestamp,
        confirmed=log.retracted_seq is None and log.block_number <= confirmed_up_to,
        retracted=log.retracted_seq is not None,
        problem=log.problem,
    )
