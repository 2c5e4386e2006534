"""Where rebuilt pools wait for their turn: a file of its own, beside the database and not in it.

Nobody is held up while it grows, nothing of it is left when the process ends, however it ends, and
what is kept there costs no memory.
"""

import pickle
import tempfile
from collections.abc import Iterator

import msgspec

from pools.loading import PoolPlace
from pools.rebuilding.refolding import Refolded
from pools.states import MemberState, PoolState

PoolKey = tuple[int, int]
"""A contract's key in the records, and the pool's number."""


class Staging:
    """Pools whose rows are to be others than they are. A later version replaces an earlier one."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="coopsite-rebuild-")  # noqa: SIM115 - see close
        self._at: dict[PoolKey, int] = {}

    def __len__(self) -> int:
        return len(self._at)

    def __iter__(self) -> Iterator[tuple[PoolKey, Refolded]]:
        """All of them, contract by contract, in the order of their numbers."""
        for key in sorted(self._at):
            self._file.seek(self._at[key])
            # It comes from this very process. Plain values: structs take many times as long.
            state, place, members = pickle.load(self._file)  # noqa: S301
            yield (
                key,
                Refolded(
                    None if state is None else PoolState(*state),
                    PoolPlace(*place),
                    [MemberState(*member) for member in members],
                ),
            )

    def keep(self, key: PoolKey, refolded: Refolded) -> None:
        state = None if refolded.state is None else msgspec.structs.astuple(refolded.state)
        place = msgspec.structs.astuple(refolded.place)
        members = [msgspec.structs.astuple(member) for member in refolded.members]
        self._at[key] = self._file.seek(0, 2)
        pickle.dump((state, place, members), self._file, protocol=5)

    def drop(self, key: PoolKey) -> None:
        """The pool's rows are right as they are."""
        self._at.pop(key, None)

    def close(self) -> None:
        self._file.close()
