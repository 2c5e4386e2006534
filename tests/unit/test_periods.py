"""What "today", "yesterday at this time" and "this hour" mean, in any time zone."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pools.periods import HOUR, Period, periods, split_hours, trend_percent

MOMENTS = st.integers(0, 4_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
ZONES = [
    "UTC",
    "America/Mexico_City",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Europe/Madrid",
    "Australia/Lord_Howe",
]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def test_the_day_begins_at_midnight_of_the_site_s_time_zone() -> None:
    times = periods(at("2025-06-15T03:30:00Z"), ZoneInfo("America/Mexico_City"))
    assert times.today == Period(at("2025-06-14T06:00:00Z"), at("2025-06-15T06:00:00Z"))
    assert times.yesterday_same_time == Period(
        at("2025-06-13T06:00:00Z"), at("2025-06-14T03:30:00Z")
    )
    assert times.this_hour == Period(at("2025-06-15T03:00:00Z"), at("2025-06-15T04:00:00Z"))


def test_an_hour_of_a_half_hour_zone_begins_at_its_own_full_hour() -> None:
    times = periods(at("2025-06-15T03:45:00Z"), ZoneInfo("Asia/Kolkata"))  # 09:15 there
    assert times.this_hour == Period(at("2025-06-15T03:30:00Z"), at("2025-06-15T04:30:00Z"))


def test_yesterday_ends_at_the_same_wall_clock_time_when_the_clock_changed() -> None:
    # Madrid skipped from 2 to 3 in the morning of 30 March 2025.
    times = periods(at("2025-03-31T10:00:00Z"), ZoneInfo("Europe/Madrid"))  # 12:00 there
    assert times.yesterday_same_time.end == at("2025-03-30T12:00:00+02:00")
    assert times.yesterday_same_time.end - times.yesterday_same_time.start == 11 * HOUR


@pytest.mark.parametrize(
    ("now", "end"),
    [
        *(("01:59:30", "00:59:30"), ("02:00", "01:00"), ("02:30", "01:00")),
        *(("03:00", "01:00"), ("03:01", "01:01")),
    ],
)
def test_a_time_that_yesterday_skipped_is_when_it_jumped(now: str, end: str) -> None:
    times = periods(at(f"2025-03-31T{now}+02:00"), ZoneInfo("Europe/Madrid"))
    assert times.yesterday_same_time.end == at(f"2025-03-30T{end}Z")


@given(
    MOMENTS,
    st.sampled_from(ZONES),
)
def test_now_lies_in_today_and_in_this_hour_and_yesterday_lies_before(
    now: datetime, zone: str
) -> None:
    times = periods(now, ZoneInfo(zone))
    assert times.today.start <= now < times.today.end
    assert times.this_hour.start <= now < times.this_hour.end
    assert times.yesterday_same_time.start <= times.yesterday_same_time.end <= times.today.start


@given(
    MOMENTS,
    st.timedeltas(timedelta(0), timedelta(days=3)),
)
def test_hours_and_edges_make_up_the_period_exactly(start: datetime, length: timedelta) -> None:
    hours, edges = split_hours(Period(start, start + length))
    pieces = sorted([*edges, hours], key=lambda piece: (piece.start, piece.end))
    pieces = [piece for piece in pieces if piece.start < piece.end]
    assert sum((piece.end - piece.start for piece in pieces), timedelta(0)) == length
    for before, after in pairwise(pieces):
        assert before.end == after.start
    assert all(edge.end - edge.start < HOUR for edge in edges)
    if hours.start < hours.end:
        assert hours.start.minute == hours.end.minute == 0


@pytest.mark.parametrize(
    ("now", "before", "percent"),
    [(0, 0, None), (5, 0, None), (0, 4, -100.0), (6, 4, 50.0), (2, 3, -33.3), (4, 4, 0.0)],
)
def test_a_trend_is_told_against_something_only(
    now: int, before: int, percent: float | None
) -> None:
    assert trend_percent(now, before) == percent
