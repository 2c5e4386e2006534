"""Numbers and collects the messages of one ingest step; `save` writes them with the step."""

from pools.models import Chain, Log, OutboxRow

# A step of more logs than this is told as one "read again" instead of message by message.
LIVE_LOGS = 100


class Outbox:
    """The messages of one transaction. The chain's row must be locked: it holds the last number.

    Every number taken must be covered by a row when `save` is called, so that no hole appears.
    """

    def __init__(self, chain: Chain) -> None:
        self._chain = chain
        self._rows: list[OutboxRow] = []
        self.first_seq = chain.last_seq + 1

    @property
    def last_seq(self) -> int:
        return self._chain.last_seq

    def take(self, count: int = 1) -> int:
        """The first of the next `count` sequence numbers; rows added later must cover them."""
        first = self._chain.last_seq + 1
        self._chain.last_seq += count
        return first

    def tell(self, kind: OutboxRow.Kind, log: Log | None = None) -> int:
        """Add a message with a number of its own; returns that number."""
        seq = self.take()
        self._rows.append(OutboxRow(seq=seq, first_seq=seq, kind=kind, log=log))
        return seq

    def tell_logs(self, first_seq: int, count: int, *, one_by_one: bool) -> None:
        """Cover the numbers of stored logs: one message for each, or a single one over all."""
        if not count:
            return
        last_seq = first_seq + count - 1
        if not one_by_one or count > LIVE_LOGS:
            self._rows.append(OutboxRow(seq=last_seq, first_seq=first_seq, kind="batch"))
            return
        for seq in range(first_seq, last_seq + 1):
            self._rows.append(OutboxRow(seq=seq, first_seq=seq, kind="event", log_id=seq))

    def save(self) -> None:
        if self.first_seq > self.last_seq:
            return
        OutboxRow.objects.bulk_create(self._rows, batch_size=1000)
        self._chain.save(update_fields=["last_seq"])
