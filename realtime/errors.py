"""What can go wrong between us and a node, as one small tree.

Pure. `refusals` reads which of these a node means.
"""


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
    """The node refuses so many blocks at once: ask for less.

    `suggested` is a closed range that it says it would answer, `most_blocks` its limit.
    """

    def __init__(
        self,
        message: str,
        *,
        endpoint: str = "",
        suggested: tuple[int, int] | None = None,
        most_blocks: int | None = None,
    ) -> None:
        super().__init__(message, endpoint=endpoint)
        self.suggested = suggested
        self.most_blocks = most_blocks

    def fitting(self, first: int, blocks: int) -> int:
        """How many blocks from `first` on to ask for next, after `blocks` were too many."""
        if self.suggested is not None and self.suggested[0] <= first <= self.suggested[1]:
            fits = self.suggested[1] - first + 1
            if fits < blocks:
                return fits
        if self.most_blocks is not None and self.most_blocks < blocks:
            return self.most_blocks
        return max(1, blocks // 2)


class TooManyLogs(RangeTooWide):
    """The blocks asked for have more logs, or bytes of logs, than one answer may hold.

    `excess` is how many times too large the answer was, as far as that is known.
    """

    def __init__(
        self,
        message: str,
        *,
        endpoint: str = "",
        suggested: tuple[int, int] | None = None,
        excess: float = 2.0,
    ) -> None:
        super().__init__(message, endpoint=endpoint, suggested=suggested)
        self.excess = excess

    def fitting(self, first: int, blocks: int) -> int:
        """As for any range, but a quarter of what was four times too large."""
        return max(1, min(super().fitting(first, blocks), int(blocks / self.excess)))


class BatchTooLong(RpcError):
    """The node refuses so many calls in one HTTP request."""


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
