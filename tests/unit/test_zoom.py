"""From any days to those beside and around them, and into the buckets of a chart."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pools import buckets, stretches, zoom
from pools.buckets import DAY
from pools.stretches import FIRST_DAY, Days

TODAY = date(2026, 11, 29)
ZONES = st.sampled_from([ZoneInfo(name) for name in ("UTC", "Asia/Kolkata", "America/New_York")])


def days(begin: int, end: int) -> Days:
    """So many days before today."""
    return Days(TODAY - begin * DAY, TODAY - end * DAY)


@st.composite
def some_days(draw: st.DrawFn) -> Days:
    last = draw(st.dates(FIRST_DAY, TODAY))
    length = draw(st.integers(1, min(zoom.MOST_DAYS, (last - FIRST_DAY).days + 1)))
    return Days(last - (length - 1) * DAY, last)


@pytest.mark.parametrize(
    ("shown", "earlier", "later", "out"),
    [
        (days(19, 10), days(29, 20), days(9, 0), days(24, 5)),
        (days(9, 9), days(10, 10), days(8, 8), days(10, 9)),
        (days(12, 3), days(22, 13), days(9, 0), days(19, 0)),  # today is in the way
        (days(6, 0), days(13, 7), None, days(13, 0)),
        # Ten years at most, and nothing before the first day of all.
        (days(4500, 1500), Days(FIRST_DAY, date(2017, 3, 22)), days(3000, 0), days(4830, 1171)),
    ],
)
def test_what_lies_beside_days_and_around_them(
    shown: Days, earlier: Days | None, later: Days | None, out: Days | None
) -> None:
    found = zoom.around(shown, TODAY)
    assert (found.earlier, found.later, found.out) == (earlier, later, out)


@given(shown=some_days())
def test_wherever_it_leads_there_is_something_to_show(shown: Days) -> None:
    found = zoom.around(shown, TODAY)
    for other in (found.earlier, found.later, found.out):
        if other is not None:
            assert FIRST_DAY <= other.first <= other.last <= TODAY
            assert len(other) <= zoom.MOST_DAYS
            assert other != shown
    assert (found.earlier is None) == (shown.first == FIRST_DAY)
    assert (found.later is None) == (shown.last == TODAY)
    if found.earlier and found.later:
        assert len(found.earlier) == len(found.later) == len(shown)
        assert found.earlier.first < shown.first <= shown.last < found.later.last
    if found.out:
        assert found.out.first <= shown.first <= shown.last <= found.out.last
    if len(shown) * 2 <= zoom.MOST_DAYS and found.out:
        assert len(found.out) == min(2 * len(shown), (TODAY - FIRST_DAY).days + 1)


@given(shown=some_days(), zone=ZONES)
def test_the_buckets_days_are_next_to_each_other_and_make_up_the_whole(
    shown: Days, zone: ZoneInfo
) -> None:
    spans = stretches.buckets_of(shown, zone, datetime(2026, 12, 1, tzinfo=UTC))
    if spans.unit == "hour":
        return
    found = zoom.days_of(spans, zone, TODAY)
    assert (found[0].first, found[-1].last) == (shown.first, shown.last)
    assert sum(map(len, found)) == len(shown)
    assert all(len(each) < len(shown) for each in found), "each is nearer than the whole"


@given(zone=ZONES, ago=st.integers(0, 3000), minutes=st.integers(0, 1439))
def test_no_bucket_of_the_whole_past_leads_beyond_today(
    zone: ZoneInfo, ago: int, minutes: int
) -> None:
    now = datetime(2026, 11, 29, tzinfo=UTC) + timedelta(minutes=minutes)
    today = now.astimezone(zone).date()
    spans = buckets.buckets("all", now, zone, now - timedelta(days=ago))
    found = zoom.days_of(spans, zone, today)
    assert found[-1].last == today
    assert all(each.first <= each.last for each in found)


def test_a_moment_is_written_as_lists_read_it() -> None:
    assert zoom.moment(datetime(2026, 11, 29, 4, tzinfo=UTC)) == "2026-11-29T04:00Z"
