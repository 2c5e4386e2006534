"""Which buckets days of one's own fall into, and what the period before is."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pools.buckets import PERIODS, buckets
from pools.stretches import SHIFTS, Days, before, buckets_of, clock_of, shift_of

NOW = datetime(2026, 3, 18, 9, 41, 30, tzinfo=UTC)
LATER = datetime(2050, 1, 1, tzinfo=UTC)
ZONES = [ZoneInfo(name) for name in ("UTC", "Asia/Kolkata", "America/New_York", "Asia/Kathmandu")]
DAYS = st.builds(
    lambda first, length: Days(first, first + timedelta(days=length)),
    st.dates(date(2009, 1, 3), date(2026, 3, 18)),
    st.integers(0, 3650),
)


@pytest.mark.parametrize(
    ("last", "unit", "count"),
    [
        (date(2026, 2, 2), "hour", 24),
        (date(2026, 2, 3), "hour", 48),
        (date(2026, 2, 4), "day", 3),
        (date(2026, 4, 2), "week", 9),
        (date(2027, 12, 31), "month", 23),
    ],
)
def test_the_longer_the_days_the_longer_the_buckets(last: date, unit: str, count: int) -> None:
    found = buckets_of(Days(date(2026, 2, 2), last), ZoneInfo("UTC"), LATER)  # from a Monday on
    assert (found.unit, len(found)) == (unit, count)


def test_weeks_end_with_the_chosen_days() -> None:
    found = buckets_of(Days(date(2026, 1, 7), date(2026, 3, 10)), ZoneInfo("UTC"), LATER)
    assert [edge.date().isoformat() for edge in found.edges[:2]] == ["2026-01-07", "2026-01-12"]
    assert found.edges[-1] == datetime(2026, 3, 11, tzinfo=UTC)


@given(days=DAYS, zone=st.sampled_from(ZONES))
def test_the_period_before_has_as_many_buckets_and_ends_where_the_days_begin(
    days: Days, zone: ZoneInfo
) -> None:
    spans = buckets_of(days, zone, LATER)
    earlier = before(spans, len(days), LATER, zone)
    assert len(earlier) == len(spans)
    assert all(start <= end for start, end in pairwise(earlier.edges))
    assert earlier.edges[-1] == spans.edges[0]


def test_a_day_not_over_yet_is_compared_up_to_the_same_hour() -> None:
    zone = ZoneInfo("UTC")
    spans = buckets("7d", NOW, zone)
    earlier = before(spans, 7, NOW, zone)
    assert earlier.edges[0] == spans.edges[0] - timedelta(days=7)
    assert earlier.edges[-1] == datetime(2026, 3, 11, 10, tzinfo=UTC)


@pytest.mark.parametrize("days_ago", [0, 1])
def test_hours_of_a_day_not_over_yet_are_compared_up_to_the_same_hour(days_ago: int) -> None:
    zone, today = ZoneInfo("UTC"), NOW.date()
    days = Days(today - timedelta(days=days_ago), today)
    spans = buckets_of(days, zone, NOW)
    earlier = before(spans, len(days), NOW, zone)
    assert len(earlier) == len(spans) == 24 * days_ago + NOW.hour + 1
    this_hour_then = NOW.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    assert earlier.edges[-1] == this_hour_then - timedelta(days=len(days))
    assert all(end > start for start, end in pairwise(earlier.edges))


@given(days=DAYS, zone=st.sampled_from(ZONES), minutes=st.integers(0, 2 * 1440))
def test_hours_end_with_the_one_that_is_now(days: Days, zone: ZoneInfo, minutes: int) -> None:
    whole = buckets_of(days, zone, LATER)
    now = whole.edges[0] + timedelta(minutes=minutes)
    found = buckets_of(days, zone, now)
    assert found.edges == whole.edges[: len(found.edges)]
    if found.unit != "hour" or now >= whole.edges[-1]:
        assert found == whole
    else:
        assert found.place(now) == len(found) - 1


def test_the_last_24_hours_are_compared_with_those_before_them() -> None:
    spans = buckets("24h", NOW, ZoneInfo("UTC"))
    earlier = before(spans, 1, NOW, ZoneInfo("UTC"))
    assert earlier.edges[-1] == spans.edges[0]


def test_every_named_period_but_the_whole_past_has_one_before_it() -> None:
    assert [shift_of(period) for period in PERIODS] == [1, 7, 30, None]
    assert set(SHIFTS) < set(PERIODS)


def test_the_hours_of_a_day_are_those_of_the_zone() -> None:
    found = clock_of([(NOW.replace(minute=0, second=0), (2, 1))], ZoneInfo("Asia/Kolkata"))
    assert found[date(2026, 3, 18)][14] == 3  # 9:00 UTC is half past two
    assert found.keys() == {date(2026, 3, 18)}
