"""Gaps in the past are found and closed, late logs are found, by task and by command."""

import json
from concurrent.futures import ThreadPoolExecutor
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import F

from coopsite.environment import PoolContract
from pools import ingest, leases
from pools.models import Contract, CoveredRange, Cursor, HistoricalScan, Lease, Log, Pool
from pools.reorg import Header
from pools.segments import Segment
from realtime import tasks
from realtime.backfill import BACKFILL_LEASE
from realtime.management.commands import backfill as command
from realtime.planning import gaps
from tests.chain import BTC, AnvilChain
from tests.following import chain_keys, stored_keys
from tests.scripted_chain import CHAIN_ID
from tests.waiting import until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis_server")]


@pytest.fixture(autouse=True)
def _follows(settings: object, anvil_chain: AnvilChain) -> None:
    settings.CHAIN_HTTP_URLS = [anvil_chain.http_url]  # type: ignore[attr-defined]
    settings.CHAIN_WS_URLS = []  # type: ignore[attr-defined]
    settings.POOL_CONTRACTS = [  # type: ignore[attr-defined]
        PoolContract(anvil_chain.address, anvil_chain.start_block)
    ]


def backfill(**options: object) -> dict[str, object]:
    out = StringIO()
    call_command("backfill", "--json", stdout=out, **options)
    answer = json.loads(out.getvalue())
    assert isinstance(answer, dict)
    return answer


def lose(chain: AnvilChain, number: int) -> None:
    """Store everything from one block on as a node that brings its logs late told it."""
    lease = leases.acquire("listener", holder="test", seconds=60)
    assert lease is not None
    headers = tuple(
        Header(
            number=at,
            hash=block["hash"],
            parent_hash=block["parentHash"],
            timestamp=int(block["timestamp"], 16),
        )
        for at in range(number, chain.block_number() + 1)
        for block in [chain.block(at)]
    )
    asked = frozenset({chain.address})
    empty = Segment(chain.chain_id, number, headers[-1].number, headers, (), asked, "late.example")
    ingest.append(empty, lease=lease)
    leases.release(lease)


def test_on_an_empty_database_it_goes_up_to_the_head(anvil_chain: AnvilChain) -> None:
    for number in range(3):
        anvil_chain.create_pool(f"Pool {number}")
        anvil_chain.mine(40)
    answer = backfill()
    head = anvil_chain.block_number()
    assert set(answer) == {
        *("contract", "from_block", "to_block", "blocks", "events"),
        *("seconds", "events_per_second", "gaps_left"),
    }
    assert answer["contract"] == anvil_chain.address
    assert (answer["from_block"], answer["to_block"]) == (anvil_chain.start_block, head)
    assert (answer["gaps_left"], answer["events"]) == (0, len(anvil_chain.logs()))
    assert stored_keys() == chain_keys(anvil_chain.logs())


def test_a_gap_is_closed_once_and_the_second_run_finds_nothing(anvil_chain: AnvilChain) -> None:
    anvil_chain.mine(20)
    backfill()
    tasks.backfill_gaps()  # which scans the last blocks again, as it does once an hour
    held = CoveredRange.objects.get()
    # Cover it in two pieces, as a contract that was added later would be.
    CoveredRange.objects.create(
        contract=held.contract,
        from_block=15,
        to_block=held.to_block,
        parent_hash=anvil_chain.block(14)["hash"],
        end_hash=held.end_hash,
        endpoint="node",
        logs=0,
    )
    CoveredRange.objects.filter(pk=held.pk).update(
        to_block=9, end_hash=anvil_chain.block(9)["hash"]
    )
    assert [gap for _, gap in gaps(CHAIN_ID)] == [(10, 14)]
    tasks.backfill_gaps()
    assert gaps(CHAIN_ID) == []
    scan = HistoricalScan.objects.get(kind="backfill")
    assert (scan.state, scan.from_block, scan.to_block) == ("done", 10, 14)
    assert scan.endpoints == anvil_chain.http_url.removeprefix("http://")
    assert scan.requests > 0
    assert backfill()["blocks"] == 0
    assert HistoricalScan.objects.filter(kind="backfill").count() == 1


def test_bounds_leave_the_rest_alone(anvil_chain: AnvilChain) -> None:
    anvil_chain.mine(20)
    backfill()
    CoveredRange.objects.all().delete()
    answer = backfill(from_block=5, to_block=9)
    assert (answer["from_block"], answer["to_block"], answer["blocks"]) == (5, 9, 5)
    assert [gap for _, gap in gaps(CHAIN_ID)] == [(1, 4), (10, Cursor.objects.get().number)]


def test_a_contract_that_is_added_later_is_filled_from_its_start(
    anvil_chain: AnvilChain, settings: object
) -> None:
    first = anvil_chain.address
    anvil_chain.create_pool("Primero")
    backfill()
    start = anvil_chain.block_number() + 1
    second = anvil_chain.deploy()
    anvil_chain.create_pool("Segundo")
    backfill()
    settings.POOL_CONTRACTS = [  # type: ignore[attr-defined]
        PoolContract(first, 1),
        PoolContract(second, start),
    ]
    answer = backfill()
    assert (answer["contract"], answer["gaps_left"]) == (None, 0)
    held = Log.objects.filter(contract__address=second).count()
    assert held == len(anvil_chain.logs(address=second)) > 0


def test_a_contract_that_is_added_leaves_the_others_as_they_are(
    anvil_chain: AnvilChain, settings: object
) -> None:
    first = anvil_chain.address
    anvil_chain.create_pool("Primero")
    anvil_chain.mine(200)
    backfill()
    tasks.backfill_gaps()
    start = anvil_chain.block_number() + 1
    second = anvil_chain.deploy()
    pool = anvil_chain.create_pool("Segundo")
    anvil_chain.join(pool, anvil_chain.accounts[3], BTC // 10)
    anvil_chain.mine(200)
    backfill()
    before = books_of(first)
    settings.POOL_CONTRACTS = [  # type: ignore[attr-defined]
        PoolContract(first, 1),
        PoolContract(second, start),
    ]
    tasks.backfill_gaps()
    assert gaps(CHAIN_ID) == []
    assert books_of(first) == before
    found = Contract.objects.get(address=second)
    assert found.folded_to == Cursor.objects.get().number
    assert Pool.objects.get(contract=found).total_contributed == BTC // 10


def books_of(address: str) -> object:
    """What is kept about one contract, row by row."""
    contract = Contract.objects.get(address=address)
    return (
        list(CoveredRange.objects.filter(contract=contract).order_by("pk").values()),
        list(HistoricalScan.objects.filter(contract=contract).order_by("pk").values()),
        list(Pool.objects.filter(contract=contract).order_by("pk").values()),
        (contract.folded_to, contract.revision, contract.events_total),
    )


def test_a_lower_start_block_makes_what_lies_below_a_gap(
    anvil_chain: AnvilChain, settings: object
) -> None:
    pool = anvil_chain.create_pool("Temprano")
    anvil_chain.mine(150)
    anvil_chain.join(pool, anvil_chain.accounts[3], BTC // 10)
    anvil_chain.mine(150)
    settings.POOL_CONTRACTS = [  # type: ignore[attr-defined]
        PoolContract(anvil_chain.address, 100)
    ]
    backfill()
    assert Pool.objects.count() == 0
    assert Log.objects.exclude(problem="").count() == 2  # of a pool that was never created
    settings.POOL_CONTRACTS = [PoolContract(anvil_chain.address, 1)]  # type: ignore[attr-defined]
    answer = backfill()
    assert (answer["blocks"], answer["gaps_left"]) == (99, 0)
    assert stored_keys() == chain_keys(anvil_chain.logs())
    assert Pool.objects.get().total_contributed == BTC // 10
    assert Log.objects.exclude(problem="").count() == 0


def test_late_logs_are_found_by_the_rescan(anvil_chain: AnvilChain) -> None:
    backfill()
    before = stored_keys()
    anvil_chain.create_pool("Tarde")
    anvil_chain.mine(10)
    lose(anvil_chain, Cursor.objects.get().number + 1)
    assert stored_keys() == before
    tasks.backfill_gaps()
    assert stored_keys() == chain_keys(anvil_chain.logs())
    scan = HistoricalScan.objects.get()
    assert (scan.kind, scan.state, scan.events_found) == ("rescan", "done", 1)


def test_a_requested_scan_is_done_and_answered(anvil_chain: AnvilChain) -> None:
    anvil_chain.create_pool("Uno")
    anvil_chain.mine(5)
    backfill()
    scan = HistoricalScan.objects.create(
        contract=Contract.objects.get(), kind="rescan", from_block=1, to_block=5
    )
    tasks.backfill_gaps()
    scan.refresh_from_db()
    assert (scan.state, scan.events_found, scan.error) == ("done", 0, "")
    assert scan.finished_at is not None


def test_two_do_not_work_at_once(anvil_chain: AnvilChain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "PATIENCE_SECONDS", 0.2)
    assert leases.acquire(BACKFILL_LEASE, holder="another", seconds=60)
    said = StringIO()
    with pytest.raises(CommandError, match="another backfill is at work; try again"):
        backfill(stderr=said)
    assert "waiting up to 0.2 s" in said.getvalue()
    tasks.backfill_gaps()
    assert HistoricalScan.objects.count() == 0


def test_the_command_waits_for_the_end_of_another_backfill(anvil_chain: AnvilChain) -> None:
    other = leases.acquire(BACKFILL_LEASE, holder="another", seconds=60)
    assert other is not None
    said = StringIO()

    def end() -> None:
        until(lambda: "another backfill is at work" in said.getvalue())
        leases.release(other)
        connection.close()

    with ThreadPoolExecutor(1) as pool:
        ending = pool.submit(end)
        assert backfill(stderr=said)["gaps_left"] == 0
        ending.result()


def test_a_range_that_ends_before_it_begins_is_refused(anvil_chain: AnvilChain) -> None:
    with pytest.raises(CommandError, match="--from-block 9 lies above --to-block 5"):
        backfill(from_block=9, to_block=5)


def test_a_node_that_is_away_is_one_clear_line(anvil_chain: AnvilChain) -> None:
    backfill()
    anvil_chain.stop()
    with pytest.raises(CommandError, match=r"ConnectorError|refused|Cannot connect"):
        backfill()
    CoveredRange.objects.all().delete()
    tasks.backfill_gaps()


def test_an_unknown_contract_is_refused(anvil_chain: AnvilChain) -> None:
    with pytest.raises(CommandError, match="is no address"):
        backfill(contract="0x12")
    with pytest.raises(CommandError, match="is not one of POOL_CONTRACTS"):
        backfill(contract="0x" + "11" * 20)


def test_old_messages_and_headers_are_forgotten(
    anvil_chain: AnvilChain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "KEEP_MESSAGES", 1)
    anvil_chain.create_pool("Uno")
    anvil_chain.create_pool("Dos")
    backfill()
    tasks.prune_outbox()
    tasks.prune_outbox()
    assert Log.objects.count() == len(anvil_chain.logs())


def test_a_lease_that_another_takes_over_ends_the_command_in_one_line(
    anvil_chain: AnvilChain, monkeypatch: pytest.MonkeyPatch
) -> None:
    anvil_chain.mine(200)
    fill = ingest.fill

    def fill_too_late(*args: Any, **kwargs: Any) -> ingest.Committed:
        Lease.objects.filter(name=BACKFILL_LEASE).update(token=F("token") + 1, holder="another:1")
        return fill(*args, **kwargs)

    monkeypatch.setattr(ingest, "fill", fill_too_late)
    with pytest.raises(CommandError, match="was taken over"):
        backfill()
