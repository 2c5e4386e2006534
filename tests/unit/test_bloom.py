"""The bloom filter of a block's logs."""

import pytest
from eth_utils.crypto import keccak
from hypothesis import given
from hypothesis import strategies as st

from pools.bloom import may_contain, of

items = st.one_of(st.binary(min_size=20, max_size=20), st.binary(min_size=32, max_size=32))


def bloom_of(*logged: bytes) -> bytes:
    """The filter as the Yellow Paper defines it, bit by bit on one big number."""
    bits = 0
    for item in logged:
        digest = keccak(item)
        for at in (0, 2, 4):
            bits |= 1 << ((digest[at] << 8 | digest[at + 1]) & 2047)
    return bits.to_bytes(256, "big")


@given(st.sets(items, max_size=40))
def test_what_was_logged_is_never_missed(logged: set[bytes]) -> None:
    bloom = bloom_of(*logged)
    assert all(may_contain(bloom, item) for item in logged)


@given(st.lists(items, max_size=40))
def test_a_filter_is_made_of_what_was_logged(logged: list[bytes]) -> None:
    assert of(logged) == bloom_of(*logged)


@given(items, items)
def test_what_shares_not_all_three_bits_is_excluded(logged: bytes, other: bytes) -> None:
    bloom = bloom_of(logged)
    shares_all = bloom_of(other, logged) == bloom
    assert may_contain(bloom, other) == shares_all


@given(items)
def test_zeros_exclude_everything_and_ones_nothing(item: bytes) -> None:
    assert not may_contain(bytes(256), item)
    assert may_contain(b"\xff" * 256, item)


def test_a_filter_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="255 bytes"):
        may_contain(bytes(255), bytes(20))
