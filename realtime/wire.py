"""What nodes may say, as strict types: blocks, logs and quantities, checked at the door.

Pure. Raises ValueError (msgspec's errors are such) for anything else; `rpc` turns that into
Malformed. Fields that nothing uses, or that nodes are known to lie about, are not read.
"""

from dataclasses import dataclass
from typing import TypeVar

import msgspec

from pools.decoding import checksum
from pools.reorg import Header
from pools.segments import RawLog

T = TypeVar("T")

_MOST_QUANTITY_DIGITS = 16
_MOST_HEIGHT = 2**63 - 1  # what the database takes; no chain comes near any of these
_MOST_TIME = 253_402_300_799  # the last second of the year 9999, where `datetime` ends
_MOST_INDEX = 2**31 - 1
_HEX = frozenset("0123456789abcdefABCDEF")
_BLOOM_BYTES = 256


class BlockJson(msgspec.Struct, rename="camel", frozen=True):
    """`eth_getBlockByNumber(…, false)`."""

    number: str
    hash: str
    parent_hash: str
    timestamp: str
    logs_bloom: str
    transactions: list[str]


class LogJson(msgspec.Struct, rename="camel", frozen=True):
    """One entry of `eth_getLogs`, of a receipt, or of a `logs` notification."""

    address: str
    topics: list[str]
    data: str
    block_number: str
    block_hash: str
    transaction_hash: str
    transaction_index: str
    log_index: str
    removed: bool = False


class ReceiptJson(msgspec.Struct, rename="camel", frozen=True):
    """`eth_getTransactionReceipt`."""

    transaction_hash: str
    block_hash: str
    logs: list[LogJson]


class HeadJson(msgspec.Struct, rename="camel", frozen=True):
    """A `newHeads` notification. Mezo's hash and bloom in it are not the block's: not read."""

    number: str


class ErrorJson(msgspec.Struct, frozen=True):
    """The error object of a JSON-RPC answer."""

    code: int = 0
    message: str = ""


class SubscriptionJson(msgspec.Struct, frozen=True):
    """The parameters of an `eth_subscription` notification."""

    subscription: str
    result: msgspec.Raw


class AnswerJson(msgspec.Struct, frozen=True):
    """Any JSON-RPC message: an answer (`id`), or a notification (`method` and `params`)."""

    id: int | str | None = None
    result: msgspec.Raw = msgspec.Raw(b"")
    error: ErrorJson | None = None
    method: str = ""
    params: SubscriptionJson | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """A block as one node gave it: header, bloom of 256 bytes, its transactions' hashes."""

    header: Header
    bloom: bytes
    transactions: tuple[str, ...]


def quantity(text: str, *, most: int = _MOST_HEIGHT) -> int:
    """An unsigned integer of at most `most` in `0x` notation (EIP-1474, "Quantity")."""
    digits = text[2:]
    if text[:2] != "0x" or not 0 < len(digits) <= _MOST_QUANTITY_DIGITS or not set(digits) <= _HEX:
        raise ValueError(f"not a quantity: {text[:24]!r}")
    value = int(digits, 16)
    if value > most:
        raise ValueError(f"not a quantity up to {most}: {text}")
    return value


def octets(text: str, *, length: int | None = None) -> bytes:
    """Bytes in `0x` notation (EIP-1474, "Data"), `length` of them if given."""
    if text[:2] != "0x":
        raise ValueError(f"not hexadecimal data: {text[:24]!r}")
    value = bytes.fromhex(text[2:])
    # fromhex skips white space, which no node may put there.
    if 2 * len(value) + 2 != len(text) or (length is not None and len(value) != length):
        raise ValueError(f"not {length or ''} bytes of hexadecimal data: {text[:24]!r}")
    return value


def word(text: str) -> str:
    """A 32-byte hash as `0x` and 64 lower-case digits."""
    return "0x" + octets(text, length=32).hex()


def to_block(json: BlockJson) -> Block:
    """Raises ValueError for a field out of form."""
    return Block(
        header=Header(
            number=quantity(json.number),
            hash=word(json.hash),
            parent_hash=word(json.parent_hash),
            timestamp=quantity(json.timestamp, most=_MOST_TIME),
        ),
        bloom=octets(json.logs_bloom, length=_BLOOM_BYTES),
        transactions=tuple(word(transaction) for transaction in json.transactions),
    )


def to_raw_log(json: LogJson) -> RawLog:
    """Raises ValueError for a field out of form, or more than the EVM's four topics."""
    if len(json.topics) > 4:
        raise ValueError(f"a log with {len(json.topics)} topics")
    return RawLog(
        address=checksum(octets(json.address, length=20)),
        block_number=quantity(json.block_number),
        block_hash=word(json.block_hash),
        log_index=quantity(json.log_index, most=_MOST_INDEX),
        transaction_hash=word(json.transaction_hash),
        transaction_index=quantity(json.transaction_index, most=_MOST_INDEX),
        topics=b"".join(octets(topic, length=32) for topic in json.topics),
        data=octets(json.data),
    )


_blocks: msgspec.json.Decoder[BlockJson | None] = msgspec.json.Decoder(BlockJson | None)
_logs = msgspec.json.Decoder(list[LogJson])
_receipts: msgspec.json.Decoder[ReceiptJson | None] = msgspec.json.Decoder(ReceiptJson | None)
_texts = msgspec.json.Decoder(str)


def read_block(raw: msgspec.Raw) -> Block | None:
    """The block, or None where the node does not know it."""
    json = _blocks.decode(raw)
    return None if json is None else to_block(json)


def read_logs(raw: msgspec.Raw) -> list[LogJson]:
    """The logs, still as strings: what they claim is checked with the blocks at hand."""
    return _logs.decode(raw)


def read_receipt(raw: msgspec.Raw) -> ReceiptJson | None:
    """The receipt, or None where the node does not know the transaction."""
    return _receipts.decode(raw)


def read_quantity(raw: msgspec.Raw) -> int:
    """A number: a height, a chain id."""
    return quantity(_texts.decode(raw))


def read_text(raw: msgspec.Raw) -> str:
    """A string: the name of a subscription."""
    return _texts.decode(raw)
