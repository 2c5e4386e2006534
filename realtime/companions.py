"""Runs work with what keeps it company: the renewal of its lease, the account of how it goes."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from pools import leases
from pools.leases import LeaseToken

from .store import Store

T = TypeVar("T")


async def accompanied(work: Coroutine[Any, Any, T], *companions: Coroutine[Any, Any, None]) -> T:
    """Do the work while the companions, which never return, run beside it.

    Should one of them fail, the work is stopped and the failure raised.
    """
    job = asyncio.ensure_future(work)
    beside = [asyncio.ensure_future(companion) for companion in companions]
    try:
        await asyncio.wait([job, *beside], return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (job, *beside):
            task.cancel()  # does nothing to those that are done
        await asyncio.wait([job, *beside])
    for task in beside:
        if job.cancelled() and not task.cancelled():
            task.result()
    return job.result()


async def keep_lease(store: Store, lease: LeaseToken, *, seconds: float) -> None:
    """Renew the lease several times before it would expire. Raises LostLease."""
    while True:
        await asyncio.sleep(seconds / 6)
        await store.run(leases.renew, lease, seconds=seconds)
