"""The form that arranges the dashboard: a plain one, whole without scripts."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from pools import arrangement as arranging
from pools import chosen_period, embedding, own_charts, selectors, shared_arrangement
from pools.arrangement import EVERYTHING, Arrangement
from pools.buckets import PERIODS
from pools.charts import own
from pools.charts.dashboard import period_words
from pools.frame import frame
from pools.own_charts import OwnChart
from pools.shared_arrangement import Shown


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def arrangement(request: HttpRequest) -> HttpResponse:
    """The form; sent, it is kept and, unless something was only moved, the dashboard shown."""
    charts = arranging.charts_of(request)
    if request.method == "POST":
        return _keep_shared(request) or _keep(request, charts)
    arranged = arranging.of(request, charts)
    period = chosen_period.read(request.GET)
    context = {
        **frame(topics="notices"),
        "rows": _rows(arranged, {arranging.full_name(chart): chart for chart in charts}),
        "room": len(charts) < own_charts.MOST,
        "most": own_charts.MOST,
        "widths": arranging.WIDTH_WORDS,
        "before": shared_arrangement.before(request),
        "chosen_period": period,
        "periods": [(each, period_words(each)) for each in PERIODS],
        "snippets": embedding.dashboard_snippets(request, Shown(arranged, charts), period),
    }
    return render(request, "dashboard/arrangement.html", context)


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the form, with those of its parts below it. `width` is None for what has none,
    `slot` the number of a chart of one's own.
    """

    name: str
    words: Promise | str
    chosen: bool
    width: int | None
    slot: int | None
    parts: list["Row"]


def _rows(arranged: Arrangement, own_ones: Mapping[str, OwnChart], section: str = "") -> list[Row]:
    rows = []
    for name in arranged.among(section):
        chart = own_ones.get(name)
        rows.append(
            Row(
                name,
                EVERYTHING[name] if chart is None else _words_of(chart),
                name in arranged.chosen,
                arranged.width(name) if section == "charts" else None,
                None if chart is None else chart.slot,
                [] if section else _rows(arranged, own_ones, name),
            )
        )
    return rows


def _words_of(chart: OwnChart) -> str:
    of = chart.definition
    if chart.title:
        return chart.title
    name = None
    if of.subject.pool_id is not None:
        pool = selectors.pool(of.subject.address, of.subject.pool_id)
        name = pool.name if pool else None
    return own.title(of.subject, of.letters, amounts=of.amounts, name=name)


def _keep_shared(request: HttpRequest) -> HttpResponse | None:
    """Keep what a link carried, in place of what the browser had; None if none was sent."""
    shared = shared_arrangement.of_address(request.POST)
    if shared is None:
        return None
    response = redirect(f"{reverse('pools:dashboard')}?{chosen_period.read(request.POST).query}")
    shared_arrangement.remember(request, response, instead=shared)
    arranging.keep(response, shared.arranged, shared.charts)
    return response


def _keep(request: HttpRequest, charts: tuple[OwnChart, ...]) -> HttpResponse:
    if "reset" in request.POST:
        response = redirect("pools:arrangement")
        usual = Shown(arranging.read("", charts), charts)
        shared_arrangement.remember(request, response, instead=usual)
        arranging.forget(response)
        return response
    known = arranging.read("", charts).order
    order = arranging.read(".".join(request.POST.getlist("order")), charts).order
    chosen = frozenset(request.POST.getlist("shown")).intersection(known)
    names = [name for name in known if name.startswith(f"charts{arranging.OF}")]
    widths = {name: arranging.read_width(request.POST.get(f"width:{name}")) for name in names}
    arranged = Arrangement(order, chosen, arranging.unusual(widths))
    direction, _colon, name = request.POST.get("move", "").partition(":")
    if direction in {"up", "down"} and name in known:
        arranged = arranged.moved(name, up=direction == "up")
        response = redirect(f"{reverse('pools:arrangement')}#{name}")
    else:
        response = redirect("pools:dashboard")
    arranging.keep(response, arranged)
    return response
