"""A real web server over records that the test itself writes, and a browser reduced to its socket.

The test and the server share a SQLite file; the test grows the chain with `ChainFactory` and
announces, or keeps silent and lets the hub find out.
"""

import asyncio
import json
import os
import re
import shutil
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest
from channels.layers import channel_layers
from django.conf import settings
from django.db import connection
from pytest_django import DjangoDbBlocker
from websockets.asyncio.client import ClientConnection, connect

from coopsite.stack.programs import BIN, HOST, web_options
from tests.ports import free_port
from tests.redis_server import RedisServer
from tests.waiting import until
from tests.warm import WarmProcess

ORIGIN = f"http://{HOST}"
MARK = re.compile(r"^<!--(\d+)-->")
EVENT_ROW = re.compile(r"data-event=[\"']?(0x[0-9a-f]{64}:\d+)([^>]*)>")
PARTIAL = re.compile(
    r"<hx-partial id=([\w-]+)(?: hx-swap=(?:\"([^\"]*)\"|([\w-]+)))?>(.*?)</hx-partial>"
)


@pytest.fixture
def records(
    tmp_path: Path, prepared_directory: Path, django_db_blocker: DjangoDbBlocker
) -> Iterator[Path]:
    """An empty database in a file, used by this test's own code and by the servers it starts."""
    path = tmp_path / "records.sqlite3"
    shutil.copyfile(prepared_directory / "coopsite.sqlite3", path)
    usual = connection.settings_dict["NAME"]
    with django_db_blocker.unblock():
        connection.close()
        connection.settings_dict["NAME"] = str(path)
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # tests write from inside the event loop
        yield path
        connection.close()
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]
        connection.settings_dict["NAME"] = usual


class WebServer:
    """Daphne or Uvicorn with the project's application, as a process of its own."""

    def __init__(
        self,
        program: str,
        warm: WarmProcess,
        records: Path,
        static: Path,
        redis_url: str,
        **environment: str,
    ) -> None:
        self.port = free_port()
        self.url = f"ws://{HOST}:{self.port}/ws/live/"
        self.log = records.with_name(f"{program}-{self.port}.log")
        commands = {
            "daphne": (str(BIN / "daphne"), *web_options(self.port)),
            "uvicorn": (
                *(str(BIN / "uvicorn"), "--host", HOST, "--port", str(self.port)),
                *("--lifespan", "off", "--log-level", "warning"),
            ),
        }
        self._process = warm.start(
            *commands[program],
            "coopsite.asgi:application",
            environment={
                **os.environ,
                "DJANGO_SETTINGS_MODULE": "coopsite.settings",
                "ENV_FILE": os.devnull,
                "VAR_DIR": str(static),
                "DATABASE_URL": f"sqlite:///{records}",
                "REDIS_URL": redis_url,
                **environment,
            },
            log=self.log,
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    def stop(self) -> None:
        with suppress(psutil.NoSuchProcess):  # some end by themselves
            self._process.terminate()
            try:
                self._process.wait(10)
            except psutil.TimeoutExpired:
                self._process.kill()
                self._process.wait(10)

    def said(self) -> str:
        return self.log.read_text(errors="replace")


class WebServers:
    """Starts servers over this test's records, and ends them with the test."""

    def __init__(self, warm: WarmProcess, records: Path, static: Path, redis_url: str) -> None:
        self._shared = (warm, records, static, redis_url)
        self._running: list[WebServer] = []

    def start(self, program: str = "daphne", **environment: str) -> WebServer:
        server = WebServer(program, *self._shared, **environment)
        self._running.append(server)

        def answers() -> bool:
            try:
                with urllib.request.urlopen(f"{ORIGIN}:{server.port}/healthz", timeout=5):
                    return True
            except OSError:
                return False

        until(answers, 30)
        return server

    def stop(self) -> None:
        for server in self._running:
            server.stop()

    def said(self) -> str:
        return "\n".join(server.said() for server in self._running)


@pytest.fixture
def web_servers(
    warm_process: WarmProcess, records: Path, prepared_directory: Path, own_redis: RedisServer
) -> Iterator[WebServers]:
    servers = WebServers(warm_process, records, prepared_directory, own_redis.url)
    usual = settings.CHANNEL_LAYERS
    settings.CHANNEL_LAYERS = layers_at(own_redis.url)
    channel_layers.backends.clear()
    yield servers
    servers.stop()
    print(servers.said())  # pytest shows it beside a failure
    settings.CHANNEL_LAYERS = usual
    channel_layers.backends.clear()


def layers_at(url: str) -> dict[str, Any]:
    """The setting CHANNEL_LAYERS for another Redis."""
    config = settings.CHANNEL_LAYERS["default"]
    host = {**config["CONFIG"]["hosts"][0], "address": url}
    return {"default": {**config, "CONFIG": {**config["CONFIG"], "hosts": [host]}}}


@dataclass
class Watcher:
    """What a browser's page would make of the frames: the numbers and rows it was given."""

    socket: ClientConnection
    frames: list[str] = field(default_factory=list)
    seq: int | None = None
    keys: list[str] = field(default_factory=list)  # of rows given as part of the chain, in order
    numbered: list[int] = field(default_factory=list)

    async def read(self, seconds: float = 5) -> str:
        """The next frame."""
        async with asyncio.timeout(seconds):
            frame = await self.socket.recv()
        assert isinstance(frame, str)
        self._note(frame)
        return frame

    async def read_until(self, seq: int, seconds: float = 10) -> None:
        """Read frames until the page would know of this number."""
        async with asyncio.timeout(seconds):
            while self.seq is None or self.seq < seq:
                await self.read(seconds)

    async def read_text(self, text: str, seconds: float = 10) -> str:
        """Read frames until one contains this text; that one."""
        async with asyncio.timeout(seconds):
            while text not in (frame := await self.read(seconds)):
                pass
        return frame

    def _note(self, frame: str) -> None:
        self.frames.append(frame)
        match = MARK.match(frame)
        if match:
            self.seq = int(match[1])
            self.numbered.append(self.seq)
        for target, swap, bare, inside in PARTIAL.findall(frame):
            if target == "activity-feed" and (swap or bare) == "feed":
                self.keys += [
                    key
                    for key, rest in reversed(EVENT_ROW.findall(inside))
                    if "data-retracted" not in rest
                ]


@asynccontextmanager
async def watching(
    server: WebServer,
    topics: str = "dashboard",
    *,
    since: object = None,
    first_word: object = None,
    **options: Any,
) -> AsyncIterator[Watcher]:
    """A socket at the live address; `since` goes into the address, `first_word` is sent first."""
    query = f"?topics={topics}" + ("" if since is None else f"&since={since}")
    headers = options.pop("additional_headers", {})
    async with connect(
        server.url + query,
        origin=ORIGIN,
        additional_headers=headers,
        **options,  # type: ignore[arg-type]
    ) as socket:
        if first_word is not None:
            await socket.send(json.dumps({"since": first_word}))
        yield Watcher(socket)
