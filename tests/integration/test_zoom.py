"""Links from charts of time lead where they say: to nearer days, to events, to other days."""

import random
import re
from datetime import datetime, timedelta
from html import unescape
from typing import Any

import pytest
import time_machine
from django.test import Client

from pools.charts import dashboard, kept, kept_own
from pools.own_charts import EVERYTHING, Definition, OwnChart, Subject
from pools.templatetags.charts import table_rows
from realtime import fragments
from tests.factories import BTC, CONTRACT, NOON, ChainFactory, Emitted, address

pytestmark = pytest.mark.django_db
NOW = NOON + timedelta(days=400, minutes=25)
PEOPLE = [address(f"person {number}") for number in range(5)]


@pytest.fixture(autouse=True)
def at_noon() -> Any:
    with time_machine.travel(NOW, tick=False):
        kept.forget()
        kept_own.forget()
        yield


@pytest.fixture
def chain() -> ChainFactory:
    """Four hundred days with events at uneven times, many of them of the last hours."""
    chance = random.Random(5)
    chain = ChainFactory(start_time=NOON)
    chain.block(*(chain.created(number) for number in (1, 2, 3)), at=NOON)
    at = NOON
    happened: list[tuple[datetime, Emitted]] = []
    while (at := at + timedelta(minutes=chance.randrange(60, 9000))) < NOW:
        happened += [
            (at, kind(chance.randrange(1, 4), chance.choice(PEOPLE), BTC))
            for kind in (chain.joined, chain.left)
        ]
    for number, minutes in enumerate((310, 250, 245, 70, 61, 20, 3)):
        joined = chain.joined(number % 3 + 1, PEOPLE[number % 5], BTC)
        happened.append((NOW - timedelta(minutes=minutes), joined))
    chain.past(*happened)
    return chain


def table(name: str, html: str) -> list[tuple[str, str, int]]:
    """Of each row of a chart: where it leads, what it is called, and its last number."""
    rows = html.partition(f'id="{name}-rows">')[2].partition("</tbody>")[0]
    return [
        (unescape(link), words, int(last))
        for link, words, last in re.findall(
            r'<tr><th scope="row"><a href="([^"]+)">([^<]+)</a></th>.*?<td>(\d+)</td></tr>', rows
        )
    ]


def page(client: Client, query: str) -> str:
    return client.get(f"/{query.removesuffix('#charts')}").content.decode()


def events(client: Client, link: str) -> int:
    response = client.get(link + "&limit=500")
    assert response.context["filters"].errors == {}
    return len(response.context["rows"])


def test_from_the_whole_past_down_to_the_events_the_counts_stay_the_same(
    client: Client, chain: ChainFactory
) -> None:
    for query in ("?period=all", "?period=30d", "?period=7d"):
        *_others, (link, _words, count) = table("chart-activity", page(client, query))
        depth = 0
        while link.startswith("?"):
            assert link.endswith("#charts")
            rows = table("chart-activity", page(client, link))
            assert sum(each for _link, _words, each in rows) == count
            link, _words, count = max(rows, key=lambda row: row[2])
            depth += 1
        assert events(client, link) == count > 0
        assert depth <= 3


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata", "America/New_York"])
def test_each_hour_leads_to_exactly_its_events(
    client: Client, chain: ChainFactory, settings: Any, zone: str
) -> None:
    settings.TIME_ZONE = zone
    rows = table("chart-activity", page(client, "?period=24h"))
    assert len(rows) == 24
    assert sum(count for _link, _words, count in rows) >= 7
    for link, _words, count in rows:
        assert link.startswith("/events/?date_from=2")
        assert events(client, link) == count


def test_both_charts_of_time_lead_to_the_same_places(client: Client, chain: ChainFactory) -> None:
    html = page(client, "?from=2025-08-01&to=2025-10-20")
    links = [[link for link, *_ in table(name, html)] for name in ("chart-activity", "chart-pools")]
    assert links[0] == links[1]
    assert links[0][0] == "?from=2025-08-01&to=2025-08-03#charts"  # the first week begins late


def test_what_is_told_live_has_the_same_links(client: Client, chain: ChainFactory) -> None:
    rows = table("chart-activity", page(client, "?period=30d"))
    chart = dashboard.charts("30d", ["activity"])[0]
    told = fragments.figure(chart)["chart-activity-rows"]
    sent = re.findall(r"<a href=\"?([^\">]+)\"?>", told)
    assert [unescape(link) for link in sent] == [link for link, *_ in rows]


def own(client: Client, definition: Definition, period: str = "30d") -> list[tuple[str, str, int]]:
    figures = kept_own.figures([OwnChart(1, definition)], period)
    return table(f"chart-own-{definition}", "".join(figures.values()))


@pytest.mark.parametrize("subject", [EVERYTHING, Subject(CONTRACT, 2), Subject(PEOPLE[0])])
def test_hours_of_ones_own_chart_lead_to_the_events_that_it_counts(
    client: Client, chain: ChainFactory, subject: Subject
) -> None:
    rows = own(client, Definition("j", "bars", "24h", subject))
    assert sum(count for *_, count in rows) > 0
    for link, _words, count in rows:
        assert events(client, link) == count


def test_ones_own_chart_follows_the_page_unless_its_period_is_its_own(
    client: Client, chain: ChainFactory
) -> None:
    assert own(client, Definition("j"))[0][0].startswith("?from=")
    rows = own(client, Definition("j", "line", "30d"))
    assert rows[0][0].startswith("/events/?kind=MemberJoined&date_from=")
    assert [events(client, link) for link, *_ in rows] == [count for *_, count in rows]


def around(html: str) -> dict[str, str]:
    """The links to other days, by their names; those that lead nowhere are empty."""
    found = re.findall(
        r'<a id="days-(\w+)"\s+(?:href="([^"]*)"|role="link" aria-disabled="true")', html
    )
    return {name: unescape(link) for name, link in found}


def test_links_to_other_days_shift_them_and_double_them(client: Client) -> None:
    html = page(client, "?kind=joins&from=2026-03-11&to=2026-03-20")
    assert around(html) == {
        "earlier": "?kind=joins&from=2026-03-01&to=2026-03-10#charts",
        "later": "?kind=joins&from=2026-03-21&to=2026-03-30#charts",
        "out": "?kind=joins&from=2026-03-06&to=2026-03-25#charts",
    }
    for link in around(html).values():
        assert 'role="alert"' not in page(client, link)


def test_they_end_with_today_and_with_the_first_of_all_days(client: Client) -> None:
    today = NOW.date()
    found = around(page(client, f"?from={today - timedelta(days=6)}&to={today}"))
    assert found["later"] == ""
    assert found["out"] == f"?from={today - timedelta(days=13)}&to={today}#charts"
    found = around(page(client, "?from=2009-01-03&to=2009-01-09"))
    assert (found["earlier"], found["out"]) == ("", "?from=2009-01-03&to=2009-01-16#charts")


def test_periods_with_a_name_and_days_that_make_no_sense_have_none(client: Client) -> None:
    for query in ("", "?period=all", "?from=2026-03-20&to=2026-03-11"):
        assert around(page(client, query)) == {}


def test_words_in_links_and_names_are_escaped() -> None:
    html = table_rows([("<b>", "1")], ['?q="><script>&x=1'])
    assert '<a href="?q=&quot;&gt;&lt;script&gt;&amp;x=1">&lt;b&gt;</a>' in html
