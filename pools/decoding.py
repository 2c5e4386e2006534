"""Logs to typed events, by slicing the bytes.

Pure, and strict: what Solidity's own encoder would not have written is a DecodingError, never a
guess. A log that cannot be decoded is kept raw by whoever stores it; names stay bytes here.
"""

from collections.abc import Callable
from functools import lru_cache

from eth_hash.auto import keccak

from pools.events import (
    EmergencyModeUpdated,
    Event,
    FeeCollectorUpdated,
    FeesCollected,
    Initialized,
    MemberJoined,
    MemberLeft,
    OwnershipTransferred,
    PartialWithdrawal,
    Paused,
    PerformanceFeeUpdated,
    PoolClosed,
    PoolCreated,
    PoolStatus,
    PoolStatusUpdated,
    Unpaused,
    Upgraded,
    YieldClaimed,
)
from pools.interface import SPECS

WORD = 32
_ADDRESS_PADDING = bytes(12)
_NAME_OFFSET = 4 * WORD
_HIGHEST_STATUS = max(PoolStatus)

_uint = int.from_bytes  # big-endian since Python 3.11


class DecodingError(ValueError):
    """The log is not what the contract's interface says; the message names what is wrong."""


class UnknownEvent(DecodingError):
    """The log's first topic is no event of the pool contract, or there is none."""


def decode(topics: bytes, data: bytes) -> Event:
    """The event in a log's topics (32 bytes each, one after the other) and data.

    Raises UnknownEvent for an event the contract does not have, and DecodingError where topics
    or data are not the canonical ABI encoding of the event they claim to be.
    """
    decoder = _DECODERS.get(topics[:WORD])
    if decoder is None:
        named = f"0x{topics[:WORD].hex()}" if topics else "no topic at all"
        raise UnknownEvent(f"not an event of the pool contract: {named}")
    return decoder(topics, data)


def checksum(address: bytes) -> str:
    """An address of 20 bytes in EIP-55 notation."""
    return _address(_ADDRESS_PADDING + address)


@lru_cache(maxsize=32_768)
def _address(word: bytes) -> str:
    """The address in a 32-byte word. Few accounts write many logs: a hit saves the keccak."""
    if len(word) != WORD or word[:12] != _ADDRESS_PADDING:
        raise DecodingError(f"not an address: 0x{word.hex()}")
    lower = word[12:].hex()
    digest = keccak(lower.encode()).hex()
    return "0x" + "".join(
        digit.upper() if nibble > "7" else digit
        for digit, nibble in zip(lower, digest, strict=False)
    )


def _misshapen(topics: bytes, data: bytes, *, topics_size: int, data_size: int) -> DecodingError:
    """What is wrong with a log whose topics or data are not as long as its event's."""
    if len(topics) != topics_size:
        return DecodingError(f"{len(topics)} bytes of topics where {topics_size} belong")
    return DecodingError(f"{len(data)} bytes of data where {data_size} belong")


def _demand(topics: bytes, data: bytes, *, topics_size: int, data_size: int) -> None:
    if len(topics) != topics_size or len(data) != data_size:
        raise _misshapen(topics, data, topics_size=topics_size, data_size=data_size)


def _pool_created(topics: bytes, data: bytes) -> PoolCreated:
    head = _NAME_OFFSET + WORD
    length = _uint(data[_NAME_OFFSET:head])
    if len(data) < head or length > len(data) - head:
        raise DecodingError(f"a name of {length} bytes in {len(data)} bytes of data")
    _demand(topics, data, topics_size=96, data_size=head + -(-length // WORD) * WORD)
    if _uint(data[:32]) != _NAME_OFFSET:
        raise DecodingError(f"the name is said to begin at {_uint(data[:32])}")
    end = head + length
    if any(data[end:]):
        raise DecodingError("the name's padding is not zero")
    return PoolCreated(
        _uint(topics[32:64]),
        _address(topics[64:]),
        data[head:end],
        _uint(data[32:64]),
        _uint(data[64:96]),
        _uint(data[96:128]),
    )


# The four events of a member are nearly all of history: they ask for their sizes without a call.


def _member_joined(topics: bytes, data: bytes) -> MemberJoined:
    if len(topics) != 96 or len(data) != 96:
        raise _misshapen(topics, data, topics_size=96, data_size=96)
    return MemberJoined(
        _uint(topics[32:64]),
        _address(topics[64:]),
        _uint(data[:32]),
        _uint(data[32:64]),
        _uint(data[64:]),
    )


def _member_left(topics: bytes, data: bytes) -> MemberLeft:
    if len(topics) != 96 or len(data) != 96:
        raise _misshapen(topics, data, topics_size=96, data_size=96)
    return MemberLeft(
        _uint(topics[32:64]),
        _address(topics[64:]),
        _uint(data[:32]),
        _uint(data[32:64]),
        _uint(data[64:]),
    )


def _partial_withdrawal(topics: bytes, data: bytes) -> PartialWithdrawal:
    if len(topics) != 96 or len(data) != 96:
        raise _misshapen(topics, data, topics_size=96, data_size=96)
    return PartialWithdrawal(
        _uint(topics[32:64]),
        _address(topics[64:]),
        _uint(data[:32]),
        _uint(data[32:64]),
        _uint(data[64:]),
    )


def _yield_claimed(topics: bytes, data: bytes) -> YieldClaimed:
    if len(topics) != 96 or len(data) != 128:
        raise _misshapen(topics, data, topics_size=96, data_size=128)
    return YieldClaimed(
        _uint(topics[32:64]),
        _address(topics[64:]),
        _uint(data[:32]),
        _uint(data[32:64]),
        _uint(data[64:96]),
        _uint(data[96:]),
    )


def _pool_status_updated(topics: bytes, data: bytes) -> PoolStatusUpdated:
    _demand(topics, data, topics_size=64, data_size=32)
    status = _uint(data)
    if status > _HIGHEST_STATUS:
        raise DecodingError(f"{status} is no status of a pool")
    return PoolStatusUpdated(_uint(topics[32:]), status)


def _pool_closed(topics: bytes, data: bytes) -> PoolClosed:
    _demand(topics, data, topics_size=64, data_size=32)
    return PoolClosed(_uint(topics[32:]), _uint(data))


def _paused(topics: bytes, data: bytes) -> Paused:
    _demand(topics, data, topics_size=32, data_size=32)
    return Paused(_address(data))


def _unpaused(topics: bytes, data: bytes) -> Unpaused:
    _demand(topics, data, topics_size=32, data_size=32)
    return Unpaused(_address(data))


def _emergency_mode_updated(topics: bytes, data: bytes) -> EmergencyModeUpdated:
    _demand(topics, data, topics_size=32, data_size=32)
    enabled = _uint(data)
    if enabled > 1:
        raise DecodingError(f"{enabled} is no truth value")
    return EmergencyModeUpdated(enabled == 1)


def _performance_fee_updated(topics: bytes, data: bytes) -> PerformanceFeeUpdated:
    _demand(topics, data, topics_size=32, data_size=64)
    return PerformanceFeeUpdated(_uint(data[:32]), _uint(data[32:]))


def _fee_collector_updated(topics: bytes, data: bytes) -> FeeCollectorUpdated:
    _demand(topics, data, topics_size=32, data_size=64)
    return FeeCollectorUpdated(_address(data[:32]), _address(data[32:]))


def _fees_collected(topics: bytes, data: bytes) -> FeesCollected:
    _demand(topics, data, topics_size=64, data_size=32)
    return FeesCollected(_address(topics[32:64]), _uint(data))


def _upgraded(topics: bytes, data: bytes) -> Upgraded:
    _demand(topics, data, topics_size=64, data_size=0)
    return Upgraded(_address(topics[32:64]))


def _initialized(topics: bytes, data: bytes) -> Initialized:
    _demand(topics, data, topics_size=32, data_size=32)
    version = _uint(data)
    if version >= 2**64:
        raise DecodingError(f"{version} is no version of 64 bits")
    return Initialized(version)


def _ownership_transferred(topics: bytes, data: bytes) -> OwnershipTransferred:
    _demand(topics, data, topics_size=96, data_size=0)
    return OwnershipTransferred(_address(topics[32:64]), _address(topics[64:]))


_DECODERS: dict[bytes, Callable[[bytes, bytes], Event]] = {
    SPECS[kind].topic0: decoder
    for kind, decoder in (
        ("PoolCreated", _pool_created),
        ("MemberJoined", _member_joined),
        ("MemberLeft", _member_left),
        ("PartialWithdrawal", _partial_withdrawal),
        ("YieldClaimed", _yield_claimed),
        ("PoolStatusUpdated", _pool_status_updated),
        ("PoolClosed", _pool_closed),
        ("Paused", _paused),
        ("Unpaused", _unpaused),
        ("EmergencyModeUpdated", _emergency_mode_updated),
        ("PerformanceFeeUpdated", _performance_fee_updated),
        ("FeeCollectorUpdated", _fee_collector_updated),
        ("FeesCollected", _fees_collected),
        ("Upgraded", _upgraded),
        ("Initialized", _initialized),
        ("OwnershipTransferred", _ownership_transferred),
    )
}
