"""The contract's view functions: what a call carries, and its answer as plain values.

Pure, and as strict as `decoding`: an answer that the contract's own encoder would not have
written is a ValueError, never a guess. Who asks, and at which block, is the matter of `viewing`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

import msgspec
from eth_hash.auto import keccak

from pools.decoding import WORD, DecodingError, checksum
from pools.events import PoolStatus

T = TypeVar("T")

NOBODY: Final = checksum(bytes(20))
_HIGHEST_STATUS: Final = max(PoolStatus)
_uint = int.from_bytes


@dataclass(frozen=True, slots=True)
class View(Generic[T]):
    """One question: the function's name, the call's data, and how its answer is read."""

    function: str
    data: bytes
    read: Callable[[bytes], T]


class PoolInfo(msgspec.Struct, frozen=True, gc=False):
    """What `getPoolInfo` answers, in its order: amounts in wei, times in seconds.

    All of it is zero for a pool that was never created, which a creator cannot be.
    """

    min_contribution: int
    max_contribution: int
    max_members: int
    current_members: int
    created_at: int
    status: int
    allow_new_members: bool
    creator: str
    name: bytes
    total_btc_deposited: int
    total_musd_minted: int
    total_yield_generated: int

    @property
    def exists(self) -> bool:
        return self.creator != NOBODY


class MemberInfo(msgspec.Struct, frozen=True, gc=False):
    """What `getMemberInfo` answers, in its order; all zero for who never joined."""

    btc_contributed: int
    shares: int
    joined_at: int
    active: bool
    yield_claimed: int


def pool_counter() -> View[int]:
    """How many pools were ever created: the newest one's number."""
    return View("poolCounter", _SELECTORS["poolCounter()"], _one_number)


def pool_info(pool_id: int) -> View[PoolInfo]:
    data = _SELECTORS["getPoolInfo(uint256)"] + _word(pool_id)
    return View("getPoolInfo", data, _pool_info)


def member_info(pool_id: int, account: str) -> View[MemberInfo]:
    data = _SELECTORS["getMemberInfo(uint256,address)"] + _word(pool_id) + _word(int(account, 16))
    return View("getMemberInfo", data, _member_info)


def pool_members(pool_id: int) -> View[tuple[str, ...]]:
    """Everyone who ever joined; one who left and came back stands there twice."""
    data = _SELECTORS["getPoolMembers(uint256)"] + _word(pool_id)
    return View("getPoolMembers", data, _addresses)


def total_shares(pool_id: int) -> View[int]:
    data = _SELECTORS["getTotalShares(uint256)"] + _word(pool_id)
    return View("getTotalShares", data, _one_number)


def paused() -> View[bool]:
    return View("paused", _SELECTORS["paused()"], _one_truth)


def emergency_mode() -> View[bool]:
    return View("emergencyMode", _SELECTORS["emergencyMode()"], _one_truth)


def performance_fee() -> View[int]:
    """In basis points."""
    return View("performanceFee", _SELECTORS["performanceFee()"], _one_number)


_SELECTORS: Final = {
    signature: keccak(signature.encode())[:4]
    for signature in (
        "poolCounter()",
        "getPoolInfo(uint256)",
        "getMemberInfo(uint256,address)",
        "getPoolMembers(uint256)",
        "getTotalShares(uint256)",
        "paused()",
        "emergencyMode()",
        "performanceFee()",
    )
}


def _word(value: int) -> bytes:
    return value.to_bytes(WORD)


def _one_number(data: bytes) -> int:
    return _numbers(data, 1)[0]


def _one_truth(data: bytes) -> bool:
    return _truth(_one_number(data))


def _member_info(data: bytes) -> MemberInfo:
    contributed, shares, joined_at, active, claimed = _numbers(data, 5)
    return MemberInfo(
        _of_bits(contributed, 128),
        _of_bits(shares, 128),
        _of_bits(joined_at, 64),
        _truth(active),
        claimed,
    )


def _pool_info(data: bytes) -> PoolInfo:
    """One dynamic struct: its offset, twelve words, and the name at the end."""
    offset, *head = _numbers(data[: 13 * WORD], 13)
    if offset != WORD or head[8] != 12 * WORD:
        raise DecodingError("the pool's struct or its name is not where it belongs")
    if head[5] > _HIGHEST_STATUS:
        raise DecodingError(f"{head[5]} is no status of a pool")
    return PoolInfo(
        _of_bits(head[0], 128),
        _of_bits(head[1], 128),
        _of_bits(head[2], 64),
        _of_bits(head[3], 64),
        _of_bits(head[4], 64),
        head[5],
        _truth(head[6]),
        _account(head[7]),
        _octets(data[13 * WORD :]),
        head[9],
        head[10],
        head[11],
    )


def _addresses(data: bytes) -> tuple[str, ...]:
    """A dynamic array: its offset, its length, one word for each."""
    offset, length = _numbers(data[: 2 * WORD], 2)
    if offset != WORD:
        raise DecodingError(f"the list is said to begin at {offset}")
    if len(data) != (2 + length) * WORD:
        raise DecodingError(f"{length} addresses in {len(data)} bytes")
    return tuple(map(_account, _numbers(data[2 * WORD :], length)))


def _octets(data: bytes) -> bytes:
    """A string's length, its bytes, and zeros up to a whole word."""
    (length,) = _numbers(data[:WORD], 1)
    if len(data) != WORD + -(-length // WORD) * WORD:
        raise DecodingError(f"a name of {length} bytes in {len(data)} bytes")
    end = WORD + length
    if any(data[end:]):
        raise DecodingError("the name's padding is not zero")
    return data[WORD:end]


def _numbers(data: bytes, count: int) -> list[int]:
    if len(data) != count * WORD:
        raise DecodingError(f"{len(data)} bytes where {count * WORD} belong")
    return [_uint(data[at : at + WORD]) for at in range(0, len(data), WORD)]


def _of_bits(number: int, bits: int) -> int:
    if number >> bits:
        raise DecodingError(f"{number} does not fit into {bits} bits")
    return number


def _truth(number: int) -> bool:
    if number > 1:
        raise DecodingError(f"{number} is no truth value")
    return number == 1


def _account(number: int) -> str:
    return checksum(_of_bits(number, 160).to_bytes(20))
