"""The anvil process: starting it, waiting until it answers, ending it.

The node is bound to the loopback address, and on Linux it is told to end when its starter dies,
however that happened.
"""

import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from coopsite.devchain.rpc import LocalNodeError, Node
from coopsite.stack.programs import LEASH
from coopsite.tools import find_anvil

HOST = "127.0.0.1"
CHAIN_ID = 1337611
ACCOUNTS = 60
# A word list that everybody knows: these keys guard nothing.
MNEMONIC = "test test test test test test test test test test test junk"
START_SECONDS = 30.0
STOP_SECONDS = 2.0


class AnvilFailed(Exception):
    """The node could not be started, or did not answer in time."""


@dataclass(frozen=True, slots=True)
class AnvilOptions:
    """How a node is started.

    `load` is a file with the state to start from, `genesis_time` the time of block 0 in seconds,
    `states` how many blocks back views can be asked and blocks be taken back. Without more the
    node mines each transaction at once.
    """

    port: int
    chain_id: int = CHAIN_ID
    accounts: int = ACCOUNTS
    mining: bool = True
    block_time: int | None = None
    load: Path | None = None
    genesis_time: int | None = None
    states: int = 128

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
        if self.load is not None:
            options += ["--load-state", str(self.load)]
        if self.genesis_time is not None:
            options += ["--timestamp", str(self.genesis_time)]
        # Without a bound it copies the whole state to the disk with every block: gigabytes a day.
        options += ["--prune-history", str(self.states)]
        # Later hard forks write to system contracts with every block, which makes blocks slower
        # and the state larger; the contract needs none of it.
        return [*options, "--hardfork", "shanghai"]


class AnvilProcess:
    """One running node. It belongs to the thread that starts it and ends with that thread."""

    def __init__(self, options: AnvilOptions) -> None:
        self.options = options
        # It wants a directory for its cache even with nothing to put there: not in the home.
        self._scratch = tempfile.TemporaryDirectory(prefix="coopsite-anvil-")
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the process
        # Its own session: a Ctrl-C in the terminal must reach us first, who then stop it in order.
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-I", "-S", str(LEASH)),
                str(find_anvil()),
                *options.arguments(),
                *("--cache-path", self._scratch.name),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self._said,
            start_new_session=True,
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
        """Ends the node, in order. Killed if that takes longer."""
        if self.alive:
            self._process.terminate()
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
        self._tidy()

    def kill(self) -> None:
        """Ends the node at once, as a crash would: nothing is written."""
        self._process.kill()
        self._process.wait()
        self._tidy()

    def _tidy(self) -> None:
        self._said.close()
        self._scratch.cleanup()

    def _last_words(self) -> str:
        self._said.seek(0)
        return self._said.read().decode(errors="replace").strip()[-500:] or "it said nothing"


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
