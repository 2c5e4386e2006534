"""The frames that browsers may still need: a ring of the last few hundred, without holes.

A frame covers a closed range of sequence numbers and is made into text once per topic and
language. Pure book-keeping: no clock, no I/O, no rendering.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from weakref import WeakValueDictionary

from realtime.changes import Change, PoolKey
from realtime.topics import Topic, Topics

KEPT_FRAMES = 512

Language = str
Audience = tuple[Topics, Language]
"""Browsers that get the very same text: equal topics, equal language."""
Wanted = tuple[Topic, Language]
"""One fragment that somebody needs."""


class Text(str):
    """A string that can be shared by all who are being given it and ends with the last of them."""

    __slots__ = ("__weakref__",)


@dataclass(slots=True, eq=False)
class Frame:
    """One change and the fragments made of it so far.

    Invariant: a text for an audience exists only when the fragments of all its topics do. It is
    not kept beyond those who are being given it: strangers choose their topics, and may choose a
    thousand combinations. For the same reason what says nothing to a topic is no fragment.
    """

    change: Change
    fragments: dict[Wanted, str] = field(default_factory=dict)
    _texts: WeakValueDictionary[Audience, Text] = field(default_factory=WeakValueDictionary)
    _tails: dict[int, "Frame"] = field(default_factory=dict)
    _pools: frozenset[PoolKey] | None = None

    @property
    def first_seq(self) -> int:
        return self.change.first_seq

    @property
    def last_seq(self) -> int:
        return self.change.last_seq

    def lacks(self, audience: Audience) -> list[Wanted]:
        """The fragments still to be rendered before this audience can be served."""
        topics, language = audience
        return [
            (topic, language)
            for topic in topics
            if (topic, language) not in self.fragments and self.tells(topic)
        ]

    def tells(self, topic: Topic) -> bool:
        """Whether there is anything in this frame for pages of this topic."""
        if self.change.banners:
            return True
        if topic.kind == "pool":
            if self._pools is None:
                self._pools = self.change.named_pools
            return (topic.contract, topic.pool_id) in self._pools
        return topic.kind not in ("status", "charts", "own")  # those have their own pace

    def text(self, audience: Audience) -> str:
        """The message: which numbers it tells of, then the fragments. KeyError if one lacks."""
        text = self._texts.get(audience)
        if text is None:
            topics, language = audience
            parts = [self.fragments[topic, language] for topic in topics if self.tells(topic)]
            told = mark(self.last_seq) + follows(self.first_seq)
            text = self._texts[audience] = Text(told + "".join(parts))
        return text

    def after(self, seq: int) -> "Frame":
        """The part of this frame that a reader who has seen `seq` lacks."""
        if seq < self.first_seq:
            return self
        tail = self._tails.get(seq)
        if tail is None:
            tail = self._tails[seq] = Frame(self.change.after(seq))
        return tail


class Ring:
    """The last frames, tiling the numbers from `floor + 1` to `last_seq` without hole or overlap.

    Who has seen at least `floor` can be brought up to date from here, anyone else cannot.
    """

    def __init__(self, floor: int, *, size: int = KEPT_FRAMES) -> None:
        self._frames: deque[Frame] = deque()
        self._size = size
        self.floor = floor
        self.last_seq = floor

    def append(self, frame: Frame) -> None:
        """Add the frame that follows. ValueError if it does not."""
        if frame.first_seq != self.last_seq + 1 or frame.last_seq < frame.first_seq:
            raise ValueError(
                f"A frame {frame.first_seq}-{frame.last_seq} does not follow {self.last_seq}."
            )
        self._frames.append(frame)
        self.last_seq = frame.last_seq
        if len(self._frames) > self._size:
            self.floor = self._frames.popleft().last_seq

    def restart(self, floor: int) -> None:
        """Forget all frames: what happened up to `floor` cannot be told one by one."""
        self._frames.clear()
        self.floor = self.last_seq = floor

    def since(self, seq: int) -> list[Frame] | None:
        """What a reader who has seen `seq` lacks, in order; None if that is not known here."""
        if not self.floor <= seq <= self.last_seq:
            return None
        missed: list[Frame] = []
        for frame in reversed(self._frames):
            if frame.last_seq <= seq:
                break
            missed.append(frame.after(seq))
        missed.reverse()
        return missed

    def __len__(self) -> int:
        return len(self._frames)


def framed(audience: Audience) -> Audience:
    """Without charts of browsers' own making, of which no frame tells: as each browser has others,
    hardly two would get the same text."""
    topics, language = audience
    return tuple(topic for topic in topics if topic.kind != "own"), language


def mark(seq: int) -> str:
    """The comment by which a browser knows how far it is."""
    return f"<!--{seq}-->"


def follows(first_seq: int) -> str:
    """The comment by which it knows that nothing is missing between this frame and what it has."""
    return f"<!--from {first_seq}-->"


def lacking(frames: Iterable[Frame], audience: Audience) -> list[tuple[Frame, Wanted]]:
    """All fragments to be rendered before this audience can be given these frames."""
    return [(frame, wanted) for frame in frames for wanted in frame.lacks(audience)]
