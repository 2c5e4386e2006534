"""Decoding: exact for what the contract writes, an error for everything else."""

import pytest
from eth_abi.abi import encode as abi_encode
from eth_utils.address import to_checksum_address
from hypothesis import given
from hypothesis import strategies as st

from pools.decoding import DecodingError, UnknownEvent, checksum, decode
from pools.events import (
    EmergencyModeUpdated,
    Event,
    Initialized,
    MemberJoined,
    Paused,
    PoolCreated,
    PoolStatusUpdated,
    Upgraded,
)
from pools.interface import SPECS
from tests.encoding import encode, word
from tests.strategies import any_event

ALICE = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"


def created(name: bytes) -> PoolCreated:
    return PoolCreated(
        pool_id=1, creator=ALICE, name=name, min_contribution=10, max_members=5, timestamp=7
    )


JOINED = MemberJoined(pool_id=1, member=ALICE, btc_amount=5, shares=9, timestamp=7)


@given(any_event())
def test_what_is_encoded_is_decoded_again(event: Event) -> None:
    assert decode(*encode(event)) == event


@given(any_event())
def test_the_encoder_of_the_tests_writes_what_eth_abi_writes(event: Event) -> None:
    arguments = SPECS[event.kind].arguments

    def encoded(*, indexed: bool) -> bytes:
        chosen = [argument for argument in arguments if argument.indexed == indexed]
        types = ["bytes" if argument.type == "string" else argument.type for argument in chosen]
        return abi_encode(types, [getattr(event, argument.field) for argument in chosen])

    topics, data = encode(event)
    assert topics[32:] == encoded(indexed=True)
    assert data == encoded(indexed=False)


topics_of_a_kind = st.sampled_from([spec.topic0 for spec in SPECS.values()])
words = st.one_of(
    st.integers(0, 300).map(word), st.binary(min_size=32, max_size=32), st.binary(max_size=40)
)


@given(
    st.lists(words, max_size=4),
    st.one_of(st.binary(max_size=300), st.lists(words, max_size=8).map(b"".join)),
    st.one_of(topics_of_a_kind, st.binary(max_size=33)),
)
def test_arbitrary_bytes_raise_nothing_but_a_decoding_error(
    others: list[bytes], data: bytes, topic0: bytes
) -> None:
    topics = b"".join([topic0, *others])
    try:
        event = decode(topics, data)
    except DecodingError:
        return
    assert encode(event) == (topics, data)


@given(any_event(), st.data())
def test_a_log_with_one_bit_turned_is_another_event_or_an_error(
    event: Event, data: st.DataObject
) -> None:
    topics, payload = encode(event)
    whole = topics + payload
    at = data.draw(st.integers(0, len(whole) * 8 - 1))
    turned = bytearray(whole)
    turned[at // 8] ^= 1 << at % 8
    size = len(topics)
    try:
        decoded = decode(bytes(turned[:size]), bytes(turned[size:]))
    except DecodingError:
        return
    assert decoded != event


@given(any_event(), st.integers(1, 64))
def test_a_log_cut_short_or_with_bytes_added_is_an_error(event: Event, count: int) -> None:
    topics, data = encode(event)
    with pytest.raises(DecodingError):
        decode(topics, data + bytes(count))
    with pytest.raises(DecodingError):
        decode(topics[:-32], data)
    with pytest.raises(DecodingError):
        decode(topics + bytes(32), data)
    if data:
        with pytest.raises(DecodingError):
            decode(topics, data[:-count])


def test_a_topic_of_another_length_is_an_error() -> None:
    topics, data = encode(JOINED)
    with pytest.raises(DecodingError, match="95 bytes"):
        decode(topics[:32] + topics[33:], data)


def test_an_address_with_something_before_it_is_an_error() -> None:
    topics, data = encode(JOINED)
    member = b"\x01" + topics[65:]
    with pytest.raises(DecodingError, match="not an address"):
        decode(topics[:64] + member, data)
    with pytest.raises(DecodingError, match="not an address"):
        decode(SPECS["Paused"].topic0, member)


@pytest.mark.parametrize(
    ("event", "wrong"),
    [
        (EmergencyModeUpdated(enabled=True), 2),
        (EmergencyModeUpdated(enabled=True), 2**255 + 1),
        (PoolStatusUpdated(pool_id=1, new_status=1), 3),
        (PoolStatusUpdated(pool_id=1, new_status=1), 256),
        (Initialized(version=1), 2**64),
    ],
)
def test_a_value_that_its_type_does_not_have_is_an_error(event: Event, wrong: int) -> None:
    topics, _ = encode(event)
    with pytest.raises(DecodingError, match=str(wrong)):
        decode(topics, word(wrong))


@pytest.mark.parametrize(
    "name",
    [b"", b"a", b"x" * 32, b"x" * 33, "Ahorro del Barrio 🌱".encode(), b"\xff\x00\xfe", b"<b>"],
)
def test_a_name_stays_the_bytes_it_was(name: bytes) -> None:
    assert decode(*encode(created(name))) == created(name)


def replaced(data: bytes, *, at: int, by: bytes) -> bytes:
    return data[:at] + by + data[at + len(by) :]


@pytest.mark.parametrize(
    ("at", "by"),
    [
        pytest.param(0, word(160), id="offset too high"),
        pytest.param(0, word(2**256 - 1), id="offset absurd"),
        pytest.param(128, word(33), id="longer than the data"),
        pytest.param(128, word(2**256 - 1), id="length absurd"),
        pytest.param(128, word(2), id="shorter, so that a letter stands in the padding"),
        pytest.param(191, b"\x01", id="padding not zero"),
    ],
)
def test_a_name_that_does_not_lie_where_it_should_is_an_error(at: int, by: bytes) -> None:
    topics, data = encode(created(b"abc"))
    with pytest.raises(DecodingError):
        decode(topics, replaced(data, at=at, by=by))


def test_an_event_of_another_contract_is_told_apart_from_a_broken_one() -> None:
    with pytest.raises(UnknownEvent, match="0x1111"):
        decode(b"\x11" * 32, b"")
    with pytest.raises(UnknownEvent, match="no topic"):
        decode(b"", b"")


# The examples of EIP-55 itself.
@pytest.mark.parametrize(
    "address",
    [
        "0x52908400098527886E0F7030069857D2E4169EE7",
        "0x8617E340B3D01FA5F11F306F4090FD50E238070D",
        "0xde709f2102306220921060314715629080e2fb77",
        "0x27b1fdb04752bbc536007a920d24acb045561c26",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
        "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
        "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
    ],
)
def test_addresses_are_checksummed_as_eip_55_says(address: str) -> None:
    raw = bytes.fromhex(address[2:])
    assert checksum(raw) == address
    topics, data = encode(Paused(account=address))
    assert decode(topics, data) == Paused(account=address)


@given(st.binary(min_size=20, max_size=20))
def test_checksums_are_those_of_eth_utils(address: bytes) -> None:
    assert checksum(address) == to_checksum_address(address)
    upgraded = Upgraded(implementation=checksum(address))
    assert decode(*encode(upgraded)) == upgraded


@pytest.mark.parametrize("length", [0, 19, 21, 32])
def test_only_twenty_bytes_are_an_address(length: int) -> None:
    with pytest.raises(DecodingError):
        checksum(bytes(length))
