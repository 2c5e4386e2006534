"""The forms by which staff name receivers, silence alerts and make rules, and what these refuse."""

import re
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from pools import alert_kinds
from pools.charts.over_time import group_words
from pools.models import AlertReceiver, AlertRule, AlertSilence
from pools.own_chart_page import subject_in
from pools.own_charts import LETTERS, WITH_AMOUNT
from pools.presentation import WEI_PER_BTC
from pools.services import calling, known

MOST_RULES: Final = 50  # enabled ones: each is measured each minute
MOST_MINUTES_OF_AMOUNTS: Final = 24 * 60
_WHOLE: Final = re.compile(r"[0-9]{1,15}", re.ASCII)
# Not 1,000, which is a thousand to one reader and one to another.
_BTC: Final = re.compile(r"(?![1-9][0-9]*,[0-9]{3}$)([0-9]{1,12})(?:[.,]([0-9]{1,18}))?", re.ASCII)

Measure = AlertRule.Measure


def _kinds_field(label: Any, help_text: Any) -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(
        label=capfirst(label),
        required=False,
        choices=alert_kinds.choices,
        widget=forms.CheckboxSelectMultiple,
        help_text=help_text,
    )


class ReceiverForm(forms.ModelForm[AlertReceiver]):
    """The URL goes in and never comes out: the field does not even bear the column's name."""

    new_url = forms.CharField(
        label=capfirst(_("Apprise URL")),
        required=False,
        max_length=known.LONGEST_URL,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "class": "vTextField"}),
        help_text=_(
            "Such as slack://… or tgram://…, as Apprise writes it for the service. It is a secret: "
            "it is not shown again. Left empty, the one that is stored stays."
        ),
    )
    kinds = _kinds_field(_("hears of"), _("None chosen: of every kind."))

    class Meta:
        model = AlertReceiver
        fields = ("name", "kinds", "enabled")

    def clean_new_url(self) -> str:
        url: str = self.cleaned_data["new_url"].strip()
        if not url:
            if not self.instance.url:
                raise ValidationError(_("Enter the URL of the service."))
            return ""
        if known.name_of(url) is None:
            raise ValidationError(
                _("No service that may be told of alerts has such a URL. These may: %(names)s."),
                params={"names": ", ".join(sorted(known.SERVICES, key=str.lower))},
            )
        if parameter := known.names_a_file(url):
            raise ValidationError(
                _("The parameter “%(name)s” may not be used: it names a file."),
                params={"name": parameter},
            )
        try:
            calling.look_at(url)
        except calling.Refused as refused:
            raise ValidationError(
                _("This URL cannot be used (%(reason)s)."),
                params={"reason": str(refused)},
            ) from None
        return url

    def save(self, commit: bool = True) -> AlertReceiver:
        if url := self.cleaned_data.get("new_url"):
            self.instance.url = url
        return super().save(commit)


class SilenceForm(forms.ModelForm[AlertSilence]):
    kinds = _kinds_field(
        _("kinds"), _("None chosen, and no rule either: nobody is told of anything.")
    )
    rule = forms.ModelChoiceField(
        AlertRule.objects.order_by("name"), label=capfirst(_("only this rule")), required=False
    )

    class Meta:
        model = AlertSilence
        fields = ("kinds", "starts_at", "ends_at", "reason")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if is_of_one_alert(self.instance):
            for name in ("kinds", "rule"):
                self.fields.pop(name, None)
        elif self.instance.key:
            self.fields["rule"].initial = self.instance.key.removeprefix("rule:")

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        rule, kinds = given.get("rule"), given.get("kinds")
        if rule and kinds:
            self.add_error("rule", _("Choose either kinds or a rule."))
        if "ends_at" in given and "starts_at" in given and given["ends_at"] <= given["starts_at"]:
            self.add_error("ends_at", _("A silence ends after it starts."))
        elif "ends_at" in given and not self.instance.pk and given["ends_at"] <= timezone.now():
            self.add_error("ends_at", _("This is over already."))
        return given

    def save(self, commit: bool = True) -> AlertSilence:
        if "rule" in self.fields:
            rule = self.cleaned_data["rule"]
            self.instance.key = rule.key if rule else ""
        return super().save(commit)


def is_of_one_alert(silence: AlertSilence) -> bool:
    """Whether it is of one alert for good, which no form offers, and not of a rule that stands."""
    return bool(silence.key) and silence.key not in {rule.key for rule in AlertRule.objects.all()}


def _letters() -> list[tuple[str, str]]:
    return list(zip(LETTERS, group_words(), strict=True))


class RuleForm(forms.ModelForm[AlertRule]):
    kinds = forms.MultipleChoiceField(
        label=capfirst(_("which events")),
        required=False,
        choices=_letters,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Pools that are created, and other events, move no BTC."),
    )
    of = forms.CharField(
        label=capfirst(_("of")),
        required=False,
        max_length=400,
        widget=forms.TextInput(attrs={"class": "vTextField"}),
        help_text=_(
            "Empty: of everything. Else paste the address of a pool's or an account's page, an "
            "account's 0x…, or a pool's number."
        ),
    )
    limit_text = forms.CharField(
        label=capfirst(_("the limit")),
        max_length=40,
        help_text=_("A whole number; of BTC also as 0.05 or 0,05."),
    )

    class Meta:
        model = AlertRule
        fields = ("name", "measure", "minutes", "side", "enabled")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        rule = self.instance
        if not self.fields:
            return  # who may only look
        self.fields["kinds"].initial = list(rule.letters) if rule.pk else ["j"]
        if rule.pk:
            self.fields["of"].initial = pasted(rule)
            self.fields["limit_text"].initial = limit_text(rule)

    def clean_name(self) -> str:
        return " ".join(str(self.cleaned_data["name"]).split())

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        measure = given.get("measure")
        if measure in (Measure.LAG, Measure.LATENCY):
            self._clean_of_the_link(given)
        elif measure:
            self._clean_of_events(given, measure)
        limit = self._limit(given, measure) if "limit_text" in given else None
        if limit == 0 and given.get("side") == AlertRule.Side.BELOW:
            self.add_error("limit_text", _("Nothing is less than 0."))
        given["limit"] = limit
        others = AlertRule.objects.filter(enabled=True).exclude(pk=self.instance.pk)
        if given.get("enabled") and others.count() >= MOST_RULES:
            self.add_error(
                "enabled",
                ValidationError(
                    _("At most %(most)s rules can be enabled."), params={"most": MOST_RULES}
                ),
            )
        return given

    def _clean_of_the_link(self, given: dict[str, Any]) -> None:
        if given.get("of"):
            self.add_error("of", _("This is measured of the node, not of a pool or an account."))
        if given.get("side") == AlertRule.Side.BELOW:
            self.add_error("side", _("Of the node, only too much can be an alert."))
        given["kinds"] = []

    def _clean_of_events(self, given: dict[str, Any], measure: str) -> None:
        kinds = set(given.get("kinds", ()))
        if not kinds:
            self.add_error("kinds", _("Choose one kind at least."))
        elif measure == Measure.AMOUNT and not kinds & WITH_AMOUNT:
            self.add_error("kinds", _("None of these moves any BTC: choose another one as well."))
        if measure == Measure.AMOUNT and given.get("minutes", 0) > MOST_MINUTES_OF_AMOUNTS:
            self.add_error("minutes", _("BTC is added up over one day, 1440 minutes, at most."))
        subject, problem = subject_in(given.get("of", "").replace("\0", "").strip())
        if problem:
            self.add_error("of", problem)
        given["subject"] = subject

    def _limit(self, given: dict[str, Any], measure: str | None) -> int | None:
        text = given["limit_text"].strip()
        if measure == Measure.AMOUNT:
            if match := _BTC.fullmatch(text):
                return int(match[1]) * WEI_PER_BTC + int((match[2] or "").ljust(18, "0"))
            self.add_error("limit_text", _("Not an amount of BTC, such as 0.05."))
        elif not _WHOLE.fullmatch(text):
            self.add_error("limit_text", _("Not a whole number."))
        else:
            return int(text)
        return None

    def save(self, commit: bool = True) -> AlertRule:
        given, rule = self.cleaned_data, self.instance
        chosen = set(given["kinds"])
        if rule.measure == Measure.AMOUNT:
            chosen &= WITH_AMOUNT
        rule.letters = "".join(letter for letter in LETTERS if letter in chosen)
        subject = given.get("subject")
        rule.address = subject.address if subject else ""
        rule.pool_id = subject.pool_id if subject else None
        rule.limit = given["limit"]
        return super().save(commit)


def pasted(rule: AlertRule) -> str:
    """What the rule is about, as it may be pasted."""
    if rule.pool_id is not None:
        return reverse("pools:pool", args=[rule.address, rule.pool_id])
    return rule.address


def limit_text(rule: AlertRule) -> str:
    """The limit as it may be typed. Thousands are not grouped: a comma is a decimal mark, too."""
    if rule.measure != Measure.AMOUNT:
        return str(rule.limit)
    units, rest = divmod(rule.limit, WEI_PER_BTC)
    return f"{units}.{rest:018d}".rstrip("0").rstrip(".")
