"""Which error a node means: the same refusal has dozens of wordings, codes and hints.

Pure. What a node says is a stranger's text: only its beginning is read, and whatever number is
found in it can make the next question smaller, never larger.
"""

import re
from typing import Final

import msgspec

from pools.redaction import Redactor

from .errors import BatchTooLong, NodeError, RangeTooWide, RateLimited, RpcError, TooManyLogs
from .wire import ErrorJson

LIMIT_EXCEEDED: Final = -32005  # EIP-1474; providers use it for rates and for ranges
_READ: Final = 2_000  # characters
_LONGEST_RETRY: Final = 3_600.0

# No limit: the node has not come so far, or has it no more, or a contract refused a call. Some of
# these name a range or a limit all the same.
_NO_LIMIT: Final = re.compile(
    r"revert|beyond (?:the )?(?:current )?head|last accepted block|not yet|not found|unknown block"
    r"|not available|invalid block range|archive|pruned|missing trie",
    re.IGNORECASE,
)
_RATE: Final = re.compile(
    r"rate.{0,2}limit|too many request|request rate|requests? (?:per|limit)|per second"
    r"|exceeded the rps|throughput|compute units|daily request|quota|capacity|throttl|slow down"
    r"|too much load|try again later|requests limited",
    re.IGNORECASE,
)
_BATCH: Final = re.compile(
    r"batch(?!.{0,12}response).{0,40}(?:too|limit|exceed|more than|maximum|allowed)"
    r"|(?:too|limit|exceed|more than|maximum|allowed).{0,40}batch",
    re.IGNORECASE,
)
_LOGS: Final = re.compile(
    r"(?:\b(?:results?|logs?|events|entries)\b|response|payload|\bdata\b).{0,40}"
    r"(?:exceed|too (?:large|big|many)|limit|more than|\bsize)"
    r"|(?:more than|exceed\w*|max(?:imum)?|too (?:many|much|large)).{0,32}"
    r"(?:\b(?:results?|logs|events|entries)\b|\bdata\b|response)"
    r"|read limit exceeded|message too long",
    re.IGNORECASE,
)
_RANGE: Final = re.compile(
    r"blocks? range|blocks distance|too many blocks|\branges?\b.{0,32}"
    r"(?:too|exceed|limit|wide|large|greater|max|not supported|should work)"
    r"|(?:exceed|limit|max|too (?:wide|large)).{0,40}(?:range|blocks)|limit exceeded"
    r"|exceeds limit|smaller than size|over more than|time(?:d ?| )?out|deadline exceeded",
    re.IGNORECASE,
)

_NUMBER = r"(\d[\d,]*k?)\b"
_OF_BLOCKS: Final = re.compile(
    rf"\b{_NUMBER}[ -]?blocks?\b|\bblocks?\b\D{{0,28}}\b{_NUMBER}", re.IGNORECASE
)
_LIMIT: Final = re.compile(
    rf"(?:max(?:imum)?|max\w*range|limit|up to|at most|over|than)\D{{0,32}}\b{_NUMBER}",
    re.IGNORECASE,
)
_SUGGESTED: Final = (
    re.compile(r"\[\s*0x([0-9a-f]{1,15})\s*,\s*0x([0-9a-f]{1,15})\s*\]", re.IGNORECASE),
    re.compile(
        r'"from"\s*:\s*"0x([0-9a-f]{1,15})".{0,64}?"to"\s*:\s*"0x([0-9a-f]{1,15})"', re.IGNORECASE
    ),
)
_SUGGESTED_DECIMAL: Final = re.compile(
    r"range\D{0,8}\b(\d{1,18})\s*-\s*(\d{1,18})\b", re.IGNORECASE
)
_RETRY: Final = re.compile(
    r"(?:try[ _]again[ _](?:in|after)|retry[ _-]?(?:in|after)|backoff_seconds)"
    r"\W{0,4}(\d{1,9}(?:\.\d{1,9})?)\s*(ms|milli|m\b|min)?",
    re.IGNORECASE,
)


def refusal(error: ErrorJson, *, endpoint: str, redact: Redactor) -> RpcError:
    """The error that a node's error object stands for, its text fit to be shown.

    A code means little: providers use `-32005` and `-32000` for rates, ranges and much else. So
    the wording decides, in `message` and in `data`, where Nethermind and Infura put the hint.
    """
    data = bytes(error.data)[:_READ].decode(errors="replace")
    text = f"{error.message[:_READ]} {data}"
    shown = redact(f"{error.message}: {_text(error.data)}".removesuffix(": "))
    if error.code == 429 or (_RATE.search(text) and not _suggested(text)):
        return RateLimited(shown, endpoint=endpoint, retry_after=_retry_after(text))
    if _NO_LIMIT.search(text):
        return NodeError(f"{shown} (code {error.code})", endpoint=endpoint, code=error.code)
    if _BATCH.search(text):
        return BatchTooLong(shown, endpoint=endpoint)
    of_blocks = _numbers(_OF_BLOCKS, text)
    if _LOGS.search(text) and not of_blocks:
        return TooManyLogs(shown, endpoint=endpoint, suggested=_suggested(text))
    if _LOGS.search(text) or _RANGE.search(text) or error.code == LIMIT_EXCEEDED:
        limits = [number for number in of_blocks + _numbers(_LIMIT, text) if number > 0]
        return RangeTooWide(
            shown,
            endpoint=endpoint,
            suggested=_suggested(text),
            most_blocks=min(limits, default=None),
        )
    return NodeError(f"{shown} (code {error.code})", endpoint=endpoint, code=error.code)


def _text(data: msgspec.Raw) -> str:
    """What `data` says where it is a sentence; else nothing."""
    try:
        text = msgspec.json.decode(data, type=str)
    except ValueError:
        return ""
    return text if " " in text else ""


def _suggested(text: str) -> tuple[int, int] | None:
    for pattern in _SUGGESTED:
        if found := pattern.search(text):
            return int(found[1], 16), int(found[2], 16)
    if found := _SUGGESTED_DECIMAL.search(text):
        return int(found[1]), int(found[2])
    return None


def _numbers(pattern: re.Pattern[str], text: str) -> list[int]:
    """The numbers at a pattern's places: `10000`, `10,000` or `10k`."""
    found = (next(filter(None, match.groups())) for match in pattern.finditer(text))
    return [
        int(number.lower().replace(",", "").removesuffix("k"))
        * (1000 if "k" in number.lower() else 1)
        for number in found
    ]


def _retry_after(text: str) -> float:
    """Seconds that the node asks us to wait; 1 where it does not say."""
    found = _RETRY.search(text)
    if found is None:
        return 1.0
    unit = (found[2] or "s").lower()
    scale = 0.001 if unit.startswith(("ms", "milli")) else 60.0 if unit.startswith("m") else 1.0
    return min(float(found[1]) * scale, _LONGEST_RETRY)
