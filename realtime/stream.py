"""One WebSocket to one node: calls with answers, subscriptions with notifications.

Knows the protocol's corners (a notification before the answer that names its subscription, a
refusal with `id: null`) and nothing of reconnecting, which is `connection`'s part. What comes in
is counted, handed to callbacks at once and never queued, so there is nothing that could fill up.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

import msgspec
import structlog
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from pools.redaction import Redactor, is_loopback

from .errors import Malformed, RpcError, TimedOut, Unreachable
from .refusals import refusal
from .wire import AnswerJson, HeadJson, LogJson, SubscriptionJson, quantity, read_text

T = TypeVar("T")
log = structlog.get_logger(__name__)

OPEN_SECONDS: Final = 10.0
CLOSE_SECONDS: Final = 5.0
_MOST_EARLY: Final = 64
_MOST_PENDING: Final = 64

# The library logs requests with their path at DEBUG, and the path may be a key.
_SILENT = logging.getLogger("realtime.websocket")
_SILENT.setLevel(logging.CRITICAL + 1)


class Socket(Protocol):
    """What we need of a WebSocket connection."""

    async def send(self, message: str, /) -> None: ...
    async def recv(self) -> str | bytes: ...
    async def close(self) -> None: ...


Connector = Callable[[str], Awaitable[Socket]]


async def open_socket(url: str) -> Socket:
    """Connect with limits on everything; pings find a dead link within 40 s."""
    return await connect(
        url,
        open_timeout=OPEN_SECONDS,
        ping_interval=30,
        ping_timeout=10,
        close_timeout=CLOSE_SECONDS,
        max_size=16 * 1024 * 1024,
        max_queue=64,
        proxy=None if is_loopback(url) else True,
        logger=_SILENT,
    )


@dataclass(slots=True)
class Traffic:
    """What has come in over all connections."""

    messages: int = 0
    bytes: int = 0
    malformed: int = 0


class Stream:
    """Calls and subscriptions on one open socket. `read` must be running for both."""

    def __init__(
        self,
        socket: Socket,
        *,
        host: str,
        traffic: Traffic,
        redact: Redactor,
        on_head: Callable[[int], None],
        on_log: Callable[[LogJson], None],
    ) -> None:
        self._socket = socket
        self._host = host
        self._traffic = traffic
        self._redact = redact
        self._handlers: dict[str, Callable[[msgspec.Raw], None]] = {
            "newHeads": lambda raw: on_head(quantity(_HEAD.decode(raw).number)),
            "logs": lambda raw: on_log(_LOG.decode(raw)),
        }
        self._names: dict[str, str] = {}  # subscription id -> what was subscribed
        self._early: deque[SubscriptionJson] = deque(maxlen=_MOST_EARLY)
        self._pending: dict[int, asyncio.Future[AnswerJson]] = {}
        self._last_id = 0
        self._closed: RpcError | None = None

    async def call(
        self,
        method: str,
        *params: object,
        read: Callable[[msgspec.Raw], T],
        time_limit: float,
    ) -> T:
        """Ask one thing over the socket. Raises RpcError."""
        if self._closed is not None:
            raise self._closed
        if len(self._pending) >= _MOST_PENDING:
            raise TimedOut("too many questions without an answer", endpoint=self._host)
        self._last_id += 1
        number = self._last_id  # Mezo takes numbers only
        future = asyncio.get_running_loop().create_future()
        self._pending[number] = future
        request = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
        try:
            async with asyncio.timeout(time_limit):
                await self._send(msgspec.json.encode(request).decode())
                answer: AnswerJson = await future
        except TimeoutError:
            message = f"{method} not answered within {time_limit:g} s"
            raise TimedOut(message, endpoint=self._host) from None
        finally:
            self._pending.pop(number, None)
        if answer.error is not None:
            raise refusal(answer.error, endpoint=self._host, redact=self._redact)
        try:
            return read(answer.result)
        except ValueError as error:
            message = f"{method}: {self._redact.error(error)}"
            raise Malformed(message, endpoint=self._host) from None

    async def subscribe(self, name: str, *params: object, time_limit: float) -> None:
        """Have the node send `newHeads` or `logs`. Raises RpcError when it refuses."""
        subscription = await self.call(
            "eth_subscribe", name, *params, read=read_text, time_limit=time_limit
        )
        self._names[subscription] = name
        waiting, self._early = self._early, deque(maxlen=_MOST_EARLY)
        for notification in waiting:
            self._notify(notification)

    async def read(self) -> None:
        """Take in messages until the socket ends; then raise Unreachable, here and in calls."""
        try:
            while True:
                message = await self._socket.recv()
                self._take(message)
        except (WebSocketException, OSError, EOFError) as error:
            self._closed = Unreachable(self._redact.error(error), endpoint=self._host)
            for future in self._pending.values():
                if not future.done():
                    future.set_exception(self._closed)
            raise self._closed from None

    async def _send(self, text: str) -> None:
        try:
            await self._socket.send(text)
        except (WebSocketException, OSError) as error:
            raise Unreachable(self._redact.error(error), endpoint=self._host) from None

    def _take(self, message: str | bytes) -> None:
        self._traffic.messages += 1
        self._traffic.bytes += len(message)
        try:
            decoded = _ANSWER.decode(message)
            if decoded.params is not None:
                self._notify(decoded.params)
                return
        except (ValueError, RecursionError) as error:
            # A stream is a hint: what cannot be read costs nothing but the hint.
            self._traffic.malformed += 1
            log.warning("unreadable_message", endpoint=self._host, reason=self._redact.error(error))
            return
        self._answer(decoded)

    def _answer(self, answer: AnswerJson) -> None:
        if isinstance(answer.id, int):
            future = self._pending.get(answer.id)
        elif answer.id is None and answer.error is not None and self._pending:
            # Mezo refuses a subscription without saying which one: calls go one at a time.
            future = self._pending[min(self._pending)]
        else:
            future = None
        if future is not None and not future.done():
            future.set_result(answer)

    def _notify(self, notification: SubscriptionJson) -> None:
        name = self._names.get(notification.subscription)
        if name is None:
            self._early.append(notification)
        else:
            self._handlers[name](notification.result)


_ANSWER = msgspec.json.Decoder(AnswerJson)
_HEAD = msgspec.json.Decoder(HeadJson)
_LOG = msgspec.json.Decoder(LogJson)
