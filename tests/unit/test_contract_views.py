"""The contract's views: questions as the interface spells them, answers exact or refused."""

from typing import Any

import pytest
from eth_abi.abi import encode as abi_encode
from hypothesis import example, given
from hypothesis import strategies as st

from coopsite.devchain.contract import encode_call, functions
from pools import contract_views
from pools.contract_views import NOBODY, MemberInfo, PoolInfo, View
from tests.encoding import word

ALICE = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"

QUESTIONS: list[tuple[View[Any], tuple[Any, ...]]] = [
    (contract_views.pool_counter(), ()),
    (contract_views.pool_info(2**256 - 1), (2**256 - 1,)),
    (contract_views.member_info(7, ALICE), (7, ALICE)),
    (contract_views.pool_members(7), (7,)),
    (contract_views.total_shares(0), (0,)),
    (contract_views.paused(), ()),
    (contract_views.emergency_mode(), ()),
    (contract_views.performance_fee(), ()),
]
VIEWS = {view.function: view for view, _ in QUESTIONS}

small = st.integers(0, 2**64 - 1)
middle = st.integers(0, 2**128 - 1)
large = st.integers(0, 2**256 - 1)
accounts = st.binary(min_size=20, max_size=20).map(lambda raw: "0x" + raw.hex())
members = st.tuples(middle, middle, small, st.booleans(), large)
pools = st.tuples(
    *(middle, middle, small, small, small, st.integers(0, 2), st.booleans()),
    *(accounts, st.binary(max_size=100), large, large, large),
)


def encoded(function: str, value: Any) -> bytes:
    """The answer as eth_abi writes it, by the interface that the compiler gave."""
    types = [kind.replace("string", "bytes") for kind in functions()[function].outputs]
    return abi_encode(types, [value])


def test_every_question_is_spelt_as_the_interface_spells_it() -> None:
    for view, arguments in QUESTIONS:
        assert "0x" + view.data.hex() == encode_call(view.function, *arguments)


@given(pools)
def test_a_pool_is_read_as_it_was_written(values: tuple[Any, ...]) -> None:
    info = VIEWS["getPoolInfo"].read(encoded("getPoolInfo", values))
    assert isinstance(info, PoolInfo)
    read = [getattr(info, name) for name in PoolInfo.__struct_fields__]
    read[7] = read[7].lower()
    assert tuple(read) == values


@given(members)
def test_a_member_is_read_as_it_was_written(values: tuple[Any, ...]) -> None:
    read = VIEWS["getMemberInfo"].read(encoded("getMemberInfo", values))
    assert read == MemberInfo(*values)


@given(st.lists(accounts, max_size=5))
def test_a_list_of_members_is_read_as_it_was_written(listed: list[str]) -> None:
    read = VIEWS["getPoolMembers"].read(encoded("getPoolMembers", listed))
    assert [account.lower() for account in read] == listed


words = st.one_of(
    st.integers(0, 500).map(word),
    st.integers(2**63, 2**65).map(word),
    st.binary(min_size=32, max_size=32),
    st.binary(max_size=40),
)


@given(st.sampled_from(sorted(VIEWS)), st.lists(words, max_size=20).map(b"".join))
@example("getPoolMembers", word(32) + word(2**255))
@example("getPoolMembers", word(64) + word(0) + word(0))
@example("getPoolInfo", word(32) + word(0) * 8 + word(384) + word(0) * 3 + word(2**255))
@example("paused", word(2))
@example("poolCounter", b"")
def test_an_answer_is_refused_or_means_exactly_its_bytes(function: str, answer: bytes) -> None:
    try:
        value = VIEWS[function].read(answer)
    except ValueError:
        return
    if isinstance(value, PoolInfo | MemberInfo):
        value = tuple(getattr(value, name) for name in value.__struct_fields__)
    assert encoded(function, value) == answer


@pytest.mark.parametrize("place", range(12))
def test_a_pool_with_a_word_too_large_is_refused(place: int) -> None:
    answer = encoded("getPoolInfo", (1, 2, 3, 4, 5, 0, True, ALICE, b"x", 9, 10, 11))
    at = 32 * (place + 1)
    changed = answer[:at] + b"\xff" * 32 + answer[at + 32 :]
    if place > 8:  # of 256 bits: anything is a number
        assert VIEWS["getPoolInfo"].read(changed)
        return
    with pytest.raises(ValueError, match=r"fit|status|truth|belongs"):
        VIEWS["getPoolInfo"].read(changed)


def test_a_pool_that_never_was_is_known_by_its_creator() -> None:
    nothing = (0, 0, 0, 0, 0, 0, False, NOBODY, b"", 0, 0, 0)
    assert not VIEWS["getPoolInfo"].read(encoded("getPoolInfo", nothing)).exists
    something = (0, 0, 0, 0, 0, 0, False, ALICE, b"", 0, 0, 0)
    assert VIEWS["getPoolInfo"].read(encoded("getPoolInfo", something)).exists
