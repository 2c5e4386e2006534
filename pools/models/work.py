"""What is left to tell others, who may work, and how the listener is."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from pools.models.chain import Log


class OutboxRow(models.Model):
    """A message to every browser. Rows tile the numbers, `first_seq` to `seq`, without a hole."""

    class Kind(models.TextChoices):
        EVENT = "event"  # one log became part of the chain
        RETRACTION = "retraction"  # the chain took one log back
        CONFIRMATION = "confirmation"  # one log has CONFIRMATIONS blocks on top
        BATCH = "batch"  # many logs at once: read the tables again

    seq = models.BigIntegerField(primary_key=True)
    first_seq = models.BigIntegerField()
    kind = models.CharField(max_length=16, choices=Kind)
    # Follows the log when that gets another number: see `storing`.
    log = models.ForeignKey(Log, null=True, on_delete=models.PROTECT, db_constraint=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("outbox row")
        verbose_name_plural = _("outbox rows")

    def __str__(self) -> str:
        return f"{self.kind} {self.seq}"


class Lease(models.Model):
    """Who may work. Each taking over raises `token`, and a write with an older token is refused."""

    name = models.CharField(max_length=32, primary_key=True)
    holder = models.CharField(max_length=100, blank=True)
    token = models.BigIntegerField(default=0)
    expires_at = models.DateTimeField()

    class Meta:
        verbose_name = _("lease")
        verbose_name_plural = _("leases")

    def __str__(self) -> str:
        return f"{self.name}: {self.holder or 'free'}"


class ListenerStatus(models.Model):
    """What the listener last said of its connection; one row. Old news means no listener."""

    class State(models.TextChoices):
        CONNECTING = "connecting"
        LIVE = "live"
        RECONNECTING = "reconnecting"
        ERROR = "error"
        OFFLINE = "offline"

    state = models.CharField(max_length=16, choices=State)
    detail = models.CharField(max_length=300, blank=True)  # why, in one sentence
    stopped = models.BooleanField(default=False)  # nothing can or may be written: not ready
    endpoint = models.CharField(max_length=253, blank=True)  # host name
    connected_at = models.DateTimeField(null=True)
    latency_ms = models.FloatField(null=True)
    reconnect_attempts = models.IntegerField(default=0)
    reconnects_total = models.BigIntegerField(default=0)
    events_received = models.BigIntegerField(default=0)
    messages_received = models.BigIntegerField(default=0)
    bytes_received = models.BigIntegerField(default=0)
    last_event_at = models.DateTimeField(null=True)
    head = models.BigIntegerField(null=True)
    head_at = models.DateTimeField(null=True)  # when we heard of that head
    updated_at = models.DateTimeField()

    class Meta:
        verbose_name = _("listener status")
        verbose_name_plural = _("listener status")

    def __str__(self) -> str:
        return self.state


class Alert(models.Model):
    """Something a person should look at. While it stands, there is one row for each `key`."""

    kind = models.CharField(max_length=32)  # "gap", "mismatch", "late_logs", …
    key = models.CharField(max_length=200)
    message = models.CharField(max_length=400)
    details = models.JSONField(default=dict)
    count = models.BigIntegerField(default=1)  # how often it was raised
    raised_at = models.DateTimeField(auto_now_add=True)
    seen_at = models.DateTimeField(auto_now=True)
    resolved_at = models.DateTimeField(null=True)
    acknowledged_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("alert")
        verbose_name_plural = _("alerts")
        constraints = [
            models.UniqueConstraint(
                fields=["key"], condition=Q(resolved_at__isnull=True), name="alert_once_while_open"
            ),
        ]
        indexes = [models.Index(fields=["raised_at"], name="alert_by_time")]

    def __str__(self) -> str:
        return self.message
