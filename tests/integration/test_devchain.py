"""`manage.py devchain` as a process: what it says, and how it comes back from any end."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from coopsite.devchain.journal import StateFiles
from coopsite.devchain.keeper import LocalChain
from coopsite.devchain.process import AnvilOptions, free_port
from coopsite.devchain.rpc import LocalNodeError, Node
from tests.waiting import until

ROOT = Path(__file__).resolve().parents[2]


class Devchain:
    """The command with its state in `directory`, at a port of its own."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.port = free_port()
        self.node = Node(f"http://127.0.0.1:{self.port}", timeout=5)
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> dict[str, Any]:
        """Starts it; the first line of its output."""
        options = ["--port", str(self.port), "--pools", "4", "--rate", "300", "--block-time", "1"]
        with (self.directory / "errors").open("a") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "devchain", *options, "--state", str(self.state)],
                cwd=ROOT,
                env=os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings"},
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.errors
        said: dict[str, Any] = json.loads(line)
        return said

    @property
    def state(self) -> Path:
        return self.directory / "chain.json"

    @property
    def errors(self) -> str:
        return (self.directory / "errors").read_text()

    @property
    def node_pid(self) -> int:
        return int(self.state.with_name("chain.json.lock").read_text())

    def end(self, sign: signal.Signals, *, seconds: float = 5) -> int:
        """Sends the signal and waits; the exit code."""
        assert self.process is not None
        self.process.send_signal(sign)
        code = self.process.wait(seconds)
        if self.process.stdout is not None:
            self.process.stdout.close()
        self.process = None
        self.node.close()
        return code

    def head(self) -> int:
        return int(self.node.call("eth_blockNumber"), 16)

    def mined(self, more: int) -> int:
        """Waits for so many more blocks; the head then."""
        wanted = self.head() + more
        until(lambda: self.head() >= wanted, seconds=30)
        return self.head()

    def history(self, to_block: int) -> tuple[list[Any], list[Any]]:
        """Every block and every log up to there."""
        blocks = self.node.batch(
            [("eth_getBlockByNumber", [hex(n), True]) for n in range(to_block + 1)]
        )
        logs = self.node.call("eth_getLogs", {"fromBlock": "0x0", "toBlock": hex(to_block)})
        return blocks, logs


@pytest.fixture
def devchain(tmp_path: Path) -> Iterator[Devchain]:
    devchain = Devchain(tmp_path)
    yield devchain
    if devchain.process is not None:
        devchain.end(signal.SIGTERM)


def is_silent(node: Node) -> bool:
    try:
        node.call("eth_chainId")
    except LocalNodeError:
        return True
    return False


def test_its_first_line_says_where_the_chain_is_and_then_it_lives(devchain: Devchain) -> None:
    said = devchain.start()

    assert said["http_url"] == f"http://127.0.0.1:{devchain.port}"
    assert said["ws_url"] == f"ws://127.0.0.1:{devchain.port}"
    assert said["chain_id"] == int(devchain.node.call("eth_chainId"), 16)
    assert set(said) == {"http_url", "ws_url", "chain_id", "contract", "start_block"}

    def logs(first: int, last: int) -> list[Any]:
        wanted = {"fromBlock": hex(first), "toBlock": hex(last), "address": said["contract"]}
        found: list[Any] = devchain.node.call("eth_getLogs", wanted)
        return found

    assert logs(0, said["start_block"] - 1) == []
    assert len(logs(said["start_block"], said["start_block"])) == 2, "deployed there"
    head = devchain.mined(3)
    assert logs(head - 3, head), "people are at it"


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_when_told_and_goes_on_where_it_was(
    devchain: Devchain, sign: signal.Signals
) -> None:
    said = devchain.start()
    head = devchain.mined(3)
    before = devchain.history(head)

    assert devchain.end(sign) == 0
    assert is_silent(devchain.node)

    assert devchain.start() == said
    assert devchain.history(head) == before
    assert devchain.mined(2) > head


def test_killed_with_its_node_it_comes_back_with_every_block(devchain: Devchain) -> None:
    said = devchain.start()
    for _ in range(3):
        head = devchain.mined(2)
        before = devchain.history(head)

        node_pid = devchain.node_pid
        assert devchain.process is not None
        devchain.process.kill()
        os.kill(node_pid, signal.SIGKILL)
        devchain.end(signal.SIGKILL)

        assert devchain.start() == said
        assert devchain.history(head) == before


def test_killed_alone_it_leaves_no_node_in_the_way(devchain: Devchain) -> None:
    said = devchain.start()
    head = devchain.mined(2)
    before = devchain.history(head)

    devchain.end(signal.SIGKILL)

    assert devchain.start() == said
    assert devchain.history(head) == before


def test_a_node_that_dies_is_started_again_with_everything(devchain: Devchain) -> None:
    devchain.start()
    head = devchain.mined(2)
    before = devchain.history(head)
    first = devchain.node_pid

    os.kill(first, signal.SIGKILL)

    until(lambda: devchain.node_pid != first and not is_silent(devchain.node), seconds=15)
    until(lambda: devchain.head() > head, seconds=15)
    assert devchain.history(head) == before


def test_however_often_it_is_kept_and_started_again_the_first_block_stays(tmp_path: Path) -> None:
    options = AnvilOptions(port=free_port())
    files = StateFiles(tmp_path / "chain.json")
    chain = LocalChain(options, files)
    firsts = []
    for _ in range(8):  # which of two first blocks anvil would take is decided by chance
        chain.start()
        chain.mine(int(time.time()))
        chain.checkpoint()
        firsts.append(chain.node.call("eth_getBlockByNumber", "0x0", False)["hash"])
    chain.stop()
    assert len(set(firsts)) == 1


def test_a_port_that_somebody_else_has_is_named(devchain: Devchain) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", devchain.port))
        other.listen()
        with pytest.raises(AssertionError, match=f"port {devchain.port} is taken"):
            devchain.start()
    assert devchain.end(signal.SIGTERM) == 1


def test_a_second_one_on_the_same_state_is_refused(devchain: Devchain, tmp_path: Path) -> None:
    devchain.start()
    second = Devchain(tmp_path)
    with pytest.raises(AssertionError, match="another devchain keeps its chain in"):
        second.start()
    assert second.end(signal.SIGTERM) == 1
    assert not is_silent(devchain.node), "the first one is unharmed"
