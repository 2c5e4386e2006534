"""Finding out which chain this is, before anything is written: ids, the pinned block, contracts.

Used by the listener and the backfill alike, so that neither follows a chain the other refuses.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import structlog

from pools import ingest
from pools.reorg import Header

from .errors import RpcError, WrongChain
from .nodes import Nodes
from .store import Store, followed_addresses, pinned_chain

log = structlog.get_logger(__name__)


class Misconfigured(Exception):
    """The settings do not say what to follow, or contradict the database; nothing was written."""


class ContractSetting(Protocol):
    """One entry of POOL_CONTRACTS."""

    @property
    def address(self) -> str: ...
    @property
    def start_block(self) -> int: ...


async def recognise(
    nodes: Nodes,
    store: Store,
    *,
    chain_id: int | None,
    contracts: Sequence[ContractSetting],
    reorg_window: int,
    waits: Callable[[RpcError], Awaitable[None]],
) -> tuple[int, list[str]]:
    """Pin the chain, register the contracts; returns the chain id and all addresses to follow.

    `waits` is awaited after each failure of the nodes and says when to try again, by returning,
    or not, by raising. Raises Misconfigured, and WrongChain of `errors`.
    """
    if not contracts:
        raise Misconfigured(
            "POOL_CONTRACTS is empty: name the contracts to follow, as 0xADDRESS:START_BLOCK"
        )
    if not len(nodes.pool):
        raise Misconfigured("CHAIN_HTTP_URLS is empty: name a node to follow")
    pinned = await store.run(pinned_chain)
    if pinned and chain_id is not None and pinned[0] != chain_id:
        raise Misconfigured(
            f"CHAIN_ID is {chain_id}, but this database follows chain {pinned[0]}: "
            "set DATABASE_URL to another database, or CHAIN_ID back"
        )
    if pinned:
        nodes.expect(chain_id=pinned[0], anchor=(pinned[1], pinned[2]))
        anchor_number = pinned[1]
    else:
        nodes.expect(chain_id=chain_id, anchor=None)
        # No reorganisation that we repair may ever reach the block that is pinned.
        start = min(contract.start_block for contract in contracts)
        anchor_number = max(0, start - 1 - reorg_window)
    seen_id, anchor = await _ask(nodes, anchor_number, waits)
    try:
        await store.run(
            ingest.register,
            seen_id,
            [(contract.address, contract.start_block) for contract in contracts],
            anchor=anchor,
        )
    except ingest.WrongChain as error:
        raise WrongChain(str(error)) from None
    nodes.expect(chain_id=seen_id, anchor=(anchor.number, anchor.hash))
    log.info("chain_recognised", chain_id=seen_id, anchor=anchor.number)
    return seen_id, await store.run(followed_addresses, seen_id)


async def _ask(
    nodes: Nodes, anchor_number: int, waits: Callable[[RpcError], Awaitable[None]]
) -> tuple[int, Header]:
    while True:
        try:
            return await nodes.identity(anchor_number=anchor_number)
        except WrongChain:
            raise
        except RpcError as error:
            log.warning("node_awaited", reason=str(error))
            await waits(error)
