"""How the link stood: spells tile the window, silence is told, and the share adds up."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pools.bar import CELLS
from pools.status_spells import Spell, bar, live_share, tiled, window

START = datetime(2026, 3, 1, tzinfo=UTC)
PATIENCE = timedelta(seconds=20)
END = START + timedelta(hours=24)


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def spell(state: str, since: float, until: float) -> Spell:
    return Spell(state, at(since), at(until))


def told(*written: Spell, minutes: float = 100) -> list[tuple[str, float, float]]:
    """State, beginning and end in minutes of each spell of a window that ends so late."""
    spells = tiled(written, start=START, end=at(minutes), patience=PATIENCE)
    return [
        (
            one.state,
            (one.since - START) / timedelta(minutes=1),
            (one.until - START) / timedelta(minutes=1),
        )
        for one in spells
    ]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ([], [("unknown", 0, 100)]),
        ([("live", -5, 100)], [("live", 0, 100)]),
        ([("live", 40, 99.9)], [("unknown", 0, 40), ("live", 40, 100)]),
        ([("live", -5, 40)], [("live", 0, 40), ("gone", 40, 100)]),
        ([("live", -9, -5)], [("gone", 0, 100)]),
        (
            [("live", -5, 40), ("connecting", 60, 61), ("live", 61, 100)],
            [("live", 0, 40), ("gone", 40, 60), ("connecting", 60, 61), ("live", 61, 100)],
        ),
        (
            [("live", -5, 40), ("offline", 40, 40), ("live", 70, 100)],
            [("live", 0, 40), ("offline", 40, 70), ("live", 70, 100)],
        ),
        (
            [("live", -5, 99.9), ("offline", 99.9, 99.9)],
            [("live", 0, 99.9), ("offline", 99.9, 100)],
        ),
        ([("live", -5, 100), ("error", 100, 130)], [("live", 0, 100)]),
    ],
)
def test_each_time_has_its_state(
    written: list[tuple[str, float, float]], expected: list[tuple[str, float, float]]
) -> None:
    assert told(*(spell(*one) for one in written)) == expected


def test_the_last_spell_goes_on_and_an_old_word_does_not() -> None:
    fresh = tiled([spell("live", 0, 99.8)], start=START, end=at(100), patience=PATIENCE)
    assert [(one.state, one.goes_on) for one in fresh] == [("live", True)]
    stale = tiled([spell("live", 0, 99)], start=START, end=at(100), patience=PATIENCE)
    assert [(one.state, one.goes_on) for one in stale] == [("live", False), ("gone", True)]


def test_the_share_counts_what_is_known_alone() -> None:
    spells = [spell("unknown", 0, 50), spell("live", 50, 80), spell("gone", 80, 90)]
    assert live_share(spells) == (30 * 60_000, 40 * 60_000)
    assert live_share([]) == (0, 0)


@st.composite
def books(draw: st.DrawFn) -> list[Spell]:
    """What a listener may have written: ascending, with holes, around the window."""
    moment, written = draw(st.integers(-3000, 3000)), []
    for _ in range(draw(st.integers(0, 12))):
        length, hole = draw(st.integers(0, 900)), draw(st.sampled_from((0, 0, 0, 1, 40, 700)))
        state = draw(st.sampled_from(("live", "connecting", "reconnecting", "error", "offline")))
        written.append(Spell(state, at(moment), at(moment + length)))
        moment += length + hole
    return written


@given(written=books())
def test_spells_tile_the_window_and_the_bar_too(written: list[Spell]) -> None:
    spells = tiled(written, start=START, end=END, patience=PATIENCE)
    assert spells[0].since == START
    assert spells[-1].until == END
    assert all(before.until == after.since for before, after in pairwise(spells))
    assert all(one.until > one.since for one in spells)
    live, known = live_share(spells)
    assert 0 <= live <= known <= 86_400_000
    stretches = bar(spells, start=START, end=END)
    assert stretches[0].at == 0
    assert sum(one.width for one in stretches) == CELLS
    assert all(one.at + one.width == following.at for one, following in pairwise(stretches))


def test_the_shortest_outage_can_be_seen() -> None:
    outage = Spell("error", at(700), at(700) + timedelta(seconds=1))
    spells = [spell("live", 0, 700), outage, Spell("live", outage.until, END)]
    assert [one.state for one in bar(spells, start=START, end=END)] == ["live", "error", "live"]


def test_the_window_holds_now_and_moves_by_cells() -> None:
    first = window(at(1), timedelta(hours=24))
    assert first[0] < at(1) - timedelta(hours=23) < at(1) < first[1]
    assert first[1] - first[0] == timedelta(hours=24)
    assert window(at(1.5), timedelta(hours=24)) == first
    assert window(at(10), timedelta(hours=24)) != first
