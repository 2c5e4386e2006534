"""Where a follower lands that leaves a long past to the backfill: a block that nodes agree upon.

Asks; decides and writes nothing.
"""

import structlog

from pools.reorg import Header

from .errors import NoEvidence, RpcError
from .evidence import check_block
from .nodes import Nodes, blamed, doubt, get_block
from .puller import Sight

log = structlog.get_logger(__name__)


async def landing(nodes: Nodes, sight: Sight, number: int) -> Header:
    """The header of this block at the node of `sight`, which no other node contradicts.

    Another node that lags and does not have the block says nothing. Raises RpcError; NoEvidence
    where the two differ.
    """
    (block,) = await sight.client.batch([get_block(number)])
    with blamed(sight.client):
        if block is None:
            raise NoEvidence(f"block {number} has gone meanwhile")
        check_block(block, number=number)
    header: Header = block.header
    other = await nodes.second(sight.client)
    if other is None:
        return header
    try:
        (theirs,) = await other.batch([get_block(number)])
    except RpcError as error:
        log.info("no_second_reading", reason=str(error))
        return header
    if theirs is not None and theirs.header.hash != header.hash:
        doubt(sight.client, f"block {number} is another one at {other.host}")
        raise NoEvidence(f"two readings of block {number} differ: nothing is built on one of them")
    return header
