"""What a new head means for the blocks we hold.

Pure: it judges headers against a window of hashes and never fetches. The caller asks the node
for what a verdict wants, has a second reading agree before it rolls back, and `ingest` acts.

The four cases of a new head, with `last` the newest block we hold:

1. It stands right on `last`: number one higher, parent ours.             Append
2. We hold it already, or it is older than anything we hold.              AlreadyKnown
3. It is more than one above `last`: blocks between are missing.          FetchGap
4. It is on another branch: one of our numbers with another hash, or one
   above `last` with another parent. Its parent is ours further down:     RollBack
   its parent is none of ours but we hold blocks below it:                AskBelow
   the branches part below everything we hold:                            TooDeep

A head that we hold below `last` changes nothing: a node behind the load balancer is late, or the
chain was wound back, and then its next block is case 4.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Header:
    """What of a block's header matters here; `timestamp` in seconds."""

    number: int
    hash: str
    parent_hash: str
    timestamp: int


@dataclass(frozen=True, slots=True)
class Append:
    """The head extends what we hold."""


@dataclass(frozen=True, slots=True)
class AlreadyKnown:
    """Nothing to do."""


@dataclass(frozen=True, slots=True)
class FetchGap:
    """Fetch this closed range, the head's block included, and judge its first header."""

    from_block: int
    to_block: int


@dataclass(frozen=True, slots=True)
class AskBelow:
    """Ask for this block of the same branch (the parent of the lowest header seen)."""

    number: int


@dataclass(frozen=True, slots=True)
class RollBack:
    """Everything above `to_number`, the newest block both branches share, is to be taken back."""

    to_number: int


@dataclass(frozen=True, slots=True)
class TooDeep:
    """The branches part below the window; at least `depth` blocks would have to go."""

    depth: int


Verdict = Append | AlreadyKnown | FetchGap | AskBelow | RollBack | TooDeep


class BrokenBranch(ValueError):
    """Headers that were given as one branch do not link: they came from different views."""


@dataclass(frozen=True, slots=True)
class Window:
    """Hashes of the newest blocks of our chain, `first` upwards without a hole.

    Empty, it says that nothing is held and that `first` is the block wanted next. To repair a
    reorganisation N deep it must hold N + 1 blocks, since the shared one is among them.
    """

    first: int
    hashes: tuple[str, ...]

    @classmethod
    def ending_at(cls, number: int, hashes: Mapping[int, str], *, limit: int) -> "Window":
        """The unbroken run of at most `limit` known blocks that ends at the cursor's `number`."""
        first = number + 1
        while first - 1 in hashes and number - first + 1 < limit:
            first -= 1
        return cls(first, tuple(hashes[at] for at in range(first, number + 1)))

    @property
    def last(self) -> int:
        """The newest block's number; `first - 1` when the window is empty."""
        return self.first + len(self.hashes) - 1

    def hash_of(self, number: int) -> str | None:
        """The hash we hold for a number, None outside the window."""
        at = number - self.first
        return self.hashes[at] if 0 <= at < len(self.hashes) else None

    def append(self, header: Header, *, limit: int) -> "Window":
        """The window one block on, its oldest blocks dropped beyond `limit`.

        Raises ValueError for a header that is not the next.
        """
        if judge(header, self) != Append():
            raise ValueError(f"block {header.number} does not follow block {self.last}")
        kept = (*self.hashes, header.hash)[-limit:]
        return Window(header.number - len(kept) + 1, kept)

    def roll_back(self, to_number: int) -> "Window":
        """The window with everything above `to_number` gone.

        Raises ValueError for a block that is not in the window.
        """
        if self.hash_of(to_number) is None:
            raise ValueError(f"block {to_number} is outside of {self.first}..{self.last}")
        return Window(self.first, self.hashes[: to_number - self.first + 1])


def judge(head: Header, window: Window) -> Verdict:
    """Which of the four cases a head is; see the module's docstring."""
    if head.number > window.last + 1:
        return FetchGap(window.last + 1, head.number)
    if not window.hashes:
        return Append() if head.number == window.first else AlreadyKnown()
    if head.number == window.last + 1 and head.parent_hash == window.hashes[-1]:
        return Append()
    if head.number < window.first or window.hash_of(head.number) == head.hash:
        return AlreadyKnown()
    return common_ancestor((head,), window)


def common_ancestor(branch: Sequence[Header], window: Window) -> RollBack | AskBelow | TooDeep:
    """Where a branch that is not ours leaves our chain.

    `branch` holds its headers downward, the head first, each the parent of the one before.
    Raises BrokenBranch where they do not link, and ValueError for no headers or an empty window.
    """
    if not branch or not window.hashes:
        raise ValueError("nothing to compare: the branch or the window is empty")
    if not linked(reversed(branch)):
        raise BrokenBranch(
            f"the headers from {branch[0].number} down to {branch[-1].number} do not link"
        )
    for header in branch:
        if window.hash_of(header.number) == header.hash:
            return RollBack(header.number)
        if window.hash_of(header.number - 1) == header.parent_hash:
            return RollBack(header.number - 1)
    below = branch[-1].number - 1
    return AskBelow(below) if below >= window.first else TooDeep(len(window.hashes))


def linked(headers: Iterable[Header]) -> bool:
    """Whether ascending headers are one unbroken chain, each the parent of the next."""
    previous: Header | None = None
    for header in headers:
        if previous and (header.number, header.parent_hash) != (
            previous.number + 1,
            previous.hash,
        ):
            return False
        previous = header
    return True
