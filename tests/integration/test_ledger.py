"""The ledger of covered ranges says of every block whether it is proved, and if not, why not."""

from datetime import timedelta
from random import Random

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from pools import ranges, selectors
from pools.models import Contract, Lease
from pools.selectors.coverage import BACKFILL_LEASE
from pools.status_rows import Coverage, Missing, MissingState
from realtime import backfill
from tests.factories import CHAIN_ID, CONTRACT, address, listener
from tests.ledger import NODE, OTHER_NODE, block_hash, cover, followed, hold_the_lease, scan

pytestmark = pytest.mark.django_db


@pytest.fixture
def contract() -> Contract:
    return followed(CONTRACT)


def told() -> Coverage:
    (only,) = selectors.coverage()
    return only


def missing() -> list[tuple[int, int, str]]:
    return [(one.from_block, one.to_block, str(one.state)) for one in told().missing]


@pytest.mark.parametrize("seed", range(40))
def test_gaps_and_blocks_are_those_that_arithmetic_finds(seed: int) -> None:
    random = Random(seed)
    expected = {}
    for name in ("one", "two", "three")[: random.randint(1, 3)]:
        contract = followed(address(name), start_block=random.choice((0, 1, 500)))
        pieces = []
        at = contract.start_block + random.choice((0, 0, 1, 200))
        while at < 1000 and random.random() < 0.93:
            last = min(at + random.choice((0, 1, 49, 300)), 1000)
            pieces.append((at, last))
            at = last + 1 + random.choice((0, 0, 0, 1, 2, 77))
        random.shuffle(pieces)
        for first, last in pieces:
            cover(contract, first, last, endpoint=random.choice((NODE, OTHER_NODE)))
        expected[contract.address] = contract.start_block, pieces
    for one in selectors.coverage():
        start, pieces = expected.pop(one.contract)
        assert one.gaps == ranges.gaps(start, 1000, pieces)
        assert one.covered_blocks == ranges.total(pieces)
        assert one.pieces == len(pieces)
        assert one.broken_seams == []
        # What is missing are the gaps again, cut at most.
        assert ranges.merge((part.from_block, part.to_block) for part in one.missing) == one.gaps
    assert not expected


def test_a_ledger_without_rows_is_one_gap(contract: Contract) -> None:
    assert told().gaps == [(100, 1000)]
    assert told().covered_blocks == told().pieces == 0


def test_a_contract_that_begins_above_the_head_lacks_nothing() -> None:
    followed(CONTRACT, start_block=2000)
    assert told().gaps == []
    assert told().missing == []


def test_rows_below_a_start_that_was_raised_are_no_gap(contract: Contract) -> None:
    cover(contract, 10, 20)
    cover(contract, 90, 1000)
    assert told().gaps == []


def test_blocks_above_the_cursor_are_new(contract: Contract) -> None:
    cover(contract, 100, 900)
    listener(updated_at=timezone.now(), head=1003)
    assert told().gaps == [(901, 1003)]
    assert missing() == [(901, 1000, "waiting"), (1001, 1003, "new")]


def test_a_failed_scan_says_why_its_blocks_are_missing(contract: Contract) -> None:
    cover(contract, 100, 199)
    cover(contract, 501, 1000)
    failed = scan(contract, 300, 349, error="no header came with the logs")
    assert missing() == [
        (200, 299, "waiting"),
        (300, 349, "unproved"),
        (350, 500, "waiting"),
    ]
    assert told().unproved == [
        Missing(
            300,
            349,
            MissingState.UNPROVED,
            "no header came with the logs",
            failed.created_at,
        )
    ]


def test_of_several_failures_the_newest_speaks(contract: Contract) -> None:
    cover(contract, 500, 1000)
    scan(contract, 100, 499, error="an old reason")
    scan(contract, 200, 299, error="a new reason")
    assert [(one.from_block, one.to_block, one.reason) for one in told().unproved] == [
        (100, 199, "an old reason"),
        (200, 299, "a new reason"),
        (300, 499, "an old reason"),
    ]


def test_one_failure_may_speak_for_many_gaps(contract: Contract) -> None:
    for first in range(100, 1000, 10):
        cover(contract, first, first + 4)
    scan(contract, 143, 562, error="the node forgot")
    explained = [(one.from_block, one.to_block) for one in told().unproved]
    assert explained == [(first, first + 4) for first in range(145, 560, 10)]
    assert len(told().gaps) == 90


def test_what_was_proved_after_a_failure_has_no_reason_left(contract: Contract) -> None:
    scan(contract, 100, 1000, error="an outage")
    cover(contract, 100, 1000)
    assert told().unproved == []


def test_blocks_of_a_scan_at_work_are_being_read(contract: Contract) -> None:
    hold_the_lease()
    cover(contract, 100, 149)
    cover(contract, 601, 1000)
    scan(contract, 100, 399, state="running", done_to=149)
    scan(contract, 100, 499, error="earlier")
    assert missing() == [
        (150, 399, "reading"),
        (400, 499, "unproved"),
        (500, 600, "waiting"),
    ]


def test_a_scan_that_nobody_is_at_work_on_reads_nothing(contract: Contract) -> None:
    scan(contract, 100, 1000, state="running")
    assert missing() == [(100, 1000, "waiting")]
    hold_the_lease()
    assert missing() == [(100, 1000, "reading")]
    Lease.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert missing() == [(100, 1000, "waiting")]


def test_a_failure_that_is_tried_again_keeps_its_reason(contract: Contract) -> None:
    hold_the_lease()
    scan(contract, 100, 1000, state="running", error="an outage")
    assert missing() == [(100, 1000, "reading")]
    assert [one.reason for one in told().unproved] == ["an outage"]


def test_scans_of_another_contract_explain_nothing(contract: Contract) -> None:
    other = followed(address("other"))
    scan(other, 100, 1000, error="only there")
    of = {one.contract: one for one in selectors.coverage()}
    assert of[contract.address].unproved == []
    assert len(of[other.address].unproved) == 1


def test_the_lease_is_the_one_that_the_backfill_takes() -> None:
    assert BACKFILL_LEASE == backfill.BACKFILL_LEASE


def test_a_seam_whose_hashes_differ_is_named(contract: Contract) -> None:
    cover(contract, 100, 199)
    cover(contract, 200, 299, parent_hash=block_hash(7))
    cover(contract, 300, 399, parent_hash="")  # not seen: says nothing
    cover(contract, 500, 1000, parent_hash=block_hash(8))  # no neighbour: contradicts nobody
    assert told().broken_seams == [200]
    assert told().gaps == [(400, 499)]


def test_evidence_is_counted_by_the_node_that_gave_it(contract: Contract) -> None:
    cover(contract, 100, 199, logs=5, witness=OTHER_NODE)
    cover(contract, 200, 200, logs=0, linked=True, bloom_agrees=True)
    cover(contract, 201, 1000, endpoint=OTHER_NODE, logs=2, linked=True)
    first, second = told().evidence
    assert (first.endpoint, first.pieces, first.blocks, first.logs) == (NODE, 2, 101, 5)
    assert (first.witnessed, first.linked, first.bloom_agrees) == (1, 1, 1)
    assert (second.endpoint, second.blocks) == (OTHER_NODE, 800)
    assert (second.witnessed, second.linked, second.bloom_agrees) == (0, 1, 0)


def test_the_answer_tells_what_is_folded_and_what_stays_unproved(
    client: Client, contract: Contract
) -> None:
    cover(contract, 100, 199)
    cover(contract, 300, 1000, parent_hash=block_hash(1))
    cover(contract, 1001, 1002, parent_hash=block_hash(1))
    failed = scan(contract, 200, 299, error="no node has these blocks")
    Contract.objects.update(folded_to=199)
    listener(updated_at=timezone.now(), head=1002)
    assert client.get("/api/v1/coverage").json()["contracts"] == [
        {
            "contract": CONTRACT,
            "chain_id": CHAIN_ID,
            "start_block": 100,
            "head": 1002,
            "covered_blocks": 803,
            "gaps": [[200, 299]],
            "folded_to": 199,
            "pieces": 3,
            "unproved": [
                {
                    "from_block": 200,
                    "to_block": 299,
                    "reason": "no node has these blocks",
                    "since": failed.created_at.isoformat().replace("+00:00", "Z"),
                }
            ],
            "broken_seams": [1001],
        }
    ]


def test_the_number_of_queries_does_not_grow_with_the_ledger(
    contract: Contract, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for first in range(100, 900, 2):
        cover(contract, first, first)
        scan(contract, first + 1, first + 1, error="no")
    hold_the_lease()
    scan(contract, 999, 999, state="running")
    with django_assert_max_num_queries(8):
        assert len(told().unproved) == 400
