"""A query that was compiled once answers as its queryset does, in every thread."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections
from django.db.models import BigIntegerField, CharField, DateTimeField, QuerySet
from django.db.models.sql.compiler import SQLCompiler
from django.utils import timezone

from pools.compiled import CompiledQuery
from pools.fields import UInt256Field
from pools.models import HourlyActivity, Log, Pool
from tests.factories import ANA, ChainFactory

pytestmark = pytest.mark.django_db

POOLS = (1, 2, 2**255)


@pytest.fixture
def chain() -> ChainFactory:
    chain = ChainFactory()
    for pool_id in POOLS:
        chain.block(chain.created(pool_id), chain.joined(pool_id, ANA))
    return chain


def facts(row: Any) -> Any:
    """All that was read of a row, and of what was joined to it."""
    if not hasattr(row, "_state"):
        return row
    own = {name: value for name, value in vars(row).items() if name != "_state"}
    joined = row._state.fields_cache.items()
    return own, [(name, facts(one)) for name, one in joined if one is not None]


def of_pool(contract: Any, pool_id: Any) -> QuerySet[Log]:
    logs = Log.objects.filter(retracted_seq=None, contract__address=contract, pool_id=pool_id)
    return logs.exclude(kind="").select_related("contract__chain", "block").order_by("-seq")[:10]


def names(above: Any) -> QuerySet[Pool, Any]:
    return Pool.objects.filter(pool_id__gt=above).order_by("pool_id").values_list("name", "pool_id")


def totals(pool: Any) -> QuerySet[Pool, Any]:
    found = Pool.objects.select_related("category").defer("name_raw", "category__keywords_en")
    return found.filter(pk__lte=pool)


def counts(since: Any) -> QuerySet[HourlyActivity, Any]:
    return HourlyActivity.objects.filter(hour__gte=since).values_list("count", flat=True)


@pytest.mark.parametrize(
    ("build", "fields"),
    [
        (of_pool, {"contract": CharField(), "pool_id": UInt256Field()}),
        (names, {"above": UInt256Field()}),
        (totals, {"pool": BigIntegerField()}),
        (counts, {"since": DateTimeField()}),
    ],
)
def test_it_answers_as_its_queryset_does(chain: ChainFactory, build: Any, fields: Any) -> None:
    query = CompiledQuery[Any](build, **fields)
    address = chain.contract.address
    asked: dict[str, tuple[Any, ...]] = {
        "contract": (address, address, address, "0x00"),
        "pool_id": (*POOLS, 1),
        "above": (0, *POOLS),
        "pool": tuple(Pool.objects.values_list("pk", flat=True).order_by("pk")),
        "since": (chain.start_time, timezone.now()),
    }
    found = 0
    for values in zip(*(asked[name] for name in fields), strict=True):
        of = dict(zip(fields, values, strict=True))
        rows = query.rows(**of)
        assert [facts(row) for row in rows] == [facts(row) for row in build(**of)]
        found += len(rows)
    assert found


def test_it_is_compiled_once(chain: ChainFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[str] = []
    usual = SQLCompiler.as_sql

    def noted(self: SQLCompiler, *args: Any, **options: Any) -> Any:
        compiled.append(str(self.query.model))
        return usual(self, *args, **options)

    monkeypatch.setattr(SQLCompiler, "as_sql", noted)
    query = CompiledQuery[Any](names, above=UInt256Field())
    assert [len(query.rows(above=above)) for above in (0, 1, 2, 2**255)] == [3, 2, 1, 0]
    assert len(compiled) == 1


def test_it_reads_anew_each_time(chain: ChainFactory) -> None:
    query = CompiledQuery[Any](names, above=UInt256Field())
    assert len(query.rows(above=0)) == 3
    chain.block(chain.created(7))
    assert len(query.rows(above=0)) == 4


def test_a_value_that_is_none_is_refused(chain: ChainFactory) -> None:
    query = CompiledQuery[Any](names, above=UInt256Field())
    with pytest.raises(ValueError, match="above is None"):
        query.rows(above=None)


@pytest.mark.django_db(transaction=True)
def test_threads_ask_it_at_the_same_time_on_connections_of_their_own(chain: ChainFactory) -> None:
    query = CompiledQuery[Any](names, above=UInt256Field())

    def asked(above: int) -> list[int]:
        try:
            return [pool_id for _ in range(20) for _name, pool_id in query.rows(above=above)]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(max_workers=3) as threads:
        found = list(threads.map(asked, (0, 1, 2)))
    assert found == [[1, 2, 2**255] * 20, [2, 2**255] * 20, [2**255] * 20]
