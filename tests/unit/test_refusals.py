"""What nodes say when they refuse, in their many wordings, and what each asks of us.

The wordings are those of the nodes named beside them, as found in the wild.
"""

import msgspec
import pytest

from pools.redaction import Redactor
from realtime.errors import (
    BatchTooLong,
    NodeError,
    RangeTooWide,
    RateLimited,
    RpcError,
    TooManyLogs,
)
from realtime.refusals import refusal
from realtime.wire import ErrorJson


def said(code: int, message: str, data: object = None) -> RpcError:
    raw = msgspec.Raw(b"" if data is None else msgspec.json.encode(data))
    error = ErrorJson(code, message, raw)
    return refusal(
        error, endpoint="node.example", redact=Redactor(["https://x.example/secret-key"])
    )


BLOCKS: list[tuple[str, int, str, int | None]] = [
    # whose, code, wording, and the limit in it
    ("Mezo, Cronos, Kava", -32000, "maximum [from, to] blocks distance: 10000", 10_000),
    ("Ankr", -32000, "block range is too wide", None),
    ("BSC", -32005, "limit exceeded", None),
    ("public nodes", -32701, "exceed maximum block range: 5000", 5_000),
    ("Immutable", -32000, "exceeded maximum block range: 5000", 5_000),
    ("QuickNode, Base", -32614, "eth_getLogs is limited to a 10,000 range", 10_000),
    (
        "QuickNode",
        -32602,
        "eth_getLogs and eth_newFilter are limited to a 10,000 blocks range",
        10_000,
    ),
    ("1RPC", -32602, "eth_getLogs is limited to 0 - 50 blocks range", 50),
    ("thirdweb", -32602, "block range greater than 2000 max", 2_000),
    (
        "thirdweb",
        -32005,
        "Log response size exceeded. Maximum allowed number of requested blocks is 1000",
        1_000,
    ),
    ("BlockPI", -32000, "too many blocks requested", None),
    ("Scroll, Etherlink", -32062, "Block range is too large", None),
    ("Etherlink", -32000, "Cannot request logs over more than 100 blocks", 100),
    ("Polygon zkEVM", -32000, "block range too large, max range: 10000", 10_000),
    ("Linea", -32602, "range 16777216 exceeds limit of 10000", 10_000),
    ("reth", -32602, "query exceeds max block range 100000", 100_000),
    (
        "Celo",
        -32602,
        "query exceeds range, retry smaller (max block range 5000, got 16777216)",
        5_000,
    ),
    (
        "Avalanche",
        -32000,
        "requested too many blocks from 50331648 to 51380224, maximum is set to 2048",
        2_048,
    ),
    ("Sonic", -32000, "too wide blocks range, the limit is 100", 100),
    ("Harmony", -32000, "GetLogs query must be smaller than size 1024", 1_024),
    (
        "Cloudflare",
        -32047,
        "Invalid eth_getLogs request. 'fromBlock'-'toBlock' range too large. Max range: 800",
        800,
    ),
    ("dRPC", 35, "ranges over 10000 blocks are not supported on freetier", 10_000),
    ("a public node", -32000, "please limit your query to at most 1000 blocks", 1_000),
    ("a public node", -32701, "Please specify an address or narrow the block range", None),
    ("Alchemy", -32000, "query timeout exceeded", None),
    ("Chainstack", -32002, "request timed out", None),
    ("geth", -32000, "context deadline exceeded", None),
]


@pytest.mark.parametrize(("whose", "code", "message", "limit"), BLOCKS)
def test_too_many_blocks_are_known_in_any_wording(
    whose: str, code: int, message: str, limit: int | None
) -> None:
    error = said(code, message)
    assert type(error) is RangeTooWide, whose
    assert error.most_blocks == limit


LOGS: list[tuple[str, int, str]] = [
    ("Mezo, Infura", -32000, "query returned more than 10000 results"),
    ("Arbitrum", -32000, "logs matched by query exceeds limit of 10000"),
    (
        "PulseChain",
        -32000,
        "query returned more than allowed number of logs, try with smaller block range",
    ),
    ("Base", -32020, "backend response too large"),
    ("geth", -32003, "response too large"),
    ("Soneium", -32000, "response is too big"),
    ("a public node", -32000, "Response exceed size limit"),
    ("Fantom", -32000, "read limit exceeded"),
]


@pytest.mark.parametrize(("whose", "code", "message"), LOGS)
def test_too_many_logs_are_told_apart_from_too_many_blocks(
    whose: str, code: int, message: str
) -> None:
    assert type(said(code, message)) is TooManyLogs, whose


SUGGESTIONS: list[tuple[str, int, str, object, tuple[int, int]]] = [
    (
        "zkSync",
        -32602,
        "Query returned more than 10000 results. Try with this block range [0x100, 0x1bb].",
        None,
        (0x100, 0x1BB),
    ),
    (
        "Infura",
        -32005,
        "query returned more than 10000 results",
        {"from": "0x100", "limit": 10000, "to": "0x1bb"},
        (0x100, 0x1BB),
    ),
    (
        "Nethermind",
        -32602,
        "invalid params",
        "Query returned more than 50000 results. Try with this block range [0x100, 0x1bb].",
        (0x100, 0x1BB),
    ),
    (
        "reth",
        -32602,
        "query exceeds max results 20000, retry with the range 256-443",
        None,
        (0x100, 0x1BB),
    ),
    (
        "Alchemy",
        -32602,
        (
            "Log response size exceeded. You can make eth_getLogs requests with up to a 2K block "
            "range and no limit on the response size, or you can request any block range with a "
            "cap of 10K logs in the response. Based on your parameters and the response size "
            "limit, this block range should work: [0x100, 0x1bb]"
        ),
        None,
        (0x100, 0x1BB),
    ),
    (
        "Alchemy",
        -32600,
        (
            "Under the Free tier plan, you can make eth_getLogs requests with up to a 10 block "
            "range. Based on your parameters, this block range should work: [0x100, 0x109]."
        ),
        None,
        (0x100, 0x109),
    ),
    (
        "Alchemy",
        -32000,
        (
            "Query timeout exceeded. Consider reducing your block range. Based on your "
            "parameters and the response size limit, this block range should work: [0x100, 0x1bb]"
        ),
        None,
        (0x100, 0x1BB),
    ),
]


@pytest.mark.parametrize(("whose", "code", "message", "data", "suggested"), SUGGESTIONS)
def test_a_range_that_the_node_would_answer_is_taken(
    whose: str, code: int, message: str, data: object, suggested: tuple[int, int]
) -> None:
    error = said(code, message, data)
    assert isinstance(error, RangeTooWide), whose
    assert error.suggested == suggested
    assert error.fitting(0x100, 2_000) == suggested[1] - suggested[0] + 1


def test_a_suggestion_for_other_blocks_or_for_no_fewer_is_not() -> None:
    error = said(-32005, "Try with this block range [0x100, 0x1bb]. Returned more than 9 results")
    assert isinstance(error, RangeTooWide)
    assert error.fitting(0x200, 2_000) == 1_000
    assert error.fitting(0x100, 100) == 50
    assert error.fitting(0x100, 1) == 1


def test_a_limit_in_the_data_counts_too() -> None:
    ronin = "requested block range 16777217 exceeds the limit of 200; narrow your fromBlock/toBlock"
    error = said(-32602, "Invalid params", ronin)
    assert isinstance(error, RangeTooWide)
    assert error.fitting(7, 2_000) == 200
    taiko = said(-32012, "requested range too large", {"details": {"maxAllowedRange": 1500}})
    assert isinstance(taiko, RangeTooWide)
    assert taiko.fitting(7, 2_000) == 1500


def test_an_answer_four_times_too_large_is_quartered() -> None:
    assert TooManyLogs("", excess=4.0).fitting(7, 2_000) == 500
    assert TooManyLogs("", excess=1.1).fitting(7, 2_000) == 1_000
    assert TooManyLogs("", excess=4.0, suggested=(7, 1_500)).fitting(7, 2_000) == 500
    assert TooManyLogs("", excess=4000.0).fitting(7, 2_000) == 1


RATES: list[tuple[str, int, str, object, float]] = [
    (
        "Infura",
        -32005,
        "daily request count exceeded, request rate limited",
        {"rate": {"allowed_rps": 1, "backoff_seconds": 24, "current_rps": 1.4}},
        24.0,
    ),
    (
        "Chainstack",
        -32005,
        "You've exceeded the RPS limit available on the current plan.",
        {"try_again_in": "823.5ms"},
        0.8235,
    ),
    ("Infura", -32005, "project ID request rate exceeded", None, 1.0),
    ("any", 429, "anything", None, 1.0),
    ("Moralis", -32000, "Too Many Requests", None, 1.0),
    ("dRPC", 15, "Too many request, try again later", None, 1.0),
    ("a public node", -32005, "rate limit exceeded", None, 1.0),
    (
        "QuickNode",
        -32007,
        "50/second request limit reached - reduce calls per second or upgrade your account",
        None,
        1.0,
    ),
    ("Alchemy", -32029, "You have exceeded the throughput of your plan", None, 1.0),
    ("Alchemy", 429, "exceeded its compute units per second capacity", None, 1.0),
    ("a public node", -32000, "rate limited, retry after 2.5 s", None, 2.5),
    ("a public node", -32000, "Too many requests, try again in 2 minutes", None, 120.0),
    ("a hostile node", -32000, "Too many requests, try again in 999999999 s", None, 3600.0),
    ("a public node", -32000, "limit your query to 10 requests per second", None, 1.0),
]


@pytest.mark.parametrize(("whose", "code", "message", "data", "pause"), RATES)
def test_a_rate_limit_is_told_apart_from_a_range_and_its_pause_is_read(
    whose: str, code: int, message: str, data: object, pause: float
) -> None:
    error = said(code, message, data)
    assert isinstance(error, RateLimited), whose
    assert error.retry_after == pytest.approx(pause)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (-32600, "batch too large"),
        (31, "Batch of more than 3 requests are not allowed on free tier"),
        (-32600, "batch limit 100 exceeded (can increase by --rpc.batch.limit)"),
        (-32005, "Number of requests in batch exceeds 1024"),
        (-32005, "request exceeds allowed batch size"),
    ],
)
def test_a_batch_that_is_too_long_is_known(code: int, message: str) -> None:
    assert isinstance(said(code, message), BatchTooLong)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (-32601, "the method does not exist"),
        (-32000, "header not found"),
        (3, "execution reverted: amount exceeds limit"),
        (-32602, "block range extends beyond current head block"),
        (-32000, "cannot query unfinalized data: after last accepted block"),
        (-32000, "invalid block range params"),
        (-32602, "Archive requests require a personal token"),
    ],
)
def test_everything_else_is_the_nodes_own_error(code: int, message: str) -> None:
    error = said(code, message)
    assert type(error) is NodeError
    assert error.code == code
    assert str(error) == f"node.example: {message} (code {code})"


def test_what_is_shown_of_it_holds_no_key() -> None:
    for data in (None, "and the secret-key again"):
        assert "secret-key" not in str(said(-32000, "block range of secret-key too wide", data))
