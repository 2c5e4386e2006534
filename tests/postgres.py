"""A real PostgreSQL for tests: a cluster of its own in a temporary directory, on loopback."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

from coopsite.tools import find_postgres
from tests.ports import free_port

# The server refuses to run as root, so there it runs as whoever Debian made for it, or as nobody.
UNPRIVILEGED = ("postgres", "nobody")


@contextmanager
def postgres_server(*settings: str) -> Iterator[Callable[[], str]]:
    """What makes an empty database and tells its URL; `settings` such as "fsync=off" to differ
    from what PostgreSQL does by itself.
    """
    programs = find_postgres()
    directory = Path(tempfile.mkdtemp(prefix="coopsite-postgres-"))
    user = _server_user()
    if user:
        shutil.chown(directory, user)
    port = free_port()
    options = f"-p {port} -k {directory}"
    for setting in ("listen_addresses=127.0.0.1", *settings):
        options += f" -c {setting}"

    def run(program: str, *arguments: str) -> None:
        subprocess.run(
            [programs / program, *arguments],
            user=user,
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            check=True,
            timeout=60,
        )

    data = str(directory / "data")
    run("initdb", "-D", data, "-U", "coopsite", "--auth=trust", "--encoding=UTF8", "--no-sync")
    run("pg_ctl", "-D", data, "-w", "-o", options, "-l", str(directory / "log"), "start")
    numbers = count(1)

    def create_database() -> str:
        name = f"coopsite{next(numbers)}"
        run("createdb", "-h", "127.0.0.1", "-p", str(port), "-U", "coopsite", name)
        return f"postgres://coopsite@127.0.0.1:{port}/{name}"

    try:
        yield create_database
    finally:
        run("pg_ctl", "-D", data, "-w", "-m", "immediate", "stop")
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def create_postgres_database() -> Iterator[Callable[[], str]]:
    """A server for the whole session that keeps nothing safe on disk."""
    with postgres_server("fsync=off") as create_database:
        yield create_database


@pytest.fixture
def postgres_url(create_postgres_database: Callable[[], str]) -> str:
    """The URL of an empty database of this test alone."""
    return create_postgres_database()


def _server_user() -> str | None:
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in UNPRIVILEGED if name in known)
