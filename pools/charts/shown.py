"""A chart as a template shows it, words included, and how numbers and times look on its axes.

Speaks the active language; reads nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date as date_type
from datetime import datetime, timedelta, tzinfo
from functools import partial
from typing import Any, Final

from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from pools import presentation
from pools.buckets import Buckets
from pools.charts.drawing import Ticks, Times
from pools.periods import HOUR
from pools.ticks import Tick, ticks

UNITS: Final = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))
MOST: Final = 1e15
SHORT: Final = 1e4  # from here on the axis counts in thousands


@dataclass(frozen=True, slots=True)
class Key:
    """One line of a legend; `css` names its colour, `change` is that against the period before."""

    css: str
    label: str
    value: str = ""
    change: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """The same in numbers; the first cell of each row is its heading. `sums` stand below.

    `links`, if there are any, say for each row where its heading leads.
    """

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    sums: tuple[tuple[str, ...], ...] = ()
    links: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Chart:
    """One figure. `shape` names the partial that draws `drawing`; empty: nothing to draw yet.

    `name` is unique on a page and the id of its element; `summary` is what it says to those who
    do not see it; `hint` a line beside the title, `compared` one about the period before.
    """

    name: str
    title: str
    hint: str
    shape: str
    drawing: Any
    summary: str
    empty: str
    keys: tuple[Key, ...] = ()
    table: Table | None = None
    compared: str = ""


def short(value: float) -> str:
    """A number for an axis: 950, 0.25, 12k, 3.5M."""
    if abs(value) >= MOST:
        return f"{value:.0e}"
    for size, unit in UNITS:
        if abs(value) >= max(size, SHORT):
            return _plain(value / size) + unit
    return _plain(value)


def _plain(value: float) -> str:
    digits = f"{value:.4g}" if abs(value) < 1 else f"{value:.2f}".rstrip("0").rstrip(".")
    decimals = len(digits.partition(".")[2]) if "e" not in digits else 8
    return number_format(round(value, decimals), decimals, use_l10n=True, force_grouping=True)


def clock_time(moment: datetime) -> str:
    return timezone.localtime(moment, timezone.get_default_timezone()).strftime("%H:%M")


def day(moment: datetime) -> str:
    """Day and month: 28 Nov."""
    return _day(_local(moment).date())


def day_and_clock(moment: datetime) -> str:
    """28 Nov, 04:00."""
    return f"{day(moment)}, {clock_time(moment)}"


@presentation.remembered
def _day(date: date_type) -> str:
    return date_format(date, "j M")


def weekday_name(number: int) -> str:
    """Monday is 0."""
    return (_("Mon"), _("Tue"), _("Wed"), _("Thu"), _("Fri"), _("Sat"), _("Sun"))[number]


def bucket_times(buckets: Buckets, *, middles: bool = False) -> Times:
    """How buckets are called along the axis, on which points stand at their edges, or bars with
    their middles at theirs: hours at round ones, midnight with the day that begins.
    """
    if buckets.unit != "hour":
        return partial(_bucket_time, buckets)
    named = []
    count = len(buckets) if middles else max(1, len(buckets) - 1)
    for tick in ticks(buckets.edges[0], buckets.edges[-1], zone(), least=HOUR):
        index = buckets.place(tick.at)
        if index is None:
            continue
        # Some zones' hours begin in the middle of these: where a bar has its middle, but no point.
        within = 0.5 if middles else (tick.at - buckets.edges[index]) / HOUR
        place = (index + within) / count
        if place <= 1:
            named.append((place, _tick_words(tick)))
    return named


def _bucket_time(buckets: Buckets, place: int) -> str:
    start = buckets.edges[place]
    return date_format(_local(start), "M Y") if buckets.unit == "month" else day(start)


def bucket_names(buckets: Buckets) -> list[str]:
    """How each bucket is called in full: in its title and in the table."""
    if buckets.unit == "hour":
        return [day_and_clock(start) for start in buckets.starts]
    if buckets.unit == "month":
        return [date_format(_local(start), "YEAR_MONTH_FORMAT") for start in buckets.starts]
    if buckets.unit == "week":
        return [
            _("Week from %(day)s") % {"day": date_format(_local(start), "j M Y")}
            for start in buckets.starts
        ]
    return [day(start) for start in buckets.starts]


def unit_words(unit: str) -> str:
    return {
        "hour": _("by hour"),
        "day": _("by day"),
        "week": _("by week"),
        "month": _("by month"),
    }[unit]


def moment_times(start: datetime, end: datetime) -> Ticks:
    """How moments are called along an axis from one to another."""
    span = max(end - start, timedelta(microseconds=1))
    return [((tick.at - start) / span, _tick_words(tick)) for tick in ticks(start, end, zone())]


def _tick_words(tick: Tick) -> str:
    if tick.unit == "month":
        return date_format(tick.at, "M Y")
    return day(tick.at) if tick.unit == "day" else clock_time(tick.at)


def full(moment: datetime) -> str:
    """28 Nov 2026, 04:00."""
    return f"{_full_day(_local(moment).date())}, {clock_time(moment)}"


def days(first: date_type, last: date_type) -> str:
    """Nov. 22, 2026 – Nov. 28, 2026; one day is said once."""
    ends = dict.fromkeys(date_format(each, "DATE_FORMAT") for each in (first, last))
    return " – ".join(ends)


@presentation.remembered
def _full_day(date: date_type) -> str:
    return date_format(date, "j M Y")


def count(value: int) -> str:
    """As `presentation.whole`, which takes its time: most counts are small, and there are many."""
    return str(value) if 0 <= value < 1000 else presentation.whole(value)


@presentation.remembered
def pools_in_words(number: int) -> str:
    return ngettext("%(n)s pool", "%(n)s pools", number) % {"n": count(number)}


@presentation.remembered
def events_in_words(number: int) -> str:
    return ngettext("%(n)s event", "%(n)s events", number) % {"n": count(number)}


def summed(keys: Sequence[Key]) -> str:
    """A legend as a sentence."""
    return ", ".join(f"{key.label} {key.value}" for key in keys) + "."


def share(part: int, total: int) -> str:
    return presentation.percent(part, total)


def zone() -> tzinfo:
    """Days and hours are those of the site."""
    return timezone.get_default_timezone()


def _local(moment: datetime) -> datetime:
    return timezone.localtime(moment, zone())
