"""What can go wrong between us and a node, as one small tree, and the reading of node errors.

Pure. Nodes word the same refusal in a dozen ways; `classify` says what each one asks of us.
"""

import re
from typing import Final


class RpcError(Exception):
    """A request to a node failed; `endpoint` is the node's host."""

    def __init__(self, message: str, *, endpoint: str = "") -> None:
        super().__init__(message)
        self.endpoint = endpoint

    def __str__(self) -> str:
        message = super().__str__()
        return f"{self.endpoint}: {message}" if self.endpoint else message


class Unreachable(RpcError):
    """No usable HTTP answer: refused, reset, closed, a proxy's error page."""


class TimedOut(Unreachable):
    """No answer within the time limit; a smaller question may get one."""


class RateLimited(RpcError):
    """The node asks us to wait `retry_after` seconds."""

    def __init__(self, message: str, *, endpoint: str = "", retry_after: float = 1.0) -> None:
        super().__init__(message, endpoint=endpoint)
        self.retry_after = retry_after


class RangeTooWide(RpcError):
    """The node refuses so many blocks or results at once: ask for less."""


class NodeError(RpcError):
    """The node answered with an error of its own; `code` is the JSON-RPC code."""

    def __init__(self, message: str, *, endpoint: str = "", code: int = 0) -> None:
        super().__init__(message, endpoint=endpoint)
        self.code = code


class Malformed(RpcError):
    """The answer is not what the protocol promises; none of it is used."""


class Refused(RpcError):
    """The answer is well formed and cannot be true (a wrong address, hash, index, link)."""


class NoEvidence(RpcError):
    """The answer may be true, but nothing proves that it is whole: ask again later."""


class WrongChain(RpcError):
    """The node serves another chain than the one that the database follows."""


class ChainReset(WrongChain):
    """The chain id is right, but the block pinned at the first start is another one now."""


_RATE: Final = re.compile(
    r"rate.?limit|too many requests|request rate|requests? per|throughput|compute units"
    r"|daily request|quota|capacity exceeded|throttl|slow down",
    re.IGNORECASE,
)
_RANGE: Final = re.compile(
    r"blocks distance|returned more than|block range|range (?:is )?too (?:wide|large|big)"
    r"|exceed.{0,24}(?:range|results|logs|block)|(?:range|results|logs|blocks).{0,32}exceed"
    r"|too many (?:blocks|results|logs)|limit exceeded|limited to|response size|response too"
    r"|result.{0,12}too (?:large|big)|more than \d[\d,]* (?:results|logs|blocks)|max(?:imum)? "
    r"(?:block )?range|query timeout|timed? ?out|deadline exceeded",
    re.IGNORECASE,
)
LIMIT_EXCEEDED: Final = -32005


def classify(code: int, message: str, *, endpoint: str = "") -> RpcError:
    """Return the error that a node's error object stands for.

    `-32005` is "limit exceeded" in EIP-1474; providers use it for rates and for ranges, so
    the wording decides, rates first.
    """
    if _RATE.search(message) or code == 429:
        return RateLimited(message, endpoint=endpoint)
    if _RANGE.search(message) or code == LIMIT_EXCEEDED:
        return RangeTooWide(message, endpoint=endpoint)
    return NodeError(f"{message} (code {code})", endpoint=endpoint, code=code)
