"""`manage.py coverage` tells what the API tells, for people and for programs."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from pools.models import CoveredRange, HistoricalScan
from tests.factories import CONTRACT, ChainFactory, listener

pytestmark = pytest.mark.django_db


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    call_command("coverage", *arguments)
    return capsys.readouterr().out


def test_json_is_one_object_and_what_the_api_answers(
    client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    chain = ChainFactory()
    chain.blocks((), (), (chain.created(1),))
    told = json.loads(printed(capsys, "--json"))
    assert told == client.get("/api/v1/coverage").json()
    assert told["contracts"][0]["covered_blocks"] == 3
    assert told["contracts"][0]["gaps"] == []


def test_people_read_the_gaps_as_closed_ranges(capsys: pytest.CaptureFixture[str]) -> None:
    chain = ChainFactory()
    chain.block()
    listener(updated_at=timezone.now(), head=103)
    told = printed(capsys)
    assert f"{CONTRACT}: 1 blocks covered from 100 to 103" in told
    assert "gap: 101 to 103, new" in told


def test_people_read_why_blocks_are_missing_and_where_the_ledger_contradicts_itself(
    capsys: pytest.CaptureFixture[str],
) -> None:
    chain = ChainFactory()
    chain.blocks((), (), ())
    CoveredRange.objects.all().delete()
    piece = {"contract": chain.contract, "endpoint": "node.example", "logs": 0}
    CoveredRange.objects.create(**piece, from_block=101, to_block=101, end_hash="0xa")
    CoveredRange.objects.create(
        **piece, from_block=102, to_block=102, parent_hash="0xb", end_hash="0xc"
    )
    HistoricalScan.objects.create(
        contract=chain.contract,
        kind="backfill",
        state="failed",
        from_block=90,
        to_block=100,
        error="no header came with the logs",
    )
    told = printed(capsys)
    assert "gap: 100 to 100, not proved, tried since 20" in told
    assert "UTC: no header came with the logs" in told
    assert "broken seam: block 102 does not follow" in told


def test_before_the_first_contract_it_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert "the listener has not run" in printed(capsys)
    assert json.loads(printed(capsys, "--json")) == {"contracts": []}


@pytest.mark.parametrize("file", ["new.sqlite3", "no-such-directory/any.sqlite3"])
@pytest.mark.parametrize("arguments", [(), ("--json",)])
def test_a_database_that_cannot_be_read_is_one_line(
    tmp_path: Path, file: str, arguments: tuple[str, ...]
) -> None:
    said = subprocess.run(
        [sys.executable, "manage.py", "coverage", *arguments],
        cwd=settings.BASE_DIR,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "coopsite.settings",
            "ENV_FILE": os.devnull,
            "VAR_DIR": str(tmp_path),
            "DATABASE_URL": f"sqlite:///{tmp_path / file}",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert said.returncode == 1
    assert said.stdout == ""
    assert said.stderr.count("\n") == 1
    assert "run manage.py migrate" in said.stderr
