"""What other sites show in their frames: a pool as a card, or the dashboard, live. And the
snippets that put them there."""

from dataclasses import dataclass
from typing import Final

from csp.constants import NONE, SELF
from csp.decorators import csp_replace
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.http import require_safe

from pools import presentation, selectors, shared_arrangement
from pools.badges import GOOD_FOR, OF_POOL
from pools.chosen_period import ChosenPeriod
from pools.dashboard_page import context_of
from pools.decoding import checksum
from pools.models import Pool
from pools.shared_arrangement import Shown
from pools.shared_language import in_shared_language, said_language

# What differs from the policy of all pages: in whose frames, and no forms.
FRAMED: Final = {
    "default-src": [NONE],
    "style-src": [SELF],
    "form-action": [NONE],
    "frame-ancestors": ["*"],
}
THEMES: Final = ("dark", "light")


@dataclass(frozen=True, slots=True)
class Snippet:
    """Something to copy into another site."""

    title: str
    text: str


# Their types know only views without arguments.
@xframe_options_exempt
@csp_replace(  # type: ignore[arg-type]
    {**FRAMED, "script-src": [NONE], "img-src": [SELF], "connect-src": [NONE]}
)
@require_safe
@in_shared_language
def pool_card(request: HttpRequest, contract: str, pool_id: int) -> HttpResponse:
    """A pool as a card that anybody may frame: no scripts, no forms, no cookies, one link."""
    address = checksum(bytes.fromhex(contract[2:]))
    if address != contract:
        page = reverse("pools:pool_card", kwargs={"contract": address, "pool_id": pool_id})
        asked = f"?{request.GET.urlencode()}" if request.GET else ""
        return redirect(page + asked, permanent=True)
    pool = selectors.pool(address, pool_id)
    if pool is None:  # told in the frame, where a page of ours that may not be framed is broken
        response = render(request, "embed/missing.html", status=404)
    else:
        response = render(request, "embed/pool.html", {"pool": pool})
    patch_cache_control(response, public=True, max_age=GOOD_FOR)
    return response


@xframe_options_exempt
@csp_replace(FRAMED)
@require_safe
@in_shared_language
def dashboard(request: HttpRequest) -> HttpResponse:
    """The dashboard as an address arranges it, or in its usual order: no cookies, no forms.

    It is live, so nobody may keep it: its scripts read it again, and rows that came since would
    be missing in a copy. Where a frame has no origin of its own, they may read it all the same.
    """
    shown = shared_arrangement.of_address(request.GET) or shared_arrangement.usual()
    theme = request.GET.get("theme", "")
    theme = theme if theme in THEMES else ""
    fixed = filter(all, (("theme", theme), ("lang", said_language(request))))
    context = context_of(shown, request.GET, framed=True, fixed=tuple(fixed))
    context |= {"theme": theme, "page_query": shown.query}
    response = render(request, "embed/dashboard.html", context)
    patch_cache_control(response, no_cache=True)
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response


def dashboard_snippets(
    request: HttpRequest, shown: Shown, period: ChosenPeriod
) -> tuple[Snippet, ...]:
    """An arrangement as a link and as a frame, and everything as a frame, ready to be copied."""
    carried = shared_arrangement.carried(shown.charts, str(shown.arranged))
    link, frame = (
        request.build_absolute_uri(f"{reverse(name)}?{carried.query}&{period.query}")
        for name in ("pools:dashboard", "pools:dashboard_frame")
    )
    of_all = request.build_absolute_uri(f"{reverse('pools:dashboard_frame')}?{period.query}")
    html = '<iframe src="{}" title="{}" width="100%" height="800" loading="lazy"></iframe>'
    title = _("Savings pools, live")
    return (
        Snippet(_("Link"), link),
        Snippet(_("Frame for other sites"), format_html(html, frame, title)),
        Snippet(_("Frame of everything, in the usual order"), format_html(html, of_all, title)),
    )


def snippets(request: HttpRequest, pool: Pool) -> tuple[Snippet, ...]:
    """The card and the badges of a pool, ready to be copied."""
    place = {"contract": pool.contract.address, "pool_id": pool.pool_id}
    title = presentation.pool_title(pool.name, pool.pool_id)
    page = request.build_absolute_uri(reverse("pools:pool", kwargs=place))
    card = request.build_absolute_uri(reverse("pools:pool_card", kwargs=place))
    badge = request.build_absolute_uri(
        reverse("pools:pool_badge", kwargs={**place, "name": OF_POOL[0], "kind": "svg"})
    )
    data = badge.removesuffix("svg") + "json"
    frame = '<iframe src="{}" title="{}" width="340" height="220" loading="lazy"></iframe>'
    picture = '<a href="{}"><img src="{}" alt="{}" height="20"></a>'
    return (
        Snippet(_("Card"), format_html(frame, card, title)),
        Snippet(_("Badge"), format_html(picture, page, badge, title)),
        Snippet(_("Badge in Markdown"), f"[![{_markdown(title)}]({badge})]({page})"),
        Snippet(_("Badge as data"), data),
    )


def _markdown(text: str) -> str:
    """The text without what Markdown would take for something else."""
    return "".join(f"\\{one}" if one in "\\`*_[]<>!()#" else one for one in text)
