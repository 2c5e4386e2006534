"""Rows are remembered by all that they show: whatever changes, changes them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone, translation

from pools import selectors
from pools.models import Category, Log, Membership, Pool
from pools.templatetags import rows
from tests.factories import ANA, BEA, BTC, ChainFactory

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> Pool:
    monkeypatch.setattr(timezone, "now", lambda: NOON)
    chain = ChainFactory(start_time=NOON - timedelta(hours=1))
    chain.block(chain.created(1, name="Mercado Central"))
    chain.block(chain.joined(1, ANA, 2 * BTC))
    return read()


def read() -> Pool:
    return selectors.newest_pools(1)[0]


@pytest.mark.parametrize(
    ("column", "value", "shown"),
    [
        ("name", "Otro", "Otro"),
        ("status", Pool.Status.CLOSED, "Closed"),
        ("member_count", 7, "7"),
        ("max_members", 90, "90"),
        ("total_contributed", 5 * BTC, "5"),
        ("creator", BEA, BEA),
        ("created_at", NOON - timedelta(hours=3), "09:00"),
    ],
)
def test_a_pools_row_follows_each_of_its_columns(
    pool: Pool, column: str, value: object, shown: str
) -> None:
    for made in (rows.pool_row, rows.pool_facts):
        Pool.objects.update(**_columns_of(pool))
        before = made(pool)
        assert made(read()) == before
        Pool.objects.update(**{column: value})
        after = made(read())
        if made is rows.pool_row or column != "name":  # which is the page's heading
            assert shown in after
            assert after != before


def _columns_of(pool: Pool) -> dict[str, object]:
    names = {field.attname for field in Pool._meta.concrete_fields} - pool.get_deferred_fields()
    return {name: getattr(pool, name) for name in names}


def test_facts_follow_the_category_and_the_explorer(pool: Pool, settings: Any) -> None:
    category = Category.objects.all()[0]
    Pool.objects.update(category=category.slug)
    assert category.name in rows.pool_facts(read())
    assert "https://elsewhere.example" not in rows.pool_facts(read())
    settings.EXPLORER_URL = "https://elsewhere.example"
    assert "https://elsewhere.example" in rows.pool_facts(read())


def test_a_pools_row_follows_its_category(pool: Pool) -> None:
    category = Category.objects.all()[0]
    Pool.objects.update(category=category.slug)
    assert category.name in rows.pool_row(read())
    Category.objects.filter(pk=category.pk).update(name_en="Renamed")
    assert "Renamed" in rows.pool_row(read())


def test_rows_speak_the_language_of_who_asks(pool: Pool) -> None:
    (event, *_) = selectors.latest_events(1)
    english = rows.pool_row(pool), rows.feed_row(event), rows.event_row(event)
    with translation.override("es"):
        spanish = rows.pool_row(pool), rows.feed_row(event), rows.event_row(event)
    assert all(one != other for one, other in zip(english, spanish, strict=True))
    assert (rows.pool_row(pool), rows.feed_row(event), rows.event_row(event)) == english


def test_yesterdays_times_become_dates(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    event = selectors.latest_events(1)[0]
    (member,) = Membership.objects.all()
    today = [rows.pool_row(pool), rows.feed_row(event), rows.event_row(event)]
    assert all("11:00" in row for row in [*today, rows.member_row(member, pool)])
    monkeypatch.setattr(timezone, "now", lambda: NOON + timedelta(days=1))
    later = [rows.pool_row(pool), rows.feed_row(event), rows.event_row(event)]
    assert all("03/01/2026" in row for row in [*later, rows.member_row(member, pool)])


def test_an_events_row_follows_what_became_of_it(pool: Pool) -> None:
    event = selectors.latest_events(1)[0]
    before = rows.feed_row(event), rows.event_row(event)
    assert not any("data-retracted" in row for row in before)
    Log.objects.filter(seq=event.seq).update(retracted_seq=9)
    (struck,) = selectors.event_rows(Log.objects.filter(seq=event.seq))
    assert all("data-retracted" in row for row in (rows.feed_row(struck), rows.event_row(struck)))


def test_a_members_row_follows_what_is_held(pool: Pool) -> None:
    (member,) = Membership.objects.all()
    assert "100\u202f%" in rows.member_row(member, pool)
    pool.total_contributed = 4 * BTC
    assert "50\u202f%" in rows.member_row(member, pool)
    member.active, member.left_at = False, NOON
    assert "left" in rows.member_row(member, pool)
