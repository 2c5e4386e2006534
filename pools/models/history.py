"""The account of the past: what is proved, by which scan, at which node, and checked how."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from pools.models.chain import HASH_LENGTH, Contract


class HistoricalScan(models.Model):
    """One pass over a range of past blocks, whoever asked for it, with how it went."""

    class Kind(models.TextChoices):
        BACKFILL = "backfill"
        RESCAN = "rescan"

    class State(models.TextChoices):
        REQUESTED = "requested"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"

    contract = models.ForeignKey(Contract, on_delete=models.PROTECT)
    kind = models.CharField(max_length=16, choices=Kind)
    state = models.CharField(max_length=16, choices=State, default=State.REQUESTED, db_index=True)
    from_block = models.BigIntegerField()
    to_block = models.BigIntegerField()
    done_to = models.BigIntegerField(null=True)  # the last block that this pass has proved
    events_found = models.BigIntegerField(default=0)
    requests = models.BigIntegerField(default=0)
    retries = models.BigIntegerField(default=0)
    endpoints = models.CharField(max_length=400, blank=True)  # host names
    error = models.CharField(max_length=400, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("historical scan")
        verbose_name_plural = _("historical scans")

    def __str__(self) -> str:
        return f"{self.kind} {self.from_block}-{self.to_block}: {self.state}"


class CoveredRange(models.Model):
    """Blocks (closed range) whose logs are stored, and the evidence that none is missing.

    The ranges of a contract never overlap. One begins with the block whose parent is
    `parent_hash`, which is the `end_hash` of the range below: that is the evidence of the seam.
    """

    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="covered")
    from_block = models.BigIntegerField()
    to_block = models.BigIntegerField()
    parent_hash = models.CharField(max_length=HASH_LENGTH, blank=True)  # empty: not seen
    end_hash = models.CharField(max_length=HASH_LENGTH)  # from the same batch as the logs
    endpoint = models.CharField(max_length=253)  # host name
    witness = models.CharField(max_length=253, blank=True)  # host name of a second one that agreed
    logs = models.BigIntegerField()
    linked = models.BooleanField(default=False)  # the header of every block was seen
    bloom_agrees = models.BooleanField(null=True)  # of every block; null: not all were seen
    scan = models.ForeignKey(HistoricalScan, null=True, on_delete=models.SET_NULL)
    covered_at = models.DateTimeField(auto_now=True)

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

    fingerprint = models.CharField(max_length=64, primary_key=True)  # SHA-256 of the secret URL
    host = models.CharField(max_length=253)
    range_size = models.BigIntegerField()  # blocks in one question about logs
    latency_ms = models.FloatField(null=True)
    problem = models.CharField(max_length=300, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("endpoint record")
        verbose_name_plural = _("endpoint records")

    def __str__(self) -> str:
        return self.host


class Verification(models.Model):
    """One comparison of the projections with the contracts' views at one block."""

    block_number = models.BigIntegerField()
    whole = models.BooleanField()  # every pool and member, or a sample
    pools_checked = models.BigIntegerField(default=0)
    members_checked = models.BigIntegerField(default=0)
    mismatches = models.JSONField(default=list)  # as `verify --json` prints them
    error = models.CharField(max_length=400, blank=True)
    started_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("verification")
        verbose_name_plural = _("verifications")

    def __str__(self) -> str:
        return f"block {self.block_number}: {len(self.mismatches)} mismatches"
