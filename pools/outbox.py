"""Numbers and collects the messages of one ingest step; `save` writes them with the step."""

from pools.models import Chain, Log, OutboxRow


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

    def take(self) -> int:
        """The next sequence number; a row added later must cover it."""
        self._chain.last_seq += 1
        return self._chain.last_seq

    def add(self, row: OutboxRow) -> None:
        self._rows.append(row)

    def tell(self, kind: OutboxRow.Kind, log: Log | None = None) -> int:
        """Add a message with a number of its own; returns that number."""
        seq = self.take()
        self.add(OutboxRow(seq=seq, first_seq=seq, kind=kind, log=log))
        return seq

    def save(self) -> None:
        if self.first_seq > self.last_seq:
            return
        OutboxRow.objects.bulk_create(self._rows, batch_size=1000)
        self._chain.save(update_fields=["last_seq"])
