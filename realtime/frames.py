"""The frames that browsers may still need: a ring of the last few hundred, without holes.

A frame covers a closed range of sequence numbers and is made into text once per topic and
language. Pure book-keeping: no clock, no I/O, no rendering.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from realtime.changes import Change
from realtime.topics import Topic, Topics

KEPT_FRAMES = 512

Language = str
Audience = tuple[Topics, Language]
"""Browsers that get the very same text: equal topics, equal language."""
Wanted = tuple[Topic, Language]
"""One fragment that somebody needs."""


@dataclass(slots=True, eq=False)
class Frame:
    """One change and the texts made of it so far.

    Invariant: a text for an audience exists only when the fragments of all its topics do.
    """

    change: Change
    fragments: dict[Wanted, str] = field(default_factory=dict)
    _texts: dict[Audience, str] = field(default_factory=dict)
    _tails: dict[int, "Frame"] = field(default_factory=dict)

    @property
    def first_seq(self) -> int:
        return self.change.first_seq

    @property
    def last_seq(self) -> int:
        return self.change.last_seq

    def lacks(self, audience: Audience) -> list[Wanted]:
        """The fragments still to be rendered before this audience can be served."""
        topics, language = audience
        return [(t, language) for t in topics if (t, language) not in self.fragments]

    def text(self, audience: Audience) -> str:
        """The message: which numbers it tells of, then the fragments. KeyError if one lacks."""
        text = self._texts.get(audience)
        if text is None:
            topics, language = audience
            parts = [self.fragments[topic, language] for topic in topics]
            told = mark(self.last_seq) + follows(self.first_seq)
            text = self._texts[audience] = told + "".join(parts)
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


def mark(seq: int) -> str:
    """The comment by which a browser knows how far it is."""
    return f"<!--{seq}-->"


def follows(first_seq: int) -> str:
    """The comment by which it knows that nothing is missing between this frame and what it has."""
    return f"<!--from {first_seq}-->"


def lacking(frames: Iterable[Frame], audience: Audience) -> list[tuple[Frame, Wanted]]:
    """All fragments to be rendered before this audience can be given these frames."""
    return [(frame, wanted) for frame in frames for wanted in frame.lacks(audience)]
