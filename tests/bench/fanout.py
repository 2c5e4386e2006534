"""One frame to a thousand sockets: how late the last one is, and what a frame costs.

The clock starts before the announcement goes to Redis and stops when a socket of ours has read the
whole frame. CPU is that of the web process alone, user and system.
"""

import asyncio
import mmap
import os
import selectors
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import psutil
from channels_redis.core import RedisChannelLayer

from coopsite.stack.programs import BIN, LEASH, ROOT, web_options
from tests.bench.fanout_application import BOARD, FRAME_BYTES, GROUP
from tests.bench.world import percentile
from tests.ports import free_port
from tests.redis_server import RedisServer
from tests.waiting import until

SOCKETS = 1000
FRAMES = 60
PER_SECOND = 4
HEADER = 4  # bytes before a payload of 126 to 65,535 bytes
APPLICATION = "tests.bench.fanout_application:application"

Announce = Callable[[int], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Latencies in ms over all sockets and frames, and frames per CPU second."""

    latencies: list[float]
    frames_per_cpu_second: float
    memory_mib: float


class Sockets:
    """Many WebSockets without a library: nothing but reading, to leave the CPU to the server."""

    def __init__(self, port: int, path: str) -> None:
        self._selector = selectors.DefaultSelector()
        self._read: dict[int, bytearray] = {}
        self.latencies: list[float] = []  # ms
        for _ in range(SOCKETS):
            self._open(port, path)

    def _open(self, port: int, path: str) -> None:
        link = socket.create_connection(("127.0.0.1", port), timeout=30)
        link.sendall(
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nOrigin: http://127.0.0.1:{port}\r\n"
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
        )
        got = b""
        while not got.endswith(b"hello"):
            more = link.recv(4096)
            if not more:
                raise RuntimeError(f"The server closed the socket: {got!r}")
            got += more
        link.setblocking(False)
        self._read[link.fileno()] = bytearray()
        self._selector.register(link, selectors.EVENT_READ)

    def read_for(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            for key, _ in self._selector.select(left):
                self._take(key.fileobj)  # type: ignore[arg-type]

    def _take(self, link: socket.socket) -> None:
        buffer = self._read[link.fileno()]
        buffer += link.recv(65536)
        now = time.monotonic_ns()
        while len(buffer) >= 2:
            if buffer[0] == 0x89:  # ping; servers of the measurement send short ones
                size = 2 + buffer[1]
                if len(buffer) < size:
                    return
                link.send(bytes([0x8A, 0x80 | buffer[1], 0, 0, 0, 0]) + buffer[2:size])
                del buffer[:size]
            elif buffer[1] < 126:  # a heartbeat
                if len(buffer) < 2 + buffer[1]:
                    return
                del buffer[: 2 + buffer[1]]
            else:
                if len(buffer) < HEADER + FRAME_BYTES:
                    return
                text = buffer[HEADER : HEADER + FRAME_BYTES]
                self.latencies.append((now - int(text.rpartition(b">")[2])) / 1e6)
                del buffer[: HEADER + FRAME_BYTES]

    def close(self) -> None:
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]
        self._selector.close()


@contextmanager
def server(program: str, redis: RedisServer, board: Path) -> Iterator[tuple[int, psutil.Process]]:
    """A web server with the measurement's application; its port and its process."""
    port = free_port()
    commands = {
        "Daphne": (str(BIN / "daphne"), *web_options(port)),
        "Uvicorn": (
            *(str(BIN / "uvicorn"), "--host", "127.0.0.1", "--port", str(port)),
            *("--lifespan", "off", "--log-level", "warning", "--timeout-graceful-shutdown", "2"),
        ),
    }
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", str(LEASH), *commands[program], APPLICATION],
        cwd=ROOT,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "DJANGO_SETTINGS_MODULE": "coopsite.settings",
            "ENV_FILE": os.devnull,
            "VAR_DIR": str(board.parent),
            "REDIS_URL": redis.url,
            "BENCH_BOARD": str(board),
            "LOG_LEVEL": "WARNING",
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

    def answers() -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5):
                return True
        except OSError:
            return False

    try:
        until(answers, 30)
        web = psutil.Process(process.pid)
        below = web.children(recursive=True)
        yield port, max([web, *below], key=lambda one: one.memory_info().rss)
    finally:
        process.terminate()
        process.wait(15)


def send_frames(port: int, path: str, web: psutil.Process, announce: Announce) -> Outcome:
    """Open the sockets, announce the frames at an even pace, and watch them arrive."""
    sockets = Sockets(port, path)
    sockets.read_for(1)
    before = sum(web.cpu_times()[:2])
    with asyncio.Runner() as runner:
        for _ in range(FRAMES):
            runner.run(announce(time.monotonic_ns()))
            sockets.read_for(1 / PER_SECOND)
        sockets.read_for(2)
    used = sum(web.cpu_times()[:2]) - before
    memory = web.memory_info().rss / 2**20
    sockets.close()
    return Outcome(
        latencies=sockets.latencies,
        frames_per_cpu_second=len(sockets.latencies) / used,
        memory_mib=memory,
    )


def measure() -> list[str]:
    """The lines of the report."""
    lines = [
        f"{FRAMES} frames of {FRAME_BYTES} bytes to {SOCKETS:,} sockets, {PER_SECOND} a second"
    ]
    with tempfile.TemporaryDirectory(prefix="coopsite-bench-") as scratch:
        directory = Path(scratch)
        board = directory / "board"
        board.write_bytes(BOARD.pack(0, 0))
        redis = RedisServer(directory)
        redis.start()
        try:
            with board.open("r+b") as file:
                memory = mmap.mmap(file.fileno(), BOARD.size)
            for program in ("Daphne", "Uvicorn"):
                for way, path in (
                    ("hub", "/ws/live/?topics=dashboard&since=0"),
                    ("group", "/ws/group/"),
                ):
                    memory[:] = BOARD.pack(0, 0)
                    announce = _hub(redis, memory) if way == "hub" else _group(redis)
                    with server(program, redis, board) as (port, web):
                        outcome = send_frames(port, path, web, announce)
                    lines.append(_line(program, way, outcome))
        finally:
            redis.stop()
    return lines


def _hub(redis: RedisServer, memory: mmap.mmap) -> Announce:
    async def announce(now: int) -> None:
        seq = BOARD.unpack(memory)[0] + 1
        memory[:] = BOARD.pack(seq, now)
        await _layer(redis).group_send("live", {"type": "live.sequence", "seq": seq})

    return announce


def _group(redis: RedisServer) -> Announce:
    async def announce(now: int) -> None:
        message = {"type": "bench.frame", "text": f"{now:<{FRAME_BYTES}}"}
        await _layer(redis).group_send(GROUP, message)

    return announce


_layers: dict[str, RedisChannelLayer] = {}


def _layer(redis: RedisServer) -> RedisChannelLayer:
    if redis.url not in _layers:
        _layers[redis.url] = RedisChannelLayer(hosts=[redis.url], prefix="coopsite")
    return _layers[redis.url]


def _line(program: str, way: str, outcome: Outcome) -> str:
    lost = SOCKETS * FRAMES - len(outcome.latencies)
    what = "our hub" if way == "hub" else "a group send per consumer"
    return (
        f"  {program}, {what}: p50 {median(outcome.latencies):.0f} ms, "
        f"p99 {percentile(outcome.latencies, 99):.0f} ms, "
        f"{outcome.frames_per_cpu_second:,.0f} frames per CPU second, "
        f"{outcome.memory_mib:.0f} MiB" + (f", {lost:,} lost" if lost else "")
    )


if __name__ == "__main__":
    print("\n".join(measure()))
