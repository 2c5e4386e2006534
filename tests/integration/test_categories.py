"""Each pool has the category that its name says, by whatever path it was stored, and the one that
staff set stays whatever happens."""

import importlib
from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from pools import ingest, selectors
from pools.digest import projections_digest
from pools.ingest import categories as steps
from pools.models import (
    Category,
    CategoryCorrection,
    CategoryRules,
    Contract,
    OutboxRow,
    Pool,
)
from pools.projecting import Projection
from pools.rebuilding.run import rebuild
from realtime.tasks import categorise
from tests.factories import ANA, BEA, ChainFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def kept_categories() -> None:
    """Two categories with a few keywords; those that a new site has are gone."""
    Category.objects.all().delete()
    Category.objects.create(
        slug="home", name_en="Home", name_es="Hogar", order=1, keywords_es="casa\ntecho"
    )
    Category.objects.create(
        slug="trade", name_en="Trade", name_es="Comercio", order=2, keywords_en="market\nshop"
    )
    ingest.rules_changed()
    CategoryRules.objects.update(done_to=None)


@pytest.fixture
def chain() -> ChainFactory:
    chain = ChainFactory()
    chain.block(chain.created(1, name="Casa propia"), chain.created(2, name="Night Market"))
    chain.block(chain.created(3, name="Casa y market"), chain.created(4, name="Nothing"))
    return chain


def shown() -> dict[int, str | None]:
    return dict(Pool.objects.order_by("pool_id").values_list("pool_id", "category_id"))


def key(pool_id: int) -> int:
    return Pool.objects.get(pool_id=pool_id).pk


def keywords(slug: str, text: str) -> None:
    Category.objects.filter(slug=slug).update(keywords_en=text)
    ingest.rules_changed()


def apply_all() -> int:
    steps_taken = 1
    while ingest.apply_rules():
        steps_taken += 1
    return steps_taken


BY_RULES = {1: "home", 2: "trade", 3: "home", 4: None}


def test_a_new_pool_has_its_category_at_once(chain: ChainFactory) -> None:
    assert shown() == BY_RULES


def test_events_that_follow_leave_the_category_alone(chain: ChainFactory) -> None:
    keywords("home", "nothing")
    chain.block(chain.joined(1, ANA), chain.joined(4, BEA), chain.closed(2))
    assert shown() == BY_RULES


def take_back_and_return(chain: ChainFactory) -> None:
    chain.roll_back(99)
    assert shown() == {}
    chain.block(chain.created(1, name="Casa propia"), chain.created(2, name="Night Market"))
    chain.block(chain.created(3, name="Casa y market"), chain.created(4, name="Nothing"))


def refold(chain: ChainFactory) -> None:
    contract = Contract.objects.get()
    Projection(contract).refold([1, 2, 3, 4], contract_wide=True)


def lose_rows_and_rebuild(_chain: ChainFactory) -> None:
    Pool.objects.all().delete()
    rebuild()


def new_rules_and_back(_chain: ChainFactory) -> None:
    keywords("trade", "casa\nnothing")
    apply_all()
    keywords("trade", "market\nshop")
    apply_all()


PATHS = {
    "the chain takes it back and it returns": take_back_and_return,
    "it is folded afresh": refold,
    "its row is lost and rebuilt": lose_rows_and_rebuild,
    "the rules change and change back": new_rules_and_back,
}


@pytest.mark.parametrize("path", PATHS)
def test_a_pool_has_the_category_of_its_name_by_whatever_path_it_comes(
    chain: ChainFactory, path: str
) -> None:
    PATHS[path](chain)
    assert shown() == BY_RULES


@pytest.mark.parametrize("path", PATHS)
def test_what_staff_set_stays(chain: ChainFactory, path: str) -> None:
    assert ingest.correct([key(1)], "trade") == 1
    assert ingest.correct([key(2)], None) == 1
    PATHS[path](chain)
    assert shown() == {**BY_RULES, 1: "trade", 2: None}


def test_what_staff_set_for_a_pool_is_not_for_another_under_its_number(
    chain: ChainFactory,
) -> None:
    ingest.correct([key(1)], "trade")
    chain.roll_back(99)
    chain.block(chain.created(1, name="Techo nuevo"))
    assert shown() == {1: "home"}


def test_a_correction_that_is_taken_back_leaves_the_rules_word(chain: ChainFactory) -> None:
    ingest.correct([key(1), key(4)], "trade")
    assert shown() == {**BY_RULES, 1: "trade", 4: "trade"}
    assert ingest.forget_corrections([key(1), key(2), key(4)]) == 2
    assert shown() == BY_RULES
    assert not CategoryCorrection.objects.exists()


def test_a_correction_can_be_corrected(chain: ChainFactory) -> None:
    ingest.correct([key(1)], None)
    ingest.correct([key(1)], "trade")
    assert CategoryCorrection.objects.get().category_id == "trade"
    assert shown()[1] == "trade"


def test_stored_pools_follow_new_rules_a_batch_at_a_time(
    chain: ChainFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "POOLS_AT_ONCE", 3)
    keywords("trade", "nothing")
    assert ingest.apply_rules()
    assert shown()[4] is None
    assert not ingest.apply_rules()
    assert shown() == {1: "home", 2: None, 3: "home", 4: "trade"}
    assert not ingest.apply_rules()


def test_rules_that_change_half_way_begin_again(
    chain: ChainFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "POOLS_AT_ONCE", 1)
    keywords("trade", "casa")
    assert ingest.apply_rules()
    keywords("home", "market")
    keywords("trade", "nothing")
    apply_all()
    assert shown() == {1: "home", 2: "home", 3: "home", 4: "trade"}


def test_a_category_that_is_not_active_gets_no_pool(chain: ChainFactory) -> None:
    Category.objects.filter(slug="home").update(active=False)
    ingest.rules_changed()
    apply_all()
    assert shown() == {1: None, 2: "trade", 3: "trade", 4: None}
    assert [category.slug for category in selectors.categories()] == ["trade"]


def test_pages_are_told_once_when_all_pools_follow(
    chain: ChainFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "POOLS_AT_ONCE", 2)
    before = selectors.current_seq()
    keywords("trade", "casa")
    assert apply_all() == 3
    told = OutboxRow.objects.filter(seq__gt=before)
    assert [(row.kind, row.first_seq, row.seq) for row in told] == [
        ("batch", before + 1, before + 1)
    ]
    assert not ingest.apply_rules()
    assert selectors.current_seq() == before + 1


def test_pools_stored_before_there_were_categories_get_theirs(chain: ChainFactory) -> None:
    """They hold an empty text, as the schema had it then, and pages show none."""
    Pool.objects.update(category="")
    CategoryRules.objects.update(done_to=0)
    page = selectors.newest_pools(4)
    assert [pool.category for pool in page] == [None] * 4
    assert not ingest.apply_rules()
    assert shown() == BY_RULES


def test_one_turn_of_the_worker_goes_over_all_pools(
    chain: ChainFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "POOLS_AT_ONCE", 1)
    keywords("trade", "nothing")
    categorise()
    assert shown() == {1: "home", 2: None, 3: "home", 4: "trade"}


def test_digests_know_nothing_of_categories(chain: ChainFactory) -> None:
    before = projections_digest()
    ingest.correct([key(1)], "trade")
    assert projections_digest() == before


def test_many_new_pools_cost_no_more_queries_than_one(chain: ChainFactory) -> None:
    ingest.correct([key(1)], "trade")

    def about_categories(step: Callable[[], object]) -> int:
        with CaptureQueriesContext(
            connection,
        ) as asked:
            step()
        return sum("pools_category" in query["sql"] for query in asked.captured_queries)

    one = about_categories(lambda: chain.block(chain.created(10, name="Casa")))
    many = about_categories(
        lambda: chain.block(*(chain.created(number, name="Casa") for number in range(11, 60)))
    )
    none = about_categories(lambda: chain.block(chain.joined(1, ANA)))
    assert many == one
    assert none == 0


def test_a_new_site_begins_with_categories_whose_keywords_are_sound() -> None:
    first = importlib.import_module("pools.migrations.0005_first_categories")
    Category.objects.all().delete()
    for slug, name_en, name_es, tone, order, english, spanish in first.CATEGORIES:
        Category(
            slug=slug,
            name_en=name_en,
            name_es=name_es,
            tone=tone,
            order=order,
            keywords_en=first._lines(english),
            keywords_es=first._lines(spanish),
        ).full_clean()
