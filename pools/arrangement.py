"""Which sections of the dashboard a browser shows, and in which order: kept in a cookie of its own.

What is hidden is neither read nor drawn. Works without scripts: `/arrangement/` is a plain form.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from pools.frame import frame

COOKIE: Final = "arrangement"
KEPT: Final = 365 * 24 * 3600  # seconds
HIDDEN: Final = "-"  # before the name of a section that is not shown
LONGEST: Final = 200  # characters of a cookie that are looked at
SECTIONS: Final[dict[str, Promise]] = {
    "cards": _("At a glance"),
    "activity": _("Activity"),
    "newest": _("Newest pools"),
    "charts": _("The longer view"),
}
BESIDE: Final = frozenset({"activity", "newest"})  # share a line, where they follow each other


@dataclass(frozen=True, slots=True)
class Arrangement:
    """All sections in their order, and those that are shown."""

    order: tuple[str, ...] = tuple(SECTIONS)
    shown: frozenset[str] = frozenset(SECTIONS)

    def lines(self) -> list[list[str]]:
        """The shown sections, those that stand beside each other in one line."""
        lines: list[list[str]] = []
        for name in self.order:
            if name not in self.shown:
                continue
            if name in BESIDE and lines and BESIDE.issuperset(lines[-1]):
                lines[-1].append(name)
            else:
                lines.append([name])
        return lines

    def topics(self, charts: Sequence[str]) -> str:
        """What the page hears of; `charts` are the topics of its charts. Notices come in any case:
        with the rows of the feed, or else by themselves."""
        heard = ["dashboard"] if self.shown - {"charts"} else []
        heard += charts if "charts" in self.shown else []
        heard += [] if "activity" in self.shown else ["notices"]
        return ",".join(heard)

    def moved(self, name: str, *, up: bool) -> "Arrangement":
        """With a section one place further up or down; at the end it stays."""
        order = list(self.order)
        place = order.index(name)
        other = place + (-1 if up else 1)
        if 0 <= other < len(order):
            order[place], order[other] = order[other], order[place]
        return Arrangement(tuple(order), self.shown)

    def __str__(self) -> str:
        """As the cookie keeps it."""
        return ".".join(name if name in self.shown else HIDDEN + name for name in self.order)


def read(text: str) -> Arrangement:
    """What a cookie says: unknown names are left aside, those it does not name come last."""
    order: list[str] = []
    hidden = set()
    for part in text[:LONGEST].split("."):
        name = part.removeprefix(HIDDEN)
        if name in SECTIONS and name not in order:
            order.append(name)
            if part != name:
                hidden.add(name)
    rest = [name for name in SECTIONS if name not in order]
    return Arrangement((*order, *rest), frozenset(SECTIONS) - hidden)


def of(request: HttpRequest) -> Arrangement:
    return read(request.COOKIES.get(COOKIE, ""))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def arrangement(request: HttpRequest) -> HttpResponse:
    """The form; sent, it is kept and, unless only a section was moved, the dashboard shown."""
    if request.method == "POST":
        return _keep(request)
    arranged = of(request)
    rows = [(name, SECTIONS[name], name in arranged.shown) for name in arranged.order]
    return render(request, "dashboard/arrangement.html", {**frame(topics="notices"), "rows": rows})


def _keep(request: HttpRequest) -> HttpResponse:
    if "reset" in request.POST:
        response = redirect("pools:arrangement")
        response.delete_cookie(COOKIE, samesite="Lax")
        return response
    order = read(".".join(request.POST.getlist("order"))).order
    shown = frozenset(request.POST.getlist("shown")) & frozenset(SECTIONS)
    arranged = Arrangement(order, shown)
    direction, _colon, name = request.POST.get("move", "").partition(":")
    if direction in {"up", "down"} and name in SECTIONS:
        arranged = arranged.moved(name, up=direction == "up")
        response = redirect("pools:arrangement")
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
