"""The real programs for tests: web server and listener as processes of their own.

They work on a directory of their own with a fresh database, their own Redis and their own anvil,
and they end with the test process however that ends.
"""

import json
import os
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from coopsite.ports import HOST
from coopsite.stack.programs import BIN, LEASH, ROOT, web_options, worker_options
from tests.chain import AnvilChain
from tests.ports import free_port
from tests.redis_server import RedisServer
from tests.waiting import until

MANAGE = (sys.executable, str(ROOT / "manage.py"))


class Stack:
    """One Coopsite. `chain` and `redis` run from the start; `start` adds "web", "listener", …

    `environment` changes settings for the programs started later.
    """

    def __init__(self, directory: Path, *, chain: AnvilChain, redis: RedisServer) -> None:
        self.directory = directory
        self.chain = chain
        self.redis = redis
        self.port = free_port()
        self.url = f"http://{HOST}:{self.port}"
        self.ws_url = f"ws://{HOST}:{self.port}/ws/live/"
        self.environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "coopsite.settings",
            "VAR_DIR": str(directory),
            "ENV_FILE": os.devnull,
            "PORT": str(self.port),
            "REDIS_URL": redis.url,
            "CHAIN_ID": str(chain.chain_id),
            "CHAIN_HTTP_URLS": chain.http_url,
            "CHAIN_WS_URLS": chain.ws_url,
            "POOL_CONTRACTS": f"{chain.address}:{chain.start_block}",
            "PYTHONUNBUFFERED": "1",
            "MALLOC_ARENA_MAX": "1",  # as the stack gives its programs
        }
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, *names: str, ready: bool = True) -> None:
        """Starts these programs, and waits until they do what they are for."""
        for name in names:
            with self.log(name).open("ab") as log:
                self._processes[name] = subprocess.Popen(
                    [sys.executable, "-I", "-S", str(LEASH), *self._command(name)],
                    cwd=ROOT,
                    env=self.environment,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                )
        if ready and "web" in self._processes:
            self.wait_until_ready()

    def wait_until_ready(self, seconds: float = 30) -> None:
        """Until the page's server answers and, if a listener was started, calls itself ready."""
        path = "/readyz" if "listener" in self._processes else "/healthz"
        until(lambda: self._checked_status(path) == 200, seconds, every=0.1)

    def kill(self, name: str) -> None:
        """Ends a program as `kill -9` does."""
        process = self._processes.pop(name)
        process.kill()
        process.wait(10)

    def stop(self, name: str, seconds: float = 10) -> int:
        """Asks a program to end, as a service manager does; its exit code."""
        process = self._processes.pop(name)
        process.terminate()
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)
            raise

    def pid(self, name: str) -> int:
        return self._processes[name].pid

    def manage(self, *arguments: str, seconds: float = 60) -> str:
        """Standard output of a management command. Raises CalledProcessError if it fails."""
        said = subprocess.run(
            [*MANAGE, *arguments],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=seconds,
            check=True,
            text=True,
        )
        return said.stdout

    def api(self, path: str) -> Any:
        """The JSON answer to GET /api/v1/… or, with a leading slash, to any path."""
        url = self.url + path if path.startswith("/") else f"{self.url}/api/v1/{path}"
        with urllib.request.urlopen(url, timeout=20) as answer:
            return json.load(answer)

    def status(self, path: str) -> int:
        """The HTTP status of a GET; 0 when nobody answers."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=10) as answer:
                status: int = answer.status
                return status
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    def log(self, name: str) -> Path:
        return self.directory / f"{name}.log"

    def end(self) -> None:
        """Ends every program that still runs."""
        for process in self._processes.values():
            process.terminate()
        for process in self._processes.values():
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)
        self._processes.clear()

    def _command(self, name: str) -> tuple[str, ...]:
        celery = (str(BIN / "celery"), "--app", "coopsite.celery")
        commands: dict[str, tuple[str, ...]] = {
            "web": (str(BIN / "daphne"), *web_options(self.port), "coopsite.asgi:application"),
            "listener": (*MANAGE, "listen"),
            "worker": (*celery, "worker", *worker_options()),
            "uvicorn": (
                *(str(BIN / "uvicorn"), "coopsite.asgi:application", "--host", HOST),
                *("--port", str(self.port), "--lifespan", "off", "--log-level", "warning"),
            ),
        }
        return commands[name]

    def _checked_status(self, path: str) -> int:
        """As `status`, but a program that has ended already is an error with its last words."""
        for name, process in self._processes.items():
            if process.poll() is not None:
                words = self.log(name).read_text(errors="replace")[-3000:]
                raise AssertionError(f"{name} ended with {process.returncode}: {words}")
        return self.status(path)


@pytest.fixture(scope="session")
def prepared_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a migrated, empty database and the collected static files."""
    directory = tmp_path_factory.mktemp("prepared")
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "coopsite.settings",
        "VAR_DIR": str(directory),
        "ENV_FILE": os.devnull,
    }
    for command in ("migrate", "collectstatic"):
        subprocess.run(
            [*MANAGE, command, "--no-input", "--verbosity", "0"],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            check=True,
            timeout=120,
        )
    return directory


@pytest.fixture
def stack(
    tmp_path: Path, prepared_directory: Path, own_redis: RedisServer, anvil_chain: AnvilChain
) -> Iterator[Stack]:
    """A Coopsite of this test alone; only its chain and its Redis run yet."""
    directory = tmp_path / "var"
    directory.mkdir()
    shutil.copyfile(prepared_directory / "coopsite.sqlite3", directory / "coopsite.sqlite3")
    (directory / "static").symlink_to(prepared_directory / "static")
    stack = Stack(directory, chain=anvil_chain, redis=own_redis)
    yield stack
    stack.end()
