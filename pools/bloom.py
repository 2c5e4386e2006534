"""A block's bloom filter of its logs (Yellow Paper 4.3.1): what the block cannot contain.

Pure. It never misses an address or a topic that was logged, but may show one that was not. Some
nodes leave it all zeros; what that proves is for the caller to say.
"""

from collections.abc import Iterable
from functools import lru_cache

from eth_hash.auto import keccak

SIZE = 256


def may_contain(bloom: bytes, item: bytes) -> bool:
    """False if no log of the block has `item`, an address (20 bytes) or a topic (32 bytes).

    `bloom` is the header's `logsBloom`. Raises ValueError unless it has 256 bytes.
    """
    if len(bloom) != SIZE:
        raise ValueError(f"a bloom filter of {len(bloom)} bytes instead of {SIZE}")
    return all(bloom[place] & mask for place, mask in _bits(item))


def of(items: Iterable[bytes]) -> bytes:
    """The filter of a block whose logs have these addresses and topics and no others."""
    bloom = bytearray(SIZE)
    for item in items:
        for place, mask in _bits(item):
            bloom[place] |= mask
    return bytes(bloom)


# A few contracts are looked for in every block: their three bits are worth keeping.
@lru_cache(maxsize=1024)
def _bits(item: bytes) -> tuple[tuple[int, int], ...]:
    """Where in the filter an item's bits are: a byte's place and a mask, three times."""
    digest = keccak(item)
    bits = [int.from_bytes(digest[at : at + 2]) % (SIZE * 8) for at in (0, 2, 4)]
    return tuple((SIZE - 1 - bit // 8, 1 << bit % 8) for bit in bits)
