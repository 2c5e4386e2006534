"""Rows that an older version wrote are what the newest reads."""

from collections.abc import Iterator

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from pools.models import Pool
from tests.factories import ChainFactory

pytestmark = pytest.mark.django_db(transaction=True)


def migrate(*targets: tuple[str, str]) -> None:
    executor = MigrationExecutor(connection)
    executor.migrate(list(targets) or executor.loader.graph.leaf_nodes())


@pytest.fixture
def newest_afterwards() -> Iterator[None]:
    yield
    migrate()


@pytest.mark.usefixtures("newest_afterwards")
def test_a_pool_from_before_there_were_categories_has_none() -> None:
    chain = ChainFactory()
    chain.block(chain.created(1), chain.created(2))
    migrate(("pools", "0003_activity_mark"))
    with connection.cursor() as cursor:
        cursor.execute("SELECT category FROM pools_pool")
        assert cursor.fetchall() == [("",), ("",)]
    migrate()
    assert [pool.category for pool in Pool.objects.all()] == [None, None]
    assert Pool.objects.filter(category=None).count() == 2
