"""When a rule's limit is passed, when it no longer is, and when nobody can say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pools.rules.judging import ABOVE, BELOW, Measured, is_passed

NUMBERS = st.integers(0, 10**30)


@pytest.mark.parametrize(
    ("side", "limit", "number", "whole", "passed"),
    [
        (ABOVE, 10, 11, True, True),
        (ABOVE, 10, 11, False, True),  # there are at least so many
        (ABOVE, 10, 10, True, None),
        (ABOVE, 10, 9, True, None),
        (ABOVE, 10, 8, True, False),
        (ABOVE, 10, 8, False, None),  # more may come
        (ABOVE, 0, 1, True, True),
        (ABOVE, 0, 0, True, False),
        (ABOVE, 1, 1, True, False),
        (BELOW, 1, 0, True, True),
        (BELOW, 1, 0, False, None),  # no wolf
        (BELOW, 1, 1, True, False),
        (BELOW, 8, 7, True, True),
        (BELOW, 8, 8, True, None),
        (BELOW, 8, 9, True, None),
        (BELOW, 8, 10, True, False),
        (BELOW, 8, 10, False, False),
    ],
)
def test_limits(side: str, limit: int, number: int, whole: bool, passed: bool | None) -> None:
    assert is_passed(Measured(number, whole=whole), side=side, limit=limit) is passed


@given(number=NUMBERS, limit=NUMBERS, side=st.sampled_from([ABOVE, BELOW]))
def test_what_is_missing_only_ever_makes_less_certain(number: int, limit: int, side: str) -> None:
    sure = is_passed(Measured(number), side=side, limit=limit)
    unsure = is_passed(Measured(number, whole=False), side=side, limit=limit)
    assert unsure in (sure, None)


@given(number=NUMBERS, more=NUMBERS, limit=NUMBERS, side=st.sampled_from([ABOVE, BELOW]))
def test_what_is_said_of_missing_data_holds_whatever_comes(
    number: int, more: int, limit: int, side: str
) -> None:
    said = is_passed(Measured(number, whole=False), side=side, limit=limit)
    assert said in (None, is_passed(Measured(number + more), side=side, limit=limit))
