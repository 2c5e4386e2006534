"""The process that web servers of the tests split off from, one for the session."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from coopsite.stack.programs import ROOT


class WarmProcess:
    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.warm_process"],
            cwd=ROOT,
            env={**os.environ, "DJANGO_SETTINGS_MODULE": "coopsite.settings"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(self, *command: str, environment: dict[str, str], log: Path) -> psutil.Process:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        order = {"command": command, "environment": environment, "log": str(log)}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return psutil.Process(int(self._process.stdout.readline()))

    def stop(self) -> None:
        try:
            self._process.communicate(timeout=10)
        except subprocess.TimeoutExpired:  # a child that a test split off holds its input open
            self._process.kill()
            self._process.communicate()


@pytest.fixture(scope="session")
def warm_process() -> Iterator[WarmProcess]:
    warm = WarmProcess()
    yield warm
    warm.stop()
