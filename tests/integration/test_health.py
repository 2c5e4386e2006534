"""Readiness names what is missing, and one part that hangs neither hides nor delays the rest."""

import asyncio
from datetime import timedelta

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.test import AsyncClient, Client
from django.utils import timezone
from pytest_django import Settings

from coopsite import health
from tests.factories import ChainFactory, listener
from tests.ports import free_port
from tests.redis_server import RedisServer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis_server")]


def reasons(client: Client, expect: int) -> dict[str, str]:
    answer = client.get("/readyz")
    assert answer.status_code == expect, answer.content
    assert "no-store" in answer["Cache-Control"]
    found: dict[str, str] = answer.json()["reasons"]
    return found


def test_alive_without_asking_anybody(client: Client) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_ready_when_everything_is_there(client: Client) -> None:
    listener(updated_at=timezone.now())
    assert reasons(client, 200) == {}


def test_unready_before_a_listener_reported(client: Client) -> None:
    assert reasons(client, 503) == {"listener": "no listener has reported yet"}


def test_unready_when_the_listener_fell_silent(client: Client) -> None:
    listener(updated_at=timezone.now() - timedelta(seconds=31))
    assert reasons(client, 503) == {"listener": "nothing heard of it for 31 s"}


def test_unready_when_the_listener_was_stopped(client: Client) -> None:
    listener(updated_at=timezone.now(), state="offline")
    assert reasons(client, 503) == {"listener": "it was stopped"}


def test_unready_while_a_listener_that_runs_can_store_nothing(client: Client) -> None:
    row = listener(updated_at=timezone.now(), state="error", detail="disk full at /srv/db")
    assert reasons(client, 200) == {}
    row.stopped = True
    row.save()
    found = reasons(client, 503)
    assert found == {"listener": "it runs, but can store nothing; its status says why"}


def test_unready_while_redis_is_away(client: Client, settings: Settings) -> None:
    listener(updated_at=timezone.now())
    settings.REDIS_URL = f"redis://:secret@127.0.0.1:{free_port()}/0"
    found = reasons(client, 503)
    assert set(found) == {"redis"}
    assert "secret" not in found["redis"]


def test_ready_again_when_redis_is_back(
    client: Client, settings: Settings, own_redis: RedisServer
) -> None:
    listener(updated_at=timezone.now())
    settings.REDIS_URL = own_redis.url
    assert reasons(client, 200) == {}
    own_redis.stop()
    assert set(reasons(client, 503)) == {"redis"}
    own_redis.start()
    assert reasons(client, 200) == {}


def test_unready_while_a_migration_is_missing(client: Client) -> None:
    listener(updated_at=timezone.now())
    recorder = MigrationRecorder(connection)
    ((_, newest),) = MigrationLoader(connection).graph.leaf_nodes("pools")
    recorder.record_unapplied("pools", newest)
    try:
        assert f"pools.{newest}" in reasons(client, 503)["migrations"]
    finally:
        recorder.record_applied("pools", newest)


async def test_a_part_that_hangs_is_named_in_time(
    async_client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never() -> None:
        await asyncio.Event().wait()

    monkeypatch.setitem(health.CHECKS, "database", never)
    monkeypatch.setattr(health, "TIME_LIMIT", 0.2)
    async with asyncio.timeout(2):
        answer = await async_client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["reasons"]["database"] == "no answer within 0.2 s"


def test_metrics_tell_of_chain_listener_and_process(client: Client) -> None:
    chain = ChainFactory()
    chain.block(chain.created(1), chain.joined(1))
    listener(updated_at=timezone.now(), head=105)
    answer = client.get("/metrics")
    assert answer["Content-Type"].startswith("text/plain")
    lines = answer.content.decode().splitlines()
    assert "coopsite_events 2.0" in lines
    assert "coopsite_lag_blocks 5.0" in lines
    assert 'coopsite_listener_state{state="live"} 1.0' in lines
    assert "coopsite_database_up 1.0" in lines
    assert any(line.startswith("process_resident_memory_bytes ") for line in lines)
