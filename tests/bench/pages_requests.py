"""Asks for each page of one database again and again, through the real ASGI application.

`pages` runs it as a process of its own, with the settings of that database. Prints one JSON
object: per page the milliseconds of each request, the queries, the bytes.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

REQUESTS = 200
WARM_UP = 10


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes
    milliseconds: float  # by the clock
    cpu_ms: float  # of this process, which the load of the machine changes less


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "coopsite.settings")
    from coopsite.asgi import application

    pages = _pages()
    if sys.argv[1:]:
        pages = {name: pages[name] for name in sys.argv[1:]}
    print(json.dumps(asyncio.run(_measured(application, pages))))


async def _measured(application: Any, pages: dict[str, str]) -> dict[str, Any]:
    return {name: await _page(application, path) for name, path in pages.items()}


async def _page(application: Any, path: str) -> dict[str, Any]:
    queries = []
    for _ in range(WARM_UP):
        with _counting() as counted:
            answer = await ask(application, path)
        queries.append(len(counted))
    if answer.status != 200:
        raise RuntimeError(f"{path} answered {answer.status}")
    answers = [await ask(application, path) for _ in range(REQUESTS)]
    return {
        "milliseconds": [one.milliseconds for one in answers],
        "cpu_ms": [one.cpu_ms for one in answers],
        "queries": max(queries),
        "bytes": len(answer.body),
    }


async def ask(application: Any, address: str) -> Answer:
    """One request as the web server hands it over, until the last byte of its answer."""
    path, _, query = address.partition("?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(b"host", b"127.0.0.1"), (b"accept-language", b"en"), (b"cookie", b"")],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    inbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    inbox.put_nowait({"type": "http.request", "body": b"", "more_body": False})
    outbox: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        outbox.append(message)

    started, worked = time.perf_counter(), time.process_time()
    await application(scope, inbox.get, send)
    took, work = time.perf_counter() - started, time.process_time() - worked
    body = b"".join(part.get("body", b"") for part in outbox[1:])
    return Answer(outbox[0]["status"], body, took * 1000, work * 1000)


@contextmanager
def _counting() -> Iterator[list[str]]:
    """The statements of all requests inside, on whatever connection each is given."""
    from django.db.backends.utils import CursorWrapper

    counted: list[str] = []
    usual = CursorWrapper.execute

    def execute(self: Any, sql: Any, params: Any = None) -> Any:
        counted.append(str(sql))
        return usual(self, sql, params)

    CursorWrapper.execute = execute  # type: ignore[method-assign]
    try:
        yield counted
    finally:
        CursorWrapper.execute = usual  # type: ignore[method-assign]


def _pages() -> dict[str, str]:
    """Each page's address; what is "deep" begins in the middle of its list."""
    from pools import paging
    from pools.filters import EVENT_ORDERINGS, POOL_ORDERINGS
    from pools.models import Log, Membership, Pool

    pools = Pool.objects.order_by("-created_block", "-created_log_index")
    deep_pool = paging.write_cursor(POOL_ORDERINGS["-created"], pools[pools.count() // 2])
    full = Pool.objects.select_related("contract").order_by("-member_count")[0]
    pool = f"/pools/{full.contract.address}/{full.pool_id}/"
    newest = Log.objects.order_by("-block_number")[0].block_number
    middle = Log.objects.filter(block_number=newest // 2).order_by("log_index")[0]
    deep_event = paging.write_cursor(EVENT_ORDERINGS["desc"], middle)
    account = Membership.objects.filter(pool=full).order_by("-contribution")[0].account
    return {
        "dashboard": "/",
        "pools, first page": "/pools/?limit=20",
        "pools, deep page": f"/pools/?limit=20&cursor={deep_pool}",
        "pool": pool,
        "events, first page": "/events/",
        "events, deep page": f"/events/?cursor={deep_event}",
        "events of a kind": "/events/?kind=PoolCreated&limit=20",
        "account": f"/accounts/{account}/",
        "status": "/status/",
    }


if __name__ == "__main__":
    main()
