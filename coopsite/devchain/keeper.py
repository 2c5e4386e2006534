"""The local chain as something that lasts: it mines, and it outlives the end of any process.

anvil keeps its chain in memory. Dumping it costs more the longer it gets, so it is dumped rarely,
and every block since is kept in a journal: mined again at its time from its raw transactions, a
block gets the same hash. So stopping, `kill -9` of us and `kill -9` of the node are one case, and
the chain goes on where everybody saw it. Only a block that the node was killed within, before we
had read it, can be replaced: a reorganisation of one.

anvil forgets no transaction, or it would forget its logs too: at 40 events a minute it grows by
some 25 MB per 1,000 blocks, which at 2 s a block is about 1 GB a day.
"""

import logging
import os
import signal
import socket
import subprocess
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from coopsite.devchain.journal import LOADING_GENESIS_TIME, MinedBlock, StateFiles
from coopsite.devchain.process import HOST, AnvilOptions, AnvilProcess
from coopsite.devchain.rpc import Node, Refused

log = logging.getLogger(__name__)

CHECKPOINT_SECONDS = 60.0
# A checkpoint stops the node for a moment: at most this part of the time goes into it.
CHECKPOINT_SHARE = 0.02
STALE_NODE_SECONDS = 3.0
CALL_SECONDS = 3.0


class PortTaken(Exception):
    """Something that is not ours listens on the port."""


class LocalChain:
    """A node that mines when told to, with its chain kept in `files`."""

    def __init__(self, options: AnvilOptions, files: StateFiles) -> None:
        self.options = replace(options, mining=False)
        self.files = files
        self.node = Node(options.http_url, timeout=CALL_SECONDS)
        self.head_number = 0
        self.head_hash = ""
        self.head_time = 0
        self._process: AnvilProcess | None = None
        self._next_checkpoint = 0.0

    @property
    def lives(self) -> bool:
        """Whether the node's process runs."""
        return self._process is not None and self._process.alive

    @property
    def is_new(self) -> bool:
        """Whether nothing was ever kept: what a crash left before the first checkpoint is void."""
        return not self.files.path.exists()

    def start(self) -> None:
        """Starts the node with all that was kept, or else with an empty chain.

        Raises `PortTaken`, `AnvilFailed` and `BrokenState`.
        """
        self.node.close()
        self._end_stale_node()
        _check_port(self.options.port)
        options = self.options
        if not self.is_new:
            # The node's own clock must not be ahead of blocks that are to be mined again.
            checkpoint = self.files.checkpoint_for_loading()
            options = replace(options, load=checkpoint, genesis_time=LOADING_GENESIS_TIME)
        self._process = AnvilProcess(options)
        self.files.note_node(self._process.pid)
        self._process.wait_until_ready()
        self.files.loaded()
        self._read_head()
        if not self.is_new:
            self._replay()
        self._next_checkpoint = time.monotonic() + CHECKPOINT_SECONDS

    def mine(self, timestamp: int) -> dict[str, Any]:
        """Mines what waits into a block of that time, or one second after the head if later.

        Returns the block with its transactions. Raises `LocalNodeError`; the node may be gone.
        """
        parent = self.head_hash
        self.node.call("evm_mine", {"timestamp": max(timestamp, self.head_time + 1)})
        block = self._read_head()
        self._keep(block)
        if block["parentHash"] != parent:
            log.warning("somebody else mined or took blocks back: keeping the whole chain anew")
            self._next_checkpoint = 0.0
        return block

    def checkpoint_if_due(self) -> None:
        """Dumps the whole chain when that was long ago."""
        if time.monotonic() >= self._next_checkpoint:
            self.checkpoint()

    def checkpoint(self) -> None:
        """Dumps the whole chain, which begins a new journal. Raises `LocalNodeError`."""
        begun = time.monotonic()
        patient = Node(self.options.http_url, timeout=60.0)
        dump = bytes.fromhex(patient.call("anvil_dumpState")[2:])
        patient.close()
        self.files.write_checkpoint(dump)
        took = time.monotonic() - begun
        self._next_checkpoint = time.monotonic() + max(CHECKPOINT_SECONDS, took / CHECKPOINT_SHARE)
        log.info("checkpoint at block %d: %.2f s, %d bytes", self.head_number, took, len(dump))

    def stop(self) -> None:
        """Ends the node and closes the files. Nothing needs to be written: the journal has it."""
        self.node.close()
        if self._process is not None:
            self._process.stop()
        self.files.close()

    def _read_head(self) -> dict[str, Any]:
        block: dict[str, Any] = self.node.call("eth_getBlockByNumber", "latest", False)
        self.head_number = int(block["number"], 16)
        self.head_hash = block["hash"]
        self.head_time = int(block["timestamp"], 16)
        return block

    def _keep(self, block: dict[str, Any]) -> None:
        hashes = block["transactions"]
        raw = self.node.batch([("eth_getRawTransactionByHash", [each]) for each in hashes])
        mined = MinedBlock(self.head_number, self.head_hash, self.head_time, tuple(raw))
        self.files.append(mined)

    def _replay(self) -> None:
        """Mines the journal's blocks again. Stops at one that comes out differently."""
        for block in self.files.blocks_after(self.head_number):
            try:
                for raw in block.transactions:
                    self.node.call("eth_sendRawTransaction", raw)
                self.node.call("evm_mine", {"timestamp": block.timestamp})
            except Refused as error:
                log.warning("block %d cannot be mined again: %s", block.number, error)
            self._read_head()
            if self.head_hash != block.hash:
                log.warning("the chain branches at block %d", block.number)
                self.checkpoint()
                return

    def _end_stale_node(self) -> None:
        """Ends a node of ours that outlived its starter, if the process is really that."""
        pid = self._process.pid if self._process is not None else self.files.node_pid
        if self._process is not None:
            self._process.stop()
        deadline = time.monotonic() + STALE_NODE_SECONDS
        while pid is not None and _is_our_node(pid, self.options.chain_id):
            late = time.monotonic() > deadline
            os.kill(pid, signal.SIGKILL if late else signal.SIGTERM)
            time.sleep(0.05)


def _is_our_node(pid: int, chain_id: int) -> bool:
    words = _command_line(pid)
    ours = bool(words) and Path(words[0]).name.startswith("anvil") and "--quiet" in words
    return ours and str(chain_id) in words


def _command_line(pid: int) -> list[str]:
    """The words a process was started with; empty if there is none of that id."""
    listing = Path(f"/proc/{pid}/cmdline")
    if Path("/proc/self/cmdline").exists():
        try:
            return listing.read_bytes().decode(errors="replace").split("\0")[:-1]
        except OSError:
            return []
    listed = subprocess.run(
        ["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return listed.stdout.split()


def _check_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise PortTaken(
                f"port {port} is taken by another program: end it, or choose another --port"
            ) from error
