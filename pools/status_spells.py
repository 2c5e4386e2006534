"""The link to the chain over time: spells that tile a window, how much of it was live, and a bar.

Pure. What was written down has holes where nobody reported; here each of them gets its own state.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from pools.bar import CELLS, Stretch

LIVE: Final = "live"
GONE: Final = "gone"  # nobody reported: no listener was at work
STOPPED: Final = "offline"  # the last word of a listener that ended in order
UNKNOWN: Final = "unknown"  # before the first word of any
# Where several states meet in a cell the last of these is shown.
_LOUDNESS: Final = (UNKNOWN, LIVE, "connecting", "reconnecting", STOPPED, GONE, "error")


@dataclass(frozen=True, slots=True)
class Spell:
    """The link stood in one way from `since` to `until`; `goes_on` is whether it still does."""

    state: str
    since: datetime
    until: datetime
    endpoint: str = ""
    detail: str = ""
    attempts: int = 0
    goes_on: bool = False

    @property
    def seconds(self) -> float:
        return (self.until - self.since).total_seconds()


def tiled(
    written: Iterable[Spell], *, start: datetime, end: datetime, patience: timedelta
) -> list[Spell]:
    """Spells that tile the window from `start` to `end`; none if that is empty.

    `written` is ascending and does not overlap; one that ended before `start` tells what was the
    matter at the beginning. The last one goes on if it was heard of within `patience` of `end`.
    """
    if start >= end:
        return []
    found: list[Spell] = []
    at, before = start, None
    for each in written:
        _add(found, _silence(before, at, min(each.since, end)))
        inside = replace(each, since=max(each.since, at), until=min(each.until, end))
        _add(found, inside)
        at, before = max(at, inside.until), each
    alive = before is not None and before.state != STOPPED and end - before.until <= patience
    if alive and before is not None:
        if found and found[-1].until == at and found[-1].state == before.state:
            found[-1] = replace(found[-1], until=end)
        else:
            _add(found, replace(before, since=at, until=end))
    else:
        _add(found, _silence(before, at, end))
    if found and before is not None:
        found[-1] = replace(found[-1], goes_on=True)
    return found


def _silence(before: Spell | None, at: datetime, until: datetime) -> Spell:
    """What is said of a time without a word, by the last word before."""
    if before is None:
        return Spell(UNKNOWN, at, until)
    if before.state == STOPPED:
        return Spell(STOPPED, at, until, detail=before.detail)
    return Spell(GONE, at, until)


def _add(found: list[Spell], spell: Spell) -> None:
    if spell.until > spell.since:
        found.append(spell)


def live_share(spells: Iterable[Spell]) -> tuple[int, int]:
    """Milliseconds that were live, and those of which anything is known."""
    live = known = timedelta()
    for spell in spells:
        length = spell.until - spell.since
        known += length if spell.state != UNKNOWN else timedelta()
        live += length if spell.state == LIVE else timedelta()
    step = timedelta(milliseconds=1)
    return live // step, known // step


def bar(spells: Sequence[Spell], *, start: datetime, end: datetime) -> list[Stretch]:
    """The window as stretches of cells, the loudest state of each; the shortest can be seen."""
    span = end - start
    if span <= timedelta() or not spells:
        return []
    cells = [0] * CELLS
    for spell in spells:
        loudness = _LOUDNESS.index(spell.state)
        first = max(0, (spell.since - start) * CELLS // span)
        last = min(CELLS, -((start - spell.until) * CELLS // span))
        for cell in range(first, last):
            cells[cell] = max(cells[cell], loudness)
    found = []
    at = 0
    for cell in range(1, CELLS + 1):
        if cell == CELLS or cells[cell] != cells[at]:
            found.append(Stretch(at, cell - at, _LOUDNESS[cells[at]]))
            at = cell
    return found


def window(now: datetime, length: timedelta) -> tuple[datetime, datetime]:
    """The window of this length that holds `now` in its last cell.

    Its edges move by whole cells, so that a bar that is looked at again is the same for a while.
    """
    cell = length / CELLS
    epoch = datetime(1970, 1, 1, tzinfo=now.tzinfo)
    end = epoch + ((now - epoch) // cell + 1) * cell
    return end - length, end
