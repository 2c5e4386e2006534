"""Asking a contract's view functions, many at once, at exactly one block.

Each request carries at most a hundred calls and the header of that block before and after them, so
that the answers belong to the block whatever the node follows meanwhile; the calls name it by its
hash (EIP-1898) where the node takes that. What the answers mean is `pools.verifying`'s matter.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import msgspec

from pools import contract_views
from pools.contract_views import View

from .errors import (
    BatchTooLong,
    NodeError,
    NoEvidence,
    RangeTooWide,
    RateLimited,
    RpcError,
    TimedOut,
    WrongChain,
)
from .nodes import Nodes, doubt, get_block
from .rpc import Call, RpcClient
from .wire import Block, octets, read_text

T = TypeVar("T")

MOST_CALLS: Final = 98  # with the two headers, a hundred
CONCURRENCY: Final = 4
TRIES: Final = 5
FEW_CALLS: Final = 10
TIME_LIMIT: Final = 20.0
PAUSE: Final = 0.5
LONGEST_PAUSE: Final = 30.0


class NoState(RpcError):
    """The node does not answer views at this block: it has not, or no longer, its state."""


class AnotherBlock(RpcError):
    """The node has another block at this height than the one we hold."""


@dataclass(frozen=True, slots=True)
class Declined:
    """In place of an answer: the node has the block's state and will not answer this call."""

    view: View[Any]
    reason: str


class Viewing:
    """One block's views. `block_hash` may be empty: then it is what the first node says.

    `address` is a contract that exists at that block; `hosts` are those that answered.
    """

    def __init__(self, nodes: Nodes, *, number: int, block_hash: str, address: str) -> None:
        self.number = number
        self.block_hash = block_hash
        self.hosts: set[str] = set()
        self._nodes = nodes
        self._address = address
        self._names: dict[RpcClient, object] = {}  # how each node is told which block is meant
        self._naming = asyncio.Lock()
        self._turns = asyncio.Semaphore(CONCURRENCY)
        self._most = MOST_CALLS

    async def ask(self, address: str, views: Sequence[View[T]]) -> list[T]:
        """The answers, in order. Raises RpcError; NodeError if the contract declines one."""
        answers = await self.ask_each(address, views)
        for answer in answers:
            if isinstance(answer, Declined):
                raise NodeError(f"{answer.view.function} of {address}: {answer.reason}")
        return [answer for answer in answers if not isinstance(answer, Declined)]

    async def ask_each(self, address: str, views: Sequence[View[T]]) -> list[T | Declined]:
        """The same with Declined in place of an answer that the node will not give."""
        parts = [views[at : at + self._most] for at in range(0, len(views), self._most)]
        asked = [asyncio.ensure_future(self._part(address, part)) for part in parts]
        try:
            answered = await asyncio.gather(*asked)
        finally:
            for part in asked:
                part.cancel()  # where one failed, nobody waits for the others
        return [answer for part in answered for answer in part]

    async def _part(self, address: str, views: Sequence[View[T]]) -> list[T | Declined]:
        """One request's worth; halved where that is too much, or to find what is declined."""
        try:
            return [*await self._patiently(address, views)]
        except (BatchTooLong, NodeError, RangeTooWide) as error:
            if len(views) == 1:
                return [Declined(views[0], str(error))]
            if not isinstance(error, NodeError):
                self._most = min(self._most, len(views) // 2)
        middle = len(views) // 2
        first = await self._part(address, views[:middle])
        return [*first, *await self._part(address, views[middle:])]

    async def _patiently(self, address: str, views: Sequence[View[T]]) -> list[T]:
        """Wait as told, ask elsewhere, a few times."""
        for left in reversed(range(TRIES)):
            pause = PAUSE
            try:
                async with self._turns:
                    return await self._once(await self._nodes.best(), address, views)
            except (WrongChain, BatchTooLong, RangeTooWide, NodeError):
                raise
            except TimedOut as error:
                if not left or len(views) > FEW_CALLS:
                    raise RangeTooWide(str(error)) from None  # a smaller question may be answered
            except RpcError as error:
                if not left or (isinstance(error, NoState) and len(self._nodes.pool) == 1):
                    raise
                if isinstance(error, RateLimited):
                    pause = min(error.retry_after, LONGEST_PAUSE)
            await asyncio.sleep(pause)
        raise AssertionError("unreachable")

    async def _once(self, client: RpcClient, address: str, views: Sequence[View[T]]) -> list[T]:
        name = await self._name(client)
        try:
            return await self._request(client, address, views, name)
        except NodeError:
            # Has the node lost the state meanwhile, or does it decline one of these calls?
            self._names.pop(client, None)
            await self._name(client)
            raise

    async def _name(self, client: RpcClient) -> object:
        """How this node is to be told the block: by its hash, or by its number if it must be.

        Raises NoState when it takes neither.
        """
        async with self._naming:
            if client in self._names:
                return self._names[client]
            # By itself: in a batch the refusal of a call would hide that there is no such block.
            self._check(client, await client.batch([get_block(self.number)]))
            counter = [contract_views.pool_counter()]
            by_hash: object = {"blockHash": self.block_hash}
            refusal: NodeError | None = None
            for name in (by_hash, hex(self.number)):
                try:
                    await self._request(client, self._address, counter, name)
                except NodeError as error:
                    refusal = error
                else:
                    self._names[client] = name
                    return name
            raise NoState(
                f"answers no view at block {self.number} ({refusal}); most nodes keep the state "
                "of their last blocks only",
                endpoint=client.host,
            )

    async def _request(
        self, client: RpcClient, address: str, views: Sequence[View[T]], name: object
    ) -> list[T]:
        calls = [_call(address, view, name) for view in views]
        header = get_block(self.number)
        before, *answers, after = await client.batch(
            [header, *calls, header], time_limit=TIME_LIMIT
        )
        self._check(client, [before, after])
        self.hosts.add(client.host)
        return answers

    def _check(self, client: RpcClient, headers: Sequence[Block | None]) -> None:
        """Raise unless these are the header of our block; where none is known yet, take it."""
        for block in headers:
            if block is None:
                doubt(client, f"has no block {self.number}")
                raise NoEvidence(f"has no block {self.number} yet", endpoint=client.host)
            self.block_hash = self.block_hash or block.header.hash
            if block.header.hash != self.block_hash:
                doubt(client, f"has another block {self.number}")
                raise AnotherBlock(
                    f"block {self.number} is {block.header.hash} there and {self.block_hash} here",
                    endpoint=client.host,
                )


def _call(address: str, view: View[T], name: object) -> Call[T]:
    """The `eth_call` of a view at the block of this name."""

    def read(raw: msgspec.Raw) -> T:
        try:
            return view.read(octets(read_text(raw)))
        except ValueError as error:
            raise ValueError(f"{view.function}: {error}") from None

    asked = {"to": address, "data": "0x" + view.data.hex()}
    return Call("eth_call", (asked, name), read)
