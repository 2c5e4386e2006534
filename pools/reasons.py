"""Why the link to the chain stood as it did, in the reader's language.

The listener writes its reasons down in English, as they come. Those that it puts into words itself
are known here; what nodes, libraries and systems said is shown as it is. Pure.
"""

import re
from collections.abc import Callable
from typing import Final

from django.utils.translation import gettext as _

_NODE: Final = re.compile(r"(?P<node>[\w.:\[\]-]+): (?P<rest>.+)", re.DOTALL)
_KNOWN: Final[tuple[tuple[re.Pattern[str], Callable[[], str]], ...]] = tuple(
    (re.compile(pattern, re.DOTALL), words)
    for pattern, words in (
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
