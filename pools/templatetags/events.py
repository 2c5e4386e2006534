"""Filters of an event's row, in a feed and in a list: thin doors to `pools.sentences`."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from pools import presentation, sentences
from pools.rows import EventRow
from pools.templatetags.coopsite import account_url

register = template.Library()


@register.filter
def signed(event: EventRow) -> str:
    """The amount of a feed row, with the sign of what it did to the pool's money."""
    if event.amount is None:
        return ""
    amount = presentation.btc(event.amount, decimals=6)
    if event.kind == "PoolCreated":  # what joining takes at least
        return _("from %(amount)s") % {"amount": amount}
    return presentation.SIGNS.get(event.kind, "") + amount


@register.filter
def row_class(event: EventRow) -> str:
    return presentation.kind_letter(_readable_kind(event))


def _readable_kind(event: EventRow) -> str:
    """The kind; "" for an event that could not be read. A struck-out row's problem is another."""
    return "" if event.problem and not event.retracted else event.kind


@register.filter
def sentence(event: EventRow) -> SafeString:
    return sentences.sentence(
        kind=_readable_kind(event),
        account=event.account,
        pool=_pool_link(event),
        args=event.args,
    )


@register.filter
def linked_sentence(event: EventRow) -> SafeString:
    """The sentence of a list of events: who did it leads to what else they did."""
    return sentences.sentence(
        kind=_readable_kind(event),
        account=event.account,
        pool=_pool_link(event),
        args=event.args,
        people=_account_link,
    )


@presentation.remembered
def _account_link(address: str) -> SafeString:
    if not address:
        return SafeString("")
    return format_html(
        '<a href="{}" title="{}">{}</a>',
        account_url(address),
        address,
        presentation.short_address(address),
    )


def _pool_link(event: EventRow) -> SafeString:
    """The short address of the page: a feed row has to stay small."""
    if event.pool_id is None:
        return SafeString("")
    return format_html(
        '<a href="/pools/{}/{}/">{}</a>',
        event.contract_id,
        event.pool_id,
        presentation.pool_title(event.pool_name, event.pool_id),
    )
