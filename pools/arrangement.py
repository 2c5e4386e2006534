"""Which sections, cards and charts of the dashboard a browser shows, and in which order.

Kept in a cookie of its own. What is hidden is neither read nor drawn. Works without scripts:
`/arrangement/` is a plain form.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from pools.cards import CARDS
from pools.charts.titles import TITLES
from pools.frame import frame

COOKIE: Final = "arrangement"
KEPT: Final = 365 * 24 * 3600  # seconds
HIDDEN: Final = "-"  # before the name of what is not shown
OF: Final = ":"  # between the name of a section and that of one of its parts
LONGEST: Final = 600  # characters of a cookie that are looked at
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

    `chosen` is what has its mark: a part shows if its section has one, too.
    """

    order: tuple[str, ...] = tuple(EVERYTHING)
    chosen: frozenset[str] = frozenset(EVERYTHING)

    def among(self, section: str = "") -> list[str]:
        """The sections, or the parts of one by their full names, in their order."""
        return [name for name in self.order if _section_of(name) == section]

    def parts(self, section: str) -> tuple[str, ...]:
        """The parts of a section that are shown, by their own names."""
        names = self.among(section) if section in self.chosen else ()
        return tuple(name.partition(OF)[2] for name in names if name in self.chosen)

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

    def topics(self, charts: Sequence[str]) -> str:
        """What the page hears of; `charts` are the topics of its charts. Notices come in any case:
        with the rows of the feed, or else by themselves."""
        heard = ["dashboard"] if any(map(self.shows, SECTIONS.keys() - {"charts"})) else []
        if names := self.parts("charts"):
            some = "" if len(names) == len(TITLES) else ":" + ".".join(names)
            heard += [topic + some for topic in charts]
        heard += [] if self.shows("activity") else ["notices"]
        return ",".join(heard)

    def moved(self, name: str, *, up: bool) -> "Arrangement":
        """With something one place further up or down among its like; at the end it stays."""
        order, like = list(self.order), self.among(_section_of(name))
        place = like.index(name) + (-1 if up else 1)
        if 0 <= place < len(like):
            one, other = order.index(name), order.index(like[place])
            order[one], order[other] = order[other], order[one]
        return Arrangement(tuple(order), self.chosen)

    def __str__(self) -> str:
        """As the cookie keeps it."""
        return ".".join(name if name in self.chosen else HIDDEN + name for name in self.order)


def _section_of(name: str) -> str:
    """The section that something is a part of; none for a section."""
    section, of, _part = name.partition(OF)
    return section if of else ""


def read(text: str) -> Arrangement:
    """What a cookie says: unknown names are left aside, those it does not name come last."""
    order: list[str] = []
    hidden = set()
    for part in text[:LONGEST].split("."):
        name = part.removeprefix(HIDDEN)
        if name in EVERYTHING and name not in order:
            order.append(name)
            if part != name:
                hidden.add(name)
    rest = [name for name in EVERYTHING if name not in order]
    return Arrangement((*order, *rest), frozenset(EVERYTHING) - hidden)


def of(request: HttpRequest) -> Arrangement:
    return read(request.COOKIES.get(COOKIE, ""))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def arrangement(request: HttpRequest) -> HttpResponse:
    """The form; sent, it is kept and, unless something was only moved, the dashboard shown."""
    if request.method == "POST":
        return _keep(request)
    arranged = of(request)
    context = {**frame(topics="notices"), "rows": _rows(arranged)}
    return render(request, "dashboard/arrangement.html", context)


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the form, with those of its parts below it."""

    name: str
    words: Promise
    chosen: bool
    parts: list["Row"]


def _rows(arranged: Arrangement, section: str = "") -> list[Row]:
    return [
        Row(
            name,
            EVERYTHING[name],
            name in arranged.chosen,
            [] if section else _rows(arranged, name),
        )
        for name in arranged.among(section)
    ]


def _keep(request: HttpRequest) -> HttpResponse:
    if "reset" in request.POST:
        response = redirect("pools:arrangement")
        response.delete_cookie(COOKIE, samesite="Lax")
        return response
    order = read(".".join(request.POST.getlist("order"))).order
    chosen = frozenset(request.POST.getlist("shown")) & frozenset(EVERYTHING)
    arranged = Arrangement(order, chosen)
    direction, _colon, name = request.POST.get("move", "").partition(":")
    if direction in {"up", "down"} and name in EVERYTHING:
        arranged = arranged.moved(name, up=direction == "up")
        response = redirect(f"{reverse('pools:arrangement')}#{name}")
    else:
        response = redirect("pools:dashboard")
    response.set_cookie(
        COOKIE,
        str(arranged),
        max_age=KEPT,
        httponly=True,
        samesite="Lax",
        secure=settings.HTTPS,
    )
    return response
