"""The way out to one browser: a bounded queue that costs nothing while the browser keeps up.

Knows ASGI's `send` and no more. A browser that does not keep up loses its queue and gets a
snapshot when it reads again; one that does not read for `PATIENCE` seconds is given up.

Where the bound comes from depends on the server. Uvicorn holds `send` back while its buffer is
full. Daphne never does: it hands everything to the operating system and keeps the rest in memory.
There the bound is twofold. Browsers running our script acknowledge every 64th message, and one
that has let `WINDOW` messages pass without a word counts as blocked. Anyone else who stops reading
cannot answer pings either, since those stand in the same line, and is cut off by Daphne after
`--ping-interval` plus `--ping-timeout` (50 s), which bounds what can pile up to what 50 s bring.
"""

import asyncio
import logging
import sys
from collections import deque
from collections.abc import Callable, Coroutine, Generator, Iterable
from typing import Any

from realtime import metrics

QUEUE = 256  # messages
WINDOW = 256  # messages sent beyond the last acknowledged one
PATIENCE = 10.0  # seconds

log = logging.getLogger(__name__)

Send = Callable[[dict[str, Any]], Coroutine[Any, Any, None]]


class Outlet:
    """Sends texts in order to one browser.

    Given texts only while attached; `position` is the number of the last one given, so that a
    text already contained in a replay or a snapshot is not given twice.
    """

    __slots__ = (
        "_acknowledged",
        "_given_up",
        "_queue",
        "_send",
        "_sender",
        "_sent",
        "_timer",
        "_wants_snapshot",
        "gone",
        "position",
    )

    def __init__(self, send: Send) -> None:
        self._send = send
        self._queue: deque[str] = deque()
        self._sender: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._sent = 0
        self._acknowledged: int | None = None  # None: this browser does not acknowledge
        self._wants_snapshot = asyncio.Event()
        self._given_up = asyncio.Event()
        self.gone = False  # whether it was given up because the browser is no longer there
        self.position = sys.maxsize  # detached: every text is too old for it

    @property
    def attached(self) -> bool:
        return self.position != sys.maxsize

    def attach(self, position: int, texts: Iterable[str]) -> None:
        """Begin: these texts first, which bring the browser to `position`."""
        self._wants_snapshot.clear()
        self.position = position
        for text in texts:
            self._enqueue(text)

    def detach(self) -> None:
        """Stop giving texts; those not yet sent are dropped."""
        self.position = sys.maxsize
        self._queue.clear()

    def fall_behind(self) -> None:
        """Drop what is queued and ask for a snapshot instead."""
        self.detach()
        if self._sender is None and not self._blocked():
            self._wants_snapshot.set()

    def give(self, text: str, seq: int) -> bool:
        """Send a text, or queue it. False if the browser is too slow and has been detached."""
        if seq <= self.position:
            return True
        if len(self._queue) >= QUEUE:
            metrics.SLOW_BROWSERS.inc()
            self.fall_behind()
            return False
        self.position = seq
        self._enqueue(text)
        return True

    def mention(self, text: str) -> None:
        """Send a text that has no number, unless the browser is behind anyway."""
        if self.attached and len(self._queue) < QUEUE:
            self._enqueue(text)

    def acknowledge(self, count: int, *, earned: int) -> bool:
        """The browser has received so many messages on this connection.

        False if that is not believable or says little: fewer than `earned` since the last time.
        """
        before = self._acknowledged or 0
        if not before < count <= self._sent:
            return False
        self._acknowledged = count
        self._go_on()
        return count - before >= earned

    async def behind(self) -> None:
        """Return when the browser reads again and needs a snapshot."""
        await self._wants_snapshot.wait()

    async def given_up(self) -> None:
        """Return when the browser has not read for too long, or is `gone`."""
        await self._given_up.wait()

    def close(self) -> None:
        """Give nothing more and let go of whatever is under way."""
        self.detach()
        self._stop_timer()
        if self._sender is not None:
            self._sender.cancel()

    def _enqueue(self, text: str) -> None:
        if self._sender is not None or self._queue or self._blocked():
            self._queue.append(text)
            self._start_timer()
        else:
            self._send_now(text)

    def _blocked(self) -> bool:
        return self._acknowledged is not None and self._sent - self._acknowledged >= WINDOW

    def _send_now(self, text: str) -> None:
        """Send at once, without a task, as long as the server takes it.

        A task per browser and message would cost as much as the sending itself. So the coroutine
        is started by hand: mostly it ends right there, and only if it waits (the server's buffer
        is full) a task takes over from where it stands.
        """
        self._sent += 1
        sending = self._send({"type": "websocket.send", "text": text})
        try:
            waits_for = sending.send(None)
        except StopIteration:
            return
        except Exception as error:  # noqa: BLE001 - whatever the server says: this one is lost
            self._fail(error)
            return
        self._start_timer()
        self._sender = asyncio.get_running_loop().create_task(self._finish(sending, waits_for))

    async def _finish(self, sending: Coroutine[Any, Any, None], waits_for: object) -> None:
        try:
            await _Resumed(sending, waits_for)
        except Exception as error:  # noqa: BLE001 - as above
            self._fail(error)
            return
        finally:
            self._sender = None
        self._go_on()

    def _go_on(self) -> None:
        """Send what is queued, as far as it goes; the queue is empty or something blocks again."""
        if self._sender is not None:
            return
        self._stop_timer()
        while self._queue and self._sender is None and not self._blocked():
            self._send_now(self._queue.popleft())
        if self._sender is not None or self._queue:
            self._start_timer()
        elif not self.attached and not self._blocked() and not self._given_up.is_set():
            self._wants_snapshot.set()

    def _fail(self, error: Exception) -> None:
        # As servers say that a browser has gone: Uvicorn either, Daphne the second.
        self.gone = isinstance(error, (OSError, RuntimeError))
        if not self.gone:
            log.warning("A message could not be sent: %r", error)
        self._give_up()

    def _start_timer(self) -> None:
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(PATIENCE, self._give_up)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _give_up(self) -> None:
        self._stop_timer()
        self.detach()
        self._given_up.set()


class _Resumed:
    """Awaits a coroutine that was already started and now waits for `waits_for`."""

    __slots__ = ("_coroutine", "_waits_for")

    def __init__(self, coroutine: Coroutine[Any, Any, None], waits_for: object) -> None:
        self._coroutine = coroutine
        self._waits_for = waits_for

    def __await__(self) -> Generator[Any, Any, None]:
        waits_for = self._waits_for
        while True:
            try:
                value = yield waits_for
            except BaseException as error:  # noqa: BLE001 - passed on, as `yield from` does
                try:
                    waits_for = self._coroutine.throw(error)
                except StopIteration:
                    return
            else:
                try:
                    waits_for = self._coroutine.send(value)
                except StopIteration:
                    return
