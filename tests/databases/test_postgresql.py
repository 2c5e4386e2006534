"""The same promises on PostgreSQL: the tests of the records once more, and an event's whole way."""

import os
import subprocess
import sys

import pytest

from coopsite.stack.programs import ROOT
from tests.processes import Stack
from tests.traffic import Traffic, events_in_api, events_on_chain
from tests.waiting import until

FILES = (
    *("test_own_charts", "verify", "test_readings"),
    *("test_ingest", "test_ingest_histories", "test_ingest_past", "test_leases", "test_api"),
    *("test_backfill", "test_ledger", "test_status_page", "test_compiled"),
    *("test_rebuild", "test_rebuild_histories", "test_time_travel"),
    *("test_alert_services", "test_alerting_admin", "test_silences", "test_rules"),
    *("test_admin_history", "test_alerts", "test_alert_sending", "test_alert_receivers"),
    *("test_alert_claims", "test_test_alert", "test_thresholds"),
    *("test_categories", "test_visits", "test_migrations"),
)
LONGEST = 900  # seconds, on a slow machine


@pytest.mark.timeout(LONGEST)
def test_the_records_keep_their_promises_on_postgresql(postgres_url: str) -> None:
    folder = ROOT / "tests" / "integration"
    files = [path if (path := folder / name).is_dir() else f"{path}.py" for name in FILES]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *files],
        cwd=ROOT,
        env={**os.environ, "TEST_DATABASE_URL": postgres_url},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LONGEST - 10,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:]


def test_events_reach_the_api_by_way_of_postgresql(stack: Stack, postgres_url: str) -> None:
    stack.environment["DATABASE_URL"] = postgres_url
    stack.manage("migrate", "--no-input", "--verbosity", "0")
    stack.start("listener", "web")
    with Traffic(stack.chain, pause=0.02):
        until(lambda: stack.api("stats")["events_total"] > 10)
    stack.chain.reorg(2)
    stack.kill("listener")
    stack.start("listener", ready=False)
    with Traffic(stack.chain, seed=2, pause=0.02):
        seen = stack.chain.block_number()
        until(lambda: stack.chain.block_number() > seen + 10)
    expected = events_on_chain(stack.chain)
    try:
        until(lambda: events_in_api(stack) == expected, 30, every=0.5)
    finally:
        assert events_in_api(stack) == expected
