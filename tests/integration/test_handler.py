"""A request goes through its middleware and its view in one thread, and its answer is packed."""

import asyncio
import gzip
import threading
from collections.abc import Callable
from typing import Any

import pytest
from channels.testing import HttpCommunicator
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.test import Client
from django.urls import path

from coopsite.handler import KEPT_THREADS, OneThreadHandler
from tests.waiting import until

HEADERS = [(b"host", b"127.0.0.1")]

threads: list[int] = []
opened: list[object] = []
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


async def got(handler: OneThreadHandler, address: str) -> None:
    browser = HttpCommunicator(handler, "GET", address, headers=HEADERS)
    answer = await browser.get_response(timeout=10)
    await browser.wait()
    assert answer["body"] == b"here"


def test_middleware_and_view_share_a_thread_that_is_not_the_event_loops(settings: Any) -> None:
    settings.MIDDLEWARE = [f"{__name__}.noting", *settings.MIDDLEWARE, f"{__name__}.noting"]
    settings.ROOT_URLCONF = (path("", view),)
    threads.clear()

    async def asked() -> int:
        await got(OneThreadHandler(), "/")
        return threading.get_ident()

    loop = asyncio.run(asked())
    assert len(threads) == 5
    assert len(set(threads)) == 1
    assert loop not in threads


@pytest.mark.django_db(transaction=True)
def test_the_next_request_finds_the_thread_of_the_last_and_its_connection(settings: Any) -> None:
    def reading(request: HttpRequest) -> HttpResponse:
        connection.ensure_connection()
        opened.append(connection.connection)
        return view(request)

    def closing(request: HttpRequest) -> HttpResponse:
        connection.close()
        return view(request)

    settings.ROOT_URLCONF = (path("", reading), path("closing", closing))
    threads.clear()
    opened.clear()

    async def asked() -> None:
        handler = OneThreadHandler()
        for address in ("/", "/", "/closing"):
            await got(handler, address)

    asyncio.run(asked())
    first, second = opened
    assert first is second
    assert len(set(threads)) == 1


def test_requests_at_the_same_time_have_a_thread_each_of_which_some_are_kept(settings: Any) -> None:
    together = threading.Barrier(KEPT_THREADS + 2)

    def waiting(request: HttpRequest) -> HttpResponse:
        together.wait(10)
        return view(request)

    settings.ROOT_URLCONF = (path("", waiting),)
    threads.clear()

    def alive() -> int:
        return sum(thread.ident in threads for thread in threading.enumerate())

    async def asked() -> None:
        await asyncio.gather(*(got(handler, "/") for _ in range(together.parties)))

    handler = OneThreadHandler()
    asyncio.run(asked())
    assert len(set(threads)) == together.parties
    until(lambda: alive() == KEPT_THREADS)


def test_nobody_waits_behind_a_view_whose_request_was_given_up(settings: Any) -> None:
    begun, over, closed = threading.Event(), threading.Event(), threading.Event()

    def slow(request: HttpRequest) -> HttpResponse:
        begun.set()
        assert over.wait(10)
        request.close()  # Django does not, after a request that was given up
        closed.set()
        return view(request)

    settings.ROOT_URLCONF = (path("", view), path("slow", slow))

    async def asked() -> None:
        handler = OneThreadHandler()
        given_up = HttpCommunicator(handler, "GET", "/slow", headers=HEADERS)
        await given_up.send_input({"type": "http.request", "body": b"", "more_body": False})
        await asyncio.to_thread(begun.wait, 10)
        assert given_up.future is not None
        given_up.future.cancel()
        await asyncio.wait([given_up.future], timeout=10)
        await got(handler, "/")
        assert not over.is_set()
        over.set()
        assert await asyncio.to_thread(closed.wait, 10)

    asyncio.run(asked())


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
