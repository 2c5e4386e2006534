"""Into which hours, days, weeks and months the counts of a chart fall."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pools.buckets import PERIODS, buckets, by_day, into, rhythm, running
from pools.periods import HOUR

NOW = datetime(2026, 3, 18, 9, 41, 30, tzinfo=UTC)  # a Wednesday
ZONES = [ZoneInfo(name) for name in ("UTC", "Asia/Kolkata", "America/New_York", "Asia/Kathmandu")]
HOURS = st.integers(0, 60_000).map(lambda ago: datetime(2026, 3, 18, 9, tzinfo=UTC) - ago * HOUR)


def test_a_day_is_the_last_24_hours_up_to_the_end_of_this_one() -> None:
    found = buckets("24h", NOW, ZoneInfo("Asia/Kolkata"))
    assert (found.unit, len(found)) == ("hour", 24)
    assert found.edges[0] == datetime(2026, 3, 17, 10, tzinfo=UTC)
    assert found.edges[-1] == datetime(2026, 3, 18, 10, tzinfo=UTC)


@pytest.mark.parametrize(("period", "days"), [("7d", 7), ("30d", 30)])
def test_days_begin_at_the_sites_midnight_and_today_is_the_last(period: str, days: int) -> None:
    found = buckets(period, NOW, ZoneInfo("Asia/Kolkata"))
    assert (found.unit, len(found)) == ("day", days)
    assert found.starts[-1] == datetime(2026, 3, 17, 18, 30, tzinfo=UTC)


def test_a_day_in_which_clocks_change_has_23_hours() -> None:
    found = buckets("7d", datetime(2026, 3, 9, 12, tzinfo=UTC), ZoneInfo("America/New_York"))
    lengths = [(after - before) / HOUR for before, after in pairwise(found.edges)]
    assert lengths == [24, 24, 24, 24, 24, 23, 24]


@pytest.mark.parametrize(
    ("ago", "unit", "count"),
    [(0, "day", 7), (20, "day", 21), (60, "week", 10), (3 * 365, "month", 37)],
)
def test_the_whole_past_comes_in_days_then_weeks_then_months(
    ago: int, unit: str, count: int
) -> None:
    found = buckets("all", NOW, ZoneInfo("UTC"), NOW - timedelta(days=ago))
    assert (found.unit, len(found)) == (unit, count)
    assert found.place(NOW - timedelta(days=ago)) is not None


def test_weeks_begin_on_mondays_and_months_on_their_first() -> None:
    weeks = buckets("all", NOW, ZoneInfo("UTC"), NOW - timedelta(days=100))
    assert {start.weekday() for start in weeks.starts} == {0}
    months = buckets("all", NOW, ZoneInfo("UTC"), NOW - timedelta(days=1000))
    assert {start.day for start in months.starts} == {1}


def test_an_hour_belongs_to_the_day_in_which_it_begins() -> None:
    found = buckets("7d", NOW, ZoneInfo("Asia/Kolkata"))
    before = datetime(2026, 3, 17, 18, tzinfo=UTC)  # 23:30 in Kolkata, half of it after midnight
    assert into([(before, (1,)), (before + HOUR, (10,))], found, 1)[-2:] == [(1,), (10,)]


def test_the_rhythm_is_that_of_the_sites_clock() -> None:
    week = rhythm([(datetime(2026, 3, 15, 20, tzinfo=UTC), (2, 3))], ZoneInfo("Asia/Kolkata"))
    assert (week[1], sum(week)) == (5, 5)  # Monday, 01:30


def test_what_is_added_runs_up() -> None:
    assert running(5, [0, 2, 1]) == [5, 7, 8]


@given(
    period=st.sampled_from(PERIODS),
    zone=st.sampled_from(ZONES),
    counted=st.dictionaries(HOURS, st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1),
)
def test_bars_sum_to_the_counts(
    period: str, zone: ZoneInfo, counted: dict[datetime, tuple[int, int]]
) -> None:
    hours = sorted(counted.items())
    found = buckets(period, NOW, zone, hours[0][0])
    assert all(before < after for before, after in pairwise(found.edges))
    assert found.place(NOW) == len(found) - 1
    shown = [counts for hour, counts in hours if found.edges[0] <= hour < found.edges[-1]]
    if period == "all":
        assert len(shown) == len(hours)
    bars = into(hours, found, 2)
    assert [sum(group) for group in zip(*bars, strict=True)] == [
        sum(counts[group] for counts in shown) for group in (0, 1)
    ]
    assert into(by_day(hours, zone), found, 2) == bars or period == "24h"
    assert sum(rhythm(hours, zone)) == sum(map(sum, counted.values()))
