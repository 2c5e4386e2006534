"""The records: what the chain said, what follows from it, and what is left to tell others.

Only `pools.ingest` writes the chain-derived ones. Raw logs are kept as they came; pools,
memberships, hourly counts and the contract's state can be rebuilt from them without a node.
"""

from django.db import models
from django.db.models import Q

from pools.fields import UInt256Field

ADDRESS_LENGTH = 42  # "0x" and 40 hex digits, EIP-55 checksummed
HASH_LENGTH = 66  # "0x" and 64 lower-case hex digits


class Chain(models.Model):
    """The chain this database follows. Its row is the writer's lock, and it counts the messages."""

    chain_id = models.BigIntegerField(primary_key=True)
    # A reset test network keeps its chain id; the hash of an early block does not survive it.
    anchor_number = models.BigIntegerField()
    anchor_hash = models.CharField(max_length=HASH_LENGTH)
    last_seq = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"chain {self.chain_id}"


class Contract(models.Model):
    """One deployed pool contract, with the facts that concern it as a whole."""

    chain = models.ForeignKey(Chain, on_delete=models.PROTECT, related_name="contracts")
    address = models.CharField(max_length=ADDRESS_LENGTH)
    start_block = models.BigIntegerField()

    paused = models.BooleanField(default=False)
    emergency_mode = models.BooleanField(default=False)
    performance_fee = UInt256Field(null=True)
    fee_collector = models.CharField(max_length=ADDRESS_LENGTH, blank=True, default="")
    owner = models.CharField(max_length=ADDRESS_LENGTH, blank=True, default="")
    implementation = models.CharField(max_length=ADDRESS_LENGTH, blank=True, default="")
    initialized_version = UInt256Field(null=True)
    fees_collected = UInt256Field(default=0)
    pools_total = models.BigIntegerField(default=0)
    members_total = models.BigIntegerField(default=0)
    total_contributed = UInt256Field(default=0)
    events_total = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["chain", "address"], name="contract_once_per_chain"),
        ]

    def __str__(self) -> str:
        return self.address


class Cursor(models.Model):
    """The newest block whose events are stored. Moves only by compare-and-set."""

    chain = models.OneToOneField(Chain, on_delete=models.PROTECT, primary_key=True)
    number = models.BigIntegerField()
    hash = models.CharField(max_length=HASH_LENGTH, blank=True)
    timestamp = models.DateTimeField(null=True)
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"block {self.number}"


class Block(models.Model):
    """A header: of every block near the head, and of each older block that has logs."""

    chain = models.ForeignKey(Chain, on_delete=models.PROTECT)
    number = models.BigIntegerField()
    hash = models.CharField(max_length=HASH_LENGTH)
    parent_hash = models.CharField(max_length=HASH_LENGTH)
    timestamp = models.DateTimeField()
    canonical = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["chain", "hash"], name="block_once_per_hash"),
            models.UniqueConstraint(
                fields=["chain", "number"],
                condition=Q(canonical=True),
                name="one_canonical_block_per_number",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.hash[:10]}"


class Log(models.Model):
    """A log as the node gave it, with what its event names pulled out for searching.

    `seq` is the sequence number with which it (last) became part of the chain; `retracted_seq` the
    one with which the chain took it back, null while it stands.
    """

    contract = models.ForeignKey(Contract, on_delete=models.PROTECT)
    block = models.ForeignKey(Block, on_delete=models.PROTECT)
    block_number = models.BigIntegerField()
    log_index = models.IntegerField()
    timestamp = models.DateTimeField()
    transaction_hash = models.CharField(max_length=HASH_LENGTH, db_index=True)
    transaction_index = models.IntegerField()
    topics = models.BinaryField()  # 32 bytes each, one after the other
    data = models.BinaryField()
    kind = models.CharField(max_length=32, blank=True)  # empty: could not be decoded
    pool_id = UInt256Field(null=True)
    account = models.CharField(max_length=ADDRESS_LENGTH, blank=True)
    problem = models.CharField(max_length=300, blank=True)  # why it was not decoded or not folded
    seq = models.BigIntegerField(unique=True)
    retracted_seq = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["block", "log_index"], name="log_once_per_block"),
            # Partial: SQLite would look up "is null", which is nearly all rows, in a full one.
            models.UniqueConstraint(
                fields=["retracted_seq"],
                condition=Q(retracted_seq__isnull=False),
                name="retraction_once",
            ),
        ]
        indexes = [
            # The event list in chain order, and the activity feed from its end.
            models.Index(fields=["block_number", "log_index"], name="log_chain_order"),
            # A pool's events, and folding a pool anew.
            models.Index(
                fields=["contract", "pool_id", "block_number", "log_index"], name="log_of_pool"
            ),
            models.Index(fields=["account", "block_number", "log_index"], name="log_of_account"),
            models.Index(fields=["kind", "block_number", "log_index"], name="log_of_kind"),
            # Yesterday until the same minute.
            models.Index(fields=["timestamp"], name="log_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.kind or 'undecoded log'} {self.block_number}:{self.log_index}"


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
    category = models.CharField(max_length=64, blank=True)
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
        constraints = [
            models.UniqueConstraint(fields=["contract", "pool_id"], name="pool_once_per_contract"),
        ]
        indexes = [
            models.Index(fields=["created_block", "created_log_index"], name="pool_by_creation"),
            models.Index(
                fields=["status", "created_block", "created_log_index"], name="pool_of_status"
            ),
            models.Index(fields=["created_at"], name="pool_by_creation_time"),
        ]

    def __str__(self) -> str:
        return self.name or f"Pool #{self.pool_id}"


class Membership(models.Model):
    """What one account holds, or held, in one pool."""

    pool = models.ForeignKey(Pool, on_delete=models.CASCADE, related_name="memberships")
    account = models.CharField(max_length=ADDRESS_LENGTH, db_index=True)
    contribution = UInt256Field()
    shares = UInt256Field()
    active = models.BooleanField()
    joined_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True)
    yield_claimed = UInt256Field()

    class Meta:
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
        constraints = [
            models.UniqueConstraint(fields=["contract", "hour", "kind"], name="activity_once"),
        ]
        indexes = [models.Index(fields=["hour"], name="activity_by_hour")]
        verbose_name_plural = "hourly activity"

    def __str__(self) -> str:
        return f"{self.hour:%Y-%m-%d %H}h {self.kind}: {self.count}"


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
    events_found = models.BigIntegerField(default=0)
    requests = models.BigIntegerField(default=0)
    retries = models.BigIntegerField(default=0)
    endpoints = models.CharField(max_length=400, blank=True)  # host names
    error = models.CharField(max_length=400, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.kind} {self.from_block}-{self.to_block}: {self.state}"


class CoveredRange(models.Model):
    """Blocks (closed range) whose logs are stored, and the evidence that none is missing."""

    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="covered")
    from_block = models.BigIntegerField()
    to_block = models.BigIntegerField()
    end_hash = models.CharField(max_length=HASH_LENGTH)
    endpoint = models.CharField(max_length=253)  # host name
    logs = models.BigIntegerField()
    bloom_agrees = models.BooleanField(null=True)  # null: a range, where there is no one bloom
    scan = models.ForeignKey(HistoricalScan, null=True, on_delete=models.SET_NULL)
    covered_at = models.DateTimeField(auto_now=True)

    class Meta:
        indexes = [models.Index(fields=["contract", "from_block"], name="covered_by_start")]
        constraints = [
            models.CheckConstraint(
                condition=Q(to_block__gte=models.F("from_block")), name="covered_range_is_closed"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.from_block}-{self.to_block}"


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
    log = models.ForeignKey(Log, null=True, on_delete=models.PROTECT)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.kind} {self.seq}"


class Lease(models.Model):
    """Who may work. Each taking over raises `token`, and a write with an older token is refused."""

    name = models.CharField(max_length=32, primary_key=True)
    holder = models.CharField(max_length=100, blank=True)
    token = models.BigIntegerField(default=0)
    expires_at = models.DateTimeField()

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
        verbose_name_plural = "listener status"

    def __str__(self) -> str:
        return self.state
