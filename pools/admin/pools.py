"""Admin pages of what was folded from events: pools, memberships and hourly counts."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from pools.admin.base import (
    RecordAdmin,
    address_in,
    explorer_link,
    hash_in,
    list_link,
    number_in,
    raw_bytes,
    record_link,
)
from pools.admin.categories import CategoryActionForm, MayCorrect, follow_rules, set_category
from pools.categories import corrections_of, rules_in_force
from pools.models import HourlyActivity, Membership, Pool
from pools.selectors.accounts import pool_keys_of


@admin.register(Pool)
class PoolAdmin(MayCorrect, RecordAdmin[Pool]):
    list_display = (
        "title",
        "pool_id",
        "status",
        "category",
        "creator",
        "member_count",
        "total_contributed",
        "created_at",
        "events_link",
        "members_link",
        "explorer",
    )
    list_filter = ("status", "category", "contract")
    list_select_related = ("contract", "category")
    action_form = CategoryActionForm
    actions = (set_category, follow_rules)
    date_hierarchy = "created_at"
    ordering = ("-created_block", "-created_log_index")
    search_help_text = gettext_lazy(
        "Part of a name, a pool's id, an address or the creating transaction's hash."
    )
    fields = (
        "contract",
        "pool_id",
        "name",
        "name_as_it_came",
        "creator",
        "status",
        "category",
        "category_because",
        "min_contribution",
        "max_members",
        "member_count",
        "total_contributed",
        "created_at",
        "created_block",
        "explorer",
        "closed_at",
        "last_event_at",
        "events_link",
        "members_link",
    )

    class Media:
        css = {"all": ["admin/css/two-choices.css"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Pool]:
        return super().get_queryset(request).select_related("contract")

    def get_fields(self, request: HttpRequest, _pool: Pool | None = None) -> list[Any]:
        """All are read-only; the last is for whoever may correct the category."""
        may = self.has_correct_permission(request)
        return [*self.fields, *(["correction"] if may else [])]

    def find(self, term: str) -> Q:
        if address := address_in(term):
            return Q(creator=address) | Q(contract__address=address)
        if hash_ := hash_in(term):
            return Q(created_tx=hash_)
        if (number := number_in(term)) is not None:
            return Q(pool_id=number) | Q(name__icontains=term)
        return Q(name__icontains=term)

    @admin.display(description=pgettext_lazy("a record", "pool"), ordering="name")
    def title(self, pool: Pool) -> str:
        return str(pool)

    @admin.display(description=gettext_lazy("raw name"))
    def name_as_it_came(self, pool: Pool) -> SafeString:
        return raw_bytes(pool.name_raw)

    @admin.display(description=gettext_lazy("category because of"))
    def category_because(self, pool: Pool) -> str:
        found = rules_in_force().match(pool.name)
        if corrections_of(pool).exists():
            return _("set by hand")
        if found is None:
            return _("no keyword in the name")
        return _("the keyword “%(word)s”") % {"word": found.keyword}

    @admin.display(description=gettext_lazy("events"), ordering="events")
    def events_link(self, pool: Pool) -> SafeString:
        return list_link(
            "log", pool.events, contract__exact=pool.contract_id, pool_id__exact=pool.pool_id
        )

    @admin.display(description=gettext_lazy("members"), ordering="member_count")
    def members_link(self, pool: Pool) -> SafeString:
        return list_link("membership", pool.member_count, pool__exact=pool.pk)

    @admin.display(description=gettext_lazy("created by"))
    def explorer(self, pool: Pool) -> SafeString | str:
        return explorer_link(pool.contract.chain_id, "tx", pool.created_tx)


@admin.register(Membership)
class MembershipAdmin(RecordAdmin[Membership]):
    list_display = (
        "account",
        "pool_link",
        "contribution",
        "shares",
        "active",
        "joined_at",
        "left_at",
        "explorer",
    )
    list_filter = ("active",)
    list_select_related = ("pool__contract",)
    date_hierarchy = "joined_at"
    ordering = ("-pk",)
    search_help_text = gettext_lazy("An address, or part of a pool's name.")

    def find(self, term: str) -> Q:
        if address := address_in(term):
            return Q(account=address, pool__in=pool_keys_of(address))
        return Q(pool__name__icontains=term)

    @admin.display(description=pgettext_lazy("a record", "pool"))
    def pool_link(self, membership: Membership) -> SafeString:
        return record_link("pool", membership.pool_id, membership.pool)

    @admin.display(description=gettext_lazy("explorer"))
    def explorer(self, membership: Membership) -> SafeString | str:
        return explorer_link(membership.pool.contract.chain_id, "address", membership.account)


@admin.register(HourlyActivity)
class HourlyActivityAdmin(RecordAdmin[HourlyActivity]):
    list_display = ("hour", "contract", "kind", "count")
    list_filter = ("contract",)
    list_select_related = ("contract",)
    date_hierarchy = "hour"
    ordering = ("-hour", "kind")

    def find(self, term: str) -> Q:
        return Q(kind__iexact=term)
