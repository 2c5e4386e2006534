"""A block's bloom filter of its logs (Yellow Paper 4.3.1): what the block cannot contain.

Pure. It never misses an address or a topic that was logged, but may show one that was not. Some
nodes leave it all zeros; what that proves is for the caller to say.
"""

from eth_hash.auto import keccak

SIZE = 256


def may_contain(bloom: bytes, item: bytes) -> bool:
    """False if no log of the block has `item`, an address (20 bytes) or a topic (32 bytes).

    `bloom` is the header's `logsBloom`. Raises ValueError unless it has 256 bytes.
    """
    if len(bloom) != SIZE:
        raise ValueError(f"a bloom filter of {len(bloom)} bytes instead of {SIZE}")
    digest = keccak(item)
    for at in (0, 2, 4):
        bit = int.from_bytes(digest[at : at + 2]) % (SIZE * 8)
        if not bloom[SIZE - 1 - bit // 8] >> (bit % 8) & 1:
            return False
    return True
