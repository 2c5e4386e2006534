"""Only what the protocol promises gets through the door."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.wire import (
    LogJson,
    octets,
    quantity,
    read_block,
    read_quantity,
    to_raw_logs,
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
    (log,) = to_raw_logs([entry()])
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
    with pytest.raises(ValueError, match=r"not|Expected|hex|Odd"):
        to_raw_logs([entry(), entry(**changes), entry()])


def test_many_logs_come_out_as_each_would_by_itself() -> None:
    entries = [
        entry(),
        entry(topics=[], data="0x", logIndex="0x3"),
        entry(topics=[HASH, "0x" + "CD" * 32], blockNumber="0x11", blockHash="0x" + "Ef" * 32),
        entry(address="0x" + "00" * 20, transactionHash="0x" + "AB" * 32),
        entry(),
    ]
    logs = to_raw_logs(entries)
    assert logs == [log for one in entries for log in to_raw_logs([one])]
    assert [len(log.topics) for log in logs] == [32, 0, 64, 32, 32]
    assert logs[2].block_hash == "0x" + "ef" * 32
    assert logs[3].transaction_hash == HASH
    assert to_raw_logs([]) == []


# Each of these hides in the length of the whole what it lacks in its parts.
@pytest.mark.parametrize(
    "topics",
    [
        ["0x" + "ab" * 31 + "0x", "ab" * 33],
        ["0x" + "ab" * 31 + " 1", HASH],
        ["0x" + "ab" * 31 + "é", "0x" + "ab" * 32 + "a"],
        ["00" + "ab" * 32, HASH],
        ["0X" + "ab" * 32, HASH],
        ["xx" + "ab" * 32, "00" + "ab" * 32],
    ],
)
def test_topics_out_of_form_are_found_among_others(topics: list[str]) -> None:
    assert sum(map(len, topics)) == 132
    with pytest.raises(ValueError, match=r"not|Expected|hex|ascii"):
        to_raw_logs([entry(topics=topics), entry()])


@given(
    st.sampled_from(["address", "data", "blockHash", "transactionHash", "topics", "blockNumber"]),
    st.integers(0, 65),
    st.characters(exclude_characters="0123456789abcdefABCDEF"),
)
def test_a_single_character_that_is_no_digit_is_found_wherever_it_stands(
    field: str, at: int, character: str
) -> None:
    right = HASH if field == "topics" else str(ENTRY[field])
    at = 2 + at % (len(right) - 2)
    wrong = right[:at] + character + right[at + 1 :]
    with pytest.raises(ValueError, match=r"not|Expected|hex|ascii|ASCII"):
        to_raw_logs([entry(), entry(**{field: [wrong] if field == "topics" else wrong})])


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
