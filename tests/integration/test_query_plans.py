"""Lists that everybody asks for must find their rows by an index, however many there are."""

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.db.models.base import Model

from pools.models import Log, Pool, is_of_kind

pytestmark = pytest.mark.django_db


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


def test_pools_of_a_status_come_newest_first_without_sorting() -> None:
    found = plan(
        Pool.objects.filter(status=1).order_by("-created_block", "-created_log_index")[:10]
    )
    assert "TEMP B-TREE" not in found
