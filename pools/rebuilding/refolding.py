"""Folds stored logs afresh, one pool at a time, and notes where their own rows say otherwise.

The fold is that of `projection`, as for live blocks. Nothing is read or written here.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from pools.decoding import DecodingError, decode
from pools.events import Event, PoolCreated, account_of, pool_id_of
from pools.loading import PoolPlace
from pools.projection import FoldingError, Ledger
from pools.rebuilding.stored_logs import StoredLog
from pools.states import MemberState, PoolState

_LONGEST_PROBLEM: Final = 300


class Amendment(NamedTuple):
    """What the row of a log is to say, and when its block was (in seconds)."""

    kind: str
    pool_id: int | None
    account: str
    problem: str
    time: int


@dataclass(slots=True)
class Amendments:
    """Rows of one contract's logs that are not as they should be: few, if the decoder is the same.

    Some logs are about another pool than their row says: `moved` has their keys by that pool, and
    `unsettled` are the pools whose fold has not seen all of those yet.
    """

    by_log: dict[int, Amendment] = field(default_factory=dict)
    moved: dict[int | None, set[int]] = field(default_factory=dict)
    unsettled: set[int | None] = field(default_factory=set)

    def drop(self, key: int) -> None:
        """The row is right as it is."""
        gone = self.by_log.pop(key, None)
        if gone is not None and gone.pool_id in self.moved:
            self.moved[gone.pool_id].discard(key)

    def note(self, key: int, amendment: Amendment) -> None:
        self.drop(key)
        self.by_log[key] = amendment

    def move(self, key: int, pool_id: int | None, *, seen: bool) -> None:
        """The log is about this pool, whose fold has `seen` it or has yet to."""
        self.moved.setdefault(pool_id, set()).add(key)
        if not seen:
            self.unsettled.add(pool_id)


@dataclass(frozen=True, slots=True)
class Refolded:
    """What the rows of a pool are to hold; there is to be none where `state` is None."""

    state: PoolState | None
    place: PoolPlace
    members: list[MemberState]


class Refold:
    """Takes in the logs of one pool in chain order, or with None those about the contract itself.

    `spelled` is the pool's number as the database gives it. Logs above the block `up_to` are not
    folded yet, those that the chain took back not any more.
    """

    def __init__(
        self, pool_id: int | None, spelled: Any, *, up_to: int, amendments: Amendments
    ) -> None:
        self.pool_id = pool_id
        self.spelled = spelled
        self.ledger = Ledger()
        self._up_to = up_to
        self._amendments = amendments
        self._place = PoolPlace(0, 0, "")

    def take(self, logs: Iterable[StoredLog]) -> None:
        amendments = self._amendments
        for log in logs:
            key, named, _, _, time, _, topics, data, kind, account, problem, stands = log
            try:
                event = decode(topics, data)
            except DecodingError as error:
                told = f"not decoded: {error}"[:_LONGEST_PROBLEM]
                if (kind, named, account, problem) != ("", None, "", told):
                    amendments.note(key, Amendment("", None, "", told, time))
                elif amendments.by_log:
                    amendments.drop(key)
                continue
            about, whose = pool_id_of(event), account_of(event) or ""
            ours = about == self.pool_id
            told = problem
            if stands:
                told = self._fold(event, log) if ours else ""
            here = ours and named == self.spelled
            if not here or (kind, account, problem) != (event.kind, whose, told):
                amendments.note(key, Amendment(event.kind, about, whose, told, time))
                if not here:
                    amendments.move(key, about, seen=ours)
            elif amendments.by_log:
                amendments.drop(key)

    def result(self) -> Refolded:
        """What the logs so far amount to, for the pool that they are about."""
        state = None if self.pool_id is None else self.ledger.pools.get(self.pool_id)
        return Refolded(state, self._place, list(self.ledger.members.values()))

    def _fold(self, event: Event, log: StoredLog) -> str:
        """Returns what is wrong with a log that stands, empty if it can be folded."""
        _, _, number, index, time, transaction, _, _, kind, _, problem, _ = log
        if number > self._up_to:
            # A backfill that folds ahead in memory may have told already.
            return problem if kind else ""
        try:
            self.ledger.fold(event, at=(number, index), block_time=time)
        except FoldingError as error:
            return f"not folded: {error}"[:_LONGEST_PROBLEM]
        if type(event) is PoolCreated:
            self._place = PoolPlace(number, index, transaction)
        return ""
