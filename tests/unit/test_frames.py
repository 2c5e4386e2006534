"""The ring of frames: whoever can be brought up to date from it gets each event once, in order."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import cast
from weakref import ref

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pools.rows import EventRow
from realtime.changes import Change, Numbered
from realtime.frames import Frame, Ring
from realtime.topics import CHARTS, DASHBOARD, POOLS, STATUS, Topic


@dataclass(frozen=True)
class Row:
    """As much of an event as the ring looks at."""

    seq: int


def frame(first: int, last: int) -> Frame:
    rows = cast(tuple[EventRow, ...], tuple(Row(seq) for seq in range(first, last + 1)))
    return Frame(Change(first_seq=first, last_seq=last, added=rows))


def told(frames: Sequence[Frame]) -> list[int]:
    return [row.seq for frame in frames for row in frame.change.added]


@given(
    lengths=st.lists(st.integers(1, 9), max_size=40),
    floor=st.integers(0, 50),
    size=st.integers(1, 12),
    seen=st.integers(-5, 400),
)
def test_who_has_seen_n_gets_all_above_n_once_or_is_told_it_cannot(
    lengths: list[int], floor: int, size: int, seen: int
) -> None:
    ring = Ring(floor, size=size)
    for length in lengths:
        ring.append(frame(ring.last_seq + 1, ring.last_seq + length))
    assert ring.last_seq == floor + sum(lengths)
    assert ring.floor == ring.last_seq - sum(lengths[-size:])
    missed = ring.since(seen)
    if ring.floor <= seen <= ring.last_seq:
        assert missed is not None
        assert told(missed) == list(range(seen + 1, ring.last_seq + 1))
        bounds = [(one.first_seq, one.last_seq) for one in missed]
        assert all(before[1] + 1 == after[0] for before, after in pairwise(bounds))
    else:
        assert missed is None


def test_a_ring_takes_only_what_follows() -> None:
    ring = Ring(5)
    for wrong in (frame(5, 6), frame(7, 8), frame(6, 5)):
        with pytest.raises(ValueError, match="does not follow 5"):
            ring.append(wrong)
    ring.append(frame(6, 8))
    ring.restart(20)
    assert ring.since(8) is None
    assert ring.since(20) == []


def test_a_frame_is_put_together_once_for_all_with_the_same_wishes() -> None:
    one = frame(3, 4)
    audience = ((DASHBOARD, POOLS), "es")
    assert one.lacks(audience) == [(DASHBOARD, "es"), (POOLS, "es")]
    one.fragments[DASHBOARD, "es"] = "<a>"
    assert one.lacks(audience) == [(POOLS, "es")]
    one.fragments[POOLS, "es"] = "<b>"
    assert one.text(audience) == "<!--4--><!--from 3--><a><b>"
    given = one.text(audience)
    assert one.text(audience) is given


def test_texts_end_with_those_who_are_given_them() -> None:
    one = Frame(Change(first_seq=3, last_seq=4))
    one.fragments[DASHBOARD, "en"] = "<a>"
    audiences = [((DASHBOARD, Topic("pool", "0x1", number)), "en") for number in range(99)]
    given = [one.text(audience) for audience in audiences]
    alive = [ref(text) for text in given]
    del given[1:]
    assert [text() for text in alive] == [given[0], *[None] * 98]


def test_what_tells_a_topic_nothing_takes_no_room() -> None:
    @dataclass(frozen=True)
    class PoolRow(Row):
        contract: str
        pool_id: int

    row = cast(EventRow, PoolRow(3, "0x1", 7))
    one = Frame(Change(first_seq=3, last_seq=3, added=(row,)))
    told = Topic("pool", "0x1", 7)
    silent = (
        STATUS,
        Topic("own"),
        *CHARTS.values(),
        Topic("pool", "0x1", 8),
        Topic("pool", "0x2", 7),
    )
    assert one.lacks(((*silent, told), "en")) == [(told, "en")]
    assert one.text((silent, "en")) == "<!--3--><!--from 3-->"
    banners = Frame(Change(first_seq=3, last_seq=3, banners=True))
    assert len(banners.lacks((silent, "en"))) == len(silent)


def test_the_rest_of_a_frame_tells_only_what_is_new() -> None:
    rows = cast(list[EventRow], [Row(seq) for seq in range(10)])
    whole = Frame(
        Change(
            first_seq=3,
            last_seq=6,
            added=(rows[3], rows[6]),
            struck=(Numbered(4, rows[1]),),
            confirmed=(Numbered(5, rows[2]),),
        )
    )
    assert whole.after(2) is whole
    rest = whole.after(4)
    assert rest is whole.after(4)
    assert (rest.first_seq, rest.last_seq) == (5, 6)
    assert rest.change.added == (rows[6],)
    assert rest.change.struck == ()
    assert rest.change.confirmed == (Numbered(5, rows[2]),)
