"""Events that the node has announced and the chain has not yet proved: pending rows.

A hint is shown at once, counts nowhere, and ends in one of three ways: its event is committed, it
is taken back, or it grows too old.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

import msgspec

from pools import rows
from pools.decoding import DecodingError, decode
from pools.events import account_of, pool_id_of
from pools.interface import event_args
from pools.models import Contract, Log, Pool
from pools.rows import EventRow

PATIENCE = 35.0  # seconds until a hint that came to nothing is struck out
MOST_PENDING = 256
REMEMBERED = 4096  # keys of committed events, against hints that arrive after them


class Hint(msgspec.Struct, frozen=True):
    """A log notification as the listener passes it on. Topics and data are hex."""

    block_hash: str
    log_index: int
    block_number: int
    contract: str
    topics: str
    data: str
    transaction_hash: str

    @property
    def key(self) -> str:
        return f"{self.block_hash}:{self.log_index}"


def read_hint(message: object) -> Hint | None:
    """The hint in a channel-layer message; None if it is malformed."""
    try:
        return msgspec.convert(message, Hint)
    except msgspec.ValidationError:
        return None


def pending_row(hint: Hint, *, now: datetime) -> EventRow | None:
    """The row to show for a hint; None if it cannot be read, is not ours, or is stored already."""
    try:
        event = decode(_bytes(hint.topics), _bytes(hint.data))
    except (DecodingError, ValueError):
        return None
    contract = Contract.objects.filter(address=hint.contract).first()
    stored = Log.objects.filter(
        block_number=hint.block_number, log_index=hint.log_index, block__hash=hint.block_hash
    )
    if contract is None or stored.filter(retracted_seq=None).exists():
        return None
    pool_id = pool_id_of(event)
    named = Pool.objects.filter(contract=contract, pool_id=pool_id) if pool_id is not None else None
    return EventRow(
        seq=0,
        kind=event.kind,
        chain_id=contract.chain_id,
        contract=contract.address,
        contract_id=contract.pk,
        pool_id=pool_id,
        pool_name=named.values_list("name", flat=True).first() if named is not None else None,
        account=account_of(event),
        amount=rows.shown_amount(event),
        args=event_args(event),
        block_number=hint.block_number,
        block_hash=hint.block_hash,
        transaction_hash=hint.transaction_hash,
        log_index=hint.log_index,
        timestamp=now,
        confirmed=False,
        retracted=False,
        problem="",
    )


@dataclass(frozen=True, slots=True)
class _Pending:
    row: EventRow
    expires: float


class PendingRows:
    """The hints on show, and which events need none any more. Times by a clock handed in."""

    def __init__(self) -> None:
        self._pending: dict[str, _Pending] = {}
        self._settled: dict[str, None] = {}  # insertion-ordered set, oldest first

    def __len__(self) -> int:
        return len(self._pending)

    def awaits(self, key: str) -> bool:
        """Whether a hint with this key would be news."""
        return (
            key not in self._pending
            and key not in self._settled
            and len(self._pending) < MOST_PENDING
        )

    def add(self, row: EventRow, *, now: float) -> None:
        self._pending[row.key] = _Pending(row, now + PATIENCE)

    def settle(self, keys: Iterable[str]) -> None:
        """These events were committed: their rows take the place of the pending ones."""
        for key in keys:
            self._pending.pop(key, None)
            self._settled.pop(key, None)
            self._settled[key] = None
        while len(self._settled) > REMEMBERED:
            del self._settled[next(iter(self._settled))]

    def forget_all(self) -> None:
        """Everybody is shown everything anew, without the pending rows."""
        self._pending.clear()

    def take_back(self, key: str, *, reason: str) -> EventRow | None:
        """The struck-out row of a hint that did not come true; None if it is not on show."""
        pending = self._pending.pop(key, None)
        return _struck(pending.row, reason) if pending else None

    def expire(self, *, now: float) -> list[EventRow]:
        """The struck-out rows of all that waited too long."""
        late = [key for key, pending in self._pending.items() if pending.expires <= now]
        return [_struck(self._pending.pop(key).row, "the chain did not bring it") for key in late]

    def next_expiry(self) -> float | None:
        return min((pending.expires for pending in self._pending.values()), default=None)


def _struck(row: EventRow, reason: str) -> EventRow:
    return replace(row, retracted=True, problem=reason)


def _bytes(text: str) -> bytes:
    """The bytes of a hex string with or without 0x. Raises ValueError."""
    return bytes.fromhex(text.removeprefix("0x"))
