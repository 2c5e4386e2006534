"""What follows from the logs: pools, memberships, counts; and what only the views tell."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from pools.fields import UInt256Field
from pools.models.categories import Category
from pools.models.chain import ADDRESS_LENGTH, HASH_LENGTH, Contract


class Pool(models.Model):
    """A savings pool, folded from its events: the contract's own numbers."""

    class Status(models.IntegerChoices):
        ACCEPTING = 0, "accepting"
        ACTIVE = 1, "active"
        CLOSED = 2, "closed"

    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="pools")
    pool_id = UInt256Field()
    name = models.CharField(max_length=400, blank=True)  # cleaned, for showing and searching
    name_raw = models.BinaryField()
    creator = models.CharField(max_length=ADDRESS_LENGTH, db_index=True)
    status = models.PositiveSmallIntegerField(choices=Status)
    min_contribution = UInt256Field()
    max_members = UInt256Field()
    member_count = models.BigIntegerField(db_index=True)
    total_contributed = UInt256Field(db_index=True)
    # The only column that people have a say in. The column holds the slug; the indices below are
    # for the lists of one category in each of their orders, and answer for the foreign key, too.
    category = models.ForeignKey(
        Category,
        to_field="slug",
        db_column="category",
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    created_at = models.DateTimeField()
    created_block = models.BigIntegerField()
    created_log_index = models.IntegerField()
    created_tx = models.CharField(max_length=HASH_LENGTH)
    closed_at = models.DateTimeField(null=True)
    events = models.BigIntegerField()
    last_event_at = models.DateTimeField(db_index=True)
    last_block = models.BigIntegerField()
    last_log_index = models.IntegerField()

    class Meta:
        verbose_name = _("pool")
        verbose_name_plural = _("pools")
        constraints = [
            models.UniqueConstraint(fields=["contract", "pool_id"], name="pool_once_per_contract"),
        ]
        indexes = [
            models.Index(fields=["created_block", "created_log_index"], name="pool_by_creation"),
            models.Index(
                fields=["status", "created_block", "created_log_index"], name="pool_of_status"
            ),
            models.Index(fields=["created_at"], name="pool_by_creation_time"),
            models.Index(
                fields=["category", "created_block", "created_log_index"], name="pool_of_category"
            ),
            models.Index(fields=["category", "total_contributed", "id"], name="pool_of_cat_total"),
            models.Index(fields=["category", "member_count", "id"], name="pool_of_cat_members"),
            models.Index(fields=["category", "last_event_at", "id"], name="pool_of_cat_activity"),
        ]

    def __str__(self) -> str:
        return self.name or f"Pool #{self.pool_id}"


class Membership(models.Model):
    """What one account holds, or held, in one pool."""

    # As with `Log`: one writer makes these rows in bulk, and the constraint below is an index.
    pool = models.ForeignKey(
        Pool,
        on_delete=models.CASCADE,
        related_name="memberships",
        db_index=False,
        db_constraint=False,
    )
    # Whose pools these are is found by the logs of the account: an index here would be written all
    # over with every range of history.
    account = models.CharField(max_length=ADDRESS_LENGTH)
    contribution = UInt256Field()
    shares = UInt256Field()
    active = models.BooleanField()
    joined_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True)
    yield_claimed = UInt256Field()

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [
            models.UniqueConstraint(fields=["pool", "account"], name="member_once_per_pool"),
        ]

    def __str__(self) -> str:
        return self.account


class HourlyActivity(models.Model):
    """How many events of a kind one contract emitted in one hour (UTC) of block time."""

    contract = models.ForeignKey(Contract, on_delete=models.PROTECT)
    hour = models.DateTimeField()
    kind = models.CharField(max_length=32)
    count = models.BigIntegerField()

    class Meta:
        verbose_name = _("hourly activity")
        verbose_name_plural = _("hourly activity")
        constraints = [
            models.UniqueConstraint(fields=["contract", "hour", "kind"], name="activity_once"),
        ]
        indexes = [models.Index(fields=["hour"], name="activity_by_hour")]

    def __str__(self) -> str:
        return f"{self.hour:%Y-%m-%d %H}h {self.kind}: {self.count}"


class PoolReading(models.Model):
    """What only the contract's views tell of a pool, as they told it at one block.

    Not derived from logs, so it stands apart from `Pool` and outlives folding anew.
    """

    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="readings")
    pool_id = UInt256Field()
    max_contribution = UInt256Field()
    musd_minted = UInt256Field()
    yield_generated = UInt256Field()
    block_number = models.BigIntegerField()
    block_hash = models.CharField(max_length=HASH_LENGTH)
    read_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("pool reading")
        verbose_name_plural = _("pool readings")
        constraints = [
            models.UniqueConstraint(fields=["contract", "pool_id"], name="reading_once_per_pool"),
        ]

    def __str__(self) -> str:
        return f"pool {self.pool_id} at block {self.block_number}"
