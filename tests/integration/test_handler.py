"""A request goes through its middleware and its view in one thread, and its answer is packed."""

import asyncio
import gzip
import threading
from collections.abc import Callable
from typing import Any

import pytest
from channels.testing import HttpCommunicator
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.test import Client
from django.urls import path

from coopsite.handler import OneThreadHandler

threads: list[int] = []
Handler = Callable[[HttpRequest], HttpResponseBase]


def noting(get_response: Handler) -> Handler:
    """Middleware that could run on the event loop as well."""

    def handle(request: HttpRequest) -> HttpResponseBase:
        threads.append(threading.get_ident())
        answer = get_response(request)
        threads.append(threading.get_ident())
        return answer

    return handle


noting.async_capable = True  # type: ignore[attr-defined]


def view(_request: HttpRequest) -> HttpResponse:
    threads.append(threading.get_ident())
    return HttpResponse("here")


def test_middleware_and_view_share_a_thread_that_is_not_the_event_loops(settings: Any) -> None:
    settings.MIDDLEWARE = [f"{__name__}.noting", *settings.MIDDLEWARE, f"{__name__}.noting"]
    settings.ROOT_URLCONF = (path("", view),)
    threads.clear()

    async def asked() -> int:
        headers = [(b"host", b"127.0.0.1")]
        browser = HttpCommunicator(OneThreadHandler(), "GET", "/", headers=headers)
        answer = await browser.get_response()
        await browser.wait()
        assert answer["body"] == b"here"
        return threading.get_ident()

    loop = asyncio.run(asked())
    assert len(threads) == 5
    assert len(set(threads)) == 1
    assert loop not in threads


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/", "/pools/", "/api/v1/openapi.json"])
def test_what_is_long_travels_compressed_to_those_who_can_read_it(
    client: Client, address: str
) -> None:
    plain = client.get(address)
    packed = client.get(address, headers={"accept-encoding": "gzip"})
    assert "Content-Encoding" not in plain
    assert packed["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in packed["Vary"]
    assert len(gzip.decompress(packed.content)) > 2 * len(packed.content)
