"""`manage.py coverage` tells what the API tells, for people and for programs."""

import json

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

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
    assert "gap: 101 to 103" in told


def test_before_the_first_contract_it_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert "the listener has not run" in printed(capsys)
    assert json.loads(printed(capsys, "--json")) == {"contracts": []}
