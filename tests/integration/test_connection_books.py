"""The listener writes down how its link stood and how quick it was, and the page tells it."""

import itertools
import re
import sqlite3
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from pools import leases, selectors
from pools.leases import LostLease
from pools.models import Alert, Block, ConnectionSpell, LatencySample, ListenerStatus
from pools.selectors.status_history import latency
from pools.status_rows import Verdict
from realtime import books
from realtime.books import Books
from realtime.statistics import State, Statistics
from realtime.status import Progress, StatusRow, describe, offline
from tests.chain import AnvilChain
from tests.factories import CONTRACT, listener
from tests.following import ask, config_for, listening, until_status
from tests.integration.test_status_page import page, panel
from tests.ledger import block_hash, cover, followed, scan
from tests.processes import Stack
from tests.proxy import Proxy
from tests.waiting import async_until, until

CANARY = "canary4b1d9e07"
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def row(state: State, *, detail: str = "", latency_ms: float | None = None) -> StatusRow:
    stream = Statistics(
        state=state,
        detail=detail,
        endpoint="node.example",
        connected_since=NOW,
        uptime=1.0,
        messages=0,
        bytes=0,
        events_received=0,
        last_event_at=None,
        latency=None if latency_ms is None else latency_ms / 1000,
        attempts=3,
        reconnects=0,
    )
    return describe(Progress(), stream, latency=None, most_attempts=10)


def new_books() -> Books:
    lease = leases.acquire("listener", holder=leases.holder(), seconds=-1)
    assert lease is not None
    return Books(lease)


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def spells() -> list[tuple[str, float, float]]:
    rows = ConnectionSpell.objects.order_by("pk")
    return [
        (one.state, (one.since - NOW).total_seconds(), (one.until - NOW).total_seconds())
        for one in rows
    ]


@pytest.mark.django_db
def test_a_spell_is_one_row_however_often_it_is_reported() -> None:
    kept = new_books()
    for seconds in range(0, 50, 5):
        kept.keep(row(State.LIVE), [], after(seconds))
    kept.keep(row(State.RECONNECTING, detail="closed: code 1006"), [], after(50))
    kept.keep(row(State.RECONNECTING, detail="refused"), [], after(55))
    kept.keep(row(State.LIVE), [], after(60))
    kept.keep(offline(row(State.LIVE)), [], after(90))
    assert spells() == [
        ("live", 0, 50),
        ("reconnecting", 50, 60),
        ("live", 60, 90),
        ("offline", 90, 90),
    ]
    assert ConnectionSpell.objects.get(state="reconnecting").detail == "closed: code 1006"


@pytest.mark.django_db
def test_what_another_listener_left_open_ends_at_its_last_sign_of_life() -> None:
    new_books().keep(row(State.LIVE), [], after(0))
    new_books().keep(row(State.LIVE), [], after(8))
    assert spells() == [("live", 0, 0), ("live", 8, 8)]


@pytest.mark.django_db
def test_whoever_lost_the_lease_writes_nothing() -> None:
    kept = new_books()
    kept.keep(row(State.LIVE), [], after(0))
    new_books()
    with pytest.raises(LostLease):
        kept.keep(row(State.ERROR), [], after(5))
    assert spells() == [("live", 0, 0)]
    assert ListenerStatus.objects.get().state == "live"


@pytest.mark.django_db
def test_a_minute_of_measurements_is_one_row_and_nothing_is_counted_twice() -> None:
    kept = new_books()
    for seconds, measured in ((0, 10.0), (5, 10.0), (30, 30.0), (59, 30.0)):
        kept.keep(row(State.LIVE, latency_ms=measured), [4.0], after(seconds))
    assert not LatencySample.objects.exists()
    kept.keep(row(State.LIVE, latency_ms=99.0), [], after(60))
    sample = LatencySample.objects.get()
    assert (sample.answer_count, sample.answer_sum, sample.answer_worst) == (2, 40.0, 30.0)
    assert (sample.store_count, sample.store_sum, sample.store_worst) == (4, 16.0, 4.0)
    other = new_books()
    other.keep(row(State.LIVE, latency_ms=50.0), [], after(61))
    other.keep(offline(row(State.LIVE)), [], after(62))
    kept = new_books()
    kept.keep(row(State.LIVE, latency_ms=70.0), [], after(63))
    kept.keep(offline(row(State.LIVE)), [], after(64))
    second = LatencySample.objects.exclude(pk=sample.pk).get()
    assert (second.answer_count, second.answer_sum, second.answer_worst) == (2, 120.0, 70.0)


@pytest.mark.django_db
def test_old_books_are_forgotten() -> None:
    now = timezone.now()
    for days in (0, 29, 31):
        moment = now - timedelta(days=days)
        ConnectionSpell.objects.create(state="live", since=moment, until=moment)
    for days in (0, 6, 8):
        minute = int((now - timedelta(days=days)).timestamp()) // 60
        LatencySample.objects.create(minute=minute, endpoint="a")
    books.forget_old(now)
    assert ConnectionSpell.objects.count() == 2
    assert LatencySample.objects.count() == 2


@pytest.mark.django_db
def test_a_link_that_breaks_all_the_time_does_not_fill_the_disk(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(books, "MOST_SPELLS", 3)
    now = timezone.now()
    for _ in range(5):
        ConnectionSpell.objects.create(state="live", since=now, until=now)
    books.forget_old(now)
    assert ConnectionSpell.objects.count() == 3


def fill(count: int, now: datetime) -> None:
    """So many spells and minutes, the newest now."""
    ConnectionSpell.objects.all().delete()
    LatencySample.objects.all().delete()
    ConnectionSpell.objects.bulk_create(
        ConnectionSpell(
            state=("live", "reconnecting")[n % 2],
            since=now - timedelta(seconds=10 * (n + 1)),
            until=now - timedelta(seconds=10 * n),
        )
        for n in range(count)
    )
    minute = int(now.timestamp()) // 60
    LatencySample.objects.bulk_create(
        LatencySample(
            minute=minute - n,
            endpoint="a",
            answer_count=1,
            answer_sum=n % 100,
            answer_worst=n % 100,
            store_count=1,
            store_sum=5,
            store_worst=5,
        )
        for n in range(count)
    )


@pytest.mark.django_db
@pytest.mark.parametrize("period", ["24h", "7d"])
def test_ten_thousand_rows_cost_as_many_queries_as_two(
    client: Client, django_assert_max_num_queries: DjangoAssertNumQueries, period: str
) -> None:
    counts = []
    for rows in (2, 10_000):
        fill(rows, timezone.now())
        with django_assert_max_num_queries(60) as queries:
            page(client, period=period)
        counts.append(len(queries))
    assert counts[0] == counts[1]


@pytest.mark.django_db
def test_half_and_most_of_the_minutes_are_told() -> None:
    fill(100, NOW)
    read = latency("24h", NOW)
    assert read.answers is not None
    assert (read.answers.half, read.answers.most, read.answers.measured) == (49, 94, 100)
    assert sum(1 for each in read.buckets if each.worst is not None) == len(read.buckets) >= 7
    assert latency("24h", NOW + timedelta(days=3)).answers is None


@pytest.mark.django_db
def test_the_page_tells_the_share_and_why_spells_were_what_they_were(client: Client) -> None:
    now = timezone.now()
    for state, first, last, detail in (
        ("live", 120, 60, ""),
        ("error", 30, 20, "<b>HTTP 502</b>"),
        ("live", 20, 0, ""),
    ):
        since, until_ = (now - timedelta(minutes=minutes) for minutes in (first, last))
        ConnectionSpell.objects.create(
            state=state, since=since, until=until_, endpoint="node.example", detail=detail
        )
    html = page(client)
    assert "66.66 % live in the last 24 hours" in panel(html, "history").replace("\u202f", " ")
    rows = panel(html, "spells")
    assert rows.index("Cut off") < rows.index("No listener")
    assert "it was not running, or could not write" in rows
    assert "&lt;b&gt;HTTP 502" in html
    assert 'id="status-history"' not in page(client, period="7d")
    assert "the last 7 days" in page(client, period="7d")
    assert 'id="status-history"' in page(client, period="<nonsense>")


@pytest.mark.django_db
def test_six_states_of_the_numbers_are_six_sentences(client: Client) -> None:
    now = timezone.now()
    assert selectors.status().verdict is Verdict.NO_LISTENER
    contract = followed(CONTRACT)
    cover(contract, 100, 1000)
    type(contract).objects.update(folded_to=1000)
    status = listener(updated_at=now, head=1000, head_at=now)
    assert selectors.status().verdict is Verdict.GOOD
    sentences = {panel(page(client), "verdict")}

    def becomes(verdict: Verdict, **changes: Any) -> None:
        ListenerStatus.objects.update(**changes)
        assert selectors.status().verdict is verdict
        sentences.add(panel(page(client), "verdict"))

    becomes(Verdict.CATCHING_UP, head=1002)
    Alert.objects.create(kind="mismatch", key="k", message="numbers differ")
    becomes(Verdict.MISSING, head=1000)
    Alert.objects.all().delete()
    scan(contract, 50, 60, error="nobody has it")
    becomes(Verdict.HALTED, head_at=now - timedelta(minutes=3))
    assert "the chain stands still: no new block since" in panel(page(client), "connection")
    becomes(Verdict.NO_LINK, state="reconnecting")
    becomes(Verdict.NO_LISTENER, updated_at=now - timedelta(minutes=1))
    assert len(sentences) == 6
    status.refresh_from_db()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("every", "still", "halted"), [(1, 3, True), (60, 9, False), (60, 11, True)]
)
def test_a_slow_chain_is_given_its_own_time_before_it_stands_still(
    every: int, still: int, halted: bool
) -> None:
    now = timezone.now()
    chain = followed(CONTRACT).chain
    for number in range(1, 80):
        # The gap in the middle, when nobody read or the chain stood, says nothing of its pace.
        before = timedelta(seconds=(80 - number) * every, hours=8 if number < 40 else 0)
        Block.objects.create(
            chain=chain,
            number=number,
            hash=block_hash(number),
            parent_hash=block_hash(number - 1),
            timestamp=now - before,
        )
    listener(updated_at=now, head=79, head_at=now - timedelta(minutes=still))
    assert (selectors.connection(now).halted_since is not None) == halted


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("redis_server")
async def test_a_link_that_breaks_and_is_mended_leaves_its_spells(anvil_chain: AnvilChain) -> None:
    port = int(anvil_chain.ws_url.rpartition(":")[2].strip("/"))
    with Proxy(port) as proxy:
        config = config_for(
            [anvil_chain.http_url],
            [f"ws://127.0.0.1:{proxy.port}/?key={CANARY}"],
            [(anvil_chain.address, anvil_chain.start_block)],
        )
        async with listening(config):
            await until_status("live")
            anvil_chain.create_pool("Uno")
            proxy.cut()
            await until_status("reconnecting")
            proxy.mend()
            await until_status("live")
            anvil_chain.create_pool("Dos")
            await async_until(
                lambda: ask(lambda: ListenerStatus.objects.get().events_received >= 2)
            )
    rows = await ask(lambda: list(ConnectionSpell.objects.order_by("pk").values()))
    states = [one["state"] for one in rows]
    assert [state for state in states if state != "connecting"] == [
        *("live", "reconnecting", "live", "offline")
    ]
    assert all(a["until"] == b["since"] for a, b in itertools.pairwise(rows))
    broken = next(one for one in rows if one["state"] == "reconnecting")
    assert broken["detail"]
    assert broken["attempts"] >= 1
    samples = await ask(lambda: list(LatencySample.objects.values()))
    assert sum(one["answer_count"] for one in samples) >= 1
    assert CANARY not in f"{rows}{samples}"


def test_a_listener_that_is_killed_leaves_a_silence_and_no_key(stack: Stack) -> None:
    stack.environment.update(
        {
            "CHAIN_HTTP_URLS": stack.environment["CHAIN_HTTP_URLS"] + f"/?key={CANARY}",
            "CHAIN_WS_URLS": f"ws://user:{CANARY}@127.0.0.1:9/{CANARY}?key={CANARY}",
        }
    )

    def kept() -> list[tuple[Any, ...]]:
        with sqlite3.connect(stack.directory / "coopsite.sqlite3") as database:
            return database.execute(
                "select state, detail, since, until from pools_connectionspell order by id"
            ).fetchall()

    stack.start("listener")
    until(lambda: any(one[0] == "reconnecting" for one in kept()), 30)
    stack.kill("listener")
    before = kept()
    stack.start("listener")
    until(lambda: len(kept()) > len(before), 30)
    after_ = kept()
    stack.stop("listener")
    assert after_[: len(before)] == before
    assert after_[len(before)][2] > before[-1][3]
    assert CANARY.encode() not in (stack.directory / "coopsite.sqlite3").read_bytes()
    assert not re.search(CANARY, str(kept()))
