"""`make run` as a person meets it: one line when the page answers, restarts, and a clean end."""

import fcntl
import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from coopsite.environment import VARIABLES
from coopsite.stack.readiness import log_tails
from tests.ports import free_port
from tests.waiting import until

ROOT = Path(__file__).resolve().parents[2]


class Run:
    """One running `python -m coopsite.stack` on a directory and a port of its own."""

    def __init__(self, var: Path, port: int, **variables: str) -> None:
        clean = {name: value for name, value in os.environ.items() if name not in VARIABLES}
        own = {"VAR_DIR": str(var), "ENV_FILE": os.devnull, "PORT": str(port)}
        var.mkdir(exist_ok=True)
        self.var = var
        self.said = var.parent / f"said-{port}.txt"
        with self.said.open("wb") as output:
            self.process = psutil.Popen(
                [sys.executable, "-m", "coopsite.stack"],
                cwd=ROOT,
                env={**clean, **own, **variables},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.url = f"http://127.0.0.1:{port}/"
        self.family: dict[int, psutil.Process] = {}

    def text(self) -> str:
        return self.said.read_text()

    def wait_for_the_line(self, seconds: float) -> None:
        def there() -> bool:
            assert self.process.poll() is None, self.text()
            return f"Dashboard: {self.url}\n" in self.text()

        try:
            until(there, seconds, every=0.2)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.text()}\n{log_tails(self.var / 'log')}") from None
        self.note_family()

    def note_family(self) -> None:
        """Remembers every process that there is now, to ask later whether it is gone."""
        for process in [self.process, *self.process.children(recursive=True)]:
            self.family[process.pid] = psutil.Process(process.pid)

    def find(self, word: str) -> int | None:
        """The process id of the program with this word in its command; None while there is none."""
        for keeper in self.process.children():
            for process in keeper.children():
                try:
                    if any(word in part for part in process.cmdline()):
                        return process.pid
                except psutil.NoSuchProcess:
                    continue
        return None

    def kill(self, word: str) -> None:
        """Ends a program as `kill -9` does, and waits until supervisor has started it again."""
        victim = self.find(word)
        assert victim is not None
        os.kill(victim, signal.SIGKILL)
        until(lambda: self.find(word) not in (victim, None), 15, every=0.1)

    def kill_the_keeper(self) -> None:
        """Ends supervisor itself as `kill -9` does, and waits until there is another."""
        (keeper,) = self.process.children()
        keeper.kill()
        until(lambda: [c.pid for c in self.process.children()] not in ([keeper.pid], []), 15)

    def survivors(self) -> list[str]:
        gone_or_dead = {psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD}
        return [
            " ".join(process.cmdline())
            for process in self.family.values()
            if process.is_running() and process.status() not in gone_or_dead
        ]

    def end(self, number: int) -> int:
        self.note_family()
        self.process.send_signal(number)
        code: int = self.process.wait(10)
        return code


@contextmanager
def running(var: Path, port: int, **variables: str) -> Iterator[Run]:
    run = Run(var, port, **variables)
    try:
        yield run
    finally:
        if run.process.poll() is None:
            run.end(signal.SIGTERM)


def status_of(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            status: int = answer.status
            return status
    except OSError:
        return 0


@pytest.mark.timeout(240)
def test_one_command_brings_a_live_page_that_heals_and_ends_cleanly(tmp_path):
    var, port = tmp_path / "var", free_port()
    with running(var, port) as run:
        run.wait_for_the_line(90)
        assert re.findall(r"^Dashboard: .*$", run.text(), re.MULTILINE) == [f"Dashboard: {run.url}"]
        assert "createsuperuser" in run.text()
        assert (var / "secret_key").stat().st_mode & 0o777 == 0o600
        assert status_of(run.url) == 200

        second = subprocess.run(
            [sys.executable, "-m", "coopsite.stack"],
            cwd=ROOT,
            env={**os.environ, "VAR_DIR": str(var), "PORT": str(free_port())},
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
        assert second.returncode == 1
        assert "at work here already" in second.stderr

        for word in ("daphne", "listen", "devchain", "redis-server", "worker", "beat"):
            run.kill(word)
        run.kill_the_keeper()
        until(lambda: status_of(f"{run.url}readyz") == 200, 30, every=0.2)
        until(lambda: status_of(run.url) == 200, 15, every=0.2)

        assert run.end(signal.SIGTERM) == 0
        until(lambda: not run.survivors(), 2)
    assert not (var / "stack.env").exists()

    with running(var, port) as again:  # the data is kept, and so is the chain
        again.wait_for_the_line(30)
        os.killpg(again.process.pid, signal.SIGINT)  # what Ctrl-C in a terminal does
        again.note_family()
        assert again.process.wait(10) == 0
        until(lambda: not again.survivors(), 2)


@pytest.mark.timeout(180)
def test_nothing_is_left_when_the_stack_itself_is_killed(tmp_path):
    with running(tmp_path / "var", free_port()) as run:
        run.wait_for_the_line(90)
        run.process.kill()
        run.process.wait(10)
        until(lambda: not run.survivors(), 15)


@pytest.mark.timeout(120)
def test_a_chain_and_a_redis_of_somebody_elses_are_used(tmp_path, anvil_chain, own_redis):
    variables = {
        "REDIS_URL": own_redis.url,
        "CHAIN_HTTP_URLS": anvil_chain.http_url,
        "CHAIN_WS_URLS": anvil_chain.ws_url,
        "POOL_CONTRACTS": f"{anvil_chain.address}:{anvil_chain.start_block}",
    }
    pool_id = anvil_chain.create_pool("Caja de la plaza")
    with running(tmp_path / "var", free_port(), **variables) as run:
        run.wait_for_the_line(90)
        assert run.find("redis-server") is None
        assert run.find("devchain") is None

        def pools() -> list[str]:
            with urllib.request.urlopen(f"{run.url}api/v1/pools", timeout=5) as answer:
                return [pool["pool_id"] for pool in json.load(answer)["results"]]

        until(lambda: pools() == [str(pool_id)], 20, every=0.2)


def test_a_port_in_use_is_a_sentence(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        run = Run(tmp_path / "var", port)
        assert run.process.wait(20) == 1
    assert run.text() == f"Port {port} is in use. Choose another: PORT={port + 1} make run\n"


def test_a_wrong_variable_is_a_sentence(tmp_path):
    run = Run(tmp_path / "var", free_port(), CONFIRMATIONS="many")
    assert run.process.wait(20) == 1
    assert run.text().startswith("CONFIRMATIONS must be a whole number")


def test_contracts_without_a_chain_are_a_sentence(tmp_path):
    contract = "0x323FcA9b377fe29B8fc95dDbD9Fe54cea1655F88:1"
    run = Run(tmp_path / "var", free_port(), POOL_CONTRACTS=contract)
    assert run.process.wait(20) == 1
    assert "CHAIN_HTTP_URLS" in run.text()


def test_a_second_stack_waits_for_nobody(tmp_path):
    var = tmp_path / "var"
    var.mkdir()
    with (var / "stack.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        run = Run(var, free_port())
        assert run.process.wait(20) == 1
    assert "at work here already" in run.text()
