"""Charts of days of one's own, and every period beside the one before it."""

import random
import re
from collections import Counter
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from pools import buckets, stretches
from pools.charts import compared, dashboard, kept
from pools.charts.shown import Chart
from pools.models import Log
from pools.stretches import Days, Period
from tests.factories import BTC, NOON, ChainFactory, Emitted, address

pytestmark = pytest.mark.django_db
NOW = NOON + timedelta(days=90, minutes=25)
PEOPLE = [address(f"person {number}") for number in range(12)]
FIRST = NOON.date()


@pytest.fixture
def chain() -> ChainFactory:
    """Ninety days with events at uneven times, the last of them within this hour."""
    chance = random.Random(11)
    chain = ChainFactory(start_time=NOON)
    at = NOON
    chain.block(*(chain.created(number) for number in range(1, 4)), at=at)
    happened: list[tuple[datetime, Emitted]] = []
    for step in range(120):
        at += timedelta(minutes=chance.randrange(5, 2400))
        if at > NOW:
            break
        event = chain.joined(chance.randrange(1, 4), chance.choice(PEOPLE), BTC)
        if step % 20 == 0:
            event = chain.created(step + 10)
        happened.append((at, event))
    chain.past(*happened, (NOW - timedelta(minutes=3), chain.joined(1, PEOPLE[0], BTC)))
    return chain


def days(begin: int, end: int) -> Days:
    return Days(FIRST + timedelta(days=begin), FIRST + timedelta(days=end))


PAST = {
    "hours": days(20, 21),
    "days": days(20, 40),
    "weeks": days(3, 60),
    "today by hours": days(90, 90),
    "today by days": days(70, 90),
    "today by weeks": days(40, 90),
    "before all events": Days(FIRST - timedelta(days=30), FIRST + timedelta(days=5)),
}
PERIODS: dict[str, Period] = {**PAST, "24h": "24h", "7d": "7d", "30d": "30d"}


def chart(name: str, period: Period) -> Chart:
    return next(each for each in dashboard.charts(period, now=NOW) if each.name == name)


def cells(row: tuple[str, ...]) -> list[int]:
    return [int(cell.replace(",", "")) for cell in row[1:]]


def counted(since: datetime, until: datetime) -> Counter[str]:
    """The kinds of the standing events of these hours, as slow and as plain as can be."""
    found = Log.objects.filter(retracted_seq=None).exclude(kind="")
    hours = [(log.timestamp.replace(minute=0, second=0, microsecond=0), log.kind) for log in found]
    return Counter(kind for hour, kind in hours if since <= hour < until)


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata", "America/New_York"])
def test_sums_and_those_of_the_period_before_equal_a_naive_recount(
    chain: ChainFactory, settings: Any, zone: str
) -> None:
    settings.TIME_ZONE = zone
    for period in PERIODS.values():
        _recount(period, ZoneInfo(zone))


def _recount(period: Period, at: ZoneInfo) -> None:
    spans = (
        stretches.buckets_of(period, at, NOW)
        if isinstance(period, Days)
        else buckets.buckets(period, NOW, at)
    )
    earlier = stretches.before(spans, stretches.shift_of(period) or 0, NOW, at)
    table = chart("chart-activity", period).table
    assert table is not None
    for row, edges in zip(table.sums, (spans.edges, earlier.edges), strict=False):
        kinds = counted(edges[0], edges[-1])
        assert cells(row)[0] == kinds["PoolCreated"]
        assert cells(row)[1] == kinds["MemberJoined"]
        assert cells(row)[-1] == sum(kinds.values())
    pools = chart("chart-pools", period).table
    assert pools is not None
    ends = [cells(row)[1] for row in pools.sums[:2]]
    assert ends == [
        counted(NOON - timedelta(days=1), edges[-1])["PoolCreated"]
        for edges in (spans.edges, earlier.edges)
    ]


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata"])
def test_the_heatmap_is_of_the_chosen_days_alone(
    chain: ChainFactory, settings: Any, zone: str
) -> None:
    settings.TIME_ZONE = zone
    for chosen in PAST.values():
        table = chart("chart-rhythm", chosen).table
        assert table is not None
        edges = stretches.buckets_of(chosen, ZoneInfo(zone), NOW).edges
        total = sum(counted(edges[0], edges[-1]).values())
        assert sum(sum(cells(row)) for row in table.rows) == total


def test_the_change_is_told_in_percent_and_drawn_as_a_line(chain: ChainFactory) -> None:
    shown = chart("chart-activity", days(20, 40))
    assert shown.drawing.before.startswith("M46 162V")
    assert shown.keys[-1].label == "The period before"
    now, then = (cells(row)[-1] for row in shown.table.sums[:2])  # type: ignore[union-attr]
    assert shown.compared.startswith(compared.change(now, then) + " against the period before")
    assert shown.compared.endswith(f": {then}.")


def test_changes_are_short_and_signed() -> None:
    assert [compared.change(now, 100) for now in (112, 97, 100)] == [
        "+12\u202f%",
        "−3\u202f%",
        "±0\u202f%",
    ]
    assert compared.change(5, 0) == ""


def test_the_whole_past_is_compared_with_nothing(chain: ChainFactory) -> None:
    shown = chart("chart-activity", "all")
    assert (shown.compared, shown.drawing.before) == ("", "")
    assert shown.table is not None
    assert len(shown.table.sums) == 1


def test_the_number_of_queries_does_not_grow_with_the_days(chain: ChainFactory) -> None:
    for period in PERIODS.values():
        dashboard.charts(period, now=NOW)
        with CaptureQueriesContext(connection) as queries:
            dashboard.charts(period, now=NOW)
        assert len(queries) <= 7


@time_machine.travel(NOW, tick=False)
def test_days_of_the_past_are_shown_and_no_chart_is_heard_of(
    client: Client, chain: ChainFactory
) -> None:
    html = client.get("/?from=2025-07-01&to=2025-07-20&kind=").content.decode()
    assert 'value="2025-07-01"' in html
    assert 'value="2025-07-20"' in html
    assert "topics=dashboard" in html
    assert "charts:" not in html
    assert "from=2025-07-01&amp;to=2025-07-20#activity-title" in html


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("from=&to=2025-07-01", "Choose the first and the last day."),
        ("from=2025-07-01", "Choose the first and the last day."),
        ("from=2025-07-05&to=2025-07-01", "The first day comes after the last one."),
        ("from=2126-07-05&to=2126-07-06", "These days have not come yet."),
        ("from=1999-01-01&to=2025-07-06", "There was no chain before 2009-01-03."),
        ("from=2009-01-03&to=2025-07-06", "Choose ten years at most."),
        ("from=2026-02-30&to=2025-07-06", "Not a day: write it like 2025-01-31."),
        ("from=%3Cscript%3E&to=x", "Not a day: write it like 2025-01-31."),
        ("from=0001-01-01&to=9999-12-31", "There was no chain before 2009-01-03."),
    ],
)
def test_days_that_make_no_sense_are_refused_with_a_sentence(
    client: Client, query: str, problem: str
) -> None:
    response = client.get(f"/?{query}")
    assert response.status_code == 200
    html = response.content.decode()
    assert f'role="alert">{problem}<' in html
    assert "charts:24h" in html  # the usual period is shown, and live
    assert "<script>" not in html.replace("<script src", "")


def test_days_that_are_left_empty_are_no_days_and_leave_the_links(client: Client) -> None:
    html = client.get("/?from=&to=&period=7d").content.decode()
    assert 'role="alert"' not in html
    assert "charts:7d" in html
    links = re.findall(r'<a href="([^"]*)"', client.get("/?from=2025-07-01&to=").content.decode())
    assert "?kind=joins&amp;from=2025-07-01#activity-title" in links
    assert not [link for link in links if re.search(r"=(&|#|$)", link)]


@time_machine.travel(NOW, tick=False)
def test_days_that_go_beyond_today_end_with_it(client: Client, chain: ChainFactory) -> None:
    found = client.get(f"/?from={NOW.date()}&to=2199-01-01").context["chosen_period"]
    assert found.period == Days(NOW.date(), NOW.date())


@pytest.mark.parametrize("path", ["/", "/embed/"])
def test_days_are_said_by_their_ends_and_one_day_once(client: Client, path: str) -> None:
    html = client.get(f"{path}?from=2025-07-01&to=2025-07-20").content.decode()
    assert ">July 1, 2025 – July 20, 2025<" in html
    assert ">July 1, 2025<" in client.get(f"{path}?from=2025-07-01&to=2025-07-01").content.decode()


def test_no_hour_to_come_is_drawn_or_named(chain: ChainFactory) -> None:
    for name in ("chart-pools", "chart-activity"):
        today = chart(name, days(90, 90))
        assert today.table is not None
        assert len(today.table.rows) == len(today.table.links) == NOW.hour + 1 == 13
        assert len(today.drawing.marks) == 13
        assert today.table.rows[-1][0].endswith(", 12:00")


def test_an_hour_alone_is_drawn_too(chain: ChainFactory) -> None:
    midnight = NOW.replace(hour=0, minute=5)
    for each in dashboard.charts(Days(NOW.date(), NOW.date()), now=midnight)[:2]:
        assert each.table is not None
        assert len(each.table.rows) == 1


@time_machine.travel(NOW, tick=False)
def test_days_with_today_are_right_when_loaded_again(
    client: Client, chain: ChainFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "GOOD_FOR", 0.0)

    def events() -> int:
        html = client.get(f"/?from={NOW.date()}&to={NOW.date()}").content.decode()
        sums = html.partition('id="chart-activity-sums"')[2].partition("</tr>")[0]
        return int(re.findall(r"<td>(\d+)</td>", sums)[-1])

    before = events()
    chain.block(chain.joined(1, PEOPLE[2], BTC), at=NOW)
    assert events() == before + 1


@time_machine.travel(NOW, tick=False)
def test_many_chosen_days_do_not_push_out_the_drawings_of_the_named_periods(
    client: Client, chain: ChainFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.get("/")
    for day in range(1, kept.MOST + 3):
        client.get(f"/?from=2025-07-{day:02}&to=2025-08-01")
    drawn: list[Period] = []
    monkeypatch.setattr(kept.dashboard, "charts", lambda period, *_: drawn.append(period) or [])
    client.get("/")
    assert drawn == []
