"""What the chain said, as it said it: blocks, logs, contracts, and how far we have read."""

import secrets

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from pools.fields import SequenceField, UInt256Field

ADDRESS_LENGTH = 42  # "0x" and 40 hex digits, EIP-55 checksummed
HASH_LENGTH = 66  # "0x" and 64 lower-case hex digits


def new_mark() -> int:
    """A number that no other mark has."""
    return secrets.randbits(62)


class Chain(models.Model):
    """The chain this database follows. Its row is the writer's lock, and it counts the messages."""

    chain_id = models.BigIntegerField(_("chain id"), primary_key=True)
    # A reset test network keeps its chain id; the hash of an early block does not survive it.
    anchor_number = models.BigIntegerField(_("anchor number"))
    anchor_hash = models.CharField(_("anchor hash"), max_length=HASH_LENGTH)
    last_seq = models.BigIntegerField(_("last seq"), default=0)
    # Drawn anew whenever the count of an hour before today changes: sums over them may be kept.
    activity_mark = models.BigIntegerField(_("activity mark"), default=new_mark, editable=False)

    class Meta:
        verbose_name = _("chain")
        verbose_name_plural = _("chains")

    def __str__(self) -> str:
        return gettext("chain %(number)s") % {"number": self.chain_id}


class Contract(models.Model):
    """One deployed pool contract, with the facts that concern it as a whole."""

    chain = models.ForeignKey(
        Chain, verbose_name=_("chain"), on_delete=models.PROTECT, related_name="contracts"
    )
    address = models.CharField(_("address"), max_length=ADDRESS_LENGTH)
    start_block = models.BigIntegerField(_("start block"))

    paused = models.BooleanField(_("paused"), default=False)
    emergency_mode = models.BooleanField(_("emergency mode"), default=False)
    performance_fee = UInt256Field(_("performance fee"), null=True)
    fee_collector = models.CharField(
        _("fee collector"), max_length=ADDRESS_LENGTH, blank=True, default=""
    )
    owner = models.CharField(_("owner"), max_length=ADDRESS_LENGTH, blank=True, default="")
    implementation = models.CharField(
        _("implementation"), max_length=ADDRESS_LENGTH, blank=True, default=""
    )
    initialized_version = UInt256Field(_("initialized version"), null=True)
    fees_collected = UInt256Field(_("fees collected"), default=0)
    pools_total = models.BigIntegerField(_("pools in all"), default=0)
    members_total = models.BigIntegerField(_("members in all"), default=0)
    total_contributed = UInt256Field(_("total contributed"), default=0)
    events_total = models.BigIntegerField(_("events in all"), default=0)
    # The contract's own cursor: every stored log up to this block is folded into the facts above,
    # its pools and memberships, and none beyond it. Below a gap of history it waits.
    folded_to = models.BigIntegerField(_("folded to"), default=-1)
    # Counts the times that what is folded was saved: whoever folds in memory sees others' work.
    revision = models.BigIntegerField(_("revision"), default=0)

    class Meta:
        verbose_name = _("contract")
        verbose_name_plural = _("contracts")
        constraints = [
            models.UniqueConstraint(fields=["chain", "address"], name="contract_once_per_chain"),
        ]

    def __str__(self) -> str:
        return self.address


class Cursor(models.Model):
    """The newest block whose events are stored. Moves only by compare-and-set."""

    chain = models.OneToOneField(
        Chain, verbose_name=_("chain"), on_delete=models.PROTECT, primary_key=True
    )
    number = models.BigIntegerField(_("number"))
    hash = models.CharField(_("hash"), max_length=HASH_LENGTH, blank=True)
    timestamp = models.DateTimeField(_("timestamp"), null=True)
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)

    class Meta:
        verbose_name = _("cursor")
        verbose_name_plural = _("cursors")

    def __str__(self) -> str:
        return gettext("block %(number)s") % {"number": self.number}


class Block(models.Model):
    """A header: of every block near the head, and of each older block that has logs."""

    chain = models.ForeignKey(Chain, verbose_name=_("chain"), on_delete=models.PROTECT)
    number = models.BigIntegerField(_("number"))
    hash = models.CharField(_("hash"), max_length=HASH_LENGTH)
    parent_hash = models.CharField(_("parent hash"), max_length=HASH_LENGTH)
    timestamp = models.DateTimeField(_("timestamp"))
    canonical = models.BooleanField(_("canonical"), default=True)

    class Meta:
        verbose_name = _("block")
        verbose_name_plural = _("blocks")
        constraints = [
            models.UniqueConstraint(fields=["chain", "hash"], name="block_once_per_hash"),
            models.UniqueConstraint(
                fields=["chain", "number"],
                condition=Q(canonical=True),
                name="one_canonical_block_per_number",
            ),
        ]
        # Which blocks, and so which logs, are of a day or an hour.
        indexes = [models.Index(fields=["timestamp"], name="block_by_time")]

    def __str__(self) -> str:
        return f"{self.number} {self.hash[:10]}"


class Log(models.Model):
    """A log as the node gave it, with what its event names pulled out for searching.

    `seq`, by which it is known here, is the sequence number with which it (last) became part of the
    chain; `retracted_seq` the one with which the chain took it back, null while it stands.
    """

    seq = SequenceField(_("seq"), primary_key=True)

    # Only one writer makes these rows, in bulk: asking the database for each row whether its
    # contract and block exist would cost more than the row, and the indices below serve both.
    contract = models.ForeignKey(
        Contract,
        verbose_name=_("contract"),
        on_delete=models.PROTECT,
        db_index=False,
        db_constraint=False,
    )
    block = models.ForeignKey(
        Block,
        verbose_name=_("block"),
        on_delete=models.PROTECT,
        db_index=False,
        db_constraint=False,
    )
    block_number = models.BigIntegerField(_("block number"))
    log_index = models.IntegerField(_("log index"))
    timestamp = models.DateTimeField(_("timestamp"))
    # Not indexed: hashes lie in no order, and each new one would touch another page.
    transaction_hash = models.CharField(_("transaction hash"), max_length=HASH_LENGTH)
    transaction_index = models.IntegerField(_("transaction index"))
    topics = models.BinaryField(_("topics"))  # 32 bytes each, one after the other
    data = models.BinaryField(_("data"))
    kind = models.CharField(_("kind"), max_length=32, blank=True)  # empty: could not be decoded
    # The kind once more, null where it is the commonest, so that the index by kind stays small.
    uncommon_kind = models.CharField(  # noqa: DJ001 - null is not ""
        _("uncommon kind"), max_length=32, null=True
    )
    pool_id = UInt256Field(_("pool id"), null=True)
    account = models.CharField(_("account"), max_length=ADDRESS_LENGTH, blank=True)
    # Why it was not decoded or not folded
    problem = models.CharField(_("problem"), max_length=300, blank=True)
    retracted_seq = models.BigIntegerField(_("retracted seq"), null=True)

    class Meta:
        verbose_name = _("log")
        verbose_name_plural = _("logs")
        constraints = [
            # The event list in chain order, the activity feed from its end, and a log's identity:
            # the block stands for its hash.
            models.UniqueConstraint(
                fields=["block_number", "log_index", "block"], name="log_once_per_block"
            ),
            # Partial: SQLite would look up "is null", which is nearly all rows, in a full one.
            models.UniqueConstraint(
                fields=["retracted_seq"],
                condition=Q(retracted_seq__isnull=False),
                name="retraction_once",
            ),
        ]
        indexes = [
            # A pool's events, and folding a pool anew.
            models.Index(
                fields=["contract", "pool_id", "block_number", "log_index"], name="log_of_pool"
            ),
            models.Index(fields=["account", "block_number", "log_index"], name="log_of_account"),
            models.Index(
                fields=["uncommon_kind", "block_number", "log_index"],
                condition=Q(uncommon_kind__isnull=False),
                name="log_of_uncommon_kind",
            ),
        ]

    def __str__(self) -> str:
        kind = self.kind or gettext("undecoded log")
        return f"{kind} {self.block_number}:{self.log_index}"


COMMONEST_KIND = "MemberJoined"


def is_of_kind(kind: str) -> Q:
    """Logs of a kind, by the index where there is one; the commonest lie everywhere."""
    return Q(kind=kind) if kind == COMMONEST_KIND else Q(uncommon_kind=kind)
