"""A small chain to build for tests: events are encoded as the contract encodes them and go in
through `pools.ingest`, so that what a test sees is what the listener would have stored.

    chain = ChainFactory()
    chain.block(chain.created(1, name="Casa"), chain.joined(1, ANA, 5 * BTC))
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from eth_abi import encode
from eth_hash.auto import keccak

from pools import ingest, leases
from pools.decoding import checksum
from pools.ingest import Committed
from pools.interface import SPECS
from pools.models import Contract, ListenerStatus
from pools.reorg import Header
from pools.segments import RawLog, Segment

BTC = 10**18
CHAIN_ID = 1337611
NOON = datetime(2025, 6, 15, 12, 0, tzinfo=UTC)


def address(name: str) -> str:
    """An account's address made of its name, the same each time."""
    return checksum(keccak(name.encode())[-20:])


CONTRACT = address("contract")
ANA, BEA, CARO = address("ana"), address("bea"), address("caro")


@dataclass(frozen=True, slots=True)
class Emitted:
    """An event before it has a place in a block; `arguments` under their fields' names."""

    kind: str
    arguments: Mapping[str, Any]
    contract: str

    def encoded(self, timestamp: int) -> tuple[bytes, bytes]:
        """Topics and data; `timestamp` is that of the block, for events that tell it."""
        if self.kind not in SPECS:
            return keccak(self.kind.encode()), b"\1" * 32
        given = {"timestamp": timestamp, **self.arguments}
        topics, types, values = [SPECS[self.kind].topic0], [], []
        for argument in SPECS[self.kind].arguments:
            value = given[argument.field]
            if argument.indexed:
                topics.append(encode([argument.type], [value]))
            else:
                # A name may be any bytes; `bytes` is encoded as `string` is.
                types.append("bytes" if argument.type == "string" else argument.type)
                values.append(value)
        return b"".join(topics), encode(types, values)


def undecodable(*, contract: str = CONTRACT) -> Emitted:
    """A log that is no event of the pool contract."""
    return Emitted("Nothing(uint256)", {}, contract)


@dataclass
class ChainFactory:
    """A chain in the database that grows block by block, 10 s apart unless told otherwise."""

    start_block: int = 100
    start_time: datetime = NOON
    contracts: tuple[str, ...] = (CONTRACT,)
    branch: str = ""  # differs after a reorganisation, so that hashes do
    headers: list[Header] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.headers = [self._header(self.start_block - 1, int(self.start_time.timestamp()) - 10)]
        anchor = self.headers[0]
        ingest.register(
            CHAIN_ID, [(address, self.start_block) for address in self.contracts], anchor=anchor
        )
        lease = leases.acquire("listener", holder="test", seconds=3600)
        assert lease is not None
        self.lease = lease
        # A cursor below the first block, as a listener that has just begun leaves it.
        self._append([anchor], ())

    @property
    def head(self) -> Header:
        return self.headers[-1]

    @property
    def contract(self) -> Contract:
        return Contract.objects.get(address=self.contracts[0])

    def block(self, *events: Emitted, at: datetime | None = None) -> Committed:
        """Append one block with these events, each in a transaction of its own."""
        header = self._next(at)
        return self._append([header], tuple(self._logs(header, events)))

    def blocks(self, *blocks: tuple[Emitted, ...]) -> Committed:
        """Append several blocks in one step, as catching up does."""
        return self._append_blocks((None, events) for events in blocks)

    def past(self, *happened: tuple[datetime, Emitted]) -> Committed:
        """Append a block for each event, of its time, in one step: much sooner than by `block`."""
        return self._append_blocks((at, (event,)) for at, event in happened)

    def _append_blocks(
        self, blocks: Iterable[tuple[datetime | None, tuple[Emitted, ...]]]
    ) -> Committed:
        headers, logs = [], []
        for at, events in blocks:
            header = self._next(at)
            headers.append(header)
            logs += self._logs(header, events)
        return self._append(headers, tuple(logs))

    def roll_back(self, to_number: int) -> Committed:
        """Take back every block above; those that follow have other hashes."""
        while self.head.number > to_number:
            self.headers.pop()
        self.branch += "'"
        return ingest.roll_back(CHAIN_ID, to_number, lease=self.lease)

    def created(self, pool_id: int, **arguments: Any) -> Emitted:
        return self.event(
            "PoolCreated",
            **{
                "pool_id": pool_id,
                "creator": ANA,
                "min_contribution": BTC // 1000,
                "max_members": 10,
                **arguments,
                "name": _bytes(arguments.get("name", f"Pool number {pool_id}")),
            },
        )

    def joined(
        self, pool_id: int, member: str = ANA, btc_amount: int = BTC, **arguments: Any
    ) -> Emitted:
        given: Mapping[str, Any] = {"shares": btc_amount, **arguments}
        return self.event(
            "MemberJoined", pool_id=pool_id, member=member, btc_amount=btc_amount, **given
        )

    def left(
        self, pool_id: int, member: str = ANA, btc_amount: int = BTC, yield_amount: int = 0
    ) -> Emitted:
        return self.event(
            "MemberLeft",
            pool_id=pool_id,
            member=member,
            btc_amount=btc_amount,
            yield_amount=yield_amount,
        )

    def closed(self, pool_id: int, final_balance: int = 0) -> Emitted:
        return self.event("PoolClosed", pool_id=pool_id, final_balance=final_balance)

    def event(self, kind: str, *, contract: str = "", **arguments: Any) -> Emitted:
        """Any event, of the first contract unless told otherwise."""
        return Emitted(kind, arguments, contract or self.contracts[0])

    def _next(self, at: datetime | None) -> Header:
        timestamp = int(at.timestamp()) if at else self.head.timestamp + 10
        header = self._header(self.head.number + 1, timestamp)
        self.headers.append(header)
        return header

    def _header(self, number: int, timestamp: int) -> Header:
        parent = self.headers[-1].hash if self.headers else _hash("before the first")
        return Header(
            number=number,
            hash=_hash(f"block {number}{self.branch}"),
            parent_hash=parent,
            timestamp=timestamp,
        )

    def _logs(self, header: Header, events: tuple[Emitted, ...]) -> list[RawLog]:
        logs = []
        for index, event in enumerate(events):
            topics, data = event.encoded(header.timestamp)
            logs.append(
                RawLog(
                    address=event.contract,
                    block_number=header.number,
                    block_hash=header.hash,
                    log_index=index,
                    transaction_hash=_hash(f"transaction {header.hash} {index}"),
                    transaction_index=index,
                    topics=topics,
                    data=data,
                )
            )
        return logs

    def _append(self, headers: list[Header], logs: tuple[RawLog, ...]) -> Committed:
        return ingest.append(
            Segment(
                chain_id=CHAIN_ID,
                from_block=headers[0].number,
                to_block=headers[-1].number,
                headers=tuple(headers),
                logs=logs,
                addresses=frozenset(
                    Contract.objects.filter(chain_id=CHAIN_ID).values_list("address", flat=True)
                ),
                endpoint="node.example",
                bloom_agrees=True if len(headers) == 1 else None,
            ),
            lease=self.lease,
        )


def listener(*, updated_at: datetime, **values: Any) -> ListenerStatus:
    """What a listener says of itself; live unless told otherwise."""
    return ListenerStatus.objects.create(
        **{
            "state": ListenerStatus.State.LIVE,
            "endpoint": "node.example",
            "connected_at": updated_at,
            "latency_ms": 12.5,
            "updated_at": updated_at,
            **values,
        }
    )


def _hash(text: str) -> str:
    return "0x" + keccak(text.encode()).hex()


def _bytes(name: str | bytes) -> bytes:
    return name.encode() if isinstance(name, str) else name
