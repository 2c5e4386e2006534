"""What the URL of a list may say: filters, order and page of pools, events, members, pieces.

Shared by pages and API. A page shows what the valid values select and tells of the others
(`errors`); the API calls `require_valid` first. Which rows come out is `selectors`' matter.
"""

import re
from datetime import datetime
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Min, QuerySet
from django.utils.translation import gettext_lazy as _

from pools import block_times, paging
from pools.filter_fields import (
    AddressField,
    ChoiceField,
    MomentField,
    PoolIdField,
    TextField,
    WholeNumberField,
)
from pools.interface import KINDS
from pools.models import (
    NO_CATEGORY,
    Category,
    Contract,
    CoveredRange,
    Log,
    Membership,
    Pool,
    is_of_kind,
)
from pools.paged_filter import PagedFilter, Parameter, Where

# Up to so many new messages, it pays to ask first in which block the lowest of them lies.
SHORT_TAIL = 100_000

_CREATED = (paging.integer("created_block"), paging.integer("created_log_index"))
_CHAIN_ORDER = (paging.integer("block_number"), paging.integer("log_index"))


def _both_ways(name: str, *keys: paging.Key) -> list[paging.Ordering]:
    return [paging.Ordering(name, keys), paging.Ordering(f"-{name}", keys)]


POOL_ORDERINGS = {
    ordering.name: ordering
    for ordering in (
        *_both_ways("created", *_CREATED),
        *_both_ways("total", paging.uint256("total_contributed"), paging.integer("id")),
        *_both_ways("members", paging.integer("member_count"), paging.integer("id")),
        *_both_ways("activity", paging.time("last_event_at"), paging.integer("id")),
    )
}
EVENT_ORDERINGS = {
    "asc": paging.Ordering("chain", _CHAIN_ORDER),
    "desc": paging.Ordering("-chain", _CHAIN_ORDER),
}
MEMBER_ORDERINGS = {
    "joined": paging.Ordering("joined", (paging.time("joined_at"), paging.text("account")))
}
PIECE_ORDERINGS = {"-written": paging.Ordering("-written", (paging.integer("id"),))}


class CategoryField(forms.CharField):
    """The slug of a category, or `none` for the pools without one."""

    json_schema: ClassVar[dict[str, Any]] = {"type": "string", "pattern": "^[a-z0-9-]{1,64}$"}

    def clean(self, value: Any) -> str:
        slug: str = super().clean(value)
        if slug:
            known = [*Category.objects.values_list("slug", flat=True), NO_CATEGORY]
            if slug not in known:
                raise ValidationError(
                    _("Not one of: %(names)s."), params={"names": ", ".join(known)}
                )
        return slug


class PoolFilter(PagedFilter):
    orderings = POOL_ORDERINGS
    default_order = "-created"
    order_parameter = "ordering"

    q = Where(
        TextField,
        method="with_name",
        label=_("Name"),
        help_text="Part of the pool's name, in any letter case.",
    )
    creator = Where(AddressField, label=_("Creator"), help_text="The account that created it.")
    status = Where(
        ChoiceField,
        names=tuple(status.word for status in Pool.Status),
        method="with_status",
        label=_("Status"),
        help_text="Whether it accepts members, is active or is closed.",
    )
    category = Where(
        CategoryField,
        method="with_category",
        label=_("Category"),
        help_text="What it is for: a category's short name, or none.",
    )
    created_after = Where(
        MomentField,
        field_name="created_at",
        lookup_expr="gte",
        label=_("Created from"),
        help_text="Created on this day or at this time, or later.",
    )
    created_before = Where(
        MomentField,
        end=True,
        field_name="created_at",
        lookup_expr="lt",
        label=_("Created until"),
        help_text="Created before this time, or on this day or earlier.",
    )
    ordering = Parameter(
        ChoiceField,
        names=tuple(POOL_ORDERINGS),
        label=_("Order"),
        help_text="By creation, contributed total, members or latest activity; "
        "a minus sign turns it. Default: -created.",
    )

    class Meta(PagedFilter.Meta):
        model = Pool
        fields: list[str] = []

    def with_name(self, rows: QuerySet[Pool], _name: str, value: str) -> QuerySet[Pool]:
        # SQLite's LIKE knows the letter case of ASCII only.
        if value.isascii():
            return rows.filter(name__icontains=value)
        return rows.filter(name__iregex=re.escape(value))

    def with_category(self, rows: QuerySet[Pool], _name: str, value: str) -> QuerySet[Pool]:
        if value == NO_CATEGORY:
            return rows.filter(category=None)
        return rows.filter(category__slug=value)

    def with_status(self, rows: QuerySet[Pool], _name: str, value: str) -> QuerySet[Pool]:
        return rows.filter(status=Pool.Status[value.upper()])


class EventFilter(PagedFilter):
    default_size = 100
    orderings = EVENT_ORDERINGS
    default_order = "asc"
    order_parameter = "order"

    kind = Where(
        ChoiceField,
        method="of_kind",
        names=tuple(KINDS),
        label=_("Kind"),
        help_text="The event's name in the contract's interface.",
    )
    contract = Where(
        AddressField,
        field_name="contract__address",
        label=_("Contract"),
        help_text="The contract that emitted it.",
    )
    pool_id = Where(
        PoolIdField, method="of_pool", label=_("Pool"), help_text="The pool it is about."
    )
    account = Where(
        AddressField, label=_("Account"), help_text="The creator or member that it names."
    )
    from_block = Where(
        WholeNumberField,
        field_name="block_number",
        lookup_expr="gte",
        label=_("From block"),
        help_text="In this block or later.",
    )
    to_block = Where(
        WholeNumberField,
        field_name="block_number",
        lookup_expr="lte",
        label=_("To block"),
        help_text="In this block or earlier.",
    )
    date_from = Where(
        MomentField,
        method="from_moment",
        label=_("From"),
        help_text="On this day or at this time, or later.",
    )
    date_to = Where(
        MomentField,
        end=True,
        method="until_moment",
        label=_("Until"),
        help_text="Before this time, or on this day or earlier.",
    )
    since = Where(
        WholeNumberField,
        method="after_seq",
        label=_("Since"),
        help_text="With a sequence number above this one.",
    )
    order = Parameter(
        ChoiceField,
        names=tuple(EVENT_ORDERINGS),
        label=_("Order"),
        help_text="Chain order, oldest first (asc, the default) or newest first (desc).",
    )

    class Meta(PagedFilter.Meta):
        model = Log
        fields: list[str] = []

    # The list is read in chain order, along the index of block numbers. Each of these turns its
    # value into what an index can enter, so that nothing is passed over one by one.

    def of_kind(self, rows: QuerySet[Log], _name: str, value: str) -> QuerySet[Log]:
        return rows.filter(is_of_kind(value))

    def of_pool(self, rows: QuerySet[Log], _name: str, value: int) -> QuerySet[Log]:
        contracts = Contract.objects.all()
        address = self.values.get("contract")
        if address:
            contracts = contracts.filter(address=address)
        return rows.filter(contract__in=list(contracts), pool_id=value)

    def from_moment(self, rows: QuerySet[Log], _name: str, value: datetime) -> QuerySet[Log]:
        first = block_times.first_since(value)
        return rows.none() if first is None else rows.filter(block_number__gte=first)

    def until_moment(self, rows: QuerySet[Log], _name: str, value: datetime) -> QuerySet[Log]:
        last = block_times.last_before(value)
        return rows.none() if last is None else rows.filter(block_number__lte=last)

    def after_seq(self, rows: QuerySet[Log], _name: str, value: int) -> QuerySet[Log]:
        newest = Log.objects.order_by("-seq").values_list("seq", flat=True).first() or 0
        if newest - value <= SHORT_TAIL:
            # The slice keeps the planner from looking for the lowest block from the first one on.
            newer = _standing().filter(seq__gt=value).order_by("seq")[:SHORT_TAIL]
            lowest = newer.aggregate(lowest=Min("block_number"))["lowest"]
            if lowest is None:
                return rows.none()
            rows = rows.filter(block_number__gte=lowest)
        return rows.filter(seq__gt=value)


def _standing() -> QuerySet[Log]:
    """Logs that the chain has not taken back: their times never fall as their blocks rise."""
    return Log.objects.filter(retracted_seq=None)


class MemberFilter(PagedFilter):
    """A pool's members, in the order in which they joined."""

    default_size = 100
    orderings = MEMBER_ORDERINGS
    default_order = "joined"

    class Meta(PagedFilter.Meta):
        model = Membership
        fields: list[str] = []


class PieceFilter(PagedFilter):
    """The pieces of the ledger, those that were begun last first."""

    default_size = 20
    orderings = PIECE_ORDERINGS
    default_order = "-written"

    class Meta(PagedFilter.Meta):
        model = CoveredRange
        fields: list[str] = []
