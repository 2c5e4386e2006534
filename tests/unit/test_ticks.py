"""An axis of time is named at round moments, few enough to be read, and never twice the same."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pools import buckets, stretches
from pools.charts import shown
from pools.stretches import Days
from pools.ticks import MOST, ticks

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)
ZONES = [ZoneInfo(name) for name in ("UTC", "Asia/Kolkata", "America/New_York", "America/Santiago")]
MOMENTS = st.integers(0, 10**9).map(lambda seconds: datetime.fromtimestamp(seconds + 1.25e9, UTC))
SPANS = st.timedeltas(timedelta(seconds=1), timedelta(days=4000)) | st.timedeltas(
    timedelta(hours=1), timedelta(days=10)
)


def words(start: datetime, end: datetime) -> list[str]:
    return [word for _place, word in shown.moment_times(start, end)]


@pytest.mark.parametrize(
    ("hours", "expected"),
    [
        (2, ["12:00", "12:30", "13:00", "13:30", "14:00"]),
        (24, ["12:00", "18:00", "30 Nov", "06:00", "12:00"]),
        (48, ["12:00", "30 Nov", "12:00", "1 Dec", "12:00"]),
        (60, ["30 Nov", "1 Dec", "2 Dec"]),
        (24 * 7, ["1 Dec", "3 Dec", "5 Dec"]),
        (24 * 40, ["7 Dec", "21 Dec", "4 Jan"]),
        (24 * 120, ["Dec 2026", "Jan 2027", "Feb 2027", "Mar 2027"]),
        (24 * 365 * 4, ["Jan 2027", "Jan 2028", "Jan 2029", "Jan 2030"]),
    ],
)
def test_a_longer_axis_is_named_at_longer_steps(hours: int, expected: list[str]) -> None:
    assert words(NOON, NOON + timedelta(hours=hours)) == expected


@given(start=MOMENTS, span=SPANS, zone=st.sampled_from(ZONES))
def test_names_rise_lie_apart_and_are_few(start: datetime, span: timedelta, zone: ZoneInfo) -> None:
    found = list(ticks(start, start + span, zone))
    assert len(found) <= MOST
    assert all(start <= tick.at <= start + span for tick in found)
    # An hour may be missing between two of them where clocks go forward.
    hour = timedelta(hours=1)
    apart = span / (MOST - 0.5)
    moments = [tick.at.astimezone(UTC) for tick in found]
    for one, next_one in pairwise(moments):
        assert next_one - one >= min(apart - hour, timedelta(days=28)) or next_one - one >= apart
        assert one < next_one


@given(start=MOMENTS, span=SPANS)
def test_no_day_is_named_twice(start: datetime, span: timedelta) -> None:
    days = [word for word in words(start, start + span) if ":" not in word]
    assert len(set(days)) == len(days)


@given(start=MOMENTS, hours=st.integers(24, 48))
def test_an_axis_of_hours_names_each_day_that_begins_in_it(start: datetime, hours: int) -> None:
    end = start + timedelta(hours=hours)
    midnight = start.replace(hour=0, minute=0, second=0)
    midnights = [midnight + timedelta(days=ahead) for ahead in range(4)]
    begun = [shown.day(each) for each in midnights if start <= each <= end]
    assert [word for word in words(start, end) if ":" not in word] == begun


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata", "America/New_York"])
@pytest.mark.parametrize("middles", [True, False])
def test_buckets_of_hours_are_named_where_they_stand(
    settings: Any, zone: str, middles: bool
) -> None:
    settings.TIME_ZONE = zone
    two_days = Days(NOON.date() - timedelta(days=1), NOON.date())
    for spans in (
        stretches.buckets_of(two_days, ZoneInfo(zone), NOON + timedelta(days=2)),
        buckets.buckets("24h", NOON, ZoneInfo(zone)),
    ):
        named = shown.bucket_times(spans, middles=middles)
        assert not callable(named)
        assert 3 <= len(named) <= MOST
        count = len(spans) if middles else len(spans) - 1
        places = [int(place * count + 1e-9) for place, _word in named]
        for place, (_exact, word) in zip(places, named, strict=True):
            begin = spans.edges[place]
            assert word in (
                *(shown.clock_time(begin + timedelta(minutes=each)) for each in (0, 30)),
                shown.day(begin + timedelta(minutes=59)),
            )
        assert any(not word[0].isdigit() or " " in word for _place, word in named), "a day"


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata", "Asia/Kathmandu"])
def test_a_round_hour_stands_on_a_line_where_it_is(settings: Any, zone: str) -> None:
    settings.TIME_ZONE = zone
    spans = buckets.buckets("24h", NOON, ZoneInfo(zone))
    named = shown.bucket_times(spans)
    assert not callable(named)
    assert len(named) >= 3
    for place, word in named:
        assert 0 <= place <= 1
        moment = spans.edges[0] + place * (spans.edges[-2] - spans.edges[0])
        if ":" in word:
            assert shown.clock_time(moment + timedelta(milliseconds=1)) == word


def test_a_moment_alone_and_the_last_hours_have_an_axis_too() -> None:
    assert words(NOON, NOON) == ["12:00"]
    one_hour = buckets.Buckets("hour", (NOON, NOON + timedelta(hours=1)))
    assert shown.bucket_times(one_hour) == [(0.0, "12:00")]
    nothing = buckets.Buckets("hour", (NOON, NOON))
    assert shown.bucket_times(nothing) == []
