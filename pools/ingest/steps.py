"""What all steps of `ingest` have in common: the lock at their beginning, the report at the end."""

from dataclasses import dataclass

from pools import leases
from pools.leases import LeaseToken
from pools.models import Chain
from pools.outbox import Outbox


class StaleCursor(Exception):
    """The cursor is not where the caller believed; read it again and pull from there."""


@dataclass(frozen=True, slots=True)
class Committed:
    """What one step did.

    Its messages are numbered `first_seq` to `last_seq`, both included; there are none when
    `first_seq` is `last_seq + 1`. `logs` counts those that became part of the chain, `surplus`
    those that we hold in the range although the answer lacks them.
    """

    first_seq: int
    last_seq: int
    logs: int
    cursor: int
    surplus: int = 0


def lock(chain_id: int, lease: LeaseToken) -> Chain:
    chain = Chain.objects.select_for_update().get(pk=chain_id)
    leases.check(lease)
    return chain


def committed(outbox: Outbox, *, logs: int, cursor: int, surplus: int = 0) -> Committed:
    outbox.save()
    return Committed(outbox.first_seq, outbox.last_seq, logs, cursor, surplus)
