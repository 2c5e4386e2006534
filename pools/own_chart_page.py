"""The form for a chart of one's own making: a plain one, whole without scripts.

What is made lives in the browser's cookie alone. Reads one pool, to tell whether there is one.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from pools import arrangement, own_charts, selectors
from pools.buckets import PERIODS
from pools.charts import own
from pools.charts.dashboard import period_words
from pools.charts.over_time import GROUP_CSS, group_words
from pools.decoding import checksum
from pools.frame import frame
from pools.own_charts import EVERYTHING, LETTERS, PAGE, SHAPES, Definition, OwnChart, Subject

# What is pasted: a pool's page or its last two parts, an account's page or its address, a number.
_POOL: Final = re.compile(r"(0[xX][0-9a-fA-F]{40})[/\s:#-]+([0-9]{1,78})(?:$|[/?#\s])", re.ASCII)
_ADDRESS: Final = re.compile(
    r"(?:^|accounts/)(0[xX][0-9a-fA-F]{40})(?:$|[?#]|/(?:$|[?#]))", re.ASCII
)
_NUMBER: Final = re.compile(r"#?\s*([0-9]{1,78})", re.ASCII)
LONGEST: Final = 400  # characters of what is pasted


@dataclass(slots=True)
class Draft:
    """The form as it is filled in, with what is wrong with it, by field."""

    title: str = ""
    letters: str = LETTERS
    amounts: bool = False
    of: str = ""
    shape: str = SHAPES[0]
    period: str = PAGE
    width: int = arrangement.USUAL
    problems: dict[str, str] = field(default_factory=dict)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """The form for one more chart; `?of=` may say what it is about."""
    charts = arrangement.charts_of(request)
    free = [slot for slot in own_charts.SLOTS if slot not in {chart.slot for chart in charts}]
    if not free:
        return redirect("pools:arrangement")
    if request.method == "POST":
        return _keep(request, charts, free[0], is_new=True)
    return _form(request, Draft(of=request.GET.get("of", "")[:LONGEST]), None)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, slot: int) -> HttpResponse:
    """The form of a chart that this browser has."""
    charts = arrangement.charts_of(request)
    chart = next((each for each in charts if each.slot == slot), None)
    if chart is None:
        raise Http404("no such chart in this browser")
    arranged = arrangement.of(request, charts)
    if request.method != "POST":
        return _form(request, _draft_of(chart, arranged), chart)
    if "remove" in request.POST:
        rest = [each for each in charts if each is not chart]
        response = redirect("pools:arrangement")
        arrangement.keep(response, arrangement.read(str(arranged), rest), rest)
        return response
    return _keep(request, charts, slot, is_new=False)


def _keep(
    request: HttpRequest, charts: Sequence[OwnChart], slot: int, *, is_new: bool
) -> HttpResponse:
    draft = _sent(request.POST)
    others = [chart for chart in charts if chart.slot != slot]
    found = _definition(draft)
    if not draft.problems and found in [chart.definition for chart in others]:
        draft.problems["form"] = _("You have this very chart already.")
    if found is None or draft.problems:
        return _form(request, draft, None if is_new else charts[_place(charts, slot)], status=400)
    chart = OwnChart(slot, found, draft.title)
    now = sorted([*others, chart], key=lambda each: each.slot)
    arranged = arrangement.of(request, now)
    name = arrangement.full_name(chart)
    if is_new:
        arranged = arranged.with_first(chart)
    arranged = arranged.with_width(name, draft.width)
    response = redirect(f"{reverse('pools:dashboard')}#{own.NAME}{found}")
    arrangement.keep(response, arranged, now)
    return response


def _place(charts: Sequence[OwnChart], slot: int) -> int:
    return [chart.slot for chart in charts].index(slot)


def _form(
    request: HttpRequest, draft: Draft, chart: OwnChart | None, status: int = 200
) -> HttpResponse:
    context = {
        **frame(topics="notices"),
        "draft": draft,
        "chart": chart,
        "kinds": [
            (letter, css, words, letter in draft.letters)
            for letter, css, words in zip(LETTERS, GROUP_CSS, group_words(), strict=True)
        ],
        "shapes": [(name, words, name == draft.shape) for name, words in _shapes().items()],
        "periods": [
            (name, words, name == draft.period)
            for name, words in {
                PAGE: _("The dashboard's"),
                **{period: period_words(period) for period in PERIODS},
            }.items()
        ],
        "longest_title": own_charts.LONGEST_TITLE,
        "widths": arrangement.WIDTH_WORDS,
    }
    return render(request, "dashboard/own_chart.html", context, status=status)


def _shapes() -> Mapping[str, str]:
    return {"bars": _("Bars"), "line": _("Line"), "sum": _("Number")}


def _draft_of(chart: OwnChart, arranged: arrangement.Arrangement) -> Draft:
    of = chart.definition
    pasted = of.subject.address
    if of.subject.pool_id is not None:
        pasted = reverse("pools:pool", args=[of.subject.address, of.subject.pool_id])
    return Draft(
        title=chart.title,
        letters=of.letters,
        amounts=of.amounts,
        of=pasted,
        shape=of.shape,
        period=of.period,
        width=arranged.width(arrangement.full_name(chart)),
    )


def _sent(form: QueryDict) -> Draft:
    """What makes no sense in it is the usual."""
    shape, period = form.get("shape", ""), form.get("period", "")
    return Draft(
        title=own_charts.clean_title(form.get("title", "")[:LONGEST]),
        letters="".join(letter for letter in LETTERS if letter in form.getlist("kind")),
        amounts=form.get("measure") == "btc",
        of=form.get("of", "").replace("\x00", "").strip()[:LONGEST],
        shape=shape if shape in SHAPES else SHAPES[0],
        period=period if period in PERIODS else PAGE,
        width=arrangement.read_width(form.get("width")),
    )


def _definition(draft: Draft) -> Definition | None:
    """None if something is wrong; the draft says what."""
    subject, problem = subject_in(draft.of)
    if problem:
        draft.problems["of"] = problem
    found = own_charts.definition(
        draft.letters,
        shape=draft.shape,
        period=draft.period,
        subject=subject,
        amounts=draft.amounts,
    )
    if not draft.letters:
        draft.problems["kinds"] = _("Choose one kind at least.")
    elif found is None and "of" not in draft.problems:
        draft.problems["kinds"] = _("None of these moves any BTC: choose another one as well.")
    return found


def subject_in(text: str) -> tuple[Subject, str]:
    """What the pasted text means, and what is wrong with it."""
    if not text:
        return EVERYTHING, ""
    if match := _POOL.search(text):
        address, pool_id = checksum(bytes.fromhex(match[1][2:])), int(match[2])
        if pool_id < 2**256 and selectors.pool(address, pool_id):
            return Subject(address, pool_id), ""
        return EVERYTHING, _("There is no such pool.")
    if match := _NUMBER.fullmatch(text):
        number = int(match[1])
        found = selectors.contracts_of_pool(number) if number < 2**256 else []
        if len(found) == 1:
            return Subject(found[0], number), ""
        if found:
            return EVERYTHING, _(
                "Several contracts have a pool of this number: paste the address of its page."
            )
        return EVERYTHING, _("There is no such pool.")
    if match := _ADDRESS.search(text):
        return Subject(checksum(bytes.fromhex(match[1][2:]))), ""
    return EVERYTHING, _(
        "Neither a pool nor an account: paste the address of its page, or an account's 0x…"
    )
