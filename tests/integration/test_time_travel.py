"""A pool as it was: at each block what it was then, and no number where one could be wrong."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from pools import ingest
from pools.models import Contract, CoveredRange, Log
from pools.selectors import past
from tests.factories import ANA, BEA, BTC, CARO, CONTRACT, NOON, ChainFactory, address, undecodable

pytestmark = pytest.mark.django_db

POOL = f"/pools/{CONTRACT}/1"


@pytest.fixture
def chain() -> ChainFactory:
    """Pool 1 from block 101 on: Ana, then Bea, who leaves; then it closes. Pool 2 beside it."""
    chain = ChainFactory()
    chain.block()
    chain.block(chain.created(1, name="Casa"), chain.created(2))
    chain.block(chain.joined(1, ANA, 2 * BTC), chain.joined(2, CARO, 7 * BTC))
    chain.block()
    chain.block(chain.joined(1, BEA, BTC), undecodable())
    chain.block(chain.left(1, BEA, BTC // 2))
    chain.block(chain.closed(1))
    return chain


def ask(client: Client, path: str, expect: int = 200, /, **query: Any) -> Any:
    answer = client.get(f"/api/v1{path}", query)
    assert answer.status_code == expect, answer.content
    return answer.json()


def show(client: Client, expect: int = 200, /, **query: Any) -> str:
    answer = client.get(f"{POOL}/", query)
    assert answer.status_code == expect, answer.content
    return answer.content.decode()


def members_at(client: Client, block: int) -> list[dict[str, Any]]:
    """Page by page, one member each, as a reader follows `next`."""

    def pages() -> Iterator[dict[str, Any]]:
        answer = ask(client, f"{POOL}/members", at_block=block, limit=1)
        yield answer
        while answer["next"]:
            answer = client.get(answer["next"]).json()
            yield answer

    found = list(pages())
    assert {page["at_block"] for page in found} == {block}
    return [member for page in found for member in page["results"]]


def test_a_pool_is_told_as_it_was_right_after_each_block(
    client: Client, chain: ChainFactory
) -> None:
    then = {block: ask(client, POOL, at_block=block) for block in range(101, chain.head.number + 1)}
    assert [pool["at_block"] for pool in then.values()] == list(then)
    facts = {
        block: (pool["total_contributed"], pool["member_count"], pool["status"])
        for block, pool in then.items()
    }
    assert facts == {
        101: ("0", 0, "accepting"),
        102: (str(2 * BTC), 1, "accepting"),
        103: (str(2 * BTC), 1, "accepting"),
        104: (str(3 * BTC), 2, "accepting"),
        105: (str(2 * BTC), 1, "accepting"),
        106: (str(2 * BTC), 1, "closed"),
    }
    assert then[103]["last_event_at"] == then[102]["last_event_at"]


def test_the_members_of_then_are_listed_with_what_they_held_then(
    client: Client, chain: ChainFactory
) -> None:
    def held(block: int) -> list[tuple[str, str, bool]]:
        told = members_at(client, block)
        return [(one["account"], one["contribution"], one["active"]) for one in told]

    assert held(101) == []
    assert held(102) == [(ANA, str(2 * BTC), True)]
    assert held(104) == [(ANA, str(2 * BTC), True), (BEA, str(BTC), True)]
    assert held(105) == [(ANA, str(2 * BTC), True), (BEA, "0", False)]


def test_the_newest_block_gives_what_is_told_of_now(client: Client, chain: ChainFactory) -> None:
    for path in (POOL, f"{POOL}/members"):
        now, then = ask(client, path), ask(client, path, at_block=chain.head.number)
        assert now.pop("at_block") is None
        assert then.pop("at_block") == chain.head.number
        assert then == now


def test_what_contradicts_is_left_out_as_it_is_of_now(client: Client, chain: ChainFactory) -> None:
    chain.block(chain.left(1, CARO), chain.created(1, name="Again"))
    assert Log.objects.filter(problem__startswith="not folded").count() == 2
    now, then = ask(client, POOL), ask(client, POOL, at_block=chain.head.number)
    assert (then["name"], then["total_contributed"]) == ("Casa", now["total_contributed"])


def test_before_its_creation_there_was_no_pool(client: Client, chain: ChainFactory) -> None:
    assert "no pool 1 " in ask(client, POOL, 404, at_block=100)["detail"]
    assert "from block 100 on" in ask(client, POOL, 404, at_block=12)["detail"]
    assert "no pool 9 " in ask(client, f"/pools/{CONTRACT}/9", 404, at_block=106)["detail"]
    assert "no contract" in ask(client, f"/pools/{ANA}/1/members", 404, at_block=106)["detail"]


@pytest.mark.parametrize("nonsense", ["-1", "x", "1.5", "٣", "1e3", "9" * 40, "0x10", "1\x00"])
def test_a_block_that_makes_no_sense_is_refused(
    client: Client, chain: ChainFactory, nonsense: str
) -> None:
    for path in (POOL, f"{POOL}/members"):
        assert "at_block" in ask(client, path, 400, at_block=nonsense)["detail"]
    assert 'role="alert"' in show(client, 400, at_block=nonsense)


def test_without_a_number_the_page_and_the_api_tell_of_now(
    client: Client, chain: ChainFactory
) -> None:
    assert ask(client, POOL, at_block="")["at_block"] is None
    assert "hx-ws:connect" in show(client, at_block="")


def test_a_block_that_is_not_read_yet_has_no_numbers(client: Client, chain: ChainFactory) -> None:
    refusal = ask(client, POOL, 409, at_block=chain.head.number + 1)
    assert f"exact up to block {chain.head.number}" in refusal["detail"]


def test_behind_a_gap_no_number_is_told(client: Client, chain: ChainFactory) -> None:
    hole(102, 103)
    assert ask(client, POOL, at_block=101)["total_contributed"] == "0"
    for block in (102, 103, 104, chain.head.number):
        for path in (POOL, f"{POOL}/members"):
            assert "exact up to block 101" in ask(client, path, 409, at_block=block)["detail"]
    assert "101" in show(client, 409, at_block=104)


@pytest.mark.parametrize(
    ("end_hash", "parent_hash", "exact_to"),
    [("a", "a", 106), ("a", "b", 103), ("", "b", 106), ("a", "", 106)],
)
def test_behind_a_seam_that_does_not_hold_no_number_is_told(
    client: Client, chain: ChainFactory, end_hash: str, parent_hash: str, exact_to: int
) -> None:
    """Ranges that contradict each other are of two chains; one that was not seen is no proof."""
    CoveredRange.objects.all().delete()
    for first, last in ((100, 103), (104, 106)):
        CoveredRange.objects.create(
            contract=chain.contract,
            from_block=first,
            to_block=last,
            parent_hash=parent_hash if first == 104 else "",
            end_hash=end_hash if first == 100 else "c",
            endpoint="node.example",
            logs=0,
        )
    refusal = ask(client, POOL, 409, at_block=107)
    assert f"exact up to block {exact_to}." in refusal["detail"]
    ask(client, POOL, 200 if exact_to == 106 else 409, at_block=104)


@pytest.mark.parametrize("covered_from", [101, None])
def test_without_the_first_blocks_no_number_is_told(
    client: Client, chain: ChainFactory, covered_from: int | None
) -> None:
    if covered_from is None:
        CoveredRange.objects.all().delete()
    else:
        CoveredRange.objects.update(from_block=covered_from)
    for block in (100, 104):
        assert "no block of this contract" in ask(client, POOL, 409, at_block=block)["detail"]
    assert 'role="alert"' in show(client, 409, at_block=104)


def test_a_pool_that_waits_behind_a_gap_can_be_looked_at_before_it(
    client: Client, chain: ChainFactory
) -> None:
    """Above the gap nothing is folded yet; the past needs none of it."""
    hole(105, 105)
    Contract.objects.get().pools.all().delete()
    assert ask(client, POOL, 404)
    assert ask(client, POOL, at_block=104)["member_count"] == 2
    assert client.get(f"{POOL}/").status_code == 404
    assert "2.000" not in show(client, at_block=104)


def test_what_the_chain_took_back_never_happened(client: Client, chain: ChainFactory) -> None:
    chain.roll_back(103)
    chain.block(chain.joined(1, CARO, 5 * BTC))
    assert [one["account"] for one in members_at(client, 104)] == [ANA, CARO]
    ask(client, POOL, 409, at_block=105)


def test_a_longer_past_takes_no_more_queries(
    client: Client, chain: ChainFactory, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    last = chain.head.number
    people = [address(f"member {number}") for number in range(60)]
    chain.blocks(*((chain.joined(2, account), chain.joined(2, account)) for account in people))
    path = f"/pools/{CONTRACT}/2"
    for block in (last, chain.head.number):
        with django_assert_num_queries(5):
            ask(client, path, at_block=block)
        with django_assert_num_queries(5):
            ask(client, f"{path}/members", at_block=block)


def test_the_page_of_a_past_block_says_so_and_shows_then(
    client: Client, chain: ChainFactory
) -> None:
    html = show(client, at_block=104)
    assert "This is block 104 of June 15, 2025" in html
    assert f'<a class="button" href="{POOL}/">Go to now</a>' in html
    assert html.count("data-event=") == 3
    assert f'title="{3 * BTC} wei"' in html
    assert f'title="{BTC} wei"' in html


def test_what_is_told_of_now_is_not_told_of_then(client: Client, chain: ChainFactory) -> None:
    chain.block(chain.event("Paused", account=ANA))
    assert "Paused.</strong>" in show(client)
    assert "Paused.</strong>" not in show(client, at_block=104)


def test_the_time_of_a_block_that_we_no_longer_have_is_not_invented(
    client: Client, chain: ChainFactory
) -> None:
    ingest.prune(keep_messages=1000, keep_blocks=0)
    assert "This is block 103, some time after June 15, 2025" in show(client, at_block=103)
    assert "This is block 104 of June 15, 2025" in show(client, at_block=104)


def test_a_past_block_stands_still(client: Client, chain: ChainFactory) -> None:
    now, then = show(client), show(client, at_block=104)
    for live in ("hx-ws:connect", "live.js", 'id="status-badge"'):
        assert live in now
        assert live not in then


def test_the_page_leads_to_the_block_of_each_event_it_lists(
    client: Client, chain: ChainFactory
) -> None:
    for html, blocks in (
        (show(client), [106, 105, 104, 102, 101]),
        (show(client, at_block=102), [102, 101]),
    ):
        places = [html.index(f"{POOL}/?at_block={block}#moment") for block in blocks]
        assert places == sorted(places)
        assert len(re.findall(r'href="[^"]*at_block=', html)) == len(blocks)


def test_the_form_works_without_scripts_and_keeps_what_was_asked(
    client: Client, chain: ChainFactory
) -> None:
    html = show(client, 409, at_block=999)
    assert f'<form class="moment-form" method="get" action="{POOL}/#moment">' in html
    assert 'value="999"' in html
    assert "Up to block 106 this page is exact." in html


def test_the_block_s_time_is_that_of_its_header(client: Client) -> None:
    chain = ChainFactory(start_time=datetime(2024, 2, 29, 23, 59, tzinfo=UTC))
    chain.block(chain.created(1))
    chain.block(at=NOON)
    assert "Feb. 29, 2024" in show(client, at_block=100)
    assert "June 15, 2025" in show(client, at_block=101)
    assert timezone.now() - timedelta(days=1) > NOON


@pytest.mark.django_db(transaction=True)
def test_a_reorganisation_while_the_past_is_read_mixes_nothing(
    client: Client, chain: ChainFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The proof and the logs are those of one moment: a roll-back between them changes neither."""
    proved = past._exact_to

    def proved_and_rolled_back(contract: Contract) -> int | None:
        found = proved(contract)
        with ThreadPoolExecutor(1) as another:
            another.submit(chain.roll_back, 103).result()
            another.submit(lambda: connection.close()).result()
        return found

    monkeypatch.setattr(past, "_exact_to", proved_and_rolled_back)
    assert ask(client, POOL, at_block=104)["member_count"] == 2
    monkeypatch.undo()
    ask(client, POOL, 409, at_block=104)
    assert ask(client, POOL, at_block=103)["member_count"] == 1


def hole(first: int, last: int) -> None:
    """Take the evidence of these blocks away, as if nobody had read them yet."""
    for row in CoveredRange.objects.filter(from_block__lte=last, to_block__gte=first):
        below, above = (row.from_block, first - 1), (last + 1, row.to_block)
        row.delete()
        for row.from_block, row.to_block in (below, above):
            if row.from_block <= row.to_block:
                row.pk = None
                row.save()
