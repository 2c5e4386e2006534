"""Admin pages of what pools are for, the one thing about pools that people decide.

Changes are written by `pools.ingest`; what a page shows of them is counted with a bound.
"""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import AdminSite
from django.contrib.admin.helpers import ActionForm
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop, ngettext
from django.views.decorators.http import require_POST

from pools import categories, ingest
from pools.admin.base import COUNTED, CheapPaginator, RecordAdmin, list_link, number_in
from pools.admin.notes import note
from pools.categorising import Rule, Rules
from pools.models import (
    NO_CATEGORY,
    Category,
    CategoryCorrection,
    CategoryRules,
    Pool,
    RegionCount,
)
from pools.turns import giving_way

LOOKED_AT = 1_000  # pools that a preview goes over, the newest
CORRECTED_AT_ONCE = 1_000


@admin.register(Category)
class CategoryAdmin(admin.ModelAdmin[Category]):
    """May be added and changed. Not deleted: pools, corrections and links may name it."""

    list_display = ("name_en", "name_es", "tone", "order", "active", "pools_link")
    list_filter = ("active",)
    ordering = ("order", "slug")
    search_fields = ("slug", "name_en", "name_es")
    paginator = CheapPaginator
    show_full_result_count = False
    prepopulated_fields = {"slug": ("name_en",)}
    fields = (
        "name_en",
        "name_es",
        "slug",
        "tone",
        "order",
        "active",
        "keywords_en",
        "keywords_es",
        "pools_now",
        "preview",
    )

    def get_readonly_fields(
        self, _request: HttpRequest, category: Category | None = None
    ) -> tuple[str, ...]:
        shown = ("pools_now", "preview")
        return ("slug", *shown) if category else shown

    def get_prepopulated_fields(
        self, _request: HttpRequest, category: Category | None = None
    ) -> dict[str, Any]:
        return {} if category else {"slug": ("name_en",)}

    def has_delete_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        return False

    def save_model(
        self, request: HttpRequest, category: Category, form: forms.ModelForm[Any], change: bool
    ) -> None:
        super().save_model(request, category, form, change)
        ingest.rules_changed()
        # Where there are few pools, whoever saved sees them follow at once.
        transaction.on_commit(_begin_to_apply, robust=True)
        messages.info(request, _("Pools that were not set by hand follow within a minute or two."))

    @admin.display(description=gettext_lazy("pools"))
    def pools_link(self, category: Category) -> SafeString:
        return list_link("pool", _("show"), category__slug__exact=category.slug)

    @admin.display(description=gettext_lazy("pools"))
    def pools_now(self, category: Category) -> SafeString | str:
        if not category.pk:
            return "–"
        count = Pool.objects.filter(category=category)[:COUNTED].count()
        return list_link("pool", count, category__slug__exact=category.slug)

    @admin.display(description=gettext_lazy("what the saved keywords find"))
    def preview(self, category: Category) -> SafeString | str:
        if not category.pk:
            return _("Save it to see how many pools it finds.")
        alone = Rules([Rule(category.slug, category.order, tuple(category.keywords))])
        together = categories.rules_in_force()
        newest = Pool.objects.order_by("-created_block", "-created_log_index")
        names = list(newest.values_list("name", flat=True)[:LOOKED_AT])
        found = [name for name in names if alone.match(name)]
        kept = [name for name in found if together.category_of(name) == category.slug]
        told = _(
            "%(found)s of the newest %(all)s pools have one of these keywords in their name; in "
            "%(kept)s of them no category before this one has one, too."
        ) % {"found": len(found), "all": len(names), "kept": len(kept)}
        return format_html("{}<br>{}", told, " · ".join(kept[:5]))


def _begin_to_apply() -> None:
    with giving_way():
        ingest.apply_rules()


class CategoryActionForm(ActionForm):
    """Beside the list's actions: the category that “Set the category” sets."""

    category = forms.ModelChoiceField(
        Category.objects.all(),
        to_field_name="slug",
        required=False,
        empty_label=gettext_lazy("(no category)"),
        label=gettext_lazy("Category:"),
    )


@admin.action(description=gettext_lazy("Set the category for good"), permissions=["correct"])
def set_category(_admin: Any, request: HttpRequest, pools: QuerySet[Pool]) -> None:
    """Give the chosen pools the category chosen beside the action, whatever the rules say."""
    slug = request.POST.get("category") or None  # the form has checked it
    if (keys := _chosen(request, pools)) is not None:
        corrected = _correct(request, keys, slug)
        category = Category.objects.get(slug=slug) if slug else _("none")
        told = ngettext(
            "%(count)d pool: %(category)s.", "%(count)d pools: %(category)s.", corrected
        )
        messages.success(request, told % {"count": corrected, "category": category})


@admin.action(
    description=gettext_lazy("Let the rules decide the category"), permissions=["correct"]
)
def follow_rules(_admin: Any, request: HttpRequest, pools: QuerySet[Pool]) -> None:
    """Forget what was set by hand for the chosen pools."""
    if (keys := _chosen(request, pools)) is not None:
        forgotten = _forget(request, keys)
        told = ngettext(
            "%(count)d pool follows the rules again.",
            "%(count)d pools follow the rules again.",
            forgotten,
        )
        messages.success(request, told % {"count": forgotten})


def _correct(request: HttpRequest, keys: list[int], slug: str | None) -> int:
    with transaction.atomic():
        corrected = ingest.correct(keys, slug)
        did = {"name": "category correction", "object": slug or NO_CATEGORY}
        note(request, Pool.objects.filter(pk__in=keys), [{"added": did}])
    return corrected


def _forget(request: HttpRequest, keys: list[int]) -> int:
    corrections = CategoryCorrection.objects.filter(
        contract=OuterRef("contract"), pool_id=OuterRef("pool_id")
    )
    with transaction.atomic():
        corrected = list(Pool.objects.filter(Exists(corrections), pk__in=keys))
        forgotten = ingest.forget_corrections(keys)
        note(request, corrected, gettext_noop("The rules decide its category again."))
    return forgotten


class MayCorrect:
    """For the admin of pools: who may change pools may correct their category, by the list's
    actions or on the page of one.
    """

    admin_site: AdminSite

    def has_correct_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("pools.change_pool")

    def get_urls(self) -> list[URLPattern]:
        own = path(
            "<int:key>/category/",
            self.admin_site.admin_view(require_POST(self.correct_one)),
            name="pools_pool_category",
        )
        return [own, *super().get_urls()]  # type: ignore[misc]

    def correct_one(self, request: HttpRequest, key: int) -> HttpResponse:
        """Do with one pool what the button on its page says, and go back there."""
        if not self.has_correct_permission(request):
            raise PermissionDenied
        pool = get_object_or_404(Pool, pk=key)
        chosen = CategoryActionForm(request.POST).fields["category"]
        try:
            category = chosen.clean(request.POST.get("category"))
        except ValidationError:
            messages.error(request, _("There is no such category."))
            return redirect("admin:pools_pool_change", key)
        if "follow" in request.POST:
            _forget(request, [pool.pk])
            messages.success(request, _("The rules decide its category again."))
        else:
            _correct(request, [pool.pk], category.slug if category else None)
            told = _("Its category is %(category)s for good.")
            messages.success(request, told % {"category": category or _("none")})
        return redirect("admin:pools_pool_change", key)

    @admin.display(description=gettext_lazy("correct the category"))
    def correction(self, pool: Pool) -> SafeString:
        """A choice and two buttons that send the page's own form, with its token, to their view."""
        field = CategoryActionForm().fields["category"]
        return format_html(
            '{} <button type="submit" class="button" formaction="{}">{}</button> '
            '<button type="submit" class="button" name="follow" formaction="{}">{}</button>',
            field.widget.render(
                "category", pool.category_id, {"aria-label": _("Category"), "id": "id_category"}
            ),
            *(url := reverse("admin:pools_pool_category", args=[pool.pk]), _("Set it for good")),
            *(url, _("Let the rules decide")),
        )


def _chosen(request: HttpRequest, pools: QuerySet[Pool]) -> list[int] | None:
    keys = list(pools.order_by("pk").values_list("pk", flat=True)[: CORRECTED_AT_ONCE + 1])
    if len(keys) > CORRECTED_AT_ONCE:
        told = _("At most %(most)s pools at once: choose fewer.")
        messages.error(request, told % {"most": CORRECTED_AT_ONCE})
        return None
    return keys


@admin.register(CategoryCorrection)
class CategoryCorrectionAdmin(RecordAdmin[CategoryCorrection]):
    """What was set by hand; it is set and taken back on the list of pools."""

    list_display = ("corrected_at", "contract", "pool_id", "name", "category")
    list_filter = ("category",)
    list_select_related = ("contract", "category")
    ordering = ("-pk",)
    search_help_text = gettext_lazy("A pool's number.")

    def find(self, term: str) -> Q:
        number = number_in(term)
        return super().find(term) if number is None else Q(pool_id=number)


@admin.register(CategoryRules)
class CategoryRulesAdmin(RecordAdmin[CategoryRules]):
    list_display = ("__str__", "revision", "done_to")


@admin.register(RegionCount)
class RegionCountAdmin(RecordAdmin[RegionCount]):
    list_display = ("day", "region", "count")
    date_hierarchy = "day"
    ordering = ("-day", "-count")
    search_help_text = gettext_lazy("A time zone, as America/Lima.")

    def find(self, term: str) -> Q:
        return Q(region=term)
