"""Liveness, readiness and metrics, for supervisors, load balancers and Prometheus.

`/healthz` says that this process answers, and asks nobody. `/readyz` asks everything that the site
needs, each within a time limit of its own, so that one hanging part neither hides the others nor
delays the answer. What they say holds no address, name or password of another system.
"""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from redis import asyncio as redis

from coopsite.metrics import metrics
from pools.models import ListenerStatus

TIME_LIMIT = 3.0  # seconds for each check
LISTENER_SILENCE = timedelta(seconds=30)

# Checks that hang keep their thread until the other side gives up; these are the most that can.
_threads = ThreadPoolExecutor(max_workers=6, thread_name_prefix="readiness")


class Unready(Exception):
    """The sentence says what is missing."""


@never_cache
@require_safe
def healthz(_request: HttpRequest) -> HttpResponse:
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
async def readyz(_request: HttpRequest) -> HttpResponse:
    """200 when the site can do its work; else 503 with a reason for each part that cannot."""
    found = await asyncio.gather(*(_reason(check) for check in CHECKS.values()))
    reasons = {name: why for name, why in zip(CHECKS, found, strict=True) if why is not None}
    return JsonResponse(
        {"status": "unready" if reasons else "ready", "reasons": reasons},
        status=503 if reasons else 200,
    )


async def _reason(check: Callable[[], Awaitable[None]]) -> str | None:
    try:
        await asyncio.wait_for(check(), TIME_LIMIT)
    except Unready as error:
        return str(error)
    except TimeoutError:
        return f"no answer within {TIME_LIMIT:g} s"
    except Exception as error:  # noqa: BLE001  # any failure of a check is an answer
        return f"no answer ({type(error).__name__})"
    return None


def _in_thread(check: Callable[[], None]) -> Callable[[], Awaitable[None]]:
    def run() -> None:
        try:
            check()
        finally:
            connection.close()

    async def wait() -> None:
        await asyncio.get_running_loop().run_in_executor(_threads, run)

    return wait


def _database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _migrations() -> None:
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        names = ", ".join(f"{migration.app_label}.{migration.name}" for migration, _ in missing)
        raise Unready(f"missing: {names}; run “python manage.py migrate”")


def _listener() -> None:
    status = ListenerStatus.objects.order_by("-updated_at").first()
    if status is None:
        raise Unready("no listener has reported yet")
    silence = timezone.now() - status.updated_at
    if silence > LISTENER_SILENCE:
        raise Unready(f"nothing heard of it for {silence.total_seconds():.0f} s")
    if status.state == ListenerStatus.State.OFFLINE:
        raise Unready("it was stopped")
    if status.stopped:
        raise Unready("it runs, but can store nothing; its status says why")


async def _redis() -> None:
    client = redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=TIME_LIMIT, socket_connect_timeout=TIME_LIMIT
    )
    async with client:
        await client.ping()


CHECKS: dict[str, Callable[[], Awaitable[None]]] = {
    "database": _in_thread(_database),
    "migrations": _in_thread(_migrations),
    "listener": _in_thread(_listener),
    "redis": _redis,
}

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("metrics", metrics, name="metrics"),
]
