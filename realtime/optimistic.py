"""Optimistic hints: a log that a notification told of and that is not committed yet.

Each is announced once and followed until its block is committed, the node takes it back, or 30 s
have passed. A hint is never written down and never counted; at worst a row is struck out.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Final

import structlog

from pools.reorg import Window
from pools.segments import RawLog, Segment

from .wire import LogJson, to_raw_logs

log = structlog.get_logger(__name__)

# The hub strikes out by itself some seconds later (`hints.PATIENCE`), in case our word is lost.
CONFIRMED_WITHIN: Final = 30.0
MOST_PENDING: Final = 500


@dataclass(frozen=True, slots=True)
class _Told:
    block_number: int
    deadline: float


def key_of(log: RawLog) -> str:
    """What names a log everywhere: `<block hash>:<log index>`."""
    return f"{log.block_hash}:{log.log_index}"


class Hints:
    """The hints under way. Seconds are those of the event loop's clock."""

    def __init__(
        self,
        *,
        addresses: Collection[str],
        announce: Callable[[dict[str, Any]], None],
        retract: Callable[[str, str], None],
    ) -> None:
        self._addresses = frozenset(addresses)
        self._announce = announce
        self._retract = retract
        self._pending: dict[str, _Told] = {}

    def __len__(self) -> int:
        return len(self._pending)

    def heard(self, entry: LogJson, *, window: Window, now: float) -> None:
        """A notification came: announce it, or strike out what it takes back."""
        try:
            (raw,) = to_raw_logs([entry])
        except ValueError as error:
            log.warning("unreadable_hint", reason=str(error))
            return
        key = key_of(raw)
        if entry.removed:
            self._strike(key, "the node took it back")
            return
        known = window.hash_of(raw.block_number) == raw.block_hash
        if known or key in self._pending or raw.address not in self._addresses:
            return
        if raw.block_number < window.first or len(self._pending) >= MOST_PENDING:
            return
        self._pending[key] = _Told(raw.block_number, now + CONFIRMED_WITHIN)
        self._announce(
            {
                "block_hash": raw.block_hash,
                "log_index": raw.log_index,
                "block_number": raw.block_number,
                "contract": raw.address,
                "topics": "0x" + raw.topics.hex(),
                "data": "0x" + raw.data.hex(),
                "transaction_hash": raw.transaction_hash,
            }
        )

    def committed(self, segment: Segment) -> None:
        """A range is stored: hints in it came true, or never will."""
        if not self._pending:
            return
        stored = {key_of(raw) for raw in segment.logs}
        for key, pending in list(self._pending.items()):
            if key in stored:
                del self._pending[key]
            elif segment.from_block <= pending.block_number <= segment.to_block:
                self._strike(key, f"block {pending.block_number} came without it")

    def expire(self, *, now: float) -> None:
        """Strike out what has waited too long."""
        for key, pending in list(self._pending.items()):
            if now >= pending.deadline:
                self._strike(key, f"not confirmed within {CONFIRMED_WITHIN:g} seconds")

    def _strike(self, key: str, reason: str) -> None:
        if self._pending.pop(key, None) is not None:
            self._retract(key, reason)
