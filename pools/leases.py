"""Leases: one worker of a kind at a time, with a fencing token that every write checks.

A worker that slept past its lease and wakes up again holds an old token, and `check` stops it
inside the write transaction. The database's clock is not asked: expiry only says when another may
take over, correctness rests on the token.
"""

import os
import socket
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from pools.models import Lease


class LostLease(Exception):
    """Another worker has taken over; stop writing."""


@dataclass(frozen=True, slots=True)
class LeaseToken:
    """Proof of having held `name` when it was issued."""

    name: str
    holder: str
    token: int


def holder() -> str:
    """Who this process is in a lease: machine and process."""
    return f"{socket.gethostname()[:60]}:{os.getpid()}"


def acquire(name: str, *, holder: str, seconds: float) -> LeaseToken | None:
    """Take the lease if it is free, expired, or its holder's process is gone; else None."""
    now = timezone.now()
    with transaction.atomic():
        Lease.objects.get_or_create(name=name, defaults={"expires_at": now})
        lease = Lease.objects.select_for_update().get(name=name)
        if lease.holder and lease.expires_at > now and not _has_ended(lease.holder):
            return None
        lease.holder = holder
        lease.token += 1
        lease.expires_at = now + timedelta(seconds=seconds)
        lease.save()
    return LeaseToken(name=name, holder=holder, token=lease.token)


def _has_ended(whose: str) -> bool:
    """Whether a holder was a process of this machine that runs no more: it cannot give back.

    Only hastens what expiry would bring; should the answer be wrong, the token still protects.
    """
    machine, _, process = whose.rpartition(":")
    if machine != holder().rpartition(":")[0] or not process.isdecimal():
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


def renew(lease: LeaseToken, *, seconds: float) -> None:
    """Hold on for `seconds` from now. Raises LostLease if another took over."""
    expires_at = timezone.now() + timedelta(seconds=seconds)
    held = Lease.objects.filter(name=lease.name, token=lease.token, holder=lease.holder)
    if not held.update(expires_at=expires_at):
        raise LostLease(f"The lease “{lease.name}” was taken over; {lease.holder} stops.")


def release(lease: LeaseToken) -> None:
    """Give the lease back, so that the next worker need not wait for it to expire."""
    Lease.objects.filter(name=lease.name, token=lease.token).update(
        holder="", expires_at=timezone.now()
    )


def check(lease: LeaseToken) -> None:
    """Inside a write transaction: hold the lease's row until the commit, or raise LostLease."""
    row = Lease.objects.select_for_update().filter(name=lease.name).first()
    if row is None or row.token != lease.token or row.holder != lease.holder:
        raise LostLease(f"The lease “{lease.name}” was taken over; {lease.holder} stops.")
