"""What other sites show of a pool: a card for their frames, and the snippets that put it there."""

from dataclasses import dataclass

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

from pools import presentation, selectors
from pools.badges import GOOD_FOR, OF_POOL
from pools.decoding import checksum
from pools.models import Pool
from pools.shared_language import in_shared_language


@dataclass(frozen=True, slots=True)
class Snippet:
    """Something to copy into another site."""

    title: str
    text: str


# Their types know only views without arguments.
@xframe_options_exempt
@csp_replace(  # type: ignore[arg-type]
    {
        "default-src": [NONE],
        "script-src": [NONE],
        "style-src": [SELF],
        "img-src": [SELF],
        "connect-src": [NONE],
        "form-action": [NONE],
        "frame-ancestors": ["*"],
    }
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
