"""What staff decide about alerts: who else hears of them, when nobody does, and rules of their own.

People write these in the admin; `pools.receivers`, `pools.silences` and `pools.rules` go by them.
"""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from pools.fields import UInt256Field
from pools.models.chain import ADDRESS_LENGTH
from pools.own_charts import Subject
from pools.services import known


class AlertReceiver(models.Model):
    """A service that is told of alerts, besides those that the settings name."""

    name = models.CharField(_("name"), max_length=60, unique=True)
    # A secret: written in the admin, and shown nowhere.
    url = models.CharField(_("Apprise URL"), max_length=known.LONGEST_URL)
    kinds = models.JSONField(_("hears of"), default=list, blank=True)  # none: of all
    enabled = models.BooleanField(_("enabled"), default=True)

    class Meta:
        verbose_name = _("alert receiver")
        verbose_name_plural = _("alert receivers")

    def __str__(self) -> str:
        return self.name


class AlertSilence(models.Model):
    """A time in which nobody is told of some alerts: of those of `kinds`, of the one of `key`, or,
    where neither is named, of all.
    """

    kinds = models.JSONField(_("kinds"), default=list, blank=True)
    key = models.CharField(_("only this alert"), max_length=200, blank=True)
    starts_at = models.DateTimeField(_("from"), default=timezone.now)
    ends_at = models.DateTimeField(_("until"))
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    made_by = models.CharField(_("by"), max_length=150, blank=True, editable=False)

    class Meta:
        verbose_name = _("silence")
        verbose_name_plural = _("silences")
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")), name="silence_ends_after_it_starts"
            ),
        ]
        indexes = [models.Index(fields=["ends_at"], name="silence_by_end")]

    def __str__(self) -> str:
        return f"{self.key or ', '.join(self.kinds) or '*'} – {self.ends_at:%Y-%m-%d %H:%M}"


class AlertRule(models.Model):
    """What is to be an alert, by a limit of one's own. `limit` is in wei where BTC is measured."""

    class Measure(models.TextChoices):
        EVENTS = "events", _("Events")
        AMOUNT = "amount", _("BTC moved by them")
        LAG = "lag", _("Blocks behind the chain")
        LATENCY = "latency", _("Milliseconds in which the node answers")

    class Side(models.TextChoices):
        ABOVE = "above", _("more than")
        BELOW = "below", _("less than")

    name = models.CharField(
        _("name"),
        max_length=80,
        unique=True,
        help_text=_("Everybody reads it on the status page while the alert stands."),
    )
    measure = models.CharField(_("what is measured"), max_length=16, choices=Measure)
    # Of `own_charts.LETTERS`
    letters = models.CharField(_("letters"), max_length=6, blank=True, editable=False)
    # As an `own_charts.Subject`: of a pool, an account, or everything.
    address = models.CharField(_("address"), max_length=ADDRESS_LENGTH, blank=True, editable=False)
    pool_id = UInt256Field(_("pool id"), null=True, editable=False)
    minutes = models.PositiveIntegerField(
        _("over the last minutes"),
        default=60,
        validators=[MinValueValidator(1), MaxValueValidator(7 * 24 * 60)],
    )
    side = models.CharField(_("alert when it is"), max_length=8, choices=Side, default=Side.ABOVE)
    limit = UInt256Field(_("limit"), editable=False)
    enabled = models.BooleanField(_("enabled"), default=True)

    class Meta:
        verbose_name = _("alert rule")
        verbose_name_plural = _("alert rules")

    def __str__(self) -> str:
        return self.name

    @property
    def subject(self) -> Subject:
        return Subject(self.address, self.pool_id)

    @property
    def key(self) -> str:
        """The key of its alert."""
        return f"rule:{self.pk}"
