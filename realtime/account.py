"""How a scan goes, told once a second: to its row, and to hubs for the pages that show it.

Counting costs nothing; writing and telling have a task of their own, so that the work never waits.
"""

import asyncio
from collections.abc import Collection
from typing import Any, Final, Protocol

from pools.models import HistoricalScan

from . import publisher, scans
from .store import Store

EVERY_SECONDS: Final = 1.0
_ENDPOINTS: Final = 400


class Meter(Protocol):
    """What counts the questions: a reader."""

    @property
    def requests(self) -> int: ...
    @property
    def retries(self) -> int: ...
    @property
    def hosts(self) -> Collection[str]: ...


class Account:
    """Keeps the row of the scan that is at work. One scan at a time."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._scan: HistoricalScan | None = None
        self._meter: Meter
        self._before = (0, 0)
        self._noted: dict[str, Any] = {}
        self._seq = self._told = 0

    def open(self, scan: HistoricalScan, meter: Meter) -> None:
        """The scan's row is there, and its work begins."""
        self._scan = scan
        self._meter = meter
        self._before = meter.requests, meter.retries

    def stored(self, *, up_to: int, events: int, last_seq: int) -> None:
        """Everything up to this block is proved and stored, with so many new events."""
        if self._scan is not None:
            self._scan.done_to = up_to
            self._scan.events_found += events
        if events:
            self._seq = last_seq

    def close(self) -> None:
        """The scan is over: its row is complete but for its state. The caller saves it."""
        if self._scan is not None:
            for name, value in self._facts(self._scan).items():
                setattr(self._scan, name, value)
        self._scan = None

    async def run(self) -> None:
        """Write and tell until cancelled."""
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            await self._note()
            await self.tell()

    async def tell(self) -> None:
        """Have hubs look at what is new."""
        if self._seq > self._told:
            self._told = self._seq
            await publisher.announce_sequence(self._seq)
        await publisher.announce_progress()

    async def _note(self) -> None:
        scan = self._scan
        if scan is None:
            return
        facts = self._facts(scan)
        if facts != self._noted:
            self._noted = facts
            await self._store.run(scans.note, scan.pk, facts)

    def _facts(self, scan: HistoricalScan) -> dict[str, Any]:
        requests, retries = self._before
        return {
            "done_to": scan.done_to,
            "events_found": scan.events_found,
            "requests": self._meter.requests - requests,
            "retries": self._meter.retries - retries,
            "endpoints": ", ".join(sorted(self._meter.hosts))[:_ENDPOINTS],
        }
