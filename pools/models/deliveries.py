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
        RAISED = "raised"
        RESOLVED = "resolved"
        TEST = "test"  # of no alert

    class State(models.TextChoices):
        WAITING = "waiting"
        SENT = "sent"
        FAILED = "failed"  # given up: nobody tries again unless asked to
        HELD = "held"  # until a silence ends
        SPARED = "spared"  # it was over before the silence was

    uid = models.UUIDField(default=uuid4, unique=True)  # by it a receiver knows what it has
    alert = models.ForeignKey(Alert, null=True, on_delete=models.CASCADE)
    occasion = models.CharField(max_length=16, choices=Occasion)
    receiver = models.CharField(max_length=330)  # see `pools.receivers`
    state = models.CharField(max_length=16, choices=State, default=State.WAITING)
    attempts = models.IntegerField(default=0)
    error = models.CharField(max_length=300, blank=True)  # of the last attempt, redacted
    created_at = models.DateTimeField(auto_now_add=True)
    due_at = models.DateTimeField(default=timezone.now)
    # Who is sending it, and when that attempt counts as dead.
    claim = models.CharField(max_length=32, blank=True)
    claimed_until = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)

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
        return f"{self.occasion} to {self.receiver}"
