"""Django's ASGI handler with the middleware where the views are: in the request's own thread.

Ours are all synchronous, as the views are. Django's own handler runs each of them by itself, which
hands every request some thirty times from thread to thread, and begins a thread for each request,
whose database connection is opened and warmed anew: together half the time of a page.
"""

from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeAlias

from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.core.handlers.asgi import ASGIHandler
from django.db import connections
from django.http import HttpRequest
from django.http.response import HttpResponseBase

Message: TypeAlias = Mapping[str, Any]

KEPT_THREADS = 8


class OneThreadHandler(ASGIHandler):
    """Hands a request over once, and its answer back once, to a thread that has none meanwhile."""

    def __init__(self) -> None:
        super().__init__()
        self._idle: list[ThreadPoolExecutor] = []

    def load_middleware(self, is_async: bool = False) -> None:  # noqa: ARG002 - as Django calls it
        super().load_middleware(is_async=False)

    async def __call__(
        self,
        scope: dict[str, Any],
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        # The one that worked last: its connection is the least likely to be too old.
        thread = self._idle.pop() if self._idle else ThreadPoolExecutor(max_workers=1)
        ended = False
        try:
            async with ThreadSensitiveContext(executor=thread):
                await super().__call__(scope, receive, send)
            ended = True
        finally:
            # A server that gives a request up does not end its view: nobody is to wait behind it.
            if ended and len(self._idle) < KEPT_THREADS:
                self._idle.append(thread)
            else:
                thread.submit(connections.close_all)
                thread.shutdown(wait=False)

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        return await sync_to_async(self.get_response, thread_sensitive=True)(request)
