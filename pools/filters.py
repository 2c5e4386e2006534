"""What the URL of a list may say: filters, order and page of pools, events and members.

Shared by pages and API. A page shows what the valid values select and tells of the others
(`errors`); the API calls `require_valid` first. Which rows come out is `selectors`' matter.
"""

import re
from typing import Any, ClassVar, TypeVar, cast

import django_filters
from django import forms
from django.db.models import Model, QuerySet
from django.utils.translation import gettext_lazy as _

from pools import paging
from pools.events import KINDS
from pools.filter_fields import (
    AddressField,
    ChoiceField,
    CursorField,
    MomentField,
    PoolIdField,
    TextField,
    WholeNumberField,
)
from pools.models import Log, Membership, Pool

BIGGEST_PAGE = 1000

M = TypeVar("M", bound=Model)

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


class InvalidFilter(ValueError):
    """A parameter makes no sense; the message names each and says why."""


class Where(django_filters.Filter):  # type: ignore[misc]  # django-filter has no types
    """A parameter that selects rows."""

    def __init__(self, field: type[forms.Field], **options: Any) -> None:
        self.field_class = field
        super().__init__(**options)


class Parameter(Where):
    """A parameter that shapes the page and leaves the selection alone."""

    def filter(self, qs: QuerySet[Any], _value: object) -> QuerySet[Any]:
        return qs


class PagedForm(forms.Form):
    """Checks that a cursor belongs to the order that the other parameters ask for."""

    paged: "PagedFilter"

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        cursor = cleaned.get("cursor")
        if cursor is not None:
            try:
                paging.values_of(cursor, self.paged.ordering_in(cleaned))
            except paging.BadCursor:
                self.add_error("cursor", _("Not a cursor of this list in this order."))
        return cleaned


class PagedFilter(django_filters.FilterSet):  # type: ignore[misc]  # django-filter has no types
    """A list's parameters: after `errors` was asked for, the order, the size and the beginning."""

    default_size = 50
    orderings: ClassVar[dict[str, paging.Ordering]]
    default_order: ClassVar[str]
    order_parameter: ClassVar[str] = ""  # which parameter chooses among several

    limit = Parameter(
        WholeNumberField,
        smallest=1,
        biggest=BIGGEST_PAGE,
        label=_("Rows"),
        help_text="How many rows a page has at most.",
    )
    cursor = Parameter(
        CursorField,
        label=_("Cursor"),
        widget=forms.HiddenInput,
        help_text="Where the page begins: taken from `next`, not made by hand.",
    )

    class Meta:
        form = PagedForm

    def get_form_class(self) -> type[forms.Form]:
        return type("Form", (super().get_form_class(),), {"paged": self})

    def ordering_in(self, values: dict[str, Any]) -> paging.Ordering:
        return self.orderings[values.get(self.order_parameter) or self.default_order]

    def select(self, rows: QuerySet[M]) -> QuerySet[M]:
        """Those of the rows that the valid values select."""
        self.form.is_valid()
        return cast("QuerySet[M]", self.filter_queryset(rows))

    def require_valid(self) -> None:
        """Raise InvalidFilter when a value makes no sense."""
        if self.errors:
            raise InvalidFilter(
                " ".join(
                    f"{name}: {' '.join(str(message) for message in messages)}"
                    for name, messages in self.errors.items()
                )
            )

    @property
    def values(self) -> dict[str, Any]:
        """The values that make sense, by parameter; empty or absent where nothing was said."""
        self.form.is_valid()
        return cast("dict[str, Any]", self.form.cleaned_data)

    @property
    def ordering(self) -> paging.Ordering:
        return self.ordering_in(self.values)

    @property
    def size(self) -> int:
        return self.values.get("limit") or self.default_size

    @property
    def after(self) -> paging.Cursor | None:
        return self.values.get("cursor")


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
        names=tuple(status.label for status in Pool.Status),
        method="with_status",
        label=_("Status"),
        help_text="Whether it accepts members, is active or is closed.",
    )
    category = Where(TextField, label=_("Category"), help_text="The pool's category.")
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

    def with_status(self, rows: QuerySet[Pool], _name: str, value: str) -> QuerySet[Pool]:
        return rows.filter(status=Pool.Status[value.upper()])


class EventFilter(PagedFilter):
    default_size = 100
    orderings = EVENT_ORDERINGS
    default_order = "asc"
    order_parameter = "order"

    kind = Where(
        ChoiceField,
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
    pool_id = Where(PoolIdField, label=_("Pool"), help_text="The pool it is about.")
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
        field_name="timestamp",
        lookup_expr="gte",
        label=_("From"),
        help_text="On this day or at this time, or later.",
    )
    date_to = Where(
        MomentField,
        end=True,
        field_name="timestamp",
        lookup_expr="lt",
        label=_("Until"),
        help_text="Before this time, or on this day or earlier.",
    )
    since = Where(
        WholeNumberField,
        field_name="seq",
        lookup_expr="gt",
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


class MemberFilter(PagedFilter):
    """A pool's members, in the order in which they joined."""

    default_size = 100
    orderings = MEMBER_ORDERINGS
    default_order = "joined"

    class Meta(PagedFilter.Meta):
        model = Membership
        fields: list[str] = []
