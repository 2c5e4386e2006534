"""The consumer of one browser: lets it in, reads the little it may say, and minds its outlet.

A plain ASGI application behind Channels' routing and origin check. It joins no channel-layer group
and touches no records: all it sends comes from the hub of this process.
"""

import asyncio
import json
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from http.cookies import CookieError, SimpleCookie
from typing import Any

from django.conf import settings
from django.db import DatabaseError
from django.utils.translation import get_supported_language_variant
from django.utils.translation.trans_real import parse_accept_lang_header

from realtime import metrics
from realtime.frames import Audience, Language
from realtime.hub import Full, Hub, NotReady, hub_of_this_process
from realtime.outlet import Outlet
from realtime.places import Places, client_of
from realtime.topics import NOWHERE, BadRequest, read_request, read_since

FIRST_WORD = 3.0  # seconds that we wait for the browser to say how far it is
LONGEST_MESSAGE = 4096  # characters
MOST_MESSAGES, IN_SECONDS = 10, 10.0
EARNED = 32  # messages of ours for each of which an acknowledgement is no burden
GOODBYE = 5.0  # seconds for the closing handshake

POLICY_VIOLATION, TOO_BIG, TRY_AGAIN = 1008, 1009, 1013
PRIVATE = 3000

log = logging.getLogger(__name__)

places = Places()

Scope = dict[str, Any]
Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Coroutine[Any, Any, None]]


class Refused(Exception):
    """The browser did what it may not; `code` closes the socket, `why` is counted."""

    def __init__(self, code: int, why: str) -> None:
        super().__init__(why)
        self.code = code
        self.why = why


async def live(scope: Scope, receive: Receive, send: Send) -> None:
    """`/ws/live/?topics=…&since=…&lang=…`: frames of these topics, from that number on."""
    await receive()  # websocket.connect
    try:
        if not settings.ENABLE_LIVE:
            raise BadRequest("live updates are switched off")
        if not any(name == b"origin" for name, _ in scope["headers"]):
            raise BadRequest("no origin")
        request = read_request(scope["query_string"])
    except BadRequest as error:
        metrics.REFUSED.labels(str(error)).inc()
        await send({"type": "websocket.close", "code": POLICY_VIOLATION})
        return
    await send({"type": "websocket.accept"})
    audience = request.topics, language_of(scope, request.language)
    with places.taken_by(client_of(scope), most=settings.SOCKETS_PER_ADDRESS) as there_is_one:
        if not there_is_one:
            metrics.REFUSED.labels("too many from one address").inc()
            await _close(send, TRY_AGAIN)
            return
        with metrics.BROWSERS.track_inprogress():
            await _Visit(receive, send, audience).last(request.since)


async def refuse(_scope: Scope, receive: Receive, send: Send) -> None:
    """Any other WebSocket address."""
    await receive()
    metrics.REFUSED.labels("no such address").inc()
    await send({"type": "websocket.close", "code": POLICY_VIOLATION})


def language_of(scope: Scope, said: str = "") -> Language:
    """The language of the page that connects: what its address says, else as Django finds it.

    The cookie alone may be another by now, chosen on a page in the next tab.
    """
    with suppress(LookupError):
        return get_supported_language_variant(said)
    headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
    with suppress(CookieError, KeyError, LookupError):
        chosen = SimpleCookie(headers[b"cookie"])[settings.LANGUAGE_COOKIE_NAME].value
        return get_supported_language_variant(chosen)
    for accepted, _ in parse_accept_lang_header(headers.get(b"accept-language", "")):
        with suppress(LookupError):
            return get_supported_language_variant(accepted)
    return get_supported_language_variant(settings.LANGUAGE_CODE)


async def _close(send: Send, code: int) -> None:
    """Close with this code, or with that plus 3000 where the server has only private ones."""
    for possible in (code, code + PRIVATE):  # Daphne sends none between 1001 and 2999
        # Whoever does not read cannot take the close either; the server cuts it off then.
        with suppress(Exception):
            async with asyncio.timeout(GOODBYE):
                await send({"type": "websocket.close", "code": possible})
            return


class _Visit:
    """One connection, from acceptance to its end."""

    def __init__(self, receive: Receive, send: Send, audience: Audience) -> None:
        self._receive = receive
        self._send = send
        self._audience = audience
        self._outlet = Outlet(send)
        self._said_since: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._times: deque[float] = deque(maxlen=MOST_MESSAGES)

    async def last(self, since: int | None) -> None:
        """Serve the browser until it leaves, does what it may not, or cannot be served."""
        hub = hub_of_this_process()
        duties = [
            asyncio.create_task(duty)
            for duty in (self._listen(), self._supply(hub, since), self._lose_patience())
        ]
        try:
            done, _ = await asyncio.wait(duties, return_when=asyncio.FIRST_COMPLETED)
            for duty in done:
                duty.result()
        except Refused as refused:
            metrics.REFUSED.labels(refused.why).inc()
            log.info("A browser was shown out: %s", refused.why)
            await _close(self._send, refused.code)
        except Full:
            metrics.REFUSED.labels("too many different wishes").inc()
            await _close(self._send, TRY_AGAIN)
        except (NotReady, DatabaseError):
            await _close(self._send, TRY_AGAIN)
        finally:
            self._outlet.close()
            hub.leave(self._outlet, self._audience)
            for duty in duties:
                duty.cancel()
            await asyncio.gather(*duties, return_exceptions=True)

    async def _supply(self, hub: Hub, since: int | None) -> None:
        """Bring the browser up to date, now and whenever it fell behind."""
        if since is None:
            with suppress(TimeoutError):
                async with asyncio.timeout(FIRST_WORD):
                    since = await asyncio.shield(self._said_since)
        while True:
            await hub.join(self._outlet, self._audience, since)
            if since is None:
                since = await self._late_word()
            else:
                await self._outlet.behind()
                since = NOWHERE

    async def _late_word(self) -> int:
        """How far the browser is, if it says so after all; NOWHERE if it fell behind instead."""
        behind = asyncio.ensure_future(self._outlet.behind())
        either: list[asyncio.Future[Any]] = [behind, self._said_since]
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        finally:
            behind.cancel()
        return self._said_since.result() if self._said_since.done() else NOWHERE

    async def _lose_patience(self) -> None:
        await self._outlet.given_up()
        if not self._outlet.gone:
            raise Refused(TRY_AGAIN, "reads too slowly")

    async def _listen(self) -> None:
        """Read what the browser says; returns when it is gone."""
        while True:
            message = await self._receive()
            if message["type"] == "websocket.disconnect":
                return
            text = message.get("text")
            if text is None:
                raise Refused(POLICY_VIOLATION, "binary message")
            if len(text) > LONGEST_MESSAGE:
                raise Refused(TOO_BIG, "message too long")
            self._obey(text)

    def _obey(self, text: str) -> None:
        """`{"since": N}` once, before the first frame; `{"ack": N}` now and then; no more."""
        try:
            said = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise Refused(POLICY_VIOLATION, "not JSON") from error
        match said:
            case {"since": since, **others} if not others:
                self._count()
                if not self._said_since.done():
                    self._said_since.set_result(read_since(since))
            case {"ack": int(count), **others} if not others:
                if not self._outlet.acknowledge(count, earned=EARNED):
                    self._count()
            case _:
                raise Refused(POLICY_VIOLATION, "unknown message")

    def _count(self) -> None:
        now = time.monotonic()
        if len(self._times) == MOST_MESSAGES and now - self._times[0] < IN_SECONDS:
            raise Refused(POLICY_VIOLATION, "too many messages")
        self._times.append(now)
