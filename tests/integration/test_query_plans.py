"""Lists that everybody asks for must find their rows by an index, however many there are."""

from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.db.models.base import Model

from pools import readings
from pools.filters import POOL_ORDERINGS
from pools.models import HourlyActivity, Log, Membership, Pool, is_of_kind
from pools.rebuilding.run import rebuild
from tests.factories import ANA, ChainFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def chain() -> ChainFactory:
    return ChainFactory()


def plan(rows: QuerySet[Model]) -> str:
    sql, parameters = rows.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}", parameters)
        return "\n".join(str(row[-1]) for row in cursor.fetchall())


@pytest.mark.parametrize("order", ["", "-"])
def test_events_in_chain_order_are_not_sorted_for_each_reader(order: str) -> None:
    standing = Log.objects.filter(retracted_seq=None).exclude(kind="")
    found = plan(standing.order_by(f"{order}block_number", f"{order}log_index")[:10])
    assert "USING INDEX" in found
    assert "TEMP B-TREE" not in found


def test_events_of_a_pool_are_found_by_their_index() -> None:
    of_pool = Log.objects.filter(contract=1, pool_id=7, retracted_seq=None)
    found = plan(of_pool.order_by("-block_number", "-log_index")[:10])
    assert "log_of_pool" in found
    assert "TEMP B-TREE" not in found


def test_events_of_a_kind_are_found_by_their_index() -> None:
    of_kind = Log.objects.filter(is_of_kind("PoolClosed"), retracted_seq=None)
    found = plan(of_kind.order_by("-block_number", "-log_index")[:10])
    assert "log_of_uncommon_kind" in found
    assert "TEMP B-TREE" not in found


def test_what_an_account_did_is_found_by_its_index() -> None:
    of_account = Log.objects.filter(account=ANA, retracted_seq=None)
    found = plan(of_account.order_by("-block_number", "-log_index")[:500])
    assert "log_of_account" in found
    assert "TEMP B-TREE" not in found


def test_the_pools_that_an_account_created_come_newest_first_without_sorting() -> None:
    found = plan(Pool.objects.filter(creator=ANA).order_by("-pk")[:51])
    assert "creator" in found
    assert "TEMP B-TREE" not in found


def test_members_in_the_order_of_joining_are_found_by_their_pool() -> None:
    found = plan(Membership.objects.filter(pool=1).order_by("joined_at", "account")[:101])
    assert "member_once_per_pool" in found or "pools_membership" in found
    assert "SCAN" not in found


def test_whether_a_readings_block_was_taken_back_is_asked_of_that_block_alone() -> None:
    found = plan(readings.standing().filter(contract=1, pool_id=7))
    assert "(chain_id=? AND hash=?)" in found
    assert "SCAN" not in found


def test_pools_of_a_status_come_newest_first_without_sorting() -> None:
    found = plan(
        Pool.objects.filter(status=1).order_by("-created_block", "-created_log_index")[:10]
    )
    assert "TEMP B-TREE" not in found


@pytest.mark.parametrize("category", [{"category__slug": "housing"}, {"category": None}])
@pytest.mark.parametrize("order", sorted(POOL_ORDERINGS))
def test_pools_of_a_category_come_in_any_order_without_sorting(
    order: str, category: dict[str, Any]
) -> None:
    sign = "-" if order.startswith("-") else ""
    keys = [f"{sign}{key.field}" for key in POOL_ORDERINGS[order].keys]
    joined = Pool.objects.select_related("contract", "category").filter(**category)
    found = plan(joined.order_by(*keys)[:10])
    assert "pool_of_cat" in found
    assert "SCAN pools_pool" not in found
    assert "TEMP B-TREE" not in found


def test_nothing_in_a_rebuild_walks_through_all_logs_to_find_a_few(chain: ChainFactory) -> None:
    """Pages of a pool's logs, what was touched meanwhile, an hour's logs: by an index each."""
    chain.block(chain.created(1), chain.joined(1))
    asked: list[tuple[str, object]] = []

    def note(run: Any, sql: str, parameters: Any, *rest: Any) -> Any:
        asked.append((sql, parameters))
        return run(sql, parameters, *rest)

    def and_then_a_block(_logs: int) -> None:
        if chain.head.number < 102:
            chain.block(chain.joined(1))

    HourlyActivity.objects.update(count=9)
    with connection.execute_wrapper(note):
        rebuild(during=and_then_a_block)
    about_logs = {sql: given for sql, given in asked if "FROM pools_log" in sql.replace('"', "")}
    assert len(about_logs) > 6
    for sql, given in about_logs.items():
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}", given)
            found = "\n".join(str(row[-1]) for row in cursor.fetchall())
        assert "SEARCH" in found, sql
        assert "SCAN pools_log" not in found, sql
        assert "(contract_id=?)" not in found, f"a contract's whole history: {sql}"
