"""Which sections, cards and charts of the dashboard a browser shows, and in which order.

Kept in cookies: one for these, one for the charts of the browser's own making. What is hidden is
neither read nor drawn. The forms are `arrangement_page` and `own_chart_page`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from pools import own_charts
from pools.cards import CARDS
from pools.charts.titles import TITLES
from pools.own_charts import OwnChart
from pools.stretches import Period

COOKIE: Final = "arrangement"
CHARTS_COOKIE: Final = "own_charts"
KEPT: Final = 365 * 24 * 3600  # seconds
HIDDEN: Final = "-"  # before the name of what is not shown
USUAL: Final = 2  # quarters of the page that a chart takes
WIDTHS: Final = {"_": 1, "~": 3, "+": 4}  # or these, by the mark before its name
OF: Final = ":"  # between the name of a section and that of one of its parts
LONGEST: Final = 1000  # characters of a cookie that are looked at
WIDTH_WORDS: Final = {1: "¼", 2: "½", 3: "¾", 4: "1"}
SECTIONS: Final[dict[str, Promise]] = {
    "cards": _("At a glance"),
    "activity": _("Activity"),
    "newest": _("Newest pools"),
    "charts": _("The longer view"),
}
PARTS: Final[dict[str, dict[str, Promise]]] = {
    "cards": {name: card.title for name, card in CARDS.items()},
    "charts": TITLES,
}
EVERYTHING: Final[dict[str, Promise]] = SECTIONS | {
    f"{section}{OF}{name}": words
    for section, parts in PARTS.items()
    for name, words in parts.items()
}
BESIDE: Final = frozenset({"activity", "newest"})  # share a line, where they follow each other


@dataclass(frozen=True, slots=True)
class Arrangement:
    """Everything in its order, sections among sections and parts among those of their section.

    `chosen` is what has its mark: a part shows if its section has one, too. `widths` are those of
    charts that have another than the usual one.
    """

    order: tuple[str, ...] = tuple(EVERYTHING)
    chosen: frozenset[str] = frozenset(EVERYTHING)
    widths: Mapping[str, int] = field(default_factory=dict)

    def among(self, section: str = "") -> list[str]:
        """The sections, or the parts of one by their full names, in their order."""
        return [name for name in self.order if _section_of(name) == section]

    def parts(self, section: str) -> tuple[str, ...]:
        """The parts of a section that are shown, by their own names."""
        names = self.among(section) if section in self.chosen else ()
        return tuple(name.partition(OF)[2] for name in names if name in self.chosen)

    def width(self, name: str) -> int:
        """Of a chart, in quarters of the page."""
        return self.widths.get(name, USUAL)

    def shows(self, section: str) -> bool:
        """A section of which every part is hidden is hidden itself."""
        return bool(self.parts(section)) if section in PARTS else section in self.chosen

    def lines(self) -> list[list[str]]:
        """The shown sections, those that stand beside each other in one line."""
        lines: list[list[str]] = []
        for name in filter(self.shows, self.among()):
            if name in BESIDE and lines and BESIDE.issuperset(lines[-1]):
                lines[-1].append(name)
            else:
                lines.append([name])
        return lines

    def topics(self, period: Period, charts: Iterable[OwnChart] = ()) -> str:
        """What a page of this period hears of. Notices come in any case: with the rows of the feed,
        or else by themselves. Days of one's own stand still until they are asked for again."""
        heard = ["dashboard"] if any(map(self.shows, SECTIONS.keys() - {"charts"})) else []
        names = self.parts("charts")
        ready = [name for name in names if name in TITLES]
        if ready and isinstance(period, str):
            some = "" if len(ready) == len(TITLES) else ":" + ".".join(ready)
            heard.append(f"charts:{period}{some}")
        for chart in charts:
            shown_in = chart.definition.shown_in(period)
            if chart.name in names and isinstance(shown_in, str):
                heard.append(f"own:{shown_in}:{chart.definition}")
        heard += [] if self.shows("activity") else ["notices"]
        return ",".join(heard)

    def with_width(self, name: str, width: int) -> "Arrangement":
        """With a chart of this width."""
        return replace(self, widths=unusual({**self.widths, name: width}))

    def with_first(self, chart: OwnChart) -> "Arrangement":
        """With a chart before all others, shown."""
        name = full_name(chart)
        return Arrangement(
            (name, *(other for other in self.order if other != name)),
            self.chosen | {name, "charts"},
            self.widths,
        )

    def moved(self, name: str, *, up: bool) -> "Arrangement":
        """With something one place further up or down among its like; at the end it stays."""
        order, like = list(self.order), self.among(_section_of(name))
        place = like.index(name) + (-1 if up else 1)
        if 0 <= place < len(like):
            one, other = order.index(name), order.index(like[place])
            order[one], order[other] = order[other], order[one]
        return replace(self, order=tuple(order))

    def __str__(self) -> str:
        """As the cookie keeps it."""
        return ".".join(
            ("" if name in self.chosen else HIDDEN) + _MARKS[self.width(name)] + name
            for name in self.order
        )


_MARKS: Final = {width: mark for mark, width in WIDTHS.items()} | {USUAL: ""}


def read_width(text: str | None) -> int:
    """What a form says; what makes no sense is the usual one."""
    return int(text) if text and text in map(str, WIDTH_WORDS) else USUAL


def unusual(widths: Mapping[str, int]) -> dict[str, int]:
    """Those that are another than the usual one."""
    return {name: width for name, width in widths.items() if width != USUAL}


def _section_of(name: str) -> str:
    """The section that something is a part of; none for a section."""
    section, of, _part = name.partition(OF)
    return section if of else ""


def read(text: str, charts: Iterable[OwnChart] = ()) -> Arrangement:
    """What a cookie says: unknown names are left aside, those it does not name come last.

    `charts` are those of the browser's own making.
    """
    own = [full_name(chart) for chart in charts]
    known = [*EVERYTHING, *own]
    order: list[str] = []
    hidden, widths = set(), {}
    for part in text[:LONGEST].split("."):
        unhidden = part.removeprefix(HIDDEN)
        width = WIDTHS.get(unhidden[:1], USUAL)
        name = unhidden if width == USUAL else unhidden[1:]
        if name in known and name not in order:
            order.append(name)
            if part != unhidden:
                hidden.add(name)
            widths[name] = width
    rest = [name for name in known if name not in order]
    return Arrangement((*order, *rest), frozenset(known) - hidden, unusual(widths))


def full_name(chart: OwnChart) -> str:
    """By which an arrangement knows it."""
    return f"charts{OF}{chart.name}"


def of(request: HttpRequest, charts: Iterable[OwnChart] = ()) -> Arrangement:
    return read(request.COOKIES.get(COOKIE, ""), charts)


def charts_of(request: HttpRequest) -> tuple[OwnChart, ...]:
    """Those of the browser's own making."""
    return own_charts.read(request.COOKIES.get(CHARTS_COOKIE, ""))


def keep(
    response: HttpResponse,
    arranged: Arrangement,
    charts: Iterable[OwnChart] | None = None,
    *,
    suffix: str = "",
) -> None:
    """Have the browser keep it, and its charts, unless they are as before.

    `suffix` is for cookies of other names.
    """
    kept = {COOKIE: str(arranged)}
    if charts is not None:
        kept[CHARTS_COOKIE] = own_charts.written(charts)
    for name, value in kept.items():
        response.set_cookie(
            name + suffix, value, max_age=KEPT, httponly=True, samesite="Lax", secure=settings.HTTPS
        )


def forget(response: HttpResponse) -> None:
    """The usual order of everything; the charts of one's own making stay."""
    response.delete_cookie(COOKIE, samesite="Lax")
