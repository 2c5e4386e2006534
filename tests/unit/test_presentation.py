"""Values look as people write them, in both languages."""

from fractions import Fraction

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from pools import presentation
from tests.factories import ANA, BEA

SATOSHI = 10**10


@pytest.mark.parametrize(
    ("wei", "shown"),
    [
        (0, "0"),
        (1, "<0.00000001"),
        (SATOSHI - 1, "<0.00000001"),
        (SATOSHI, "0.00000001"),
        (15 * 10**15, "0.015"),
        (10**18, "1"),
        (1_234_567 * 10**18 + 5 * 10**17, "1,234,567.5"),
        (123456789012345678, "0.12345678"),
        (2**256 - 1, f"{(2**256 - 1) // 10**18:,}.58400791"),
        (-(10**17), "−0.1"),
    ],
)
def test_an_amount_is_shown_in_btc_rounded_down(wei: int, shown: str) -> None:
    assert presentation.btc(wei) == shown


def test_spanish_has_its_own_decimal_sign() -> None:
    with translation.override("es"):
        assert presentation.btc(15 * 10**15) == "0,015"
        assert presentation.whole(1234567) == "1\xa0234\xa0567"


@given(st.integers(min_value=SATOSHI, max_value=2**256 - 1))
def test_no_amount_is_shown_larger_than_it_is(wei: int) -> None:
    shown = Fraction(presentation.btc(wei).replace(",", "")) * 10**18
    assert shown <= wei < shown + SATOSHI


@pytest.mark.parametrize(
    ("part", "whole", "shown"),
    [
        *((1, 3, "33.3"), (2, 2, "100"), (0, 5, "0"), (1, 0, "0"), (999_999, 1_000_000, "99.9")),
        *((1, 1000, "0.1"), (1, 1001, "<0.1"), (10**60 - 1, 10**60, "99.9")),
    ],
)
def test_a_share_is_rounded_down_so_that_not_quite_all_is_not_all(
    part: int, whole: int, shown: str
) -> None:
    assert presentation.percent(part, whole) == f"{shown}\u202f%"


def test_a_fee_is_told_without_needless_zeros() -> None:
    assert presentation.basis_points(1000) == "10\u202f%"
    assert presentation.basis_points(1275) == "12.75\u202f%"
    assert presentation.basis_points(1270) == "12.7\u202f%"


def test_the_highest_fee_that_a_contract_can_name_is_told() -> None:
    told = presentation.basis_points(2**256 - 1).removesuffix("\u202f%").replace(",", "")
    assert told == "1157920892373161954235709850086879078532699846656405640394575840079131296399.35"


@pytest.mark.parametrize(
    ("change", "direction"), [(12.4, "up"), (-3.0, "down"), (0.2, "flat"), (0.0, "flat")]
)
def test_a_trend_has_a_direction(change: float, direction: str) -> None:
    trend = presentation.trend(change)
    assert trend is not None
    assert trend.direction == direction


def test_without_a_yesterday_there_is_no_trend() -> None:
    assert presentation.trend(None) is None


def test_an_address_is_recognised_by_its_ends() -> None:
    assert presentation.short_address(ANA) == f"{ANA[:6]}…{ANA[-4:]}"


def test_an_address_always_has_the_same_picture_and_others_another() -> None:
    assert presentation.identicon(ANA) == presentation.identicon(ANA.lower())
    assert presentation.identicon(ANA) != presentation.identicon(BEA)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0 s"), (59.9, "59 s"), (60, "1 min"), (3725, "1 h 2 min"), (90_000, "1 d 1 h")],
)
def test_a_duration_is_told_in_its_two_largest_units(seconds: float, shown: str) -> None:
    assert presentation.duration(seconds) == shown


def test_only_known_chains_have_an_explorer() -> None:
    assert presentation.explorer_of(31611) == "https://explorer.test.mezo.org"
    assert presentation.explorer_of(1337611) == ""
    assert presentation.explorer_of(1, "https://explorer.example") == "https://explorer.example"
