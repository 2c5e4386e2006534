"""A chain as plain values, for tests that need segments but no node."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from pools.events import Event
from pools.reorg import Header
from pools.segments import RawLog, Segment
from tests.encoding import encode

CHAIN_ID = 1337611
CONTRACT = "0x5FbDB2315678afecb367f032d93F642f64180aa3"
GENESIS_TIME = 1_790_000_000
BLOCK_TIME = 2


def account(number: int) -> str:
    """A checksummed address: those without letters have only one spelling."""
    return f"0x{number:040d}"


@dataclass(frozen=True)
class ScriptedBlock:
    header: Header
    logs: tuple[RawLog, ...]


class ScriptedChain:
    """Blocks of events, mined and reorganised at will. Block 0 is an empty genesis."""

    def __init__(self, *, contract: str = CONTRACT, chain_id: int = CHAIN_ID) -> None:
        self.contract = contract
        self.chain_id = chain_id
        self.blocks: list[ScriptedBlock] = []
        self._branch = 0
        self.mine()

    @property
    def head(self) -> int:
        return len(self.blocks) - 1

    def mine(self, *events: Event | RawLog, contract: str | None = None) -> ScriptedBlock:
        """One more block with the logs of these events; a raw log gives its topics and data."""
        number = len(self.blocks)
        parent = self.blocks[-1].header.hash if self.blocks else "0x" + "00" * 32
        block_hash = _hash(f"{parent} {self._branch} {number}")
        logs = []
        for index, event in enumerate(events):
            if isinstance(event, RawLog):
                topics, data = event.topics, event.data
            else:
                topics, data = encode(event)
            logs.append(
                RawLog(
                    address=contract or self.contract,
                    block_number=number,
                    block_hash=block_hash,
                    log_index=index,
                    transaction_hash=_hash(f"{block_hash} {index}"),
                    transaction_index=index,
                    topics=topics,
                    data=data,
                )
            )
        header = Header(number, block_hash, parent, GENESIS_TIME + number * BLOCK_TIME)
        self.blocks.append(ScriptedBlock(header, tuple(logs)))
        return self.blocks[-1]

    def drop(self, depth: int) -> None:
        """Take the newest blocks away; what is mined next is another branch."""
        del self.blocks[len(self.blocks) - depth :]
        self._branch += 1

    def put_back(self, blocks: Sequence[ScriptedBlock]) -> None:
        """Go on with blocks that were dropped before: the chain changed its mind again."""
        self.blocks.extend(blocks)

    def segment(self, from_block: int, to_block: int | None = None) -> Segment:
        """All headers and logs of a closed range, up to the head by default."""
        to_block = self.head if to_block is None else to_block
        blocks = self.blocks[from_block : to_block + 1]
        return Segment(
            chain_id=self.chain_id,
            from_block=from_block,
            to_block=to_block,
            headers=tuple(block.header for block in blocks),
            logs=tuple(log for block in blocks for log in block.logs),
            addresses=frozenset({self.contract}),
            endpoint="node.test",
            bloom_agrees=True if from_block == to_block else None,
        )


def _hash(seed: str) -> str:
    return "0x" + sha256(seed.encode()).hexdigest()
