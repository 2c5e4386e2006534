"""What follows from the logs: pools, memberships, counts; and what only the views tell."""

from django.db import models
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from pools.fields import UInt256Field
from pools.models.categories import Category
from pools.models.chain import ADDRESS_LENGTH, HASH_LENGTH, Contract


class Pool(models.Model):
    """A savings pool, folded from its events: the contract's own numbers."""

    class Status(models.IntegerChoices):
        ACCEPTING = 0, _("Open")
        ACTIVE = 1, _("Active")
        CLOSED = 2, _("Closed")

        @property
        def word(self) -> str:
            """What programs call it, in any language: "accepting" and so on."""
            return self.name.lower()

    contract = models.ForeignKey(
        Contract, verbose_name=_("contract"), on_delete=models.PROTECT, related_name="pools"
    )
    pool_id = UInt256Field(_("pool id"))
    # Cleaned, for showing and searching
    name = models.CharField(_("name"), max_length=400, blank=True)
    name_raw = models.BinaryField(_("raw name"))
    creator = models.CharField(_("creator"), max_length=ADDRESS_LENGTH, db_index=True)
    status = models.PositiveSmallIntegerField(_("status"), choices=Status)
    min_contribution = UInt256Field(_("min contribution"))
    max_members = UInt256Field(_("max members"))
    member_count = models.BigIntegerField(_("member count"), db_index=True)
    total_contributed = UInt256Field(_("total contributed"), db_index=True)
    # The only column that people have a say in. The column holds the slug; the indices below are
    # for the lists of one category in each of their orders, and answer for the foreign key, too.
    category = models.ForeignKey(
        Category,
        verbose_name=_("category"),
        to_field="slug",
        db_column="category",
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    created_at = models.DateTimeField(_("created at"))
    created_block = models.BigIntegerField(_("created block"))
    created_log_index = models.IntegerField(_("created log index"))
    created_tx = models.CharField(_("creating transaction"), max_length=HASH_LENGTH)
    closed_at = models.DateTimeField(_("closed at"), null=True)
    events = models.BigIntegerField(_("events"))
    last_event_at = models.DateTimeField(_("last event at"), db_index=True)
    last_block = models.BigIntegerField(_("last block"))
    last_log_index = models.IntegerField(_("last log index"))

    class Meta:
        verbose_name = pgettext_lazy("a record", "pool")
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
        return self.name or gettext("Pool #%(number)s") % {"number": self.pool_id}


class Membership(models.Model):
    """What one account holds, or held, in one pool."""

    # As with `Log`: one writer makes these rows in bulk, and the constraint below is an index.
    pool = models.ForeignKey(
        Pool,
        verbose_name=pgettext_lazy("a record", "pool"),
        on_delete=models.CASCADE,
        related_name="memberships",
        db_index=False,
        db_constraint=False,
    )
    # Whose pools these are is found by the logs of the account: an index here would be written all
    # over with every range of history.
    account = models.CharField(_("account"), max_length=ADDRESS_LENGTH)
    contribution = UInt256Field(_("contribution"))
    shares = UInt256Field(_("shares"))
    active = models.BooleanField(pgettext_lazy("of a category or a membership", "active"))
    joined_at = models.DateTimeField(_("joined at"))
    left_at = models.DateTimeField(_("left at"), null=True)
    yield_claimed = UInt256Field(_("yield claimed"))

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

    contract = models.ForeignKey(Contract, verbose_name=_("contract"), on_delete=models.PROTECT)
    hour = models.DateTimeField(_("hour"))
    kind = models.CharField(_("kind"), max_length=32)
    count = models.BigIntegerField(_("count"))

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

    contract = models.ForeignKey(
        Contract, verbose_name=_("contract"), on_delete=models.PROTECT, related_name="readings"
    )
    pool_id = UInt256Field(_("pool id"))
    max_contribution = UInt256Field(_("max contribution"))
    musd_minted = UInt256Field(_("MUSD minted"))
    yield_generated = UInt256Field(_("yield generated"))
    block_number = models.BigIntegerField(_("block number"))
    block_hash = models.CharField(_("block hash"), max_length=HASH_LENGTH)
    read_at = models.DateTimeField(_("read at"), auto_now=True)

    class Meta:
        verbose_name = _("pool reading")
        verbose_name_plural = _("pool readings")
        constraints = [
            models.UniqueConstraint(fields=["contract", "pool_id"], name="reading_once_per_pool"),
        ]

    def __str__(self) -> str:
        return gettext("pool %(number)s at block %(block)s") % {
            "number": self.pool_id,
            "block": self.block_number,
        }
