"""The dashboard's charts tell what the logs tell, in any time zone, at a constant cost."""

import json
import random
import re
import uuid
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from pools import buckets, selectors
from pools.charts import dashboard, kept, series
from pools.charts.shown import Chart
from pools.charts.titles import ALL
from pools.models import Category, CategoryRules, Chain, HourlyActivity, Log, Pool, RegionCount
from pools.rebuilding import hourly
from pools.selectors import balances, summed_past
from pools.selectors.balances import Standing
from pools.selectors.hours import GROUPS
from pools.templatetags.coopsite import pool_url
from tests.factories import BTC, NOON, ChainFactory, Emitted, address

pytestmark = pytest.mark.django_db
NOW = NOON + timedelta(days=40, minutes=25)
PEOPLE = [address(f"person {number}") for number in range(12)]


@pytest.fixture
def chain() -> ChainFactory:
    """Forty days of events at uneven times, the last of them within this hour."""
    chance = random.Random(7)
    chain = ChainFactory(start_time=NOON)
    at = NOON
    chain.block(*(chain.created(number) for number in range(1, 4)), at=at)
    happened: list[tuple[datetime, Emitted]] = []
    for step in range(160):
        at += timedelta(minutes=chance.randrange(5, 700))
        if at > NOW:
            break
        pool, person = chance.randrange(1, 4), chance.choice(PEOPLE)
        event = chance.choice((chain.joined, chain.joined, chain.left))(pool, person, BTC)
        if step % 20 == 0:
            event = chain.created(step + 10)
        happened.append((at, event))
    chain.past(*happened, (NOW - timedelta(minutes=3), chain.joined(1, PEOPLE[0], BTC)))
    return chain


def drawings(period: str, names: Sequence[str] = ALL) -> str:
    return "".join(kept.figures(period, names).values())


def chart(name: str, period: str) -> Chart:
    return next(each for each in dashboard.charts(period, now=NOW) if each.name == name)


def numbers(of: Chart) -> list[list[int]]:
    """The table without its headings."""
    assert of.table is not None
    return [[int(cell.replace(",", "")) for cell in row[1:]] for row in of.table.rows]


def past_at(now: datetime) -> summed_past.Past:
    mark = Chain.objects.values_list("activity_mark", flat=True).get()
    return summed_past.summed_past(now, ZoneInfo("UTC"), mark)


def hours_of_logs() -> list[tuple[datetime, str]]:
    """Each standing event's hour and kind, from the logs themselves."""
    logs = Log.objects.filter(retracted_seq=None).exclude(kind="")
    return [(log.timestamp.replace(minute=0, second=0, microsecond=0), log.kind) for log in logs]


def recounted(period: str, zone: ZoneInfo) -> list[list[int]]:
    """A row for each bucket, as slow and as plain as can be."""
    found = hours_of_logs()
    spans = buckets.buckets(period, NOW, zone, min(hour for hour, _kind in found))
    rows = []
    for start, end in pairwise(spans.edges):
        kinds = Counter(kind for hour, kind in found if start <= hour < end)
        named = [kinds.pop(kind, 0) for kind in GROUPS]
        row = [*named, sum(kinds.values())]
        rows.append([*row, sum(row)])
    return rows


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata", "America/New_York"])
@pytest.mark.parametrize("period", buckets.PERIODS)
def test_charts_equal_a_naive_recount_of_the_logs(
    chain: ChainFactory, settings: Any, zone: str, period: str
) -> None:
    settings.TIME_ZONE = zone
    expected = recounted(period, ZoneInfo(zone))
    assert numbers(chart("chart-activity", period)) == expected
    pools = numbers(chart("chart-pools", period))
    assert [row[0] for row in pools] == [row[0] for row in expected]
    assert pools[-1][1] == Pool.objects.count()
    week = Counter(
        (local.weekday(), local.hour)
        for hour, _kind in hours_of_logs()
        for local in [hour.astimezone(ZoneInfo(zone))]
        if period == "all" or hour >= _first(period, ZoneInfo(zone))
    )
    shown = numbers(chart("chart-rhythm", period))
    assert {(day, hour): shown[hour][day] for hour in range(24) for day in range(7)} == {
        (day, hour): week[day, hour] for hour in range(24) for day in range(7)
    }


def _first(period: str, zone: ZoneInfo) -> datetime:
    return buckets.buckets("7d" if period == "24h" else period, NOW, zone).edges[0]


def test_what_the_chain_takes_back_leaves_the_charts(chain: ChainFactory) -> None:
    before = numbers(chart("chart-activity", "all"))
    chain.roll_back(chain.head.number - 30)
    after = numbers(chart("chart-activity", "all"))
    assert after == recounted("all", ZoneInfo("UTC")) != before


def test_the_kept_past_is_made_anew_whenever_a_past_hour_changes(chain: ChainFactory) -> None:
    numbers(chart("chart-activity", "all"))
    kept = past_at(NOW)
    assert past_at(NOW) is kept
    chain.block(chain.joined(2, PEOPLE[1], BTC), at=NOW)  # its time is long past by our clock
    assert past_at(NOW) is not kept


def test_an_event_of_today_leaves_the_kept_past_alone(chain: ChainFactory) -> None:
    kept = past_at(timezone.now())
    chain.block(chain.joined(2, PEOPLE[1], BTC), at=timezone.now())
    assert past_at(timezone.now()) is kept


def test_rebuilding_an_hour_makes_the_kept_past_anew(chain: ChainFactory) -> None:
    HourlyActivity.objects.filter(kind="MemberJoined").update(count=5)
    wrong = numbers(chart("chart-activity", "all"))
    for hour in {hour for hour, _kind in hours_of_logs()}:
        hourly.put_right(int(hour.timestamp()))
    assert numbers(chart("chart-activity", "all")) == recounted("all", ZoneInfo("UTC")) != wrong


def test_while_the_past_takes_long_to_sum_it_is_not_done_at_each_change(
    chain: ChainFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(summed_past, "WORTH_KEEPING", 0.0)
    monkeypatch.setattr(summed_past, "REST", 1e6)
    kept = past_at(NOW)
    Chain.objects.update(activity_mark=1)
    assert past_at(NOW) is kept
    assert kept.good_until - summed_past.time.monotonic() < summed_past.LONGEST_REST


def test_pools_are_told_apart_by_their_members() -> None:
    chain = ChainFactory()
    members = {1: 0, 2: 1, 3: 2, 4: 5, 5: 6, 6: 10, 7: 11, 8: 25, 9: 26}
    chain.block(*(chain.created(number, max_members=99) for number in members))
    for number, count in members.items():
        if count:
            chain.block(*(chain.joined(number, address(f"{n}"), BTC) for n in range(count)))
    shown = chart("chart-sizes", "24h")
    assert [(key.label, key.value) for key in shown.keys] == [
        *(("0 members", "1"), ("1 member", "1"), ("2–5 members", "2")),
        *(("6–10 members", "2"), ("11–25 members", "2"), ("26+ members", "1")),
    ]


@pytest.mark.parametrize("period", buckets.PERIODS)
def test_the_number_of_queries_is_small_and_does_not_grow(period: str) -> None:
    chain = ChainFactory(start_time=NOON)
    chain.block(*(chain.created(number) for number in range(1, 11)))
    dashboard.charts(period, now=NOW)
    with CaptureQueriesContext(
        connection,
    ) as few:
        dashboard.charts(period, now=NOW)
    events = [chain.joined(1 + n % 10, PEOPLE[n % 12], BTC) for n in range(2_000)]
    for start in range(0, 2_000, 100):
        chain.block(*events[start : start + 100])
    dashboard.charts(period, now=NOW)
    with CaptureQueriesContext(connection) as many:
        dashboard.charts(period, now=NOW)
    assert len(many) == len(few) <= 7


class Clock:
    """Both clocks of the kept charts, which stand still until told."""

    def __init__(self) -> None:
        self.seconds = 0

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return float(self.seconds)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(kept, "time", clock)
    monkeypatch.setattr(kept, "timezone", clock)
    return clock


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The periods whose charts were drawn, one after another."""
    periods: list[str] = []
    draw = dashboard.charts

    def noted(period: str, names: Sequence[str], now: datetime) -> list[Chart]:
        periods.append(period)
        return draw(period, names, now)

    monkeypatch.setattr(dashboard, "charts", noted)
    return periods


def test_a_page_asked_for_again_draws_nothing_until_something_changes(
    client: Client, chain: ChainFactory, clock: Clock, drawn: list[str]
) -> None:
    def html(period: str = "all", language: str = "en") -> str:
        page = client.get("/", {"period": period}, headers={"accept-language": language})
        return page.content.decode().partition('id="charts"')[2].partition("</section>")[0]

    before = html()
    clock.seconds += 10
    assert html() == before
    assert len(drawn) == 1
    assert html("7d") != before != html(language="es")
    assert len(drawn) == 3
    changes = (
        lambda: chain.block(chain.joined(1, PEOPLE[2], BTC), at=NOW),
        lambda: CategoryRules.objects.update(revision=uuid.uuid4()),
        lambda: chain.roll_back(chain.head.number - 1),
    )
    for count, change in enumerate(changes, start=4):
        change()
        clock.seconds += 10
        html()
        html()
        assert len(drawn) == count


def test_each_chart_is_drawn_once_in_whatever_arrangement_it_is_asked_for(
    chain: ChainFactory, clock: Clock, drawn: list[str]
) -> None:
    names = re.compile(r'<figure id="chart-(\w+)"').findall
    assert names(drawings("24h", ["sizes", "pools"])) == ["sizes", "pools"]
    assert names(drawings("24h", ["pools", "rhythm", "sizes"])) == ["pools", "rhythm", "sizes"]
    assert len(drawn) == 2
    drawings("24h", ["rhythm"])
    assert len(drawn) == 2
    assert drawings("24h", []) == ""


def test_while_events_stream_charts_are_drawn_every_five_seconds(
    chain: ChainFactory, clock: Clock, drawn: list[str]
) -> None:
    for second in range(11):
        clock.seconds = second
        chain.block(chain.joined(1, PEOPLE[second], BTC), at=NOW)
        drawings("24h")
    assert len(drawn) == 3


def test_visitors_show_in_the_charts_within_a_minute_and_are_not_counted_for_each_page(
    chain: ChainFactory, clock: Clock
) -> None:
    drawings("all")
    RegionCount.objects.create(day=NOW.date(), region="America/Lima", count=1)
    clock.seconds = 10
    with CaptureQueriesContext(connection) as queries:
        assert "Lima" not in drawings("all")
    assert not [query for query in queries if "regioncount" in query["sql"]]
    clock.seconds = 60
    assert "Lima" in drawings("all")


def test_the_chart_of_all_visitors_says_how_far_back_it_goes() -> None:
    assert "400 days" in chart("chart-regions", "all").hint
    assert "400" not in chart("chart-regions", "30d").hint


def test_with_nothing_there_each_chart_says_what_will_come(client: Client) -> None:
    for period in buckets.PERIODS:
        html = client.get("/", {"period": period}).content.decode()
        assert "The line begins with the first pool that somebody creates." in html
        assert html.count('class="chart-empty"') == len(dashboard.charts(period))


def test_a_period_that_makes_no_sense_is_the_usual_one(client: Client) -> None:
    for wrong in ("1y", "", "<script>", "24H"):
        response = client.get("/", {"period": wrong})
        assert response.status_code == 200
        assert response.context["chosen_period"].name == "24h"


def test_numbers_and_days_are_those_of_the_language(chain: ChainFactory) -> None:
    HourlyActivity.objects.filter(kind="MemberJoined").update(count=12_345)
    with translation.override("es"):
        shown = chart("chart-activity", "7d")
        assert re.fullmatch(r"[\d\xa0]+\xa0\d{3}", shown.keys[1].value)
        assert shown.table is not None
        assert shown.table.rows[-1][0] == "25 Jul"


def test_a_name_from_outside_cannot_leave_its_place(client: Client) -> None:
    chain = ChainFactory()
    chain.block(chain.created(1))
    Category.objects.create(slug="evil", name_en='"><script>', name_es="x")
    Pool.objects.update(category="evil")
    RegionCount.objects.create(day=timezone.now().date(), region='"><script>', count=3)
    html = client.get("/").content.decode()
    assert "<script>" not in html.replace("<script src", "")


def test_contributions_are_those_of_the_fold(chain: ChainFactory) -> None:
    """Replayed: after each log, what the chart says is what folding that far would give."""
    pool = Pool.objects.get(pool_id=1)
    steps = balances.of(Standing.of(pool)).steps
    assert steps[0] == (pool.created_at, 0)
    assert steps[-1][1] == pool.total_contributed
    chain.roll_back(pool.last_block - 1)
    assert Pool.objects.get(pool_id=1).total_contributed == steps[-2][1]


def test_what_leaving_took_off_is_what_was_contributed_not_what_was_paid() -> None:
    chain = ChainFactory()
    chain.block(chain.created(1), chain.joined(1, PEOPLE[0], 3 * BTC))
    chain.block(chain.joined(1, PEOPLE[1], 2 * BTC))
    chain.block(chain.left(1, PEOPLE[0], BTC))  # two thirds were lost
    pool = Pool.objects.get()
    assert [total for _at, total in balances.of(Standing.of(pool)).steps] == [
        0,
        3 * BTC,
        5 * BTC,
        2 * BTC,
    ]


def test_a_pools_drawing_is_made_once_until_the_chain_has_other_logs(
    client: Client, django_assert_num_queries: Any
) -> None:
    chain = ChainFactory()
    chain.block(chain.created(1))
    chain.block(chain.joined(1, PEOPLE[0], 3 * BTC))

    def drawn() -> str:
        pool = selectors.newest_pools(1)[0]
        return series.figure(pool, selectors.current_seq())

    assert "3 BTC" in drawn()
    with django_assert_num_queries(2):  # the pool, the sequence number
        drawn()
    chain.block(chain.joined(1, PEOPLE[1], 2 * BTC))
    assert "5 BTC" in drawn()
    pool = Pool.objects.select_related("contract").get()
    assert drawn() in client.get(pool_url(pool)).content.decode()
    # Two others bring as much in the block that takes the place of the last one.
    assert "4 BTC" not in drawn()
    chain.roll_back(pool.last_block - 1)
    chain.block(chain.joined(1, PEOPLE[2], BTC), chain.joined(1, PEOPLE[3], BTC))
    assert Standing.of(Pool.objects.get()) == Standing.of(pool)
    assert "4 BTC" in drawn()


def test_a_pool_with_many_logs_shows_its_last_changes_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(balances, "MOST_LOGS", 5)
    chain = ChainFactory()
    chain.block(chain.created(1))
    for number in range(9):
        chain.block(chain.joined(1, PEOPLE[number], BTC))
    pool = Pool.objects.get()
    found = balances.of(Standing.of(pool))
    assert found.cut
    assert [total // BTC for _at, total in found.steps] == [4, 5, 6, 7, 8, 9]
    with CaptureQueriesContext(connection) as queries:
        shown = series.contributions(Standing.of(pool))
    assert len(queries) == 1
    assert "log_of_pool" in _plan(queries.captured_queries[0]["sql"])
    assert shown.hint == "the last 5 changes"


def _plan(sql: str) -> str:
    if connection.vendor != "sqlite":
        return "log_of_pool"
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN QUERY PLAN " + sql)
        return json.dumps(cursor.fetchall())


def test_a_line_begins_after_the_last_withdrawal_of_which_not_all_is_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(balances, "MOST_LOGS", 4)
    chain = ChainFactory()
    chain.block(chain.created(1), chain.joined(1, PEOPLE[0], 3 * BTC))
    for number in (1, 2, 3):
        chain.block(chain.joined(1, PEOPLE[number], BTC))
    chain.block(chain.left(1, PEOPLE[0], BTC))  # of three, which the last four logs do not tell
    chain.block(chain.joined(1, PEOPLE[4], BTC))
    found = balances.of(Standing.of(Pool.objects.get()))
    assert found.cut
    assert [total // BTC for _at, total in found.steps] == [3, 4]
