"""The naive baseline: web3.py's `get_logs` and `process_log`, and one `.create` for each event.

`python -m tests.bench.naive URL ADDRESS BLOCKS` prints a JSON object. It fills an empty, migrated
database of ours with blocks and logs alone: no pools and members, no counts, no evidence.
"""

import os
import sys
import time
from datetime import UTC, datetime
from typing import Any

import django
import msgspec

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "coopsite.settings")
django.setup()

from web3 import HTTPProvider, Web3  # noqa: E402

from pools.contracts import artefact  # noqa: E402
from pools.models import Block, Chain, Contract, Log  # noqa: E402

RANGE = 100  # blocks


class Result(msgspec.Struct):
    """What was stored, and how long it took."""

    logs: int
    seconds: float


def measure(url: str, address: str, blocks: int) -> Result:
    """Store the events of blocks 1 to `blocks`."""
    w3 = Web3(HTTPProvider(url))
    contract = w3.eth.contract(w3.to_checksum_address(address), abi=artefact().abi)
    events = {event().topic: event() for event in contract.events}
    started = time.perf_counter()
    early = w3.eth.get_block(0)
    chain = Chain.objects.create(
        chain_id=w3.eth.chain_id, anchor_number=0, anchor_hash=early["hash"].to_0x_hex()
    )
    ours = Contract.objects.create(chain=chain, address=contract.address, start_block=1)
    stored = 0
    for first in range(1, blocks + 1, RANGE):
        last = min(first + RANGE - 1, blocks)
        logs = w3.eth.get_logs({"address": address, "fromBlock": first, "toBlock": last})
        block = None
        for log in logs:
            if block is None or block.number != log["blockNumber"]:
                block = _store_block(chain, w3.eth.get_block(log["blockNumber"]))
            event = events[log["topics"][0].to_0x_hex()].process_log(log)
            _store_log(ours, block, log, event)
            stored += 1
    return Result(stored, time.perf_counter() - started)


def _store_block(chain: Chain, block: Any) -> Block:
    return Block.objects.create(
        chain=chain,
        number=block["number"],
        hash=block["hash"].to_0x_hex(),
        parent_hash=block["parentHash"].to_0x_hex(),
        timestamp=datetime.fromtimestamp(block["timestamp"], UTC),
    )


def _store_log(contract: Contract, block: Block, log: Any, event: Any) -> None:
    arguments = event["args"]
    Log.objects.create(
        contract=contract,
        block=block,
        block_number=block.number,
        log_index=log["logIndex"],
        timestamp=block.timestamp,
        transaction_hash=log["transactionHash"].to_0x_hex(),
        transaction_index=log["transactionIndex"],
        topics=b"".join(log["topics"]),
        data=bytes(log["data"]),
        kind=event["event"],
        pool_id=arguments.get("poolId"),
        account=arguments.get("member", arguments.get("creator", "")),
        seq=log["blockNumber"] * 1000 + log["logIndex"],
    )


if __name__ == "__main__":
    print(msgspec.json.encode(measure(sys.argv[1], sys.argv[2], int(sys.argv[3]))).decode())
