"""A block's bloom filter of its logs (Yellow Paper 4.3.1): what the block cannot contain.

Pure. It never misses an address or a topic that was logged, but may claim one that was not. A
filter of zeros proves nothing where nodes fill it in lazily; what to make of it is the caller's.
"""

from dataclasses import dataclass

from eth_hash.auto import keccak

SIZE = 256


@dataclass(frozen=True, slots=True)
class Bloom:
    """The `logsBloom` of a header: 2048 bits in 256 bytes."""

    filter: bytes

    def __post_init__(self) -> None:
        if len(self.filter) != SIZE:
            raise ValueError(f"a bloom filter of {len(self.filter)} bytes instead of {SIZE}")

    def may_contain(self, item: bytes) -> bool:
        """False if no log of the block has this address (20 bytes) or topic (32 bytes)."""
        digest = keccak(item)
        for at in (0, 2, 4):
            bit = int.from_bytes(digest[at : at + 2]) % (SIZE * 8)
            if not self.filter[SIZE - 1 - bit // 8] >> (bit % 8) & 1:
                return False
        return True
