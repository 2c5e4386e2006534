"""The connection manager: keeps one WebSocket to the healthiest node and tells what it says.

Connects, checks the chain id, subscribes, measures latency, notices streams that died or fell
silent, and connects again with full-jitter backoff. Everything it says is a hint: the follower
pulls the data over HTTP and polls beside it, so that a dead socket costs seconds, never data.
"""

import asyncio
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from random import Random
from typing import Any, Final, Literal

import structlog
from websockets.exceptions import WebSocketException

from pools.redaction import Redactor

from .backoff import Backoff
from .endpoints import Endpoint, EndpointPool
from .errors import RpcError, TimedOut, Unreachable, WrongChain
from .silence import MOST_AHEAD, Silence
from .statistics import State, Statistics, Timing
from .stream import CLOSE_SECONDS, OPEN_SECONDS, Connector, Socket, Stream, Traffic, open_socket
from .subscribers import Subscribers, Subscription
from .wire import LogJson, read_quantity

log = structlog.get_logger(__name__)

CALL_SECONDS: Final = 10.0
PROBE_SECONDS: Final = 4.0
OWED_LOG_SECONDS: Final = 30.0

EventKind = Literal["head", "log", "state"]


class ConnectionManager:
    """One WebSocket at a time, for as long as `run` runs."""

    def __init__(
        self,
        urls: Collection[str],
        *,
        addresses: Collection[str],
        redact: Redactor,
        timing: Timing,
        random: Random,
        connector: Connector = open_socket,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._pool = EndpointPool(urls)
        self._addresses = sorted(addresses)
        self._redact = redact
        self._timing = timing
        self._random = random
        self._connector = connector
        self._now = now
        self._backoff = Backoff(
            first=timing.reconnect_seconds, longest=timing.max_reconnect_seconds, random=random
        )
        self._subscribers = Subscribers()
        self._traffic = Traffic()
        self._kick = asyncio.Event()
        self._state = State.CONNECTING
        self._detail = ""
        self._endpoint = ""
        self._connected_since: datetime | None = None
        self._events = 0
        self._last_event_at: datetime | None = None
        self._latency: float | None = None
        self._connections = 0
        self._streamed: int | None = None  # the newest head this connection told of
        self._known = 0  # the chain's height by polling or heartbeat, not by what streams in
        self._owed_since: float | None = None
        self._silence: Silence | None = None
        self.chain_id: int | None = None

    def subscribe(self, event: EventKind, callback: Callable[[Any], None]) -> Subscription:
        """Tell `callback` of every `head` (its number), `log` (LogJson) or `state` (Statistics)."""
        return self._subscribers.add(event, callback)

    @property
    def state(self) -> State:
        """How the link stands now."""
        return self._state

    def reconnect_now(self) -> None:
        """Drop the present connection, or the waiting for the next, and connect at once."""
        self._kick.set()

    def note_head(self, number: int) -> None:
        """Polling saw this height: a stream that stays below it is behind."""
        self._known = number

    def note_unannounced_logs(self) -> None:
        """Our logs were committed of which the stream had told nothing: it owes us some."""
        if self._state is State.LIVE and self._owed_since is None:
            self._owed_since = asyncio.get_running_loop().time()

    def statistics(self) -> Statistics:
        """The figures of this moment."""
        since = self._connected_since
        return Statistics(
            state=self._state,
            detail=self._detail,
            endpoint=self._endpoint,
            connected_since=since,
            uptime=(self._now() - since).total_seconds() if since else 0.0,
            messages=self._traffic.messages,
            bytes=self._traffic.bytes,
            events_received=self._events,
            last_event_at=self._last_event_at,
            latency=self._latency,
            attempts=self._backoff.attempts,
            reconnects=max(0, self._connections - 1),
        )

    async def run(self) -> None:
        """Stay connected until cancelled."""
        try:
            while True:
                endpoint = self._pool.best(now=self._time())
                try:
                    await self._session(endpoint)
                except RpcError as error:
                    endpoint.failed(error, now=self._time())
                    self._lost(str(error))
                else:
                    self._lost("reconnecting on request")
                    continue
                await self._wait_before_next()
        finally:
            self._connected_since = None
            self._change(State.OFFLINE, "stopped")

    def _time(self) -> float:
        return asyncio.get_running_loop().time()

    def _lost(self, reason: str) -> None:
        self._connected_since = None
        self._latency = None
        log.warning("stream_lost", endpoint=self._endpoint, reason=reason)
        if self._state is not State.ERROR:
            self._change(State.RECONNECTING, reason)

    async def _wait_before_next(self) -> None:
        delay = self._backoff.next_delay()
        if self._backoff.attempts > self._timing.max_reconnect_attempts:
            # Still spread, or all who lost the same node would come back together.
            delay = self._random.uniform(0.5, 1.0) * self._timing.max_reconnect_seconds
            if self._state is not State.ERROR:
                attempts = self._timing.max_reconnect_attempts
                log.error("stream_given_up", attempts=attempts, reason=self._detail)
                self._change(State.ERROR, f"no WebSocket after {attempts} attempts: {self._detail}")
        log.info("stream_waits", seconds=round(delay, 2), attempt=self._backoff.attempts)
        try:
            async with asyncio.timeout(delay):
                await self._kick.wait()
        except TimeoutError:
            pass  # nobody was in a hurry
        self._kick.clear()

    async def _session(self, endpoint: Endpoint) -> None:
        """One connection from opening to end. Returns when a reconnection was asked for."""
        self._endpoint = endpoint.host
        log.info("stream_connects", endpoint=endpoint.host)
        socket = await self._open(endpoint)
        stream = Stream(
            socket,
            host=endpoint.host,
            traffic=self._traffic,
            redact=self._redact,
            on_head=self._on_head,
            on_log=self._on_log,
        )
        reader = asyncio.create_task(stream.read(), name="stream-reader")
        kicked = asyncio.create_task(self._kick.wait(), name="stream-kick")
        try:
            await self._introduce(stream, endpoint)
            await self._watch(stream, endpoint, reader, kicked)
        finally:
            reader.cancel()
            kicked.cancel()
            await asyncio.gather(reader, kicked, return_exceptions=True)
            await _close(socket)

    async def _open(self, endpoint: Endpoint) -> Socket:
        try:
            async with asyncio.timeout(OPEN_SECONDS + 2):
                return await self._connector(endpoint.url)
        except TimeoutError:
            message = f"not open within {OPEN_SECONDS:g} s"
            raise TimedOut(message, endpoint=endpoint.host) from None
        except (OSError, WebSocketException, ValueError, EOFError) as error:
            raise Unreachable(self._redact.error(error), endpoint=endpoint.host) from None

    async def _introduce(self, stream: Stream, endpoint: Endpoint) -> None:
        chain_id = await stream.call("eth_chainId", read=read_quantity, time_limit=CALL_SECONDS)
        if self.chain_id is not None and chain_id != self.chain_id:
            raise WrongChain(
                f"serves chain {chain_id}, but chain {self.chain_id} is followed here",
                endpoint=endpoint.host,
            )
        self._silence = Silence(now=self._time())
        self._owed_since = None
        self._streamed = None
        await stream.subscribe("newHeads", time_limit=CALL_SECONDS)
        if self._addresses:
            await stream.subscribe("logs", {"address": self._addresses}, time_limit=CALL_SECONDS)
        height = await self._beat(stream, endpoint, CALL_SECONDS)
        self._streamed = max(height, self._streamed or 0)
        self._connections += 1
        self._connected_since = self._now()
        log.info("stream_live", endpoint=endpoint.host, head=self._streamed)
        self._change(State.LIVE, "")

    async def _beat(self, stream: Stream, endpoint: Endpoint, time_limit: float) -> int:
        """Ask for the height; how long that takes is the latency."""
        started = self._time()
        height = await stream.call("eth_blockNumber", read=read_quantity, time_limit=time_limit)
        self._latency = self._time() - started
        endpoint.succeeded(latency=self._latency)
        self._known = max(self._known, height)
        return height

    async def _watch(
        self,
        stream: Stream,
        endpoint: Endpoint,
        reader: asyncio.Task[None],
        kicked: asyncio.Task[Any],
    ) -> None:
        live_since = self._time()
        next_beat = live_since + self._timing.heartbeat_seconds
        while True:
            assert self._silence is not None  # noqa: S101 - set by `_introduce`
            due = min(next_beat, self._silence.deadline, self._owed_deadline())
            await asyncio.wait(
                {reader, kicked},
                timeout=max(0.0, due - self._time()),
                return_when=asyncio.FIRST_COMPLETED,
            )
            if kicked.done():
                self._kick.clear()
                return
            if reader.done():
                reader.result()  # raises why the stream ended
            self._backoff.healthy_for(self._time() - live_since)
            if self._time() >= self._owed_deadline():
                raise Unreachable("logs came, but not over the stream", endpoint=endpoint.host)
            if self._time() >= self._silence.deadline:
                await self._explain_silence(stream, endpoint)
            elif self._time() >= next_beat:
                await self._beat(stream, endpoint, CALL_SECONDS)
                log.debug("heartbeat", endpoint=endpoint.host, latency=self._latency)
                next_beat = self._time() + self._timing.heartbeat_seconds

    def _owed_deadline(self) -> float:
        return float("inf") if self._owed_since is None else self._owed_since + OWED_LOG_SECONDS

    async def _explain_silence(self, stream: Stream, endpoint: Endpoint) -> None:
        """No head for too long: either the chain stands still, or this stream is dead."""
        await self._beat(stream, endpoint, PROBE_SECONDS)
        assert self._silence is not None  # noqa: S101 - a watched stream has one
        if self._known > (self._streamed or 0):
            raise Unreachable(
                f"the stream fell silent at block {self._streamed}, the chain is at {self._known}",
                endpoint=endpoint.host,
            )
        log.info("chain_stands_still", endpoint=endpoint.host, head=self._streamed)
        self._silence.explained(now=self._time())

    def _on_head(self, number: int) -> None:
        if self._silence is None or number > self._known + MOST_AHEAD:
            return
        self._silence.broken(now=self._time())
        self._streamed = number
        self._subscribers.tell("head", number)

    def _on_log(self, entry: LogJson) -> None:
        self._events += 1
        self._last_event_at = self._now()
        self._owed_since = None
        self._subscribers.tell("log", entry)

    def _change(self, state: State, detail: str) -> None:
        if (state, detail) == (self._state, self._detail):
            return
        self._state = state
        self._detail = detail
        log.info("stream_state", state=state.value, endpoint=self._endpoint, detail=detail)
        self._subscribers.tell("state", self.statistics())


async def _close(socket: Socket) -> None:
    try:
        async with asyncio.timeout(CLOSE_SECONDS + 1):
            await socket.close()
    except (TimeoutError, OSError, WebSocketException):
        pass  # it is gone either way
