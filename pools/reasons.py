"""Why the link to the chain stood as it did, and why blocks are not proved, in the reader's words.

The listener writes its reasons down in English, as they come. Those that it puts into words itself
are known here; what nodes, libraries and systems said is shown as it is. Pure.
"""

import re
from collections.abc import Callable
from typing import Final

from django.utils.translation import gettext as _

_NODE: Final = re.compile(r"(?P<node>[\w.:\[\]-]+): (?P<rest>.+)", re.DOTALL)
_OF_THE_LINK: Final = (
    (r"the listener was stopped|stopped", lambda: _("The listener was stopped.")),
    (r"reconnecting on request", lambda: _("Connected anew on request.")),
    (r"not open within (?P<seconds>[\d.]+) s", lambda: _("not open within %(seconds)s s")),
    (r"no answer within (?P<seconds>[\d.]+) s", lambda: _("no answer within %(seconds)s s")),
    (
        r"(?P<method>\w+) not answered within (?P<seconds>[\d.]+) s",
        lambda: _("no answer to %(method)s within %(seconds)s s"),
    ),
    (
        r"too many questions without an answer",
        lambda: _("too many questions without an answer"),
    ),
    (
        r"logs came, but not over the stream",
        lambda: _("logs came, but not over the WebSocket"),
    ),
    (
        r"the stream fell silent at block (?P<last>\d+), the chain is at (?P<head>\d+)",
        lambda: _("the WebSocket fell silent at block %(last)s, the chain is at %(head)s"),
    ),
    (
        r"serves chain (?P<theirs>\d+), but chain (?P<ours>\d+) is followed here",
        lambda: _("serves chain %(theirs)s, but chain %(ours)s is followed here"),
    ),
    (
        r"ConnectionClosed\w*: no close frame received or sent",
        lambda: _("the connection broke off"),
    ),
    (r"ConnectionClosed\w*: received .+", lambda: _("the node closed the connection")),
    (
        r"(?:ConnectionRefused|OS)Error: .*Connect call failed.*",
        lambda: _("nobody answers there"),
    ),
)
_OF_GAPS: Final = (
    (
        r"the node does not have block (?P<block>\d+)",
        lambda: _("the node does not have block %(block)s"),
    ),
    (r"block (?P<block>\d+) has gone meanwhile", lambda: _("block %(block)s has gone meanwhile")),
    (
        r"no receipt of (?P<transaction>0x\w+) in block (?P<block>\d+)",
        lambda: _("no receipt of %(transaction)s in block %(block)s"),
    ),
    (
        r"the receipts of block (?P<block>\d+) do not add up to its bloom",
        lambda: _("the receipts of block %(block)s do not add up to its bloom filter"),
    ),
    (
        r"logs are left out, and empty bloom filters do not tell where",
        lambda: _("logs are left out, and empty bloom filters do not tell where"),
    ),
    (
        r"two readings of these blocks differ",
        lambda: _("two readings of these blocks differ"),
    ),
    (
        r"(?P<one>\S+) and (?P<other>\S+) have different blocks (?P<block>\d+)",
        lambda: _("%(one)s and %(other)s have different blocks %(block)s"),
    ),
    (
        r"(?P<one>\S+) and (?P<other>\S+) have different logs in block (?P<block>\d+)",
        lambda: _("%(one)s and %(other)s have different logs in block %(block)s"),
    ),
    (r"(?P<count>\d+) blocks are in doubt", lambda: _("%(count)s blocks are in doubt")),
    (
        r"block (?P<upper>\d+) does not link to block (?P<lower>\d+)",
        lambda: _("block %(upper)s does not link to block %(lower)s"),
    ),
    (
        (
            r"block (?P<upper>\d+) of (?P<one>\S+) does not link to "
            r"block (?P<lower>\d+) of (?P<other>\S+)"
        ),
        lambda: _("block %(upper)s of %(one)s does not link to block %(lower)s of %(other)s"),
    ),
    (
        (
            r"Block (?P<block>\d+) has the parent (?P<one>\w+), "
            r"but the range below ends in (?P<other>\w+)\."
        ),
        lambda: _("Block %(block)s has the parent %(one)s, but the range below ends in %(other)s."),
    ),
    (
        r"(?P<count>\d+) stored logs are in no receipt of their blocks",
        lambda: _("%(count)s stored logs are in no receipt of their blocks"),
    ),
)
_KNOWN: Final[tuple[tuple[re.Pattern[str], Callable[[], str]], ...]] = tuple(
    (re.compile(pattern, re.DOTALL), words) for pattern, words in (*_OF_THE_LINK, *_OF_GAPS)
)
_GIVEN_UP: Final = re.compile(
    r"no WebSocket after (?P<attempts>\d+) attempts: (?P<rest>.+)", re.DOTALL
)


def in_words(reason: str) -> str:
    """The reason as a sentence in the active language; one that is not known here as it came."""
    if found := _GIVEN_UP.fullmatch(reason):
        words = {"attempts": found["attempts"], "reason": in_words(found["rest"])}
        return _("No WebSocket after %(attempts)s attempts: %(reason)s") % words
    whole = _known(reason)
    if whole is not None:
        return whole
    if found := _NODE.fullmatch(reason):
        rest = _known(found["rest"])
        return reason if rest is None else f"{found['node']}: {rest}"
    return reason


def _known(reason: str) -> str | None:
    for pattern, words in _KNOWN:
        if found := pattern.fullmatch(reason):
            return words() % found.groupdict()
    return None
