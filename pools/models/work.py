"""What is left to tell others, who may work, and how the listener is."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from pools.models.chain import Log


class OutboxRow(models.Model):
    """A message to every browser. Rows tile the numbers, `first_seq` to `seq`, without a hole."""

    class Kind(models.TextChoices):
        EVENT = "event", _("Event")  # one log became part of the chain
        RETRACTION = "retraction", _("Retraction")  # the chain took one log back
        CONFIRMATION = "confirmation", _("Confirmation")  # one log has CONFIRMATIONS blocks on top
        BATCH = "batch", _("Batch")  # many logs at once: read the tables again

    seq = models.BigIntegerField(_("seq"), primary_key=True)
    first_seq = models.BigIntegerField(_("first seq"))
    kind = models.CharField(_("kind"), max_length=16, choices=Kind)
    # Follows the log when that gets another number: see `storing`.
    log = models.ForeignKey(
        Log, verbose_name=_("log"), null=True, on_delete=models.PROTECT, db_constraint=False
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        verbose_name = _("outbox row")
        verbose_name_plural = _("outbox rows")

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.seq}"


class Lease(models.Model):
    """Who may work. Each taking over raises `token`, and a write with an older token is refused."""

    name = models.CharField(_("name"), max_length=32, primary_key=True)
    holder = models.CharField(_("holder"), max_length=100, blank=True)
    token = models.BigIntegerField(_("token"), default=0)
    expires_at = models.DateTimeField(_("expires at"))

    class Meta:
        verbose_name = _("lease")
        verbose_name_plural = _("leases")

    def __str__(self) -> str:
        return f"{self.name}: {self.holder or gettext('free')}"


class ListenerStatus(models.Model):
    """What the listener last said of its connection; one row. Old news means no listener."""

    class State(models.TextChoices):
        CONNECTING = "connecting", _("Connecting")
        LIVE = "live", _("Live")
        RECONNECTING = "reconnecting", _("Reconnecting")
        ERROR = "error", _("Error")
        OFFLINE = "offline", _("Offline")

    state = models.CharField(_("state"), max_length=16, choices=State)
    detail = models.CharField(_("detail"), max_length=300, blank=True)  # why, in one sentence
    # Nothing can or may be written: not ready
    stopped = models.BooleanField(_("stopped"), default=False)
    endpoint = models.CharField(_("endpoint"), max_length=253, blank=True)  # host name
    connected_at = models.DateTimeField(_("connected at"), null=True)
    latency_ms = models.FloatField(_("latency in ms"), null=True)
    reconnect_attempts = models.IntegerField(_("attempts to reconnect"), default=0)
    reconnects_total = models.BigIntegerField(_("reconnections in all"), default=0)
    events_received = models.BigIntegerField(_("events received"), default=0)
    messages_received = models.BigIntegerField(_("messages received"), default=0)
    bytes_received = models.BigIntegerField(_("bytes received"), default=0)
    last_event_at = models.DateTimeField(_("last event at"), null=True)
    head = models.BigIntegerField(_("head"), null=True)
    head_at = models.DateTimeField(_("head at"), null=True)  # when we heard of that head
    updated_at = models.DateTimeField(_("updated at"))

    class Meta:
        verbose_name = _("listener status")
        verbose_name_plural = _("listener status")

    def __str__(self) -> str:
        return self.get_state_display()


class Alert(models.Model):
    """Something a person should look at. While it stands, there is one row for each `key`."""

    kind = models.CharField(_("kind"), max_length=32)  # "gap", "mismatch", "late_logs", …
    key = models.CharField(_("key"), max_length=200)
    message = models.CharField(_("message"), max_length=400)
    details = models.JSONField(_("details"), default=dict)
    count = models.BigIntegerField(_("count"), default=1)  # how often it was raised
    raised_at = models.DateTimeField(_("raised at"), auto_now_add=True)
    seen_at = models.DateTimeField(_("seen at"), auto_now=True)
    resolved_at = models.DateTimeField(_("resolved at"), null=True)
    acknowledged_at = models.DateTimeField(_("acknowledged at"), null=True)

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
