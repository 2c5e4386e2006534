"""The arrangement that a page shows: the browser's own, or one that its address carries.

The address holds the same text as the cookies, read by the same rules: what is not exactly right
is left aside. Pure, but for the cookies.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse

from pools import arrangement, own_charts
from pools.arrangement import EVERYTHING, HIDDEN, WIDTHS, Arrangement
from pools.own_charts import OwnChart

BEFORE: Final = "_before"  # after the cookies' names, for those that were replaced
_COOKIES: Final = (arrangement.COOKIE, arrangement.CHARTS_COOKIE)
FIELD: Final = "arrangement"
CHARTS_FIELD: Final = "charts"
Fields = tuple[tuple[str, str], ...]
"""Of an address or of a form: names and values."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What is shown, with the charts of somebody's own making that are part of it.

    `fields` are those of the address that carry it; none if it is the browser's own.
    """

    arranged: Arrangement
    charts: tuple[OwnChart, ...] = ()
    fields: Fields = ()

    @property
    def query(self) -> str:
        """As an address says it."""
        return urlencode(self.fields)

    def is_as(self, other: "Shown") -> bool:
        """Whether both show the same, wherever they are kept."""
        return (self.arranged, self.charts) == (other.arranged, other.charts)


def of(request: HttpRequest) -> Shown:
    """What this page is to show."""
    return of_address(request.GET) or own_of(request)


def own_of(request: HttpRequest) -> Shown:
    """The browser's own, whatever the address says."""
    charts = arrangement.charts_of(request)
    return Shown(arrangement.of(request, charts), charts)


def is_kept_by(request: HttpRequest) -> bool:
    """Whether the browser has one of its own."""
    return any(name in request.COOKIES for name in _COOKIES)


def before(request: HttpRequest) -> Shown | None:
    """What the browser's own took the place of when it was last replaced as a whole, if it was by
    another one that it still has.
    """
    kept = [request.COOKIES.get(name + BEFORE) for name in _COOKIES]
    if kept == [None, None]:
        return None
    text, charts = (each or "" for each in kept)
    found = carried(own_charts.read(charts), text)
    return None if found.is_as(own_of(request)) else found


def remember(request: HttpRequest, response: HttpResponse, *, instead: Shown) -> None:
    """Have the browser keep its own, if it has one, as what was before.

    Not if the same comes in its place: who sends a form twice still gets back what was before.
    """
    own = own_of(request)
    if is_kept_by(request) and not own.is_as(instead):
        arrangement.keep(response, own.arranged, own.charts, suffix=BEFORE)


def of_address(asked: Mapping[str, str]) -> Shown | None:
    """What an address, or a form, carries; None if it carries none."""
    if FIELD not in asked and CHARTS_FIELD not in asked:
        return None
    text = asked.get(FIELD, "").replace(" ", "+")  # for which some that pass links on take the mark
    return carried(own_charts.read(asked.get(CHARTS_FIELD, "")), text)


def usual() -> Shown:
    """Everything in its usual order, wherever it is shown."""
    return Shown(arrangement.read(""))


def carried(charts: Sequence[OwnChart], text: str) -> Shown:
    """An arrangement, as `str` writes it, and its charts, with the fields that carry them."""
    arranged = arrangement.read(text, charts)
    fields = [(FIELD, _brief(arranged, charts))]
    if charts:
        fields.append((CHARTS_FIELD, own_charts.written(charts)))
    return Shown(arranged, tuple(charts), tuple(fields))


def _brief(arranged: Arrangement, charts: Sequence[OwnChart]) -> str:
    """As `str` writes it, without the end that `read` adds by itself; never empty."""
    parts, order = str(arranged).split("."), arranged.order
    place = {
        name: number
        for number, name in enumerate([*EVERYTHING, *map(arrangement.full_name, charts)])
    }
    while len(parts) > 1 and not parts[-1].startswith((HIDDEN, *WIDTHS)):
        last = len(parts) - 1
        if last + 1 < len(order) and place[order[last]] > place[order[last + 1]]:
            break
        parts.pop()
    return ".".join(parts)
