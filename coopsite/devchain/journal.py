"""What the local chain leaves on disk so that it never goes back: a checkpoint and a journal.

The checkpoint is a dump of the whole node, written now and then; the journal holds every block
since then, written as it is mined. Files only: who dumps and who mines is `keeper`.
"""

import fcntl
import gzip
import os
from dataclasses import dataclass
from io import BufferedWriter
from pathlib import Path
from typing import Final

import msgspec

LOADING_GENESIS_TIME: Final = 1
"""When the first block of a node that loads a checkpoint has to be: no block of ours is as old."""


class StateInUse(Exception):
    """Another process keeps its chain in this file."""


class BrokenState(Exception):
    """The checkpoint cannot be read."""


@dataclass(frozen=True, slots=True)
class MinedBlock:
    """All it takes to mine a block again with the same hash. Transactions are raw, in order."""

    number: int
    hash: str
    timestamp: int
    transactions: tuple[str, ...]


class StateFiles:
    """The files of one chain: `path`, and beside it `.journal`, `.lock` and, briefly, `.loading`.

    Whoever constructs it holds the chain until `close()` or the end of the process. Raises
    `StateInUse` if somebody else does.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._journal_path = path.with_name(f"{path.name}.journal")
        self._journal: BufferedWriter | None = None
        lock = path.with_name(f"{path.name}.lock")
        lock.touch()
        self._lock = lock.open("r+")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._lock.close()
            raise StateInUse(f"another devchain keeps its chain in {path}") from error

    def close(self) -> None:
        """Closes the journal and lets others have the chain."""
        if self._journal is not None:
            self._journal.close()
            self._journal = None
        self._lock.close()

    @property
    def node_pid(self) -> int | None:
        """The process id of the node that ran last, as `note_node` wrote it down."""
        self._lock.seek(0)
        text = self._lock.read().strip()
        return int(text) if text.isdecimal() else None

    def note_node(self, pid: int) -> None:
        """Writes down which node runs now, for the next one to end it if we cannot."""
        # Always as many bytes, in one write: a reader sees the old one or the new one.
        self._lock.seek(0)
        self._lock.write(f"{pid:<19}\n")
        self._lock.flush()

    def checkpoint_for_loading(self) -> Path | None:
        """The checkpoint in the form that anvil reads; None if there is none yet.

        Raises `BrokenState`. The caller calls `loaded()` when the node has read it.
        """
        if not self.path.exists():
            return None
        loading = self._loading_path
        try:
            loading.write_bytes(_without_strays(gzip.decompress(self.path.read_bytes())))
        except (OSError, EOFError, msgspec.MsgspecError) as error:
            raise BrokenState(f"{self.path} is no devchain's state: {error}") from error
        return loading

    def loaded(self) -> None:
        self._loading_path.unlink(missing_ok=True)

    def write_checkpoint(self, dump: bytes) -> None:
        """Replaces the checkpoint, whole or not at all, and begins an empty journal.

        `dump` is gzipped, as `anvil_dumpState` gives it. A crash between the two steps leaves
        journal entries that the checkpoint has already: `blocks_after` leaves them out.
        """
        draft = self.path.with_name(f"{self.path.name}.draft")
        with draft.open("wb") as file:
            file.write(dump)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.path)
        if self._journal is not None:
            self._journal.close()
        self._journal = self._journal_path.open("wb")

    def blocks_after(self, number: int) -> list[MinedBlock]:
        """The journal's unbroken run of blocks on top of block `number`.

        It ends before a line that a crash cut off.
        """
        blocks: list[MinedBlock] = []
        if self._journal_path.exists():
            for line in self._journal_path.read_bytes().splitlines():
                try:
                    block = msgspec.json.decode(line, type=MinedBlock)
                except msgspec.DecodeError:
                    break
                if block.number == number + len(blocks) + 1:
                    blocks.append(block)
        return blocks

    def append(self, block: MinedBlock) -> None:
        """Adds a block. It is with the system when this returns: our own death loses nothing."""
        if self._journal is None:
            self._journal = self._journal_path.open("ab")
        self._journal.write(msgspec.json.encode(block) + b"\n")
        self._journal.flush()

    @property
    def _loading_path(self) -> Path:
        return self.path.with_name(f"{self.path.name}.loading")


class _Header(msgspec.Struct):
    number: str
    timestamp: str


class _Block(msgspec.Struct):
    header: _Header


def _without_strays(dump: bytes) -> bytes:
    """The dump without block 0 of a node that had loaded another: beside the real one, anywhere.

    anvil dumps both and, loading them, takes the later one for the chain's, which then has another
    first block than everybody saw.
    """
    parts = msgspec.json.decode(dump, type=dict[str, msgspec.Raw])
    if "blocks" in parts:
        blocks = msgspec.json.decode(parts["blocks"], type=list[msgspec.Raw])
        ours = [each for each in blocks if not _is_stray(each)]
        parts["blocks"] = msgspec.Raw(msgspec.json.encode(ours))
    return msgspec.json.encode(parts)


def _is_stray(block: msgspec.Raw) -> bool:
    header = msgspec.json.decode(block, type=_Block).header
    return (int(header.number, 16), int(header.timestamp, 16)) == (0, LOADING_GENESIS_TIME)
