"""The anvil process: starting it, waiting until it answers, ending it.

The node is bound to the loopback address, and on Linux it is told to end when its starter dies,
however that happened.
"""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from coopsite.devchain.rpc import LocalNodeError, Node
from coopsite.tools import find_anvil

HOST = "127.0.0.1"
CHAIN_ID = 1337611
ACCOUNTS = 60
# A word list that everybody knows: these keys guard nothing.
MNEMONIC = "test test test test test test test test test test test junk"
START_SECONDS = 30.0
STOP_SECONDS = 4.0
_PR_SET_PDEATHSIG = 1


class AnvilFailed(Exception):
    """The node could not be started, or did not answer in time."""


@dataclass(frozen=True, slots=True)
class AnvilOptions:
    """How a node is started.

    `state` is the file in which the chain outlives the process, `genesis_time` the time of block
    0 in seconds. Without more the node mines each transaction at once.
    """

    port: int
    chain_id: int = CHAIN_ID
    accounts: int = ACCOUNTS
    mining: bool = True
    block_time: int | None = None
    state: Path | None = None
    genesis_time: int | None = None
    extra: tuple[str, ...] = field(default=())

    @property
    def http_url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def ws_url(self) -> str:
        return f"ws://{HOST}:{self.port}"

    def arguments(self) -> list[str]:
        """The command line, without the program."""
        options = ["--quiet", "--host", HOST, "--port", str(self.port)]
        options += ["--chain-id", str(self.chain_id), "--mnemonic", MNEMONIC]
        options += ["--accounts", str(self.accounts), "--balance", "1000000"]
        options += ["--gas-limit", "1000000000", "--order", "fifo"]
        if self.block_time is not None:
            options += ["--block-time", str(self.block_time)]
        elif not self.mining:
            options += ["--no-mining"]
        if self.state is not None:
            options += ["--state", str(self.state)]
        if self.genesis_time is not None:
            options += ["--timestamp", str(self.genesis_time)]
        return [*options, *self.extra]


class AnvilProcess:
    """One running node. It belongs to the thread that starts it and ends with that thread."""

    def __init__(self, options: AnvilOptions) -> None:
        self.options = options
        # Its own session: a Ctrl-C in the terminal must reach us first, who then stop it in order.
        self._process = subprocess.Popen(
            [str(find_anvil()), *options.arguments()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
            preexec_fn=_end_with_parent(os.getpid()) if sys.platform == "linux" else None,
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def wait_until_ready(self, seconds: float = START_SECONDS) -> None:
        """Returns when the node answers. Raises `AnvilFailed` if it ends or stays silent."""
        node = Node(self.options.http_url, timeout=2.0)
        deadline = time.monotonic() + seconds
        try:
            while True:
                if not self.alive:
                    raise AnvilFailed(f"anvil ended at once: {self._last_words()}")
                try:
                    node.call("eth_chainId")
                    return
                except LocalNodeError as error:
                    if time.monotonic() > deadline:
                        self.stop()
                        raise AnvilFailed(f"anvil is silent after {seconds:.0f} s") from error
                time.sleep(0.02)
        finally:
            node.close()

    def stop(self, seconds: float = STOP_SECONDS) -> None:
        """Ends the node, which writes its state first. Killed if that takes longer."""
        if self.alive:
            self._process.terminate()
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
        if self._process.stderr is not None:
            self._process.stderr.close()

    def kill(self) -> None:
        """Ends the node at once, as a crash would: nothing is written."""
        self._process.kill()
        self._process.wait()

    def _last_words(self) -> str:
        heard = self._process.stderr.read() if self._process.stderr is not None else b""
        return heard.decode(errors="replace").strip()[-500:] or "it said nothing"


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _end_with_parent(parent: int) -> Callable[[], None]:
    """What the child does before it becomes anvil: ask for SIGTERM when its starter dies.

    SIGTERM and not SIGKILL, so that the node writes its state.
    """
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def ask() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGTERM)

    return ask
