"""Charts of one's own making tell what the logs tell, cost little, and trust no cookie."""

import random
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pools import arrangement, buckets, own_charts, stretches
from pools.charts import kept_own, own
from pools.charts.shown import Chart
from pools.decoding import decode
from pools.models import Log
from pools.own_charts import EVERYTHING, LETTERS, PAGE, Definition, OwnChart, Subject, definition
from pools.rows import shown_amount
from pools.selectors import subjects
from pools.selectors.hours import GROUPS
from pools.stretches import Days, Period
from tests.factories import BTC, CONTRACT, ChainFactory, Emitted, address

pytestmark = pytest.mark.django_db
PEOPLE = [address(f"person {number}") for number in range(6)]
CONTRACTS = (address("one contract"), address("another contract"))
AUTUMN = datetime(2025, 11, 5, 18, 25, tzinfo=UTC)  # the 2nd had 25 hours in New York
SPRING = datetime(2026, 3, 12, 18, 25, tzinfo=UTC)  # and the 8th 23
SUBJECTS = {
    "everything": EVERYTHING,
    "a pool": Subject(CONTRACTS[0], 1),
    "its namesake of the other contract": Subject(CONTRACTS[1], 1),
    "an account": Subject(PEOPLE[0]),
    "no pool": Subject(CONTRACTS[0], 77),
    "nobody": Subject(address("nobody")),
}


def happen(now: datetime) -> ChainFactory:
    """Some seventy days of two contracts up to now; of the last blocks some are taken back."""
    chance = random.Random(23)
    at = now - timedelta(days=70)
    chain = ChainFactory(start_time=at, contracts=CONTRACTS)
    for contract in CONTRACTS:
        chain.block(
            *(
                chain.event(
                    "PoolCreated",
                    contract=contract,
                    pool_id=number,
                    creator=PEOPLE[number],
                    name=b"Casa",
                    min_contribution=1,
                    max_members=10,
                )
                for number in (1, 2)
            ),
            at=at,
        )
    happened: list[tuple[datetime, Emitted]] = []
    while (at := at + timedelta(minutes=chance.randrange(5, 2400))) < now:
        contract, pool = chance.choice(CONTRACTS), chance.choice((1, 2))
        given: dict[str, Any] = {"contract": contract, "pool_id": pool}
        given["member"] = chance.choice(PEOPLE)
        amount = chance.randrange(1, 5 * BTC)
        kind = chance.choice(("MemberJoined", "MemberJoined", "MemberLeft", "YieldClaimed", ""))
        if kind == "YieldClaimed":
            given |= {"gross_yield": amount, "fee_amount": 7, "net_yield": amount - 7}
        elif kind == "MemberLeft":
            given |= {"btc_amount": amount, "yield_amount": 0}
        elif kind:
            given |= {"btc_amount": amount, "shares": amount}
        else:
            kind, given = "Paused", {"contract": contract, "account": PEOPLE[0]}
        happened.append((at, chain.event(kind, **given)))
    chain.past(*happened)
    chain.roll_back(chain.head.number - 3)
    last = {"contract": CONTRACTS[0], "pool_id": 1, "member": PEOPLE[0], "btc_amount": BTC}
    chain.block(chain.event("MemberJoined", **last, shares=BTC), at=now - timedelta(minutes=3))
    return chain


def standing() -> list[Log]:
    return list(Log.objects.filter(retracted_seq=None).exclude(kind="").select_related("contract"))


def recounted(
    of: Definition, spans: buckets.Buckets, logs: Sequence[Log] | None = None
) -> list[int]:
    """Each bucket's sum over the standing logs, as slow and as plain as can be."""
    sums = [0] * len(spans)
    for log in standing() if logs is None else logs:
        letter = LETTERS[GROUPS.index(log.kind)] if log.kind in GROUPS else "o"
        if of.subject.pool_id is not None:
            ours = (log.contract.address, log.pool_id) == (of.subject.address, of.subject.pool_id)
        else:
            ours = of.subject == EVERYTHING or log.account == of.subject.address
        place = spans.place(log.timestamp.replace(minute=0, second=0, microsecond=0))
        if not ours or letter not in of.letters or place is None:
            continue
        if not of.amounts:
            sums[place] += 1
        elif not log.problem:
            sums[place] += shown_amount(decode(bytes(log.topics), bytes(log.data))) or 0
    return sums


def drawn(of: Definition, period: Period, now: datetime) -> Chart:
    return own.chart(of, period, own.Reader(period, now).read(of))


@pytest.fixture
def exact(monkeypatch: pytest.MonkeyPatch) -> None:
    """Amounts are told to the wei, as people see them they are rounded."""
    monkeypatch.setattr(own, "_btc", str)


def sums_of(chart: Chart) -> list[int]:
    """The last column of the table."""
    assert chart.table is not None
    return [int(row[-1].replace(",", "")) for row in chart.table.rows]


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata", "America/New_York"])
@pytest.mark.parametrize("now", [AUTUMN, SPRING], ids=["autumn", "spring"])
def test_charts_equal_a_naive_recount_of_the_logs(
    exact: None, settings: Any, now: datetime, zone: str
) -> None:
    settings.TIME_ZONE = zone
    happen(now)
    logs = standing()
    chosen: Sequence[Period] = (
        *buckets.PERIODS,
        Days((now - timedelta(days=20)).date(), (now - timedelta(days=3)).date()),
        Days((now - timedelta(days=1)).date(), now.date()),
    )
    something = 0
    for subject in SUBJECTS.values():
        for amounts in (False, True):
            for letters in ("j", "njl", LETTERS):
                of = definition(
                    letters, shape="bars", period=PAGE, subject=subject, amounts=amounts
                )
                assert of is not None
                for period in chosen:
                    chart = drawn(of, period, now)
                    spans = (
                        stretches.buckets_of(period, ZoneInfo(zone), now)
                        if isinstance(period, Days)
                        else buckets.buckets(period, now, ZoneInfo(zone), _first(of, logs))
                    )
                    expected = recounted(of, spans, logs)
                    assert sums_of(chart) == expected, (str(of), period)
                    something += sum(expected) > 0
                    shift = stretches.shift_of(period)
                    if shift is not None:
                        before = stretches.before(spans, shift, now, ZoneInfo(zone))
                        assert chart.table is not None
                        told = chart.table.sums[1][-1].replace(",", "")
                        assert int(told) == sum(recounted(of, before, logs)), (str(of), period)
    assert something > 60


def _first(of: Definition, logs: Sequence[Log]) -> datetime | None:
    """When the whole past of a chart begins: with the first event that it counts."""
    letters = {log.pk: LETTERS[GROUPS.index(log.kind)] for log in logs if log.kind in GROUPS}
    counted = [
        log
        for log in logs
        if (of.subject == EVERYTHING or letters.get(log.pk, "o") in of.letters)
        and not (of.amounts and log.problem)
    ]
    if of.subject.pool_id is not None:
        key = of.subject.address, of.subject.pool_id
        counted = [log for log in counted if (log.contract.address, log.pool_id) == key]
    elif of.subject != EVERYTHING:
        counted = [log for log in counted if log.account == of.subject.address]
    return min(map(_hour, counted), default=None)


def _hour(log: Log) -> datetime:
    return log.timestamp.replace(minute=0, second=0, microsecond=0)


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "Asia/Kathmandu"])
def test_what_happens_just_after_midnight_of_such_a_zone_is_lost_from_no_chart(
    settings: Any, zone: str
) -> None:
    """Within an hour (UTC) that is the earlier day's, as all hours are counted as one."""
    settings.TIME_ZONE = zone
    midnight = datetime(2026, 3, 10, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    chain = ChainFactory(start_time=midnight - timedelta(days=3))
    chain.block(chain.created(1), at=midnight - timedelta(days=2))
    for minutes in (1, 5, 9):
        chain.block(chain.joined(1), at=midnight + timedelta(minutes=minutes))
    now = midnight + timedelta(days=3)
    each = {}
    for name, subject in (("pool", Subject(CONTRACT, 1)), ("everything", EVERYTHING)):
        of = definition("j", shape="bars", period=PAGE, subject=subject, amounts=False)
        assert of is not None
        days = [Days(date(2026, 3, first), date(2026, 3, last)) for first, last in SOME_DAYS]
        each[name] = [sum(sums_of(drawn(of, period, now))) for period in days]
    assert each["pool"] == each["everything"] == [3, 0, 3]


SOME_DAYS = ((9, 9), (10, 10), (9, 10))


def test_what_the_chain_takes_back_leaves_the_charts() -> None:
    chain = happen(AUTUMN)
    of = Definition("j", subject=Subject(CONTRACTS[0], 1))
    before = sum(sums_of(drawn(of, "7d", AUTUMN)))
    chain.roll_back(chain.head.number - 1)
    assert sum(sums_of(drawn(of, "7d", AUTUMN))) == before - 1


@pytest.mark.parametrize("name", ["everything", "a pool", "an account"])
def test_a_chart_costs_few_queries_however_many_events_there_are(name: str) -> None:
    of = Definition("jlw", subject=SUBJECTS[name])
    chain = happen(AUTUMN)

    chosen = (*buckets.PERIODS, Days(date(2025, 10, 1), date(2025, 11, 5)))

    def queries() -> list[int]:
        counts = []
        for period in chosen:
            drawn(of, period, AUTUMN)  # sums of the past are kept
            with CaptureQueriesContext(connection) as asked:
                drawn(of, period, AUTUMN)
            counts.append(len(asked))
        return counts

    few = queries()
    joins = [
        chain.event(
            "MemberJoined",
            contract=CONTRACTS[0],
            pool_id=1,
            member=PEOPLE[0],
            btc_amount=BTC,
            shares=BTC,
        )
        for _ in range(100)
    ]
    for _ in range(10):
        chain.block(*joins, at=AUTUMN - timedelta(minutes=2))
    assert queries() == few
    assert max(few) <= 5


@pytest.mark.parametrize("period", buckets.PERIODS)
@pytest.mark.parametrize("name", ["everything", "a pool", "an account"])
def test_of_very_many_events_a_chart_begins_where_all_are_counted_and_says_so(
    exact: None, monkeypatch: pytest.MonkeyPatch, name: str, period: str
) -> None:
    monkeypatch.setattr(subjects, "MOST_LOGS", 5)
    apart = timedelta(hours=1) if period == "24h" else timedelta(days=1)
    chain, now = happen(AUTUMN), AUTUMN + 2 * apart
    member = {"contract": CONTRACTS[0], "pool_id": 1, "member": PEOPLE[0]}
    joined = chain.event("MemberJoined", **member, btc_amount=BTC, shares=BTC)
    chain.block(*[joined] * 3, at=now - apart)
    chain.block(*[joined] * 3, at=now)
    of = definition("j", shape="bars", period=PAGE, subject=SUBJECTS[name], amounts=True)
    assert of is not None
    chart = drawn(of, period, now)
    told = sums_of(chart)
    logs = standing()
    whole = buckets.buckets("24h" if period == "24h" else "30d", now, ZoneInfo("UTC"))
    assert told == recounted(of, whole, logs)[-len(told) :] == [3 * BTC]
    begins = "5 Nov, 20:00" if period == "24h" else "7 Nov"
    assert f"Only since {begins}: there are too many events." in chart.compared
    assert "period before" not in chart.compared


def test_a_chart_of_too_many_events_does_not_say_that_nothing_happened(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(subjects, "MOST_LOGS", 5)
    chain = happen(AUTUMN)
    member = {"contract": CONTRACTS[0], "pool_id": 1, "member": PEOPLE[0]}
    joined = chain.event("MemberJoined", **member, btc_amount=BTC, shares=BTC)
    chain.block(*[joined] * 6, at=AUTUMN)
    chart = drawn(Definition("j", subject=SUBJECTS["a pool"]), "24h", AUTUMN + timedelta(hours=9))
    assert chart.drawing is None
    assert chart.empty.startswith("Too many events")


@pytest.mark.parametrize("period", ["24h", "7d"])
@pytest.mark.parametrize("ago", [0, 1])
def test_what_begins_after_the_hour_of_too_many_events_leads_nowhere_before_it_has_begun(
    monkeypatch: pytest.MonkeyPatch, period: str, ago: int
) -> None:
    monkeypatch.setattr(subjects, "MOST_LOGS", 5)
    late = AUTUMN.replace(hour=23, minute=10)
    chain = happen(AUTUMN)
    member = {"contract": CONTRACTS[0], "pool_id": 1, "member": PEOPLE[0]}
    joined = chain.event("MemberJoined", **member, btc_amount=BTC, shares=BTC)
    chain.block(*[joined] * 6, at=late - timedelta(hours=ago))
    for of_its_own in (PAGE, period):
        of = Definition("j", "bars", of_its_own, SUBJECTS["a pool"])
        table = drawn(of, period, late).table
        assert table is not None
        assert len(table.rows) == 1
        assert len(table.links) == ago


def test_a_bucket_that_could_not_be_counted_whole_begins_later_and_says_so(
    exact: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subjects, "MOST_LOGS", 5)
    monday = datetime(2026, 3, 9, tzinfo=UTC)
    chain = ChainFactory(start_time=monday - timedelta(days=1))
    chain.block(chain.created(1), at=monday - timedelta(hours=1))
    for hour in range(0, 24 * 6, 12):
        chain.block(chain.joined(1), at=monday + timedelta(hours=hour))
    period = Days(date(2026, 1, 1), date(2026, 3, 15))
    of = Definition("j", subject=Subject(CONTRACT, 1))
    chart = drawn(of, period, monday + timedelta(days=6))
    assert sums_of(chart) == [4]  # the fifth last was within the hour at which reading ended
    assert "Only since 12 Mar, 13:00: there are too many events." in chart.compared
    assert chart.table is not None
    assert chart.table.rows[0][0] == "Week from 12 Mar 2026"


def test_of_a_rare_kind_among_very_many_events_the_newest_part_is_read(
    exact: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subjects, "MOST_SCANNED", 6)
    monday = datetime(2026, 3, 9, tzinfo=UTC)
    chain = ChainFactory(start_time=monday - timedelta(days=1))
    chain.block(chain.created(1), at=monday - timedelta(hours=1))
    chain.block(chain.joined(1), at=monday)
    chain.block(chain.left(1), at=monday + timedelta(hours=1))
    chain.block(*[chain.joined(1)] * 6, at=monday + timedelta(hours=2))
    chain.block(chain.left(1), at=monday + timedelta(hours=3))
    now = monday + timedelta(hours=5)
    chart = drawn(Definition("l", subject=Subject(CONTRACT, 1)), "24h", now)
    assert sums_of(chart)[:2] == [1, 0]
    assert "Only since 9 Mar, 03:00" in chart.compared
    rare = drawn(Definition("n", subject=Subject(CONTRACT, 1)), "24h", now)
    assert (rare.drawing, rare.empty[:15]) == (None, "Too many events")


def test_a_chart_whose_period_is_whole_does_not_speak_of_what_was_before_it(
    exact: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subjects, "MOST_LOGS", 5)
    chain, now = happen(AUTUMN), AUTUMN + timedelta(days=1)
    member = {"contract": CONTRACTS[0], "pool_id": 1, "member": PEOPLE[0]}
    joined = chain.event("MemberJoined", **member, btc_amount=BTC, shares=BTC)
    chain.block(*[joined] * 3, at=AUTUMN)
    chain.block(*[joined] * 3, at=now)
    chart = drawn(Definition("j", subject=SUBJECTS["a pool"]), "24h", now)
    assert (sums_of(chart)[-1], sum(sums_of(chart)), len(sums_of(chart))) == (3, 3, 24)
    assert chart.hint == "by hour"
    assert "period before" not in chart.compared


# --- the pages ------------------------------------------------------------------------------------


@pytest.fixture
def chain() -> ChainFactory:
    chain = ChainFactory()
    chain.block(chain.created(1, name="Casa"), chain.joined(1, PEOPLE[0], BTC))
    return chain


FORM = {
    "measure": "n",
    "kind": ["j", "l"],
    "shape": "bars",
    "period": "page",
    "title": "",
    "of": "",
}


def figures(html: str) -> list[str]:
    return re.findall(r'<figure id="chart-([\w-]+)"', html)


def test_a_chart_is_made_edited_moved_and_removed(client: Client, chain: ChainFactory) -> None:
    answer = client.post("/arrangement/charts/", FORM | {"title": "Comes & goes", "width": "4"})
    assert answer["Location"] == "/#chart-own-n_jl_bars_page"
    cookie = answer.cookies[arrangement.CHARTS_COOKIE]
    assert (cookie["samesite"], cookie["httponly"]) == ("Lax", True)
    html = client.get("/").content.decode()
    assert figures(html)[:2] == ["own-n_jl_bars_page", "pools"]
    assert '<figure id="chart-own-n_jl_bars_page" class="chart box wide">' in html
    assert "<bdi>Comes &amp; goes</bdi>" in html
    assert "own:24h:n_jl_bars_page" in html
    assert "own:7d:n_jl_bars_page" in client.get("/?period=7d").content.decode()

    form = client.get("/arrangement/charts/1/").content.decode()
    assert 'value="Comes &amp; goes"' in form
    client.post(
        "/arrangement/charts/1/",
        FORM | {"of": "1", "measure": "btc", "shape": "line", "width": "4"},
    )
    pool = f"{chain.contract.address}_1"
    html = client.get("/?period=7d").content.decode()
    assert f"own:7d:btc_jl_line_page_{pool}" in html
    assert "BTC: Joined, Left · Casa" in html

    order = arrangement.read(
        client.cookies[arrangement.COOKIE].value, [OwnChart(1, Definition("j"))]
    ).order
    client.post(
        "/arrangement/",
        {"order": order, "shown": order, "width:charts:sizes": "4", "move": "down:charts:own1"},
    )
    html = client.get("/").content.decode()
    assert figures(html)[:2] == ["pools", f"own-btc_jl_line_page_{pool}"]
    assert re.findall(r'<figure id="chart-([\w-]+)" class="chart box wide">', html) == ["sizes"]

    client.post("/arrangement/charts/1/", {"remove": "1"})
    assert "charts:own1" not in client.get("/arrangement/").content.decode()
    assert "chart-own-" not in client.get("/").content.decode()
    assert client.get("/arrangement/charts/1/").status_code == 404


def test_what_is_hidden_is_neither_read_nor_heard_of(client: Client, chain: ChainFactory) -> None:
    client.post("/arrangement/charts/", FORM | {"of": PEOPLE[0]})
    everything = list(arrangement.EVERYTHING)
    client.post("/arrangement/", {"order": everything, "shown": everything})
    with CaptureQueriesContext(connection) as queries:
        html = client.get("/").content.decode()
    assert "own-n_jl" not in html
    assert PEOPLE[0] not in " ".join(query["sql"] for query in queries if "account" in query["sql"])


@pytest.mark.parametrize(
    ("pasted", "means"),
    [
        ("", EVERYTHING),
        (" 1 ", "pool"),
        ("#1", "pool"),
        ("http://site.example/pools/{contract}/1/?at=5#x", "pool"),
        ("{contract}/1", "pool"),
        ("{contract} 1", "pool"),
        (f"http://site.example/accounts/{PEOPLE[0]}/", Subject(PEOPLE[0])),
        (PEOPLE[0].lower(), Subject(PEOPLE[0])),
        ("http://site.example/pools/{contract}/1.atom", "Neither a pool nor an account"),
        ("{contract}/" + "9" * 79, "Neither a pool nor an account"),
        ("2", "There is no such pool."),
        ("{contract}/7", "There is no such pool."),
        ("{contract}/" + "9" * 78, "There is no such pool."),
        ("9" * 78, "There is no such pool."),
        ("Casa", "Neither a pool nor an account"),
        ("0x12", "Neither a pool nor an account"),
        ("\x00" * 5 + "\u202e", "Neither a pool nor an account"),
        ("0x" + "é" * 40, "Neither a pool nor an account"),
    ],
)
def test_what_a_chart_is_about_is_pasted(
    client: Client, chain: ChainFactory, pasted: str, means: Subject | str
) -> None:
    contract = chain.contract.address
    answer = client.post(
        "/arrangement/charts/",
        FORM | {"of": pasted.replace("{contract}", contract)},
    )
    if isinstance(means, str) and means != "pool":
        assert answer.status_code == 400
        assert means in answer.content.decode()
        assert arrangement.CHARTS_COOKIE not in answer.cookies
        return
    (chart,) = own_charts.read(client.cookies[arrangement.CHARTS_COOKIE].value)
    assert chart.definition.subject == (Subject(contract, 1) if means == "pool" else means)


def test_a_number_that_several_contracts_have_is_asked_back(client: Client) -> None:
    happen(AUTUMN)
    answer = client.post("/arrangement/charts/", FORM | {"of": "1"})
    assert "Several contracts have a pool of this number" in answer.content.decode()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"kind": []}, "Choose one kind at least."),
        ({"measure": "btc", "kind": ["n", "o"], "of": "1"}, "None of these moves any BTC"),
    ],
)
def test_what_cannot_be_shown_is_said_and_nothing_is_lost(
    client: Client, chain: ChainFactory, wrong: dict[str, Any], said: str
) -> None:
    answer = client.post("/arrangement/charts/", FORM | {"title": "My title"} | wrong)
    assert answer.status_code == 400
    assert said in answer.content.decode()
    assert 'value="My title"' in answer.content.decode()


def test_there_are_six_at_most_and_none_twice(client: Client, chain: ChainFactory) -> None:
    for letter in LETTERS:
        client.post("/arrangement/charts/", FORM | {"kind": [letter]})
    assert len(own_charts.read(client.cookies[arrangement.CHARTS_COOKIE].value)) == own_charts.MOST
    assert client.get("/arrangement/charts/")["Location"] == "/arrangement/"
    assert "remove one to add another" in client.get("/arrangement/").content.decode()
    again = client.post("/arrangement/charts/2/", FORM | {"kind": ["n"]})
    assert "You have this very chart already." in again.content.decode()


def test_a_browsers_title_is_shown_to_no_other(client: Client, chain: ChainFactory) -> None:
    client.post("/arrangement/charts/", FORM | {"title": '<script>alert("mine")</script>'})
    mine = client.get("/").content.decode()
    assert "&lt;script&gt;alert(" in mine
    assert "<script>alert" not in mine
    other = Client()
    other.post("/arrangement/charts/", FORM)
    assert "alert(" not in other.get("/").content.decode()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(st.one_of(st.text(max_size=300), st.from_regex(r"\A([1-7]:[\w:.|+-]{0,60}\|?){1,9}\Z")))
def test_a_strange_cookie_troubles_no_page(text: str) -> None:
    client = Client()
    raw = text.encode("ascii", "ignore").decode().replace(";", "").replace("\x00", "")
    for name in (arrangement.CHARTS_COOKIE, arrangement.COOKIE):
        client.cookies[name] = raw
    for path in ("/", "/arrangement/", "/arrangement/charts/"):
        assert client.get(path).status_code in {200, 302}
    assert client.get("/arrangement/charts/1/").status_code in {200, 404}


def test_each_chart_is_drawn_once_for_all_and_few_are_kept(
    client: Client, chain: ChainFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_own, "MOST", 3)
    reads: list[Definition] = []
    read = own.Reader.read

    def noted(self: own.Reader, of: Definition) -> own.Found:
        reads.append(of)
        return read(self, of)

    monkeypatch.setattr(own.Reader, "read", noted)
    charts = [OwnChart(1, Definition("j")), OwnChart(2, Definition("l"))]
    kept_own.figures(charts, "24h")
    kept_own.figures([OwnChart(1, Definition("l"), "another title"), charts[0]], "24h")
    assert reads == [Definition("j"), Definition("l")]
    for number in range(10):
        one = OwnChart(1, Definition("j", subject=Subject(PEOPLE[0], number)))
        kept_own.figures([one], "24h")
    assert len(kept_own._kept) == 3


def test_nothing_is_asked_for_browsers_without_own_charts(
    client: Client, chain: ChainFactory
) -> None:
    def queries(client: Client) -> int:
        with CaptureQueriesContext(connection) as asked:
            client.get("/")
        return len(asked)

    client.get("/")
    usual = queries(client)
    other = Client()
    other.post("/arrangement/charts/", FORM)
    other.get("/")
    assert queries(other) == usual  # its drawing is kept, too
    assert queries(client) == usual


def test_a_pools_page_leads_to_a_chart_of_it(client: Client, chain: ChainFactory) -> None:
    path = f"/pools/{chain.contract.address}/1/"
    html = client.get(path).content.decode()
    link = re.search(r'href="(/arrangement/charts/\?of=[^"]+)"', html)
    assert link is not None
    form = client.get(link[1]).content.decode()
    assert f'value="{chain.contract.address}/1"' in form


@time_machine.travel(AUTUMN, tick=False)
def test_days_of_ones_own_stand_still_but_for_charts_with_a_period(client: Client) -> None:
    happen(AUTUMN)
    client.post("/arrangement/charts/", FORM | {"period": "7d"})
    client.post("/arrangement/charts/", FORM)
    html = client.get("/?from=2025-10-01&to=2025-10-05").content.decode()
    assert "topics=dashboard,own:7d:n_jl_bars_7d" in html
    assert set(figures(html)) >= {"own-n_jl_bars_7d", "own-n_jl_bars_page"}
    sums = html.partition('id="chart-own-n_jl_bars_page-sums"')[2].partition("</tr>")[0]
    of = Definition("jl")
    days = Days(date(2025, 10, 1), date(2025, 10, 5))
    spans = stretches.buckets_of(days, ZoneInfo("UTC"), AUTUMN)
    assert f"<td>{sum(recounted(of, spans))}</td>" in sums


def test_empty_charts_say_what_will_come(client: Client) -> None:
    for shape in own_charts.SHAPES:
        client.post("/arrangement/charts/", FORM | {"shape": shape})
    html = client.get("/").content.decode()
    assert html.count("Nothing of this in this period.") == len(own_charts.SHAPES)


def test_a_number_is_shown_with_its_change(client: Client) -> None:
    happen(AUTUMN)
    chart = drawn(Definition("j", "sum"), "7d", AUTUMN)
    assert chart.drawing["value"] == str(sum(sums_of(chart)))
    assert "against the period before" in chart.compared


def test_an_accounts_page_leads_to_a_chart_of_it(client: Client, chain: ChainFactory) -> None:
    html = client.get(f"/accounts/{PEOPLE[0]}/").content.decode()
    link = re.search(r'href="(/arrangement/charts/\?of=[^"]+)"', html)
    assert link is not None
    assert f'value="{PEOPLE[0]}"' in client.get(link[1]).content.decode()


def test_the_form_calls_a_chart_by_its_pools_name(client: Client, chain: ChainFactory) -> None:
    client.post("/arrangement/charts/", FORM | {"of": "1"})
    assert "Joined, Left · Casa" in client.get("/arrangement/").content.decode()
