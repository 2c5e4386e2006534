"""Only what the protocol promises gets through the door."""

import msgspec
import pytest

from realtime.wire import (
    LogJson,
    octets,
    quantity,
    read_block,
    read_quantity,
    to_raw_log,
    word,
)

HASH = "0x" + "ab" * 32
ENTRY = {
    "address": "0x5fbdb2315678afecb367f032d93f642f64180aa3",
    "topics": [HASH],
    "data": "0x00ff",
    "blockNumber": "0x10",
    "blockHash": HASH.upper().replace("0X", "0x"),
    "transactionHash": HASH,
    "transactionIndex": "0x1",
    "logIndex": "0x2",
}


def entry(**changes: object) -> LogJson:
    return msgspec.convert(ENTRY | changes, LogJson)


def test_a_log_comes_out_in_our_notation() -> None:
    log = to_raw_log(entry())
    assert log.address == "0x5FbDB2315678afecb367f032d93F642f64180aa3"
    assert log.block_hash == HASH
    assert (log.block_number, log.log_index, log.transaction_index) == (16, 2, 1)
    assert log.topics == bytes.fromhex("ab" * 32)
    assert log.data == b"\x00\xff"


@pytest.mark.parametrize(
    "changes",
    [
        {"address": "0x5fbd"},
        {"topics": [HASH] * 5},
        {"topics": ["0x12"]},
        {"data": "0x0"},
        {"data": "ff"},
        {"data": "0x 00"},
        {"blockNumber": "16"},
        {"logIndex": "0x" + "f" * 17},
        {"logIndex": hex(2**31)},
        {"transactionIndex": hex(2**31)},
        {"blockNumber": hex(2**63)},
        {"blockHash": "0x" + "g" * 64},
    ],
)
def test_a_log_out_of_form_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"not|log|hex|fromhex"):
        to_raw_log(entry(**changes))


@pytest.mark.parametrize(
    "text", ["", "0x", "0x-1", "0x1_0", "0x 1", "1", "0x" + "1" * 17, "0x٣", hex(2**63)]
)
def test_a_quantity_is_hexadecimal_and_no_more_than_a_database_takes(text: str) -> None:
    with pytest.raises(ValueError, match="not a quantity"):
        quantity(text)


def test_numbers_are_read() -> None:
    assert quantity("0x1A") == 26
    assert read_quantity(msgspec.Raw(b'"0x7fffffffffffffff"')) == 2**63 - 1
    assert word(HASH.replace("ab", "AB")) == HASH
    assert octets("0x") == b""


@pytest.mark.parametrize(
    "raw", [b"{}", b"[]", b'{"number": null}', b'{"number": 5}', b'"0x1"', b"12"]
)
def test_what_is_no_block_is_refused(raw: bytes) -> None:
    with pytest.raises(ValueError, match=r"Expected|missing"):
        read_block(msgspec.Raw(raw))


def test_an_unknown_block_is_none() -> None:
    assert read_block(msgspec.Raw(b"null")) is None


@pytest.mark.parametrize(
    "changes", [{"timestamp": hex(253_402_300_800)}, {"number": hex(2**63)}, {"logsBloom": "0x"}]
)
def test_a_block_whose_numbers_cannot_be_kept_is_refused(changes: dict[str, str]) -> None:
    block = {
        "number": "0x1",
        "hash": HASH,
        "parentHash": HASH,
        "timestamp": hex(253_402_300_799),
        "logsBloom": "0x" + "00" * 256,
        "transactions": [],
    }
    assert read_block(msgspec.Raw(msgspec.json.encode(block))) is not None
    with pytest.raises(ValueError, match=r"not a quantity|not 256 bytes"):
        read_block(msgspec.Raw(msgspec.json.encode(block | changes)))
