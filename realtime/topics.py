"""What a browser may ask to hear of, read from the address it connects to.

Everything here comes from strangers: what is not exactly right is refused. Pure.
"""

import re
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import parse_qs

from pools import own_charts
from pools.buckets import PERIODS
from pools.charts import titles
from pools.decoding import checksum
from pools.own_charts import Definition

MOST_TOPICS = 8
MOST_OWN = own_charts.MOST  # and so many of charts of one's own making
LONGEST_QUERY = 1024  # bytes; eight topics with the largest pool ids do not fit, four do
BIGGEST_SEQ = 2**63 - 1
# A number we never give out: whoever "saw" it gets a snapshot.
NOWHERE: Final = -1

_OWN = "own:"
_POOL = re.compile(r"pool:(0[xX][0-9a-fA-F]{40}):([0-9]{1,78})", re.ASCII)


class BadRequest(ValueError):
    """The address asks for something that does not exist here."""


@dataclass(frozen=True, slots=True)
class Topic:
    """One thing to hear of; `kind` is one of KINDS, "charts", "own" or "pool".

    Only the last names a pool, by its contract's checksummed address and its id; only "charts" and
    "own" a period, one of `buckets.PERIODS`. "charts" says, unless all of them are meant, which,
    "own" what a chart of somebody's own making shows.
    """

    kind: str
    contract: str = ""
    pool_id: int = -1
    period: str = ""
    charts: tuple[str, ...] = ()
    own: Definition | None = None

    def __str__(self) -> str:
        match self.kind:
            case "pool":
                return f"pool:{self.contract}:{self.pool_id}"
            case "charts":
                return ":".join(["charts", self.period, *filter(None, [".".join(self.charts)])])
            case "own":
                return f"own:{self.period}:{self.own}"
        return self.kind


Topics = tuple[Topic, ...]
"""Topics of one browser, sorted and without repetition, so that equal wishes are equal keys."""

DASHBOARD = Topic("dashboard")
POOLS = Topic("pools")
EVENTS = Topic("events")
STATUS = Topic("status")
NOTICES = Topic("notices")
KINDS = {topic.kind for topic in (DASHBOARD, POOLS, EVENTS, STATUS, NOTICES)}
CHARTS = {f"charts:{period}": Topic("charts", period=period) for period in PERIODS}


@dataclass(frozen=True, slots=True)
class Request:
    """What the address asks: topics, and after which number (None: the first message says).

    `language` is as the stranger wrote it, and may be none.
    """

    topics: Topics
    since: int | None
    language: str = ""


def read_request(query: bytes) -> Request:
    """The wish in a query string, such as `topics=dashboard,pool:<contract>:<id>&since=<seq>`.

    Whoever names no topics gets the dashboard. Raises BadRequest. A `since` that is no number of
    ours becomes NOWHERE.
    """
    if len(query) > LONGEST_QUERY:
        raise BadRequest("the query is too long")
    try:
        text = query.decode("ascii")
        # An empty query is well-formed, though parse_qs, being strict, may not think so.
        fields = (
            parse_qs(text, keep_blank_values=True, strict_parsing=True, max_num_fields=8)
            if text
            else {}
        )
    except ValueError as error:  # UnicodeDecodeError included
        raise BadRequest("the query cannot be read") from error
    named = fields.get("topics", [])
    since = fields.get("since", [])
    language = fields.get("lang", [])
    if max(len(named), len(since), len(language)) > 1:
        raise BadRequest("topics, since and lang belong into the query once at most")
    return Request(
        topics=read_topics(named[0]) if named else (DASHBOARD,),
        since=read_since(since[0]) if since else None,
        language=language[0] if language else "",
    )


def read_topics(text: str) -> Topics:
    """Comma-separated topics. Raises BadRequest."""
    parts = text.split(",")
    own = sum(part.startswith(_OWN) for part in parts)
    if own > MOST_OWN or len(parts) - own > MOST_TOPICS:
        raise BadRequest(f"more than {MOST_TOPICS} topics, or {MOST_OWN} charts of one's own")
    return tuple(sorted({_topic(part) for part in parts}, key=str))


def read_since(value: object) -> int:
    """The sequence number that a stranger wrote, as text or as JSON; NOWHERE if it is none."""
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= 19:
        value = int(value)
    if type(value) is int and 0 <= value <= BIGGEST_SEQ:
        return value
    return NOWHERE


def _topic(text: str) -> Topic:
    if text in KINDS:
        return Topic(text)
    if text in CHARTS:
        return CHARTS[text]
    if text.startswith("charts:"):
        return _some_charts(text)
    if text.startswith(_OWN):
        return _own_chart(text)
    match = _POOL.fullmatch(text)
    if not match:
        raise BadRequest("a topic that does not exist")
    contract, pool_id = match[1], int(match[2])
    if pool_id >= 2**256:
        raise BadRequest("a pool id beyond uint256")
    return Topic("pool", checksum(bytes.fromhex(contract[2:])), pool_id)


def _some_charts(text: str) -> Topic:
    """Charts of a period, each named once; in which order they stand is the page's matter."""
    of, _colon, rest = text.rpartition(":")
    names = rest.split(".")
    if of not in CHARTS or len(set(names)) < len(names) or not set(names) <= set(titles.ALL):
        raise BadRequest("a topic that does not exist")
    some = tuple(name for name in titles.ALL if name in names)
    return CHARTS[of] if some == titles.ALL else replace(CHARTS[of], charts=some)


def _own_chart(text: str) -> Topic:
    """A chart that has a period of its own is heard of in that one alone."""
    _own, _colon, rest = text.partition(":")
    period, _colon, written = rest.partition(":")
    found = own_charts.read_definition(written)
    if period not in PERIODS or found is None or found.shown_in(period) != period:
        raise BadRequest("a topic that does not exist")
    return Topic("own", period=period, own=found)
