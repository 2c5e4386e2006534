"""Which node to ask next: endpoints in order of health.

Keeps what is known about each endpoint (failures, doubts, latency, how much it takes in one
question) and sorts by it. Does no I/O; time is handed in as seconds of the event loop's clock.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from pools.redaction import host_of

from .errors import RateLimited, RpcError, WrongChain
from .range_sizes import RangeSize

_MOST_CALLS = 100
_FEWEST_CALLS = 3  # logs, with the headers of the first and the last block
_LONGEST_PENALTY = 60.0
_WRONG_CHAIN_PENALTY = 300.0
_LONGEST_PAUSE = 600.0
_FIRST_DOUBT = 0.5
_LONGEST_DOUBT = 300.0
_DOUBTS_FORGOTTEN = 10.0


@dataclass(eq=False, slots=True)
class Endpoint:
    """One node URL and what we have seen of it. Only `host` may be shown."""

    url: str = field(repr=False)
    host: str
    failures: int = 0
    waits_until: float = 0.0
    paused_until: float = 0.0
    doubts: int = 0
    doubted_until: float = 0.0
    latency: float | None = None
    verified: bool = False
    ranges: RangeSize = field(default_factory=RangeSize)
    most_calls: int = _MOST_CALLS  # in one HTTP request
    problem: str = ""

    def succeeded(self, *, latency: float | None = None) -> None:
        """Note an answer that was of use, `latency` seconds after the question."""
        self.failures = 0
        self.waits_until = 0.0
        self.problem = ""
        if latency is not None:
            self.latency = latency if self.latency is None else 0.8 * self.latency + 0.2 * latency

    def failed(self, error: Exception, *, now: float) -> None:
        """Note a failure; the endpoint goes to the end of the line for a while.

        It waits 1, 2, 4 … 60 seconds behind the others. A node that asks for a pause is not
        asked at all until that is over.
        """
        self.failures += 1
        self.problem = str(error) if isinstance(error, RpcError) else type(error).__name__
        penalty = min(2.0 ** (self.failures - 1), _LONGEST_PENALTY)
        if isinstance(error, RateLimited):
            self.paused_until = now + min(error.retry_after, _LONGEST_PAUSE)
        else:
            self.verified = False  # who knows which node will answer next
        if isinstance(error, WrongChain):
            penalty = _WRONG_CHAIN_PENALTY
        self.waits_until = now + penalty

    def doubted(self, *, now: float) -> None:
        """Note an answer that was late, untrue, or contradicted by another endpoint.

        It waits 0.5, 1, 2 … 300 seconds behind the others, however well it answers meanwhile:
        one that is stuck answers quickly. Doubts are forgotten when none came for some time.
        """
        if now > self.doubted_until + _DOUBTS_FORGOTTEN:
            self.doubts = 0
        self.doubts += 1
        self.doubted_until = now + min(_FIRST_DOUBT * 2.0 ** (self.doubts - 1), _LONGEST_DOUBT)

    def is_well(self, *, now: float) -> bool:
        """Whether it has neither failed nor been doubted lately, nor asked for a pause."""
        return now >= max(self.waits_until, self.doubted_until, self.paused_until)

    def refused_batch(self, calls: int) -> None:
        """Remember that so many calls in one request were too many."""
        self.most_calls = max(_FEWEST_CALLS, min(self.most_calls, calls) // 2)


class EndpointPool:
    """The configured endpoints of one kind (sockets or HTTP), best first."""

    def __init__(self, urls: Iterable[str]) -> None:
        self.endpoints = tuple(Endpoint(url=url, host=host_of(url)) for url in urls)

    def __len__(self) -> int:
        return len(self.endpoints)

    def __iter__(self) -> Iterator[Endpoint]:
        return iter(self.endpoints)

    def by_health(self, *, now: float) -> list[Endpoint]:
        """Return all endpoints: those not waiting first, then fewer failures, then as listed."""

        def rank(endpoint: Endpoint) -> tuple[float, int]:
            waits_until = max(endpoint.waits_until, endpoint.doubted_until)
            return max(waits_until - now, 0.0), endpoint.failures

        return sorted(self.endpoints, key=rank)

    def best(self, *, now: float) -> Endpoint:
        """Return the endpoint to try next. Raises LookupError when none is configured."""
        if not self.endpoints:
            raise LookupError("no endpoint is configured")
        return self.by_health(now=now)[0]
