"""The HTTP nodes we may pull from: in order of health, each identified before it is used.

A node counts only after it has shown the right chain id and the block that was pinned at the
first start; after every failure it has to show them again. Nothing is written here.
"""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import aiohttp
import structlog

from pools.redaction import Redactor
from pools.reorg import Header

from .endpoints import Endpoint, EndpointPool
from .errors import ChainReset, NoEvidence, RateLimited, Refused, RpcError, Unreachable, WrongChain
from .range_sizes import FIRST_RANGE
from .rpc import Call, RpcClient
from .wire import Block, read_block, read_quantity

log = structlog.get_logger(__name__)


def get_block(number: int) -> Call[Block | None]:
    """The call for a block by height, its transactions as hashes."""
    return Call("eth_getBlockByNumber", (hex(number), False), read_block)


def latest_block() -> Call[Block | None]:
    """The call for the newest block the node has."""
    return Call("eth_getBlockByNumber", ("latest", False), read_block)


def doubt(client: RpcClient, reason: str) -> None:
    """Have other nodes asked before this one for a while."""
    client.endpoint.doubted(now=asyncio.get_running_loop().time())
    log.info("node_doubted", endpoint=client.host, doubts=client.endpoint.doubts, reason=reason)


@contextmanager
def blamed(client: RpcClient) -> Iterator[None]:
    """Doubt the node whose answer turns out inside to be false, or to prove nothing."""
    try:
        yield
    except (Refused, NoEvidence) as error:
        doubt(client, str(error))
        error.endpoint = client.host
        raise


CHAIN_ID: Call[int] = Call("eth_chainId", (), read_quantity)


class Nodes:
    """The configured HTTP nodes of one chain."""

    def __init__(
        self, urls: Iterable[str], *, session: aiohttp.ClientSession, redact: Redactor
    ) -> None:
        self.pool = EndpointPool(urls)
        self._clients: dict[Endpoint, RpcClient] = {
            endpoint: RpcClient(endpoint, session=session, redact=redact) for endpoint in self.pool
        }
        self.chain_id: int | None = None
        self.anchor: tuple[int, str] | None = None

    @property
    def clients(self) -> Iterable[RpcClient]:
        """Every node's client, usable or not."""
        return self._clients.values()

    def expect(self, *, chain_id: int | None, anchor: tuple[int, str] | None) -> None:
        """From now on only nodes of this chain, with this block `(number, hash)`, are used."""
        self.chain_id = chain_id
        self.anchor = anchor
        self.distrust()

    def distrust(self) -> None:
        """Have every node identify itself again before its next use."""
        for endpoint in self.pool:
            endpoint.verified = False

    async def best(self, *, besides: RpcClient | None = None) -> RpcClient:
        """The healthiest node that is the right one, other than `besides`.

        One that failed or was doubted lately is asked only when there is no other, and one that
        asked for a pause not at all. Raises the last endpoint's RpcError when none is usable
        (WrongChain before others, since it needs a person), and Unreachable when there is none.
        """
        failure: RpcError | None = None
        now = asyncio.get_running_loop().time()
        for endpoint in self.pool.by_health(now=now):
            client = self._clients[endpoint]
            if client is besides:
                continue
            if endpoint.paused_until > now:
                failure = failure or RateLimited(
                    "asked us to pause",
                    endpoint=client.host,
                    retry_after=endpoint.paused_until - now,
                )
                continue
            try:
                await self._identify(client)
            except RpcError as error:
                if not isinstance(failure, WrongChain):
                    failure = error
            else:
                return client
        raise failure or Unreachable("no other HTTP endpoint is configured")

    async def second(self, first: RpcClient) -> RpcClient | None:
        """Another usable node for a second opinion, if there is one."""
        if len(self.pool) < 2:
            return None
        try:
            return await self.best(besides=first)
        except RpcError:
            return None

    async def witness(self, *besides: RpcClient) -> RpcClient | None:
        """Another node that is well, to be asked for the same as `besides`, if there is one.

        One that failed or was doubted lately is left alone: it would cost more than it proves.
        """
        now = asyncio.get_running_loop().time()
        for endpoint in self.pool.by_health(now=now):
            client = self._clients[endpoint]
            if client in besides or not endpoint.is_well(now=now):
                continue
            try:
                await self._identify(client)
            except RpcError:
                continue
            return client
        return None

    def pause(self) -> float:
        """Seconds until no node that could be asked next wants a pause; 0 when one can be now."""
        now = asyncio.get_running_loop().time()
        pauses = [endpoint.paused_until - now for endpoint in self.pool]
        return max(0.0, min(pauses, default=0.0))

    def range_size(self) -> int:
        """How many blocks those nodes take that would be asked now, two of them at most."""
        now = asyncio.get_running_loop().time()
        asked = self.pool.by_health(now=now)[:2]
        well = [endpoint for endpoint in asked if endpoint.is_well(now=now)]
        return min((endpoint.ranges.blocks for endpoint in well or asked), default=FIRST_RANGE)

    async def identity(self, *, anchor_number: int) -> tuple[int, Header]:
        """Chain id and an early block as the healthiest node gives them, at the first start."""
        client = await self.best()
        chain_id, block = await client.batch([CHAIN_ID, get_block(anchor_number)])
        if block is None:
            raise NoEvidence(
                f"the node has no block {anchor_number} yet, which comes before the start block "
                "in POOL_CONTRACTS",
                endpoint=client.host,
            )
        return chain_id, block.header

    async def _identify(self, client: RpcClient) -> None:
        if client.endpoint.verified:
            return
        calls: list[Call[object]] = [CHAIN_ID]  # type: ignore[list-item]
        if self.anchor is not None:
            calls.append(get_block(self.anchor[0]))  # type: ignore[arg-type]
        chain_id, *rest = await client.batch(calls)
        try:
            self._check_chain(client, chain_id)
            if self.anchor is not None:
                self._check_anchor(client, rest[0], *self.anchor)
        except RpcError as error:
            client.endpoint.failed(error, now=asyncio.get_running_loop().time())
            log.error("node_refused", endpoint=client.host, reason=str(error))
            raise
        client.endpoint.verified = True
        log.info("node_identified", endpoint=client.host, chain_id=chain_id)

    def _check_chain(self, client: RpcClient, chain_id: int) -> None:
        if self.chain_id is not None and chain_id != self.chain_id:
            raise WrongChain(
                f"this node serves chain {chain_id}, but chain {self.chain_id} is followed here; "
                "point CHAIN_HTTP_URLS and CHAIN_WS_URLS at that chain",
                endpoint=client.host,
            )

    def _check_anchor(
        self, client: RpcClient, block: Block | None, number: int, hash_: str
    ) -> None:
        if block is None:
            raise ChainReset(
                f"the node has no block {number}, with which this database began; it is still "
                "syncing, or the chain was reset: then start with a new database (DATABASE_URL)",
                endpoint=client.host,
            )
        if block.header.hash != hash_:
            raise ChainReset(
                f"block {number} is {block.header.hash} now and was {hash_} when this database "
                "began: the chain was reset; start with a new database (DATABASE_URL)",
                endpoint=client.host,
            )
