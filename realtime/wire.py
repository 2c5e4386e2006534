"""What nodes may say, as strict types: blocks, logs and quantities, checked at the door.

Pure. Raises ValueError (msgspec's errors are such) for anything else; `rpc` turns that into
Malformed. Fields that nothing uses, or that nodes are known to lie about, are not read.

Logs come by the million: their lengths are checked by msgspec while it parses, hashes and topics
of a whole answer are read in one go, and what repeats from log to log is read once.
"""

from binascii import unhexlify
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import msgspec

from pools.decoding import checksum
from pools.reorg import Header
from pools.segments import RawLog

_MOST_QUANTITY_DIGITS = 16
_MOST_HEIGHT = 2**63 - 1  # what the database takes; no chain comes near any of these
_MOST_TIME = 253_402_300_799  # the last second of the year 9999, where `datetime` ends
_MOST_INDEX = 2**31 - 1
_HEX = frozenset("0123456789abcdefABCDEF")
_BLOOM_BYTES = 256
_WORD_LENGTH = 66  # "0x" and 64 digits

AddressText = Annotated[str, msgspec.Meta(min_length=42, max_length=42)]
WordText = Annotated[str, msgspec.Meta(min_length=_WORD_LENGTH, max_length=_WORD_LENGTH)]
QuantityText = Annotated[str, msgspec.Meta(min_length=3, max_length=2 + _MOST_QUANTITY_DIGITS)]
Topics = Annotated[tuple[WordText, ...], msgspec.Meta(max_length=4)]  # the EVM has no more


class BlockJson(msgspec.Struct, rename="camel", frozen=True, gc=False):
    """`eth_getBlockByNumber(…, false)` without its transactions, which are most of it."""

    number: QuantityText
    hash: WordText
    parent_hash: WordText
    timestamp: QuantityText
    logs_bloom: str


class TransactionsJson(msgspec.Struct, frozen=True):
    """The transactions of `eth_getBlockByNumber(…, false)`, for whoever needs all receipts."""

    hash: WordText
    transactions: list[WordText]


# `gc=False`: the garbage collector need not walk over what cannot be part of a cycle.
class LogJson(msgspec.Struct, rename="camel", frozen=True, gc=False):
    """One entry of `eth_getLogs`, of a receipt, or of a `logs` notification."""

    address: AddressText
    topics: Topics
    data: str
    block_number: QuantityText
    block_hash: WordText
    transaction_hash: WordText
    transaction_index: QuantityText
    log_index: QuantityText
    removed: bool = False


class ReceiptJson(msgspec.Struct, rename="camel", frozen=True):
    """`eth_getTransactionReceipt`."""

    transaction_hash: WordText
    block_hash: WordText
    logs: list[LogJson]


class HeadJson(msgspec.Struct, rename="camel", frozen=True):
    """A `newHeads` notification. Mezo's hash and bloom in it are not the block's: not read."""

    number: str


class ErrorJson(msgspec.Struct, frozen=True):
    """The error object of a JSON-RPC answer; some nodes put what matters into its `data`."""

    code: int = 0
    message: str = ""
    data: msgspec.Raw = msgspec.Raw(b"")


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
    """A block as one node gave it: its header and its bloom filter of 256 bytes."""

    header: Header
    bloom: bytes


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
    value = unhexlify(text[2:])  # refuses white space, which `bytes.fromhex` skips
    if length is not None and len(value) != length:
        raise ValueError(f"not {length} bytes of hexadecimal data: {text[:24]!r}")
    return value


def word(text: str) -> str:
    """A 32-byte hash as `0x` and 64 lower-case digits."""
    return "0x" + octets(text, length=32).hex()


def words(texts: Sequence[str]) -> bytes:
    """Many 32-byte values in `0x` notation, of 66 characters each, one after the other."""
    count = len(texts)
    digits = bytearray("".join(texts), "ascii")
    if (
        len(digits) != _WORD_LENGTH * count
        or digits[::_WORD_LENGTH] != b"0" * count
        or digits[1::_WORD_LENGTH] != b"x" * count
    ):
        raise ValueError("not 32 bytes of hexadecimal data each")
    del digits[::_WORD_LENGTH]  # each "0", then each "x"
    del digits[:: _WORD_LENGTH - 1]
    return unhexlify(digits)


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
    )


class _Indices(dict[str, int]):
    """Indices of transactions and logs by their texts, each read once."""

    def __missing__(self, text: str) -> int:
        value = self[text] = quantity(text, most=_MOST_INDEX)
        return value


def to_raw_logs(entries: Sequence[LogJson]) -> list[RawLog]:
    """The logs in the order they came in. Raises ValueError for a field out of form.

    Neighbours of one block share its hash as the same string.
    """
    topics = words([topic for entry in entries for topic in entry.topics])
    transactions = [entry.transaction_hash for entry in entries]
    words(transactions)  # their form
    joined = "".join(transactions)
    if joined != joined.lower():
        transactions = [transaction.lower() for transaction in transactions]
    indices = _Indices()
    address_text = number_text = hash_text = ""
    address, number, block_hash = "", 0, ""
    at = 0
    logs: list[RawLog] = []
    append = logs.append
    for entry, transaction in zip(entries, transactions, strict=True):
        if entry.block_hash != hash_text or entry.block_number != number_text:
            hash_text, number_text = entry.block_hash, entry.block_number
            block_hash, number = word(hash_text), quantity(number_text)
        if entry.address != address_text:
            address_text = entry.address
            address = checksum(octets(address_text, length=20))
        data = entry.data
        if data[:2] != "0x":
            raise ValueError(f"not hexadecimal data: {data[:24]!r}")
        end = at + 32 * len(entry.topics)
        append(
            RawLog(
                address,
                number,
                block_hash,
                indices[entry.log_index],
                transaction,
                indices[entry.transaction_index],
                topics[at:end],
                unhexlify(data[2:]),
            )
        )
        at = end
    return logs


_blocks: msgspec.json.Decoder[BlockJson | None] = msgspec.json.Decoder(BlockJson | None)
_transactions: msgspec.json.Decoder[TransactionsJson | None] = msgspec.json.Decoder(
    TransactionsJson | None
)
_logs = msgspec.json.Decoder(list[LogJson])
_receipts: msgspec.json.Decoder[ReceiptJson | None] = msgspec.json.Decoder(ReceiptJson | None)
_texts = msgspec.json.Decoder(str)


def read_block(raw: msgspec.Raw) -> Block | None:
    """The block, or None where the node does not know it."""
    json = _blocks.decode(raw)
    return None if json is None else to_block(json)


def read_transactions(raw: msgspec.Raw) -> TransactionsJson | None:
    """The block's transactions, or None where the node does not know it."""
    return _transactions.decode(raw)


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
