"""People at the pools: a thread that keeps a real chain busy while a test breaks things."""

import random
import threading
from types import TracebackType
from urllib.parse import urlsplit

from pools.decoding import DecodingError, decode
from tests.chain import BTC, AnvilChain
from tests.processes import Stack


class Traffic:
    """Sends a join, top-up, withdrawal or departure every `pause` seconds until the block ends."""

    def __init__(self, chain: AnvilChain, *, seed: int = 1, pause: float = 0.1) -> None:
        self._chain = chain
        self._random = random.Random(seed)
        self._pause = pause
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._go, daemon=True)
        self._failure: BaseException | None = None
        self.pool_id = chain.create_pool("Junta Nacional", max_members=100)

    def __enter__(self) -> "Traffic":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._enough.set()
        self._thread.join(30)
        if self._failure is not None:
            raise self._failure

    def _go(self) -> None:
        contributions: dict[str, int] = {}
        try:
            while not self._enough.wait(self._pause):
                self._act(contributions)
        except BaseException as failure:  # noqa: BLE001 - the test's thread raises it again
            self._failure = failure

    def _act(self, contributions: dict[str, int]) -> None:
        chain, pool_id = self._chain, self.pool_id
        member = self._random.choice(chain.accounts[2:12])
        held = contributions.get(member, 0)
        amount = self._random.randrange(2, 20) * BTC // 1000
        if held and self._random.random() < 0.2:
            chain.leave(pool_id, member)
            contributions[member] = 0
        elif held > amount + BTC // 1000 and self._random.random() < 0.4:
            chain.withdraw(pool_id, member, amount)
            contributions[member] = held - amount
        elif held < BTC:
            chain.join(pool_id, member, amount)
            contributions[member] = held + amount


def events_on_chain(chain: AnvilChain) -> list[tuple[str, int, str]]:
    """(block hash, log index, kind) of each event of the contract, as the node tells them now."""
    found = []
    for log in chain.logs(chain.start_block):
        topics = b"".join(bytes.fromhex(topic[2:]) for topic in log["topics"])
        try:
            kind = decode(topics, bytes.fromhex(log["data"][2:])).kind
        except DecodingError:
            continue
        found.append((log["blockHash"], int(log["logIndex"], 16), kind))
    return found


def events_in_api(stack: Stack) -> list[tuple[str, int, str]]:
    """(block hash, log index, kind) of every event the API lists, over all its pages."""
    found = []
    path = "/api/v1/events?limit=1000"
    while path:
        answer = stack.api(path)
        found += [(row["block_hash"], row["log_index"], row["kind"]) for row in answer["results"]]
        following = urlsplit(answer["next"] or "")
        path = following.path and f"{following.path}?{following.query}"
    return found
