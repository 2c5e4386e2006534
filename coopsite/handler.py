"""Django's ASGI handler with the middleware where the views are: in the request's own thread.

Ours are all synchronous, as the views are. Django's own handler runs each of them by itself, which
hands every request some thirty times from thread to thread: half the time of a page.
"""

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest
from django.http.response import HttpResponseBase


class OneThreadHandler(ASGIHandler):
    """Hands a request over once, and its answer back once."""

    def load_middleware(self, is_async: bool = False) -> None:  # noqa: ARG002 - as Django calls it
        super().load_middleware(is_async=False)

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        return await sync_to_async(self.get_response, thread_sensitive=True)(request)
