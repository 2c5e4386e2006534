"""What nodes say when they refuse, in their many wordings, and what each asks of us."""

import pytest

from realtime.errors import NodeError, RangeTooWide, RateLimited, classify


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (-32000, "maximum [from, to] blocks distance: 10000"),
        (-32000, "query returned more than 10000 results"),
        (-32602, "query returned more than 20000 results. Try with this block range [0x1, 0x2]."),
        (-32000, "block range is too wide"),
        (-32005, "limit exceeded"),
        (-32000, "exceed maximum block range: 5000"),
        (-32600, "eth_getLogs is limited to a 10,000 range"),
        (-32000, "Log response size exceeded."),
        (-32602, "block range greater than 2000 max"),
        (-32000, "too many blocks requested"),
        (-32000, "query timeout exceeded"),
        (-32603, "request timed out"),
        (-32701, "Please specify an address or narrow the block range"),
        (-32614, "eth_getLogs and eth_newFilter are limited to a 10,000 blocks range"),
        (-32062, "Block range is too large"),
        (-32000, "max range: 1000"),
    ],
)
def test_a_range_that_is_too_wide_is_known_in_any_wording(code: int, message: str) -> None:
    assert isinstance(classify(code, message), RangeTooWide)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (-32005, "daily request count exceeded, request rate limited"),
        (429, "anything"),
        (-32000, "Too Many Requests"),
        (-32005, "rate limit exceeded"),
        (-32029, "You have exceeded the throughput of your plan"),
        (-32000, "compute units per second capacity exceeded"),
    ],
)
def test_a_rate_limit_is_told_apart_from_a_range(code: int, message: str) -> None:
    assert isinstance(classify(code, message), RateLimited)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (-32601, "the method does not exist"),
        (-32000, "header not found"),
        (3, "execution reverted"),
    ],
)
def test_everything_else_is_the_nodes_own_error(code: int, message: str) -> None:
    error = classify(code, message, endpoint="node.example")
    assert type(error) is NodeError
    assert error.code == code
    assert str(error).startswith("node.example: ")
