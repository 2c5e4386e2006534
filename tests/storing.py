"""A real chain into the records without a listener: what it would have stored, in one call."""

from pools import ingest, leases
from pools.models import Cursor
from pools.reorg import Header
from pools.segments import RawLog, Segment
from tests.chain import AnvilChain


def store_chain(
    chain: AnvilChain, *, up_to: int | None = None, roll_back_to: int | None = None
) -> int:
    """Everything of the contract from the cursor on; after a reorganisation, with the height down
    to which it reaches. Returns the new cursor.
    """
    anchor = _header(chain, chain.start_block - 1)
    ingest.register(chain.chain_id, [(chain.address, chain.start_block)], anchor=anchor)
    lease = leases.acquire("listener", holder="test", seconds=60)
    assert lease is not None
    cursor = Cursor.objects.first()
    at = roll_back_to if roll_back_to is not None else cursor.number if cursor else anchor.number
    last = chain.block_number() if up_to is None else up_to
    if last > at:
        segment = Segment(
            chain_id=chain.chain_id,
            from_block=at + 1,
            to_block=last,
            headers=tuple(_header(chain, number) for number in range(at + 1, last + 1)),
            logs=tuple(_logs(chain, at + 1, last)),
            addresses=frozenset({chain.address}),
            endpoint="anvil.example",
        )
        ingest.append(segment, lease=lease, roll_back_to=roll_back_to)
    leases.release(lease)
    return last


def _header(chain: AnvilChain, number: int) -> Header:
    block = chain.block(number)
    return Header(
        number=number,
        hash=block["hash"],
        parent_hash=block["parentHash"],
        timestamp=int(block["timestamp"], 16),
    )


def _logs(chain: AnvilChain, first: int, last: int) -> list[RawLog]:
    return [
        RawLog(
            address=chain.address,
            block_number=int(log["blockNumber"], 16),
            block_hash=log["blockHash"],
            log_index=int(log["logIndex"], 16),
            transaction_hash=log["transactionHash"],
            transaction_index=int(log["transactionIndex"], 16),
            topics=b"".join(bytes.fromhex(topic[2:]) for topic in log["topics"]),
            data=bytes.fromhex(log["data"][2:]),
        )
        for log in chain.logs(first, last)
    ]
