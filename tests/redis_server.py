"""A real Redis for tests, on a free port of loopback, that can be stopped and started again."""

import subprocess
from pathlib import Path

import redis

from coopsite.tools import find_redis_server
from tests.ports import free_port
from tests.waiting import until


class RedisServer:
    """One redis-server process that keeps nothing on disk. It has the same port all its life."""

    def __init__(self, directory: Path, *, port: int | None = None) -> None:
        self.port = port or free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._directory = directory
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        options = {"port": self.port, "bind": "127.0.0.1", "save": "", "appendonly": "no"}
        arguments = [text for name, value in options.items() for text in (f"--{name}", str(value))]
        with (self._directory / "redis.log").open("ab") as log:
            self._process = subprocess.Popen(
                [find_redis_server(), *arguments, "--dir", self._directory],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        until(self.answers, 10)

    def stop(self) -> None:
        """Ends the process at once, as a crash would."""
        if self._process:
            self._process.kill()
            self._process.wait(10)
            self._process = None

    def answers(self) -> bool:
        try:
            with redis.Redis(port=self.port, socket_timeout=1) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False
