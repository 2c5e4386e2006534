"""The rows of feeds and lists, each remembered by all that it shows: pages repeat most of them."""

from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo

from django import template
from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from pools.models import Membership, Pool
from pools.presentation import explorer_of, remembered
from pools.rows import EventRow
from pools.templatetags.coopsite import address_element, pool_title, pool_url

register = template.Library()


@register.filter
def feed_row(event: EventRow) -> SafeString:
    return _feed_row(event, *_today())


@remembered
def _feed_row(event: EventRow, _day: date, _zone: tzinfo) -> SafeString:
    return render_to_string("dashboard/_feed_row.html", {"event": event})


@register.filter
def event_row(event: EventRow) -> SafeString:
    return _event_row(event, *_today())


@remembered
def _event_row(event: EventRow, _day: date, _zone: tzinfo) -> SafeString:
    return render_to_string("events/_event_row.html", {"event": event})


@register.filter
def pool_row(pool: Pool) -> SafeString:
    return _pool_row(_shown(pool), *_today())


@remembered
def _pool_row(shown: "ShownPool", _day: date, _zone: tzinfo) -> SafeString:
    return render_to_string("pools/_pool_row.html", {"pool": shown.pool})


@register.filter
def pool_facts(pool: Pool) -> SafeString:
    """What stands at the top of its page."""
    return _pool_facts(_shown(pool), *_today())


@remembered
def _pool_facts(shown: "ShownPool", _day: date, _zone: tzinfo) -> SafeString:
    return render_to_string("pools/_facts.html", {"pool": shown.pool})


@dataclass(frozen=True, slots=True)
class ShownPool:
    """A pool that is equal to another only if all that is in it is: to Django the key decides.

    `values` are the names and values of all columns that were read, and what they lead to.
    """

    values: tuple[object, ...]
    pool: Pool = field(compare=False)


@register.filter
def member_row(member: Membership, pool: Pool) -> SafeString:
    """Of the table of a pool's members."""
    lead = address_element(member.account, pool.contract.chain_id)
    return _holding_row(_holding(member, pool, lead=lead), *_today())


@register.filter
def membership_row(member: Membership) -> SafeString:
    """Of the table of an account's pools."""
    pool = member.pool
    lead = format_html('<a href="{}">{}</a>', pool_url(pool), pool_title(pool))
    return _holding_row(_holding(member, pool, lead=lead, titled=True), *_today())


@dataclass(frozen=True, slots=True)
class Holding:
    """What somebody holds in a pool, as a row shows it."""

    lead: SafeString
    titled: bool
    active: bool
    joined_at: datetime
    left_at: datetime | None
    contribution: int
    yield_claimed: int
    pool_total: int


def _holding(member: Membership, pool: Pool, *, lead: SafeString, titled: bool = False) -> Holding:
    return Holding(
        lead=lead,
        titled=titled,
        active=member.active,
        joined_at=member.joined_at,
        left_at=member.left_at,
        contribution=member.contribution,
        yield_claimed=member.yield_claimed,
        pool_total=pool.total_contributed,
    )


@remembered
def _holding_row(holding: Holding, _day: date, _zone: tzinfo) -> SafeString:
    return render_to_string("pools/_holding_row.html", {"holding": holding})


def _shown(pool: Pool) -> ShownPool:
    columns = (item for item in pool.__dict__.items() if not item[0].startswith("_"))
    kept, contract = pool.category, pool.contract
    category = (kept.slug, kept.tone, kept.name) if kept else None
    explorer = explorer_of(contract.chain_id, settings.EXPLORER_URL)
    return ShownPool((*columns, category, contract.address, explorer), pool)


def _today() -> tuple[date, tzinfo]:
    """Times are shown by the day that it is, and where."""
    zone = timezone.get_current_timezone()
    return timezone.now().astimezone(zone).date(), zone
