"""Admin pages of what staff decide about alerts: who else is told, when nobody is, and rules of
their own.
"""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import transaction
from django.db.models import Case, CharField, QuerySet, Value, When
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop, ngettext
from django.views.decorators.debug import sensitive_post_parameters

from pools import alert_kinds, alerts, deliveries, presentation
from pools.admin.alert_forms import (
    ReceiverForm,
    RuleForm,
    SilenceForm,
    is_of_one_alert,
    pasted,
)
from pools.admin.base import CheapPaginator, list_link
from pools.admin.notes import ReadsNotes, note, note_added
from pools.models import AlertReceiver, AlertRule, AlertSilence
from pools.presentation import short_address
from pools.receivers import of_service
from pools.services import known

USUAL_SILENCE = timedelta(hours=8)


def kinds_in_words(kinds: list[str]) -> str:
    """The kinds, or that it is all of them."""
    return ", ".join(map(alert_kinds.words, kinds)) or _("everything")


@admin.action(description=gettext_lazy("Send a test alert"), permissions=["test"])
def send_test(_admin: Any, request: HttpRequest, rows: "QuerySet[AlertReceiver]") -> None:
    """Have the chosen receivers told that this is a test."""
    chosen = list(rows.filter(enabled=True).order_by("pk"))
    if not chosen:
        messages.warning(request, _("None of these is enabled."))
        return
    with transaction.atomic():
        note_added(request, deliveries.note_test([of_service(one.pk) for one in chosen]))
        note(request, chosen, gettext_noop("Sent a test alert."))
    names = ", ".join(one.name for one in chosen)
    messages.success(
        request,
        _("A test goes out within half a minute (%(names)s); “Alert deliveries” says how it went.")
        % {"names": names},
    )


@admin.register(AlertReceiver)
class AlertReceiverAdmin(ReadsNotes, admin.ModelAdmin[AlertReceiver]):
    """The URL can be written and replaced; nothing of it but its service is ever shown."""

    form = ReceiverForm
    list_display = ("name", "service", "hears_of", "enabled", "told")
    ordering = ("name",)
    paginator = CheapPaginator
    show_full_result_count = False
    readonly_fields = ("service", "hears_of")
    actions = (send_test,)

    def get_fields(self, request: HttpRequest, receiver: Any = None) -> tuple[str, ...]:
        may_write = (
            self.has_change_permission(request, receiver)
            if receiver
            else self.has_add_permission(request)
        )
        if not may_write:
            return ("name", "service", "hears_of", "enabled")
        shown = ("service",) if receiver else ()
        return ("name", *shown, "new_url", "kinds", "enabled")

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Not by the URL: who may only look could guess it, a letter at a time."""
        name = lookup.partition("__")[0]
        return name != "url" and super().lookup_allowed(lookup, value, request)

    def has_test_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("pools.add_alertdelivery")

    @method_decorator(sensitive_post_parameters())
    def changeform_view(self, *args: Any, **options: Any) -> HttpResponse:
        return super().changeform_view(*args, **options)

    @admin.display(description=gettext_lazy("service"))
    def service(self, receiver: AlertReceiver) -> str:
        return known.shown(receiver.url)

    @admin.display(description=gettext_lazy("hears of"))
    def hears_of(self, receiver: AlertReceiver) -> str:
        return kinds_in_words(receiver.kinds)

    @admin.display(description=gettext_lazy("was told"))
    def told(self, receiver: AlertReceiver) -> SafeString:
        return list_link("alertdelivery", _("deliveries"), q=of_service(receiver.pk))


@admin.action(description=gettext_lazy("End now"), permissions=["change"])
def end_now(_admin: Any, request: HttpRequest, rows: "QuerySet[AlertSilence]") -> None:
    """Have the chosen silences end, those that hold."""
    now = timezone.now()
    with transaction.atomic():
        ended = rows.filter(starts_at__lt=now, ends_at__gt=now).update(ends_at=now)
        note(request, AlertSilence.objects.filter(ends_at=now), gettext_noop("Ended."))
    messages.success(
        request,
        ngettext(
            "%(count)d silence has ended; what stands is told within half a minute.",
            "%(count)d silences have ended; what stands is told within half a minute.",
            ended,
        )
        % {"count": ended},
    )


@admin.register(AlertSilence)
class AlertSilenceAdmin(ReadsNotes, admin.ModelAdmin[AlertSilence]):
    form = SilenceForm
    list_display = ("about", "starts_at", "ends_at", "reason", "made_by")
    list_display_links = ("about",)
    ordering = ("-ends_at", "-pk")
    paginator = CheapPaginator
    show_full_result_count = False
    readonly_fields = ("about", "made_by")
    actions = (end_now,)

    def get_fields(self, request: HttpRequest, silence: Any = None) -> tuple[str, ...]:
        times = ("starts_at", "ends_at", "reason")
        if silence is None:
            return ("kinds", "rule", *times)
        if not self.has_change_permission(request, silence) or is_of_one_alert(silence):
            return ("about", *times, "made_by")
        return ("kinds", "rule", *times, "made_by")

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        until = timezone.now() + USUAL_SILENCE
        return {"ends_at": until, **super().get_changeform_initial_data(request)}

    def save_model(
        self,
        request: HttpRequest,
        silence: AlertSilence,
        form: forms.ModelForm[AlertSilence],
        change: bool,
    ) -> None:
        if not change:
            silence.made_by = request.user.get_username()
        super().save_model(request, silence, form, change)

    def get_queryset(self, request: HttpRequest) -> "QuerySet[AlertSilence]":
        rules = [When(key=rule.key, then=Value(rule.name)) for rule in AlertRule.objects.all()]
        called = Case(*rules, default="key", output_field=CharField())
        return super().get_queryset(request).annotate(called=called)

    @admin.display(description=gettext_lazy("of"))
    def about(self, silence: AlertSilence) -> str:
        """A rule's name, another alert's key, or kinds."""
        called: str = getattr(silence, "called", "")
        return called or kinds_in_words(silence.kinds)


@admin.register(AlertRule)
class AlertRuleAdmin(admin.ModelAdmin[AlertRule]):
    """A rule that is disabled, deleted or made another one takes its alert along."""

    form = RuleForm
    list_display = ("name", "what", "about", "enabled", "its_alerts")
    list_filter = ("enabled", "measure")
    readonly_fields = ("what", "about")
    ordering = ("name",)
    paginator = CheapPaginator
    show_full_result_count = False

    def get_fields(self, request: HttpRequest, rule: Any = None) -> tuple[str, ...]:
        may_write = (
            self.has_change_permission(request, rule) if rule else self.has_add_permission(request)
        )
        if not may_write:
            return ("name", "what", "about", "enabled")
        return ("name", "measure", "kinds", "of", "minutes", "side", "limit_text", "enabled")

    def save_model(
        self, request: HttpRequest, rule: AlertRule, form: forms.ModelForm[AlertRule], change: bool
    ) -> None:
        before = _judged_by(rule) if change else None
        super().save_model(request, rule, form, change)
        # Another question: what it said of the old one is not the answer.
        if not rule.enabled or (change and _judged_by(rule) != before):
            alerts.resolve(rule.key)

    def delete_model(self, request: HttpRequest, rule: AlertRule) -> None:
        key = rule.key
        super().delete_model(request, rule)
        alerts.resolve(key)

    def delete_queryset(self, request: HttpRequest, rules: "QuerySet[AlertRule]") -> None:
        keys = [rule.key for rule in rules]
        super().delete_queryset(request, rules)
        for key in keys:
            alerts.resolve(key)

    @admin.display(description=gettext_lazy("alert when"))
    def what(self, rule: AlertRule) -> str:
        """As “Events, more than 5, 60 min”."""
        is_amount = rule.measure == AlertRule.Measure.AMOUNT
        limit = f"{presentation.btc(rule.limit)} BTC" if is_amount else f"{rule.limit}"
        parts = [str(rule.get_measure_display()), f"{rule.get_side_display()} {limit}"]
        if rule.measure != AlertRule.Measure.LAG:
            parts.append(f"{rule.minutes} min")
        return ", ".join(parts)

    @admin.display(description=gettext_lazy("of"))
    def about(self, rule: AlertRule) -> SafeString | str:
        """A link to the page of the pool or the account."""
        if not rule.address:
            return _("everything")
        pool = "" if rule.pool_id is None else f" #{rule.pool_id}"
        page = pasted(rule) if pool else reverse("pools:account", args=[rule.address])
        return format_html('<a href="{}">{}{}</a>', page, short_address(rule.address), pool)

    @admin.display(description=gettext_lazy("alerts"))
    def its_alerts(self, rule: AlertRule) -> SafeString:
        return list_link("alert", _("alerts"), q=rule.key)


def _judged_by(rule: AlertRule) -> tuple[object, ...]:
    """All by which the rule, as it is stored, says yes or no."""
    asks = ("measure", "letters", "address", "pool_id", "minutes", "side", "limit")
    stored: tuple[object, ...] = AlertRule.objects.values_list(*asks).get(pk=rule.pk)
    return stored
