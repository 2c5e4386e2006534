"""A simulated node: a real local server over HTTP and WebSocket whose chain and lies are scripted.

It serves a `ScriptedChain` and misbehaves exactly as told, so that each row of "The node" in the
table of failures can be met by the real listener over real sockets.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from functools import lru_cache
from types import TracebackType
from typing import Any, Self

import msgspec
from aiohttp import WSMsgType, web
from eth_hash.auto import keccak

from pools.events import Event
from pools.segments import RawLog
from tests.scripted_chain import CHAIN_ID, ScriptedBlock, ScriptedChain

Json = dict[str, Any]


class Fault(Exception):
    """What a method answers instead of a result."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class SimulatedNode:
    """One node. Every attribute that is not set makes it honest.

    `behind`: how many blocks of the chain it does not know yet.
    `max_range`: the most blocks of `eth_getLogs`; `range_refusal` words what it says then, with
    `{limit}`, `{first}` and `{fits}` (the last block that it would answer), in hex after `:x`.
    `max_logs`: the most logs; `logs_refusal` the same. An empty one cuts the answer silently.
    `chunked`: answers do not say beforehand how long they are.
    `max_batch`: the most calls in one request.
    `empty_logs`: `eth_getLogs` answers `[]`, so many times (-1: always).
    `busy`: so many HTTP requests are answered with `status` and `headers`, then none (-1: all).
    `tamper`: called with method, parameters and result; what it returns is sent.
    `before`: called before every HTTP request; it may change whatever stands here.
    `status`, `headers`, `body`: sent instead of any HTTP answer.
    `delay`: seconds before every HTTP answer; `stream_delay` the same on the socket.
    `deaf`: sockets are accepted and then nothing is ever said; `mute`: no notifications.
    `refusal`: subscriptions are refused, with `id: null`.
    `early`: a notification comes before the answer that names its subscription.
    `notify_logs`: False leaves log notifications out.
    """

    def __init__(self, chain: ScriptedChain | None = None) -> None:
        self.chain = chain or ScriptedChain()
        self.chain_id = CHAIN_ID
        self.behind = 0
        self.max_range = 10_000
        self.range_refusal = "maximum [from, to] blocks distance: {limit}"
        self.max_logs = 10_000
        self.logs_refusal = "query returned more than {limit} results"
        self.busy = -1
        self.max_batch = 1_000
        self.chunked = False
        self.empty_logs = 0
        self.zero_bloom = False
        self.tamper: Callable[[str, list[Any], Any], Any] = lambda _method, _params, result: result
        self.before: Callable[[], None] = lambda: None
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = b""
        self.delay = 0.0
        self.stream_delay = 0.0
        self.deaf = False
        self.mute = False
        self.refusal = False
        self.early = False
        self.notify_logs = True
        self.calls: Counter[str] = Counter()
        self.connections = 0
        self._streams: dict[web.WebSocketResponse, dict[str, str]] = {}
        self._runner: web.AppRunner | None = None
        self._port = 0

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    @property
    def http_url(self) -> str:
        return f"http://127.0.0.1:{self._port}/v2/key-of-this-node"

    @property
    def ws_url(self) -> str:
        return f"ws://127.0.0.1:{self._port}/v2/key-of-this-node"

    @property
    def contracts(self) -> list[tuple[str, int]]:
        return [(self.chain.contract, 1)]

    @property
    def head(self) -> int:
        return self.chain.head - self.behind

    async def start(self) -> None:
        """Listen; on the same port as before, if there was one."""
        app = web.Application()
        app.router.add_post("/{path:.*}", self._http)
        app.router.add_get("/{path:.*}", self._stream)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Go away with every connection."""
        await self.drop_streams()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def drop_streams(self) -> None:
        """Cut every socket without a closing frame."""
        for stream in list(self._streams):
            transport = stream._req.transport if stream._req is not None else None
            if transport is not None:
                transport.abort()
        await asyncio.sleep(0)

    async def mine(self, *events: Event | RawLog) -> ScriptedBlock:
        """One more block, and the notifications of it."""
        block = self.chain.mine(*events)
        await self.announce(block)
        return block

    def mine_quietly(self, *events: Event | RawLog) -> ScriptedBlock:
        """One more block that nobody is told of."""
        return self.chain.mine(*events)

    async def announce(self, block: ScriptedBlock) -> None:
        """Tell the subscribers of a block: its head, then its logs."""
        if self.mute:
            return
        await self._tell("newHeads", self._block_json(block) | {"hash": "0x" + "99" * 32})
        if self.notify_logs:
            for entry in block.logs:
                await self._tell("logs", log_json(entry))

    async def tell_head(self, number: int) -> None:
        """One head notification, whatever the chain says."""
        await self._tell("newHeads", {"number": hex(number)})

    async def tell_log(self, entry: RawLog, *, removed: bool = False) -> None:
        """One log notification, whatever the chain says."""
        await self._tell("logs", log_json(entry) | {"removed": removed})

    @property
    def subscriptions(self) -> list[str]:
        """What the present sockets have subscribed to."""
        return sorted(name for names in self._streams.values() for name in names.values())

    # HTTP

    async def _http(self, request: web.Request) -> web.Response:
        self.before()
        if self.delay:
            await asyncio.sleep(self.delay)
        if self.status and self.busy:
            self.busy -= self.busy > 0
            return web.Response(status=self.status, headers=self.headers, body=self.body)
        asked = msgspec.json.decode(await request.read())
        if isinstance(asked, list) and len(asked) > self.max_batch:
            error = {"code": -32600, "message": "batch too large"}
            answer: Any = {"jsonrpc": "2.0", "id": None, "error": error}
        elif isinstance(asked, list):
            answer = [self._answer(one) for one in asked]
        else:
            answer = self._answer(asked)
        response = web.Response(body=msgspec.json.encode(answer), content_type="application/json")
        if self.chunked:
            response.enable_chunked_encoding()
        return response

    def _answer(self, asked: Json) -> Json:
        base = {"jsonrpc": "2.0", "id": asked["id"]}
        try:
            return base | {"result": self.result(asked["method"], asked["params"])}
        except Fault as fault:
            return base | {"error": {"code": fault.code, "message": str(fault)}}

    def result(self, method: str, params: list[Any]) -> Any:
        """The result of one call, after tampering. Raises Fault."""
        self.calls[method] += 1
        answers: dict[str, Callable[[list[Any]], Any]] = {
            "eth_chainId": lambda _: hex(self.chain_id),
            "eth_blockNumber": lambda _: hex(self.head),
            "eth_getBlockByNumber": self._get_block,
            "eth_getLogs": self._get_logs,
            "eth_getTransactionReceipt": self._get_receipt,
        }
        if method not in answers:
            raise Fault(-32601, f"the method {method} does not exist")
        return self.tamper(method, params, answers[method](params))

    def _get_block(self, params: list[Any]) -> Json | None:
        number = self.head if params[0] == "latest" else int(params[0], 16)
        return self._block_json(self.chain.blocks[number]) if number <= self.head else None

    def _get_logs(self, params: list[Any]) -> list[Json]:
        first, last = int(params[0]["fromBlock"], 16), int(params[0]["toBlock"], 16)
        if last - first + 1 > self.max_range:
            fits = first + self.max_range - 1
            raise Fault(
                -32000, self.range_refusal.format(limit=self.max_range, first=first, fits=fits)
            )
        if self.empty_logs or last > self.head:
            self.empty_logs -= self.empty_logs > 0
            return []
        wanted = {address.lower() for address in params[0]["address"]}
        found = [
            entry
            for block in self.chain.blocks[first : last + 1]
            for entry in block.logs
            if entry.address.lower() in wanted
        ]
        if len(found) > self.max_logs and self.logs_refusal:
            fits = max(first, found[self.max_logs].block_number - 1)
            raise Fault(
                -32005, self.logs_refusal.format(limit=self.max_logs, first=first, fits=fits)
            )
        return [log_json(entry) for entry in found[: self.max_logs]]

    def _get_receipt(self, params: list[Any]) -> Json | None:
        for block in self.chain.blocks[: self.head + 1]:
            logs = [entry for entry in block.logs if entry.transaction_hash == params[0]]
            if logs:
                return {
                    "transactionHash": params[0],
                    "blockHash": block.header.hash,
                    "logs": [log_json(entry) for entry in logs],
                }
        return None

    def _block_json(self, block: ScriptedBlock) -> Json:
        bloom = b"\0" * 256 if self.zero_bloom else bloom_of(block.logs)
        return {
            "number": hex(block.header.number),
            "hash": block.header.hash,
            "parentHash": block.header.parent_hash,
            "timestamp": hex(block.header.timestamp),
            "logsBloom": "0x" + bloom.hex(),
            "transactions": [entry.transaction_hash for entry in block.logs],
        }

    # WebSocket

    async def _stream(self, request: web.Request) -> web.WebSocketResponse:
        stream = web.WebSocketResponse()
        await stream.prepare(request)
        self.connections += 1
        self._streams[stream] = {}
        try:
            async for message in stream:
                if message.type is not WSMsgType.TEXT:
                    break
                if not self.deaf:
                    await self._say(stream, msgspec.json.decode(message.data))
        finally:
            del self._streams[stream]
        return stream

    async def _say(self, stream: web.WebSocketResponse, asked: Json) -> None:
        if self.stream_delay:
            await asyncio.sleep(self.stream_delay)
        if asked["method"] != "eth_subscribe":
            await stream.send_json(self._answer(asked))
            return
        if self.refusal:
            error = {"code": -32000, "message": "no subscriptions with key-of-this-node"}
            await stream.send_json({"jsonrpc": "2.0", "id": None, "error": error})
            return
        name = asked["params"][0]
        subscription = f"0x{name.encode().hex()}{self.connections}"
        self._streams[stream][subscription] = name
        if self.early and name == "newHeads":
            await self._tell(name, self._block_json(self.chain.blocks[self.head]))
        await stream.send_json({"jsonrpc": "2.0", "id": asked["id"], "result": subscription})

    async def _tell(self, name: str, result: Json) -> None:
        for stream, names in list(self._streams.items()):
            for subscription, subscribed in names.items():
                if subscribed == name and not stream.closed:
                    params = {"subscription": subscription, "result": result}
                    message = {"jsonrpc": "2.0", "method": "eth_subscription", "params": params}
                    await stream.send_json(message)


def topics_of(entry: RawLog) -> list[bytes]:
    """Its topics, one by one."""
    return [entry.topics[at : at + 32] for at in range(0, len(entry.topics), 32)]


def log_json(entry: RawLog) -> Json:
    """A log as a node spells it."""
    return {
        "address": entry.address.lower(),
        "topics": ["0x" + topic.hex() for topic in topics_of(entry)],
        "data": "0x" + entry.data.hex(),
        "blockNumber": hex(entry.block_number),
        "blockHash": entry.block_hash,
        "transactionHash": entry.transaction_hash,
        "transactionIndex": hex(entry.transaction_index),
        "logIndex": hex(entry.log_index),
        "removed": False,
    }


@lru_cache(maxsize=10_000)
def bloom_of(logs: tuple[RawLog, ...]) -> bytes:
    """The bloom filter of a block with these logs (Yellow Paper 4.3.1)."""
    bits = 0
    for entry in logs:
        for item in (bytes.fromhex(entry.address[2:]), *topics_of(entry)):
            digest = keccak(item)
            for at in (0, 2, 4):
                bits |= 1 << int.from_bytes(digest[at : at + 2]) % 2048
    return bits.to_bytes(256)
