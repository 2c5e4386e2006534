"""Who is to be told of an alert: what the senders work through, and what operators look up."""

from uuid import uuid4

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from pools.models.work import Alert


class AlertDelivery(models.Model):
    """One receiver and one occasion: an alert was raised, or is over, or somebody tries it out."""

    class Occasion(models.TextChoices):
        RAISED = "raised", _("Raised")
        RESOLVED = "resolved", _("Resolved")
        TEST = "test", _("Test")  # of no alert

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        SENT = "sent", _("Sent")
        FAILED = "failed", _("Failed")  # given up: nobody tries again unless asked to
        HELD = "held", _("Held")  # until a silence ends
        SPARED = "spared", _("Spared")  # it was over before the silence was

    # By it a receiver knows what it has
    uid = models.UUIDField(_("uid"), default=uuid4, unique=True)
    alert = models.ForeignKey(Alert, verbose_name=_("alert"), null=True, on_delete=models.CASCADE)
    occasion = models.CharField(_("occasion"), max_length=16, choices=Occasion)
    receiver = models.CharField(_("receiver"), max_length=330)  # see `pools.receivers`
    state = models.CharField(_("state"), max_length=16, choices=State, default=State.WAITING)
    attempts = models.IntegerField(_("attempts"), default=0)
    # Of the last attempt, redacted
    error = models.CharField(_("error"), max_length=300, blank=True)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    due_at = models.DateTimeField(_("due at"), default=timezone.now)
    # Who is sending it, and when that attempt counts as dead.
    claim = models.CharField(_("claim"), max_length=32, blank=True)
    claimed_until = models.DateTimeField(_("claimed until"), null=True)
    sent_at = models.DateTimeField(_("sent at"), null=True)

    class Meta:
        verbose_name = _("alert delivery")
        verbose_name_plural = _("alert deliveries")
        constraints = [
            models.UniqueConstraint(
                fields=["alert", "occasion", "receiver"], name="alert_told_once"
            ),
            models.CheckConstraint(
                condition=Q(occasion="test", alert=None)
                | (~Q(occasion="test") & Q(alert__isnull=False)),
                name="only_a_test_is_of_no_alert",
            ),
        ]
        indexes = [
            # The senders look every few seconds, and mostly nothing waits.
            models.Index(fields=["state", "receiver", "id"], name="delivery_by_state"),
        ]

    def __str__(self) -> str:
        return f"{self.get_occasion_display()}: {self.receiver}"
