"""The small pictures on the cards: hourly counts into SVG paths and words. Pure.

`selectors` counts, a template draws. A picture tells a shape at a glance; every number in its words
is a sum of stored counts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from django.utils.translation import gettext as _

from pools.presentation import whole

WIDTH: Final = 120
HEIGHT: Final = 32
HOURS: Final = 24
DAYS: Final = 30
GAP: Final = 0.3  # of a bar's place


@dataclass(frozen=True, slots=True)
class Counts:
    """What the cards' pictures show, oldest first; the last of each is the hour or day that runs.

    `pools` is their number at the end of each day. `today` and `yesterday` are the events of each
    clock hour of these days of the site, the others those of the last 24 clock hours.
    """

    pools: tuple[int, ...]
    today: tuple[int, ...]
    yesterday: tuple[int, ...]
    hours: tuple[int, ...]
    joins: tuple[int, ...]
    leaves: tuple[int, ...]
    paid_in: tuple[int, ...]
    paid_out: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """Paths with the classes that colour them, what is said beside them, and what instead."""

    paths: tuple[tuple[str, str], ...]
    legend: str
    alternative: str


NAMES: Final = ("pools", "today", "hour", "members", "btc")


def picture(counts: Counts, name: str) -> Picture:
    """The picture of the card of this name, its words in the active language."""
    return _PICTURES[name](counts)


def parts(counts: Counts, name: str) -> tuple[tuple[int, ...], ...]:
    """The counts that the picture of this name is made of: if they are the same, so is it."""
    fields = {
        "pools": (counts.pools,),
        "today": (counts.today, counts.yesterday),
        "hour": (counts.hours,),
        "members": (counts.joins, counts.leaves),
        "btc": (counts.paid_in, counts.paid_out),
    }
    return fields[name]


def line(values: Sequence[int], *, least: int, most: int, places: int) -> str:
    """A line through the values, of which `places` would fill the width; "" for less than two."""
    if len(values) < 2:
        return ""
    step, scale = WIDTH / max(1, places - 1), (HEIGHT - 2) / max(1, most - least)
    points = (
        f"{_short(index * step)} {_short(HEIGHT - 1 - (value - least) * scale)}"
        for index, value in enumerate(values)
    )
    return "M" + "L".join(points)


def bars(values: Sequence[int], *, most: int, base: float, room: float) -> str:
    """A bar for each value, as high as its part of `most` in `room`; below `base` if negative.

    Whatever is not 0 can be seen.
    """
    step = WIDTH / max(1, len(values))
    thick = _short(step * (1 - GAP))
    drawn = []
    for index, value in enumerate(values):
        if value:
            high = max(1.0, abs(value) / max(1, most) * abs(room))
            down = _short(high if room < 0 else -high)
            up = down.removeprefix("-") if down.startswith("-") else f"-{down}"
            drawn.append(f"M{_short(index * step)} {_short(base)}v{down}h{thick}v{up}z")
    return "".join(drawn)


def _pools(counts: Counts) -> Picture:
    shown = line(
        counts.pools, least=min(counts.pools), most=max(counts.pools), places=len(counts.pools)
    )
    under = f"{shown}V{HEIGHT}H0z" if shown else ""
    words = {"first": whole(counts.pools[0]), "last": whole(counts.pools[-1])}
    return Picture(
        (("under", under), ("line", shown)),
        _("30 days"),
        _("From %(first)s to %(last)s pools in 30 days.") % words,
    )


def _today(counts: Counts) -> Picture:
    """How today's events add up beside how yesterday's did; a day may have 25 hours."""
    today = (0, *accumulate(counts.today))
    yesterday = (0, *accumulate(counts.yesterday))
    most, places = max(today[-1], yesterday[-1]), max(HOURS + 1, len(today), len(yesterday))
    words = {"most": whole(max(counts.today, default=0))}
    return Picture(
        (
            ("line before", line(yesterday, least=0, most=most, places=places)),
            ("line", line(today, least=0, most=most, places=places)),
        ),
        "",
        _("The busiest hour of today had %(most)s events.") % words,
    )


def _hour(counts: Counts) -> Picture:
    most = max(counts.hours)
    earlier = (*counts.hours[:-1], 0)
    this = (*(0 for _hour in earlier[1:]), counts.hours[-1])
    return Picture(
        (
            ("bar faint", bars(earlier, most=most, base=HEIGHT, room=HEIGHT)),
            ("bar", bars(this, most=most, base=HEIGHT, room=HEIGHT)),
        ),
        "",
        _("The busiest of the last 24 hours had %(most)s events.") % {"most": whole(most)},
    )


def _members(counts: Counts) -> Picture:
    words = {"joins": whole(sum(counts.joins)), "leaves": whole(sum(counts.leaves))}
    return Picture(
        _both_ways(counts.joins, counts.leaves),
        _("joined / left, 24 h"),
        _("In the last 24 clock hours: joined %(joins)s, left %(leaves)s.") % words,
    )


def _btc(counts: Counts) -> Picture:
    words = {"in": whole(sum(counts.paid_in)), "out": whole(sum(counts.paid_out))}
    return Picture(
        _both_ways(counts.paid_in, counts.paid_out),
        _("payments in / out, 24 h"),
        _("Payments in the last 24 clock hours: in %(in)s, out %(out)s.") % words,
    )


def _both_ways(up: Sequence[int], down: Sequence[int]) -> tuple[tuple[str, str], ...]:
    """Bars on both sides of a line, by one measure."""
    above, below = max(up), max(down)
    base = HEIGHT * above / max(1, above + below)
    return (
        ("bar", bars(up, most=above, base=base, room=base)),
        ("bar out", bars(down, most=below, base=base, room=base - HEIGHT)),
    )


def _short(value: float) -> str:
    """One decimal at most, for small frames."""
    return f"{value:.1f}".removesuffix(".0")


_PICTURES = {"pools": _pools, "today": _today, "hour": _hour, "members": _members, "btc": _btc}
