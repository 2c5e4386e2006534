"""Filters and tags of all templates: thin doors to `pools.presentation`."""

from collections.abc import Hashable, Iterable, Mapping
from datetime import UTC, date, datetime
from functools import lru_cache

from django import template
from django.conf import settings
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from pools import answer_times, filter_fields, presentation, sparklines
from pools.models import Pool
from pools.rows import Connection

register = template.Library()

register.filter("whole", presentation.whole)
register.filter("short_address", presentation.short_address)
register.filter("short_hash", presentation.short_hash)
register.filter("trend", presentation.trend)
register.filter("duration", presentation.duration)
register.filter("picture", sparklines.picture)
register.filter("answers_picture", answer_times.picture)
register.filter("asked_moment", filter_fields.asked_moment)

STATUS_WORDS = tuple(status.word for status in Pool.Status)
STATUS_LABELS = tuple(status.label for status in Pool.Status)


@register.simple_tag
def visits_url() -> str:
    """Where browsers tell their time zone; empty where nobody counts them."""
    return reverse("pools:visits") if settings.ENABLE_REGIONS else ""


@register.filter
def theme_attribute(request: HttpRequest) -> SafeString:
    """The colours that this browser has chosen; nothing where the system's wish decides."""
    theme = request.COOKIES.get("theme")
    return format_html(' data-theme="{}"', theme) if theme in ("light", "dark") else SafeString("")


@register.filter
def btc(wei: int, decimals: int = 8) -> str:
    return presentation.btc(wei, decimals=decimals)


@register.filter
def share_of(part: int, all_of_it: int) -> str:
    return presentation.percent(part, all_of_it)


@register.filter
def pool_title(pool: Pool) -> str:
    return presentation.pool_title(pool.name, pool.pool_id)


@register.filter
def pool_url(pool: Pool) -> str:
    return _pool_url(pool.contract.address, pool.pool_id)


@lru_cache(maxsize=presentation.REMEMBERED)
def _pool_url(contract: str, pool_id: int) -> str:
    return reverse("pools:pool", args=[contract, pool_id])


@register.filter
@lru_cache(maxsize=presentation.REMEMBERED)
def account_url(address: str) -> str:
    return reverse("pools:account", args=[address])


@register.filter
def progress_element(pool: Pool) -> SafeString:
    """How full the pool is, in words and as a bar."""
    return _progress_element(pool.member_count, pool.max_members)


@presentation.remembered
def _progress_element(count: int, limit: int) -> SafeString:
    context = {"count": count, "limit": limit, "percent": presentation.fill_percent(count, limit)}
    return render_to_string("pools/_progress.html", context)


@register.filter
def fill_percent(pool: Pool) -> int:
    return presentation.fill_percent(pool.member_count, pool.max_members)


@register.filter
def room_left(pool: Pool) -> str:
    """How many may still join, as a sentence."""
    room = max(0, pool.max_members - pool.member_count)
    if pool.status == Pool.Status.CLOSED:
        return _("Takes no members any more")
    if not room:
        return _("Full")
    sentence = ngettext("Room for %(room)s more", "Room for %(room)s more", min(room, 2))
    return sentence % {"room": presentation.whole(room)}


@register.filter
@presentation.remembered
def share_element(part: int, whole: int) -> SafeString:
    """A member's share of the pool's money, as a bar and in percent."""
    thousandths = part * 1000 // whole if whole > 0 else 0
    context = {"part": part, "whole": whole, "thousandths": thousandths}
    return render_to_string("pools/_share.html", context)


@register.filter
def status_word(pool: Pool) -> str:
    """The status as a word for style sheets; what people read is `status_label`."""
    return STATUS_WORDS[pool.status]


@register.filter
def status_label(pool: Pool) -> str:
    return str(STATUS_LABELS[pool.status])


@register.filter
def iso(moment: datetime) -> str:
    """The moment as an HTML time, in UTC and to the second: 2026-03-01T18:00:00Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@register.filter
def clock(moment: datetime) -> str:
    """What a page without JavaScript reads: the time today, the date before."""
    zone = timezone.get_current_timezone()
    local = moment.astimezone(zone)
    if local.date() == timezone.now().astimezone(zone).date():
        return local.strftime("%H:%M")
    return _short_date(local.date())


@presentation.remembered
def _short_date(day: date) -> str:
    return date_format(day, "SHORT_DATE_FORMAT")


@register.filter
def time_element(moment: datetime) -> SafeString:
    """Scripts write the rest: how long ago that was."""
    return format_html('<time datetime="{}">{}</time>', iso(moment), clock(moment))


@register.filter
@presentation.remembered
def amount_element(wei: int, decimals: int = 8) -> SafeString:
    """An amount whose exact wei show on hover, without its unit."""
    return format_html(
        '<data class="amount" value="{0}" title="{0} wei">{1}</data>',
        str(wei),
        presentation.btc(wei, decimals=decimals),
    )


@register.filter
def btc_element(wei: int) -> SafeString:
    """As `amount_element`, with the unit."""
    return format_html('{}&nbsp;<abbr title="Bitcoin">BTC</abbr>', amount_element(wei))


@register.filter
@presentation.remembered
def identicon(address: str) -> SafeString:
    return render_to_string("_identicon.html", {"icon": presentation.identicon(address)})


@register.simple_tag
def address_element(address: str, chain_id: int, contract: bool | str = False) -> SafeString:
    """An address, short, with its picture, ways to its page and the explorer, and to copy it.

    A `contract` has no page here.
    """
    explorer_url = presentation.explorer_of(chain_id, settings.EXPLORER_URL)
    return _address_element(address, explorer_url, bool(contract))


@presentation.remembered
def _address_element(address: str, explorer_url: str, contract: bool) -> SafeString:
    context = {"address": address, "explorer_url": explorer_url, "contract": contract}
    return render_to_string("_address_element.html", context)


@register.simple_tag
@presentation.remembered
def same_for_all(template_name: str, **values: Hashable) -> SafeString:
    """A partial that knows nothing of its page but these values, made once for each language."""
    return render_to_string(template_name, values)


@register.simple_tag
def transaction_element(transaction_hash: str, chain_id: int) -> SafeString:
    """A transaction's hash, short, with the way to the explorer, and to copy it."""
    return _transaction_element(
        transaction_hash, presentation.explorer_of(chain_id, settings.EXPLORER_URL)
    )


@presentation.remembered
def _transaction_element(transaction_hash: str, explorer_url: str) -> SafeString:
    context = {"hash": transaction_hash, "explorer_url": explorer_url}
    return render_to_string("_transaction_element.html", context)


@register.filter
def moment(value: datetime) -> str:
    return date_format(timezone.localtime(value), "DATETIME_FORMAT")


@register.simple_tag
def explorer(chain_id: int) -> str:
    return presentation.explorer_of(chain_id, settings.EXPLORER_URL)


@register.filter
def unlocalized(value: int) -> str:
    """The integer in plain digits, for attributes that programs read."""
    return str(value)


@register.filter
def labels(options: Mapping[str, Iterable[tuple[str, str]]], field: str) -> str:
    """What a field offers to choose, but for the choice of nothing; "" if it offers nothing."""
    return ", ".join(str(label) for value, label in options.get(field, ()) if value)


@register.filter
def badge_state(connection: Connection) -> str:
    """The state as the badge knows it: a first connection looks like one being made again."""
    return "reconnecting" if connection.state == "connecting" else connection.state


@register.filter
def connection_sentence(connection: Connection) -> str:
    """What is the matter, told apart: nothing, a chain that stands still, a node that fell
    silent, no listener at all."""
    match connection.state:
        case "live" if connection.halted_since:
            return _("Connected, but the chain stands still: no new block since %(time)s") % {
                "time": clock(connection.halted_since)
            }
        case "live" if connection.lag_blocks:
            return _("Connected to the chain, catching up")
        case "live":
            return _("Connected to the chain and up to date")
        case "connecting":
            return _("Connecting to the chain")
        case "reconnecting":
            return _("The link to the chain broke: connecting again, attempt %(attempt)s") % {
                "attempt": presentation.whole(connection.reconnect_attempts)
            }
        case "error":
            return _("The chain's node does not answer; we keep trying")
    return _("Our listener does not report: what you see may be out of date")
