"""Reads a past range whole: pieces in order and without holes, each proved or said not to be.

Asks, judges and hands on; stores nothing. What no node can prove comes out as `Unproved` with the
reason, so that it never counts as read.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from pools.segments import Segment

from .errors import RpcError
from .nodes import Nodes
from .puller import Puller


@dataclass(frozen=True, slots=True)
class Unproved:
    """A closed range of blocks whose logs no node could prove now, and why not."""

    from_block: int
    to_block: int
    reason: str


class HistoryReader:
    """Reads past ranges of one contract from the nodes of its chain."""

    def __init__(self, nodes: Nodes, *, chain_id: int, address: str, concurrency: int = 4) -> None:
        self._nodes = nodes
        self._puller = Puller(nodes, chain_id=chain_id, addresses=[address])
        self._concurrency = concurrency
        self._asked_before = sum(client.requests for client in nodes.clients)
        self.hosts: set[str] = set()

    @property
    def retries(self) -> int:
        """How often something had to be asked again."""
        return self._puller.retries

    @property
    def requests(self) -> int:
        """How many calls the nodes were sent since this reader was made."""
        return sum(client.requests for client in self._nodes.clients) - self._asked_before

    async def read(self, first: int, last: int) -> AsyncIterator[Segment | Unproved]:
        """The range from `first` to `last` in ascending pieces that tile it.

        A segment holds at most `puller.MOST_LOGS` logs, unless it is a single block.
        """
        at = first
        while at <= last:
            try:
                segment = await self._puller.span(at, last)
            except RpcError as error:
                yield Unproved(at, last, str(error))
                return
            self.hosts.add(segment.endpoint)
            yield segment
            at = segment.to_block + 1
