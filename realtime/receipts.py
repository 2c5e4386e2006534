"""The last word on a block whose logs are in doubt: the receipts of all its transactions.

Asks one node. Writes nothing.
"""

from collections.abc import Collection
from dataclasses import dataclass

import structlog

from pools import bloom
from pools.segments import RawLog

from . import evidence
from .errors import NoEvidence
from .rpc import Call, RpcClient
from .wire import (
    Block,
    LogJson,
    ReceiptJson,
    TransactionsJson,
    read_receipt,
    read_transactions,
    to_raw_logs,
)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Proven:
    """One block's logs of the addresses asked for, out of its receipts, in chain order.

    `whole` says that the receipts add up: the indices of all their logs leave no hole, and the
    logs give exactly the block's bloom filter, unless the node leaves that empty.
    """

    logs: list[RawLog]
    whole: bool


async def prove(client: RpcClient, block: Block, addresses: Collection[str]) -> Proven:
    """What the receipts of a block say.

    Raises NoEvidence where a receipt is missing, and Refused as `evidence` does.
    """
    number = block.header.number
    entries: list[LogJson] = []
    for receipt in await _receipts(client, block):
        entries += receipt.logs
    wanted = {address.lower() for address in addresses}
    logs = evidence.read_logs(
        [entry for entry in entries if entry.address.lower() in wanted],
        from_block=number,
        to_block=number,
        addresses=addresses,
    )
    evidence.check_hashes(logs, {number: block})
    proven = Proven(logs, _add_up(block, entries))
    log.info(
        "proven_by_receipts",
        endpoint=client.host,
        block=number,
        logs=len(logs),
        whole=proven.whole,
    )
    return proven


async def _receipts(client: RpcClient, block: Block) -> list[ReceiptJson]:
    number, block_hash = block.header.number, block.header.hash
    listed: TransactionsJson | None
    (listed,) = await client.batch([_get_transactions(number)])
    if listed is None or listed.hash.lower() != block_hash:
        raise NoEvidence(f"block {number} has gone meanwhile")
    receipts: list[ReceiptJson] = []
    found = await client.each([_get_receipt(transaction) for transaction in listed.transactions])
    for transaction, receipt in zip(listed.transactions, found, strict=True):
        if (
            receipt is None
            or receipt.block_hash.lower() != block_hash
            or receipt.transaction_hash.lower() != transaction.lower()
        ):
            raise NoEvidence(f"no receipt of {transaction} in block {number}")
        receipts.append(receipt)
    return receipts


def _add_up(block: Block, entries: list[LogJson]) -> bool:
    try:
        logs = to_raw_logs(entries)
    except ValueError:
        return False
    if sorted(entry.log_index for entry in logs) != list(range(len(logs))):
        return False
    items = [bytes.fromhex(entry.address[2:]) for entry in logs]
    items += [
        entry.topics[at : at + 32] for entry in logs for at in range(0, len(entry.topics), 32)
    ]
    return not any(block.bloom) or bloom.of(items) == block.bloom


def _get_transactions(number: int) -> Call[TransactionsJson | None]:
    return Call("eth_getBlockByNumber", (hex(number), False), read_transactions)


def _get_receipt(transaction: str) -> Call[ReceiptJson | None]:
    return Call("eth_getTransactionReceipt", (transaction,), read_receipt)
