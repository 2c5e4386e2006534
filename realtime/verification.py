"""Verification as background work: a sample each night, and what only the views tell kept fresh.

Each task may come twice or be killed half-way: a lease keeps two from working at once, and what it
writes is a row of its own, alerts by key, and readings by pool. The whole is for the command.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from random import Random, SystemRandom
from typing import Final

import structlog
from celery import shared_task
from django.conf import settings
from django.utils import timezone

from pools import alerts, leases, readings, sampling, verdicts
from pools.leases import LeaseToken, LostLease
from pools.redaction import Redactor
from pools.verdicts import Report

from .chain import Misconfigured
from .comparing import Progress
from .configuration import Config, from_settings
from .errors import RpcError
from .nodes import Nodes
from .rpc import open_session
from .store import DatabaseAway, Store, pinned_chain
from .verifier import LEASE_SECONDS, CouldNotVerify, NothingToVerify, Verifier

log = structlog.get_logger(__name__)

LEASE: Final = "verify"
SAMPLE_POOLS: Final = 50
SAMPLE_MEMBERS: Final = 20_000
READ_AT_ONCE: Final = 490
BUDGET_SECONDS: Final = 200.0  # below Celery's soft limit
LOOK_SECONDS: Final = 0.5
UNVERIFIED: Final = "unverified"
TROUBLE: Final = (CouldNotVerify, DatabaseAway, LostLease, Misconfigured, RpcError)


@shared_task(name="realtime.verification.verify_sample")
def verify_sample() -> None:
    """Once a night, compare a few pools with the chain; an hour later again where that failed."""
    now = timezone.now()
    if verdicts.is_sample_due(now=now):
        asyncio.run(compare_sample(from_settings(settings), random=SystemRandom()))
        verdicts.forget_old(now=now)


@shared_task(name="realtime.verification.refresh_readings")
def refresh_readings() -> None:
    """Ask the views about new pools, those with events since, and those asked longest ago."""
    pinned = pinned_chain()
    if pinned and readings.wanted(pinned[0], now=timezone.now(), most=1).pools:
        asyncio.run(read_due_pools(from_settings(settings)))


async def compare_sample(config: Config, *, random: Random) -> Report | None:
    """Compare pools chosen by `random`. What fails is an alert, and None is returned; so it is
    while another comparison is at work.
    """
    store = new_store()
    try:
        async with opened(config, store) as verifier:
            if verifier is None:
                return None
            choose = partial(sampling.choose, random=random, most=SAMPLE_POOLS)
            async with asyncio.timeout(BUDGET_SECONDS):
                report = await verifier.verify(choose=choose, most_members=SAMPLE_MEMBERS)
        await store.run(alerts.resolve, UNVERIFIED)
        return report
    except NothingToVerify as error:
        log.info("nothing_to_verify", reason=str(error))
    except DatabaseAway as error:  # nobody could be told
        log.warning("nothing_verified", reason=str(error))
    except (*TROUBLE, TimeoutError) as error:
        reason = str(error) or f"it takes more than {BUDGET_SECONDS:g} s"
        said = f"the records could not be compared with the chain: {reason}"
        await store.run(alerts.raise_alert, UNVERIFIED, UNVERIFIED, said)
    finally:
        await store.close()
    return None


async def read_due_pools(config: Config) -> int:
    """Read what only the views tell of the pools that are due; returns how many."""
    store = new_store()
    try:
        async with opened(config, store) as verifier, asyncio.timeout(BUDGET_SECONDS):
            if verifier is not None:
                return await verifier.refresh_readings(now=timezone.now(), most=READ_AT_ONCE)
    except (*TROUBLE, TimeoutError) as error:  # at the next turn, then
        log.warning("readings_not_refreshed", reason=str(error) or type(error).__name__)
    finally:
        await store.close()
    return 0


@asynccontextmanager
async def opened(
    config: Config, store: Store, *, wait: float = 0.0, progress: Progress = lambda *_: None
) -> AsyncIterator[Verifier | None]:
    """A verifier with its lease; None where another one is still at work after `wait` seconds.

    Raises Misconfigured and NothingToVerify.
    """
    if not config.http_urls:
        raise Misconfigured("CHAIN_HTTP_URLS is empty: name a node to ask")
    pinned = await store.run(pinned_chain)
    if pinned is None:
        raise NothingToVerify("no block is stored yet: the listener has to run first")
    chain_id, anchor_number, anchor_hash = pinned
    lease = await _acquire(store, wait=wait)
    if lease is None:
        yield None
        return
    try:
        redact = Redactor([*config.http_urls, *config.ws_urls])
        async with open_session() as session:
            nodes = Nodes(config.http_urls, session=session, redact=redact)
            nodes.expect(chain_id=chain_id, anchor=(anchor_number, anchor_hash))
            yield Verifier(
                chain_id=chain_id, nodes=nodes, store=store, lease=lease, progress=progress
            )
    finally:
        await store.run(leases.release, lease)


async def _acquire(store: Store, *, wait: float) -> LeaseToken | None:
    """The lease, waited for a little: readings are refreshed under it for a second now and then."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + wait
    while True:
        lease = await store.run(
            leases.acquire, LEASE, holder=leases.holder(), seconds=LEASE_SECONDS
        )
        if lease is not None or loop.time() >= deadline:
            return lease
        await asyncio.sleep(LOOK_SECONDS)


def new_store() -> Store:
    """A database thread for one run."""
    return Store(random=Random())  # noqa: S311 - jitter, nothing secret
