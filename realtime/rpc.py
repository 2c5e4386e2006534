"""JSON-RPC over HTTP to one node: keep-alive, batches, typed answers, classified errors.

Sends what it is asked and judges only form; whether an answer is true is `puller`'s concern.
Every call has a time limit and every answer a size limit, and no error carries the node's URL.
"""

import asyncio
import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Final, Generic, TypeVar
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
import msgspec

from pools.redaction import Redactor, is_loopback

from .endpoints import Endpoint
from .errors import (
    BatchTooLong,
    Malformed,
    NodeError,
    RangeTooWide,
    RateLimited,
    RpcError,
    TimedOut,
    TooManyLogs,
    Unreachable,
)
from .range_sizes import MOST_BYTES
from .refusals import refusal
from .wire import AnswerJson

T = TypeVar("T")

LARGEST_ANSWER: Final = 16 * 1024 * 1024
TIME_LIMIT: Final = 10.0
_JSON = msgspec.json.Decoder(list[AnswerJson] | AnswerJson)
_HEADERS: Final = {"Content-Type": "application/json", "Accept": "application/json"}


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """One request: method, parameters, and the function that reads its result."""

    method: str
    params: tuple[object, ...]
    read: Callable[[msgspec.Raw], T]


def open_session() -> aiohttp.ClientSession:
    """A session whose connections stay open between calls. The caller closes it."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=16, keepalive_timeout=75, ttl_dns_cache=60),
        timeout=aiohttp.ClientTimeout(total=None, connect=TIME_LIMIT),
        cookie_jar=aiohttp.DummyCookieJar(),
    )


def proxy_for(url: str) -> str | None:
    """The proxy that the environment names for this URL; never one for this very machine."""
    parts = urlsplit(url)
    if is_loopback(url) or proxy_bypass(parts.hostname or ""):
        return None
    return getproxies().get(parts.scheme)


class RpcClient:
    """One node over HTTP. Notes on its endpoint how each request went."""

    def __init__(
        self, endpoint: Endpoint, *, session: aiohttp.ClientSession, redact: Redactor
    ) -> None:
        self.endpoint = endpoint
        self.requests = 0
        self._session = session
        self._redact = redact
        self._ids = itertools.count(1)
        self._proxy = proxy_for(endpoint.url)

    @property
    def host(self) -> str:
        """The endpoint's host, the only part of its URL that may be shown."""
        return self.endpoint.host

    async def call(
        self,
        method: str,
        *params: object,
        read: Callable[[msgspec.Raw], T],
        time_limit: float = TIME_LIMIT,
    ) -> T:
        """Ask one thing. Raises RpcError."""
        (answer,) = await self.batch([Call(method, params, read)], time_limit=time_limit)
        value: T = answer
        return value

    async def batch(
        self,
        calls: Sequence[Call[Any]],
        *,
        time_limit: float = TIME_LIMIT,
        largest: int = LARGEST_ANSWER,
    ) -> list[Any]:
        """Ask several things in one HTTP request, which one node answers; results in order.

        Raises RpcError as soon as one of the answers is an error: a batch counts whole. An answer
        of more than `largest` bytes is not read on: TooManyLogs.
        """
        started = time.perf_counter()
        try:
            results = await self._exchange(calls, time_limit, largest)
        except RangeTooWide:
            raise  # the node is well, the question was too large
        except BatchTooLong:
            self.endpoint.refused_batch(len(calls))
            raise
        except RpcError as error:
            self.endpoint.failed(error, now=asyncio.get_running_loop().time())
            raise
        self.endpoint.succeeded(latency=time.perf_counter() - started)
        return results

    async def each(self, calls: Sequence[Call[Any]]) -> list[Any]:
        """Ask any number of things, in as many requests as the node wants; results in order.

        Different nodes behind one name may answer. Raises as `batch` does.
        """
        results: list[Any] = []
        while len(results) < len(calls):
            part = calls[len(results) : len(results) + self.endpoint.most_calls]
            try:
                results += await self.batch(part)
            except BatchTooLong:
                if len(part) <= self.endpoint.most_calls:
                    raise
        return results

    async def _exchange(
        self, calls: Sequence[Call[Any]], time_limit: float, largest: int
    ) -> list[Any]:
        ids = [next(self._ids) for _ in calls]
        requests = [
            {"jsonrpc": "2.0", "id": number, "method": call.method, "params": call.params}
            for number, call in zip(ids, calls, strict=True)
        ]
        self.requests += len(calls)
        body = msgspec.json.encode(requests if len(requests) > 1 else requests[0])
        try:
            async with asyncio.timeout(time_limit):
                status, headers, content = await self._post(body, largest)
        except TimeoutError:
            raise TimedOut(f"no answer within {time_limit:g} s", endpoint=self.host) from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            # The original would show the URL in a traceback.
            raise Unreachable(self._redact.error(error), endpoint=self.host) from None
        answers = self._parse(status, headers, content)
        if set(answers) != set(ids):
            raise Malformed("the answers do not belong to the questions", endpoint=self.host)
        return [self._read(answers[number], call) for number, call in zip(ids, calls, strict=True)]

    async def _post(
        self, body: bytes, largest: int
    ) -> tuple[int, "aiohttp.typedefs.LooseHeaders", bytes]:
        try:
            return await self._post_once(body, largest)
        except aiohttp.ServerDisconnectedError:
            # The node closed a kept connection while we were using it; all we ask is to read.
            return await self._post_once(body, largest)

    async def _post_once(
        self, body: bytes, largest: int
    ) -> tuple[int, "aiohttp.typedefs.LooseHeaders", bytes]:
        async with self._session.post(
            self.endpoint.url,
            data=body,
            headers=_HEADERS,
            allow_redirects=False,
            proxy=self._proxy,
        ) as response:
            chunks: list[bytes] = []
            size = response.content_length or 0  # as announced: too much is not even begun
            if size <= largest:
                size = 0
                async for chunk in response.content.iter_any():
                    size += len(chunk)
                    if size > largest:
                        break
                    chunks.append(chunk)
            if size > largest:
                response.close()
                raise TooManyLogs(
                    f"an answer of more than {largest >> 20} MiB",
                    endpoint=self.host,
                    excess=size / MOST_BYTES,
                )
            return response.status, response.headers, b"".join(chunks)

    def _parse(
        self, status: int, headers: Any, content: bytes
    ) -> dict[int | str | None, AnswerJson]:
        """Answers by id. An HTTP error counts before a body that says nothing of its own."""
        if status == 429 or (status == 503 and "Retry-After" in headers):
            raise RateLimited(
                f"HTTP {status}",
                endpoint=self.host,
                retry_after=_seconds(headers.get("Retry-After", "")),
            )
        try:
            decoded = _JSON.decode(content)
        except (ValueError, RecursionError) as error:
            if status == 413:
                raise TooManyLogs("HTTP 413", endpoint=self.host) from None
            if status >= 500 or 300 <= status < 400:
                raise Unreachable(f"HTTP {status}", endpoint=self.host) from None
            if status >= 400:
                raise NodeError(f"HTTP {status}", endpoint=self.host, code=status) from None
            message = f"not a JSON-RPC answer: {self._redact.error(error)}"
            raise Malformed(message, endpoint=self.host) from None
        answers = decoded if isinstance(decoded, list) else [decoded]
        by_id = {answer.id: answer for answer in answers}
        if len(by_id) != len(answers):
            raise Malformed("two answers have one id", endpoint=self.host)
        refusal = by_id.get(None)
        if refusal is not None and refusal.error is not None:
            raise self._error(refusal)
        return by_id

    def _read(self, answer: AnswerJson, call: Call[T]) -> T:
        if answer.error is not None:
            raise self._error(answer)
        if not answer.result:
            raise Malformed(f"{call.method} without a result", endpoint=self.host)
        try:
            return call.read(answer.result)
        except (ValueError, RecursionError) as error:
            message = f"{call.method}: {self._redact.error(error)}"
            raise Malformed(message, endpoint=self.host) from None

    def _error(self, answer: AnswerJson) -> RpcError:
        assert answer.error is not None  # noqa: S101 - both callers have looked
        return refusal(answer.error, endpoint=self.host, redact=self._redact)


def _seconds(retry_after: str) -> float:
    """The pause that a `Retry-After` header asks for (RFC 9110: seconds or a date)."""
    if retry_after.isascii() and retry_after.isdecimal():
        return float(retry_after)
    try:
        return max(0.0, parsedate_to_datetime(retry_after).timestamp() - time.time())
    except ValueError:
        return 1.0
