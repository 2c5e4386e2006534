"""Fixtures that many tests share."""

import importlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import hypothesis
import pytest
from django.apps import AppConfig, apps
from django.conf import settings
from django.db.models.signals import post_migrate
from django.dispatch import receiver

from pools.charts import kept, kept_own, series
from pools.selectors import fees
from tests.redis_server import RedisServer

# Each of the hundreds of programs that tests start would compile all of ours anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# How long an example takes says something of the machine, nothing of the code.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


@receiver(post_migrate)
def bring_back_what_migrations_brought(sender: AppConfig, **told: Any) -> None:
    """A transactional test empties every table in its end, the first categories too."""
    if sender.label == "pools" and "plan" not in told:  # after flush, not after migrate
        first = importlib.import_module("pools.migrations.0005_first_categories")
        first.seed(apps, None)


@pytest.fixture(autouse=True)
def nothing_kept_of_another_test() -> None:
    """The process keeps what it read, whatever happens to the records."""
    kept.forget()
    series.forget()
    kept_own.forget()
    fees.forget()


pytest_plugins = [
    "tests.chain",
    "tests.chromium",
    "tests.postgres",
    "tests.processes",
    "tests.warm",
]


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A running Redis at `settings.REDIS_URL`, the same for the whole session: do not stop it."""
    port = urlsplit(settings.REDIS_URL).port
    server = RedisServer(tmp_path_factory.mktemp("redis"), port=port)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[RedisServer]:
    """A running Redis of this test alone, to be stopped and started at will."""
    server = RedisServer(tmp_path)
    server.start()
    yield server
    server.stop()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests with the synchronous browser come last: once started, it keeps an event loop running
    in this thread until the session ends, and no other loop can run beside it. Those with the
    asynchronous one share the event loop that it was started in.
    """
    in_browsers_loop = pytest.mark.asyncio(loop_scope="session")
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(in_browsers_loop, append=False)
    items.sort(key=lambda item: "chromium" in getattr(item, "fixturenames", ()))
