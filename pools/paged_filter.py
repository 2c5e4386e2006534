"""The parts of a list's filter: what selects rows, what shapes the page, and the checks of both.

`filters` builds the lists' own filters from them; knows no models.
"""

from typing import Any, ClassVar, TypeVar, cast

import django_filters
from django import forms
from django.db.models import Model, QuerySet
from django.utils.translation import gettext_lazy as _

from pools import paging
from pools.filter_fields import CursorField, WholeNumberField

BIGGEST_PAGE = 1000

M = TypeVar("M", bound=Model)


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
        help_text="Where the page begins: taken from “next”, not made by hand.",
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
