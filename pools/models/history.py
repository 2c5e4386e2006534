"""The account of the past: what is proved, by which scan, at which node, and checked how."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from pools.models.chain import HASH_LENGTH, Contract


class HistoricalScan(models.Model):
    """One pass over a range of past blocks, whoever asked for it, with how it went."""

    class Kind(models.TextChoices):
        BACKFILL = "backfill", _("Backfill")
        RESCAN = "rescan", _("Rescan")

    class State(models.TextChoices):
        REQUESTED = "requested", _("Requested")
        RUNNING = "running", _("Running")
        DONE = "done", _("Finished")
        FAILED = "failed", _("Failed")

    contract = models.ForeignKey(Contract, verbose_name=_("contract"), on_delete=models.PROTECT)
    kind = models.CharField(_("kind"), max_length=16, choices=Kind)
    state = models.CharField(
        _("state"), max_length=16, choices=State, default=State.REQUESTED, db_index=True
    )
    from_block = models.BigIntegerField(_("from block"))
    to_block = models.BigIntegerField(_("to block"))
    # The last block that this pass has proved
    done_to = models.BigIntegerField(_("done to"), null=True)
    events_found = models.BigIntegerField(_("events found"), default=0)
    requests = models.BigIntegerField(_("requests"), default=0)
    retries = models.BigIntegerField(_("retries"), default=0)
    endpoints = models.CharField(_("endpoints"), max_length=400, blank=True)  # host names
    error = models.CharField(_("error"), max_length=400, blank=True)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    started_at = models.DateTimeField(_("started at"), null=True)
    finished_at = models.DateTimeField(_("finished at"), null=True)

    class Meta:
        verbose_name = _("historical scan")
        verbose_name_plural = _("historical scans")

    def __str__(self) -> str:
        kind, state = self.get_kind_display(), self.get_state_display()
        return f"{kind} {self.from_block}-{self.to_block}: {state}"


class CoveredRange(models.Model):
    """Blocks (closed range) whose logs are stored, and the evidence that none is missing.

    The ranges of a contract never overlap. One begins with the block whose parent is
    `parent_hash`, which is the `end_hash` of the range below: that is the evidence of the seam.
    """

    contract = models.ForeignKey(
        Contract, verbose_name=_("contract"), on_delete=models.PROTECT, related_name="covered"
    )
    from_block = models.BigIntegerField(_("from block"))
    to_block = models.BigIntegerField(_("to block"))
    # Empty where it was not seen
    parent_hash = models.CharField(_("parent hash"), max_length=HASH_LENGTH, blank=True)
    # From the same batch as the logs
    end_hash = models.CharField(_("end hash"), max_length=HASH_LENGTH)
    endpoint = models.CharField(_("endpoint"), max_length=253)  # host name
    # Host name of a second one that agreed
    witness = models.CharField(_("witness"), max_length=253, blank=True)
    logs = models.BigIntegerField(_("logs"))
    linked = models.BooleanField(_("linked"), default=False)  # the header of every block was seen
    # Of every block; null where not all were seen
    bloom_agrees = models.BooleanField(_("bloom agrees"), null=True)
    scan = models.ForeignKey(
        HistoricalScan, verbose_name=_("scan"), null=True, on_delete=models.SET_NULL
    )
    covered_at = models.DateTimeField(_("covered at"), auto_now=True)

    class Meta:
        verbose_name = _("covered range")
        verbose_name_plural = _("covered ranges")
        indexes = [models.Index(fields=["contract", "from_block"], name="covered_by_start")]
        constraints = [
            models.CheckConstraint(
                condition=Q(to_block__gte=models.F("from_block")), name="covered_range_is_closed"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.from_block}-{self.to_block}"


class EndpointRecord(models.Model):
    """What workers have learned of one node URL, kept for their next start."""

    # SHA-256 of the secret URL
    fingerprint = models.CharField(_("fingerprint"), max_length=64, primary_key=True)
    host = models.CharField(_("host"), max_length=253)
    range_size = models.BigIntegerField(_("range size"))  # blocks in one question about logs
    latency_ms = models.FloatField(_("latency in ms"), null=True)
    problem = models.CharField(_("problem"), max_length=300, blank=True)
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)

    class Meta:
        verbose_name = _("endpoint record")
        verbose_name_plural = _("endpoint records")

    def __str__(self) -> str:
        return self.host


class Verification(models.Model):
    """One comparison of the projections with the contracts' views at one block."""

    block_number = models.BigIntegerField(_("block number"))
    whole = models.BooleanField(_("whole"))  # every pool and member, or a sample
    pools_checked = models.BigIntegerField(_("pools checked"), default=0)
    members_checked = models.BigIntegerField(_("members checked"), default=0)
    mismatches = models.JSONField(_("mismatches"), default=list)  # as `verify --json` prints them
    error = models.CharField(_("error"), max_length=400, blank=True)
    started_at = models.DateTimeField(_("started at"), auto_now_add=True)
    finished_at = models.DateTimeField(_("finished at"), null=True)

    class Meta:
        verbose_name = _("verification")
        verbose_name_plural = _("verifications")

    def __str__(self) -> str:
        found = len(self.mismatches)
        told = ngettext("%(count)d mismatch", "%(count)d mismatches", found) % {"count": found}
        block = gettext("block %(number)s") % {"number": self.block_number}
        return f"{block}: {told}"
