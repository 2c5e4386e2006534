"""The last word on a block whose logs and bloom filter contradict each other: its receipts.

Asks one node for the receipts of every transaction of the block. Writes nothing.
"""

from collections.abc import Collection
from typing import Final

import structlog

from pools.segments import RawLog

from . import evidence
from .errors import NoEvidence
from .rpc import Call, RpcClient
from .wire import Block, LogJson, ReceiptJson, read_receipt

log = structlog.get_logger(__name__)

_PER_BATCH: Final = 100


async def prove(client: RpcClient, block: Block, addresses: Collection[str]) -> list[RawLog]:
    """The logs of these addresses in one block, in chain order: no doubt is left.

    Raises NoEvidence where a receipt is missing, and Refused as `evidence` does.
    """
    number = block.header.number
    entries: list[LogJson] = []
    wanted = {address.lower() for address in addresses}
    for start in range(0, len(block.transactions), _PER_BATCH):
        hashes = block.transactions[start : start + _PER_BATCH]
        receipts = await client.batch([_get_receipt(hash_) for hash_ in hashes])
        for hash_, receipt in zip(hashes, receipts, strict=True):
            if receipt is None or receipt.block_hash.lower() != block.header.hash:
                raise NoEvidence(f"no receipt of {hash_} in block {number}")
            entries += [entry for entry in receipt.logs if entry.address.lower() in wanted]
    logs = evidence.read_logs(entries, from_block=number, to_block=number, addresses=addresses)
    evidence.check_hashes(logs, {number: block})
    log.info("proven_by_receipts", endpoint=client.host, block=number, logs=len(logs))
    return logs


def _get_receipt(transaction: str) -> Call[ReceiptJson | None]:
    return Call("eth_getTransactionReceipt", (transaction,), read_receipt)
