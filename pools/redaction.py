"""Keeps node URLs, and the keys people put into them, out of everything that is shown.

Pure text work: `host_of` names an endpoint, a `Redactor` cleans whatever a library or a
node says. Logging, status rows and exceptions all go through here.
"""

import re
from collections.abc import Iterable
from ipaddress import ip_address
from urllib.parse import parse_qsl, unquote, urlsplit

from pools.names import visible

_URL = re.compile(r"\b([a-z][a-z0-9+.-]{1,20})://([^\s/?#'\"<>]*)[^\s'\"<>]*", re.IGNORECASE)
_SHORTEST_SECRET = 6
_LONGEST_TEXT = 300


def host_of(url: str) -> str:
    """Return `host` or `host:port` of a URL, never its user, path or query."""
    netloc = urlsplit(url).netloc
    return netloc.rpartition("@")[2].lower() or "unknown"


def is_loopback(url: str) -> bool:
    """Tell whether a URL names this machine, so that no proxy belongs in between."""
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False  # a name


def _pieces(url: str) -> Iterable[str]:
    parts = urlsplit(url)
    yield from parts.path.split("/")
    yield from (value for _, value in parse_qsl(parts.query, keep_blank_values=True))
    yield from (pair.partition("=")[2] for pair in parts.query.split("&"))
    yield parts.query
    yield parts.fragment
    yield parts.username or ""
    yield parts.password or ""


class Redactor:
    """Callable that cleans a text of every URL's secrets.

    URLs shrink to scheme and host. The pieces of the configured URLs that may be keys (path
    segments, query values, user and password) vanish wherever they stand, since nodes echo
    them in their error messages without the URL around them; so do further `secrets`.
    """

    def __init__(self, urls: Iterable[str] = (), *, secrets: Iterable[str] = ()) -> None:
        found: set[str] = set(secrets)
        for url in urls:
            for piece in _pieces(url):
                for form in (piece, unquote(piece)):
                    if len(form) >= _SHORTEST_SECRET:
                        found.add(form)
        # The longest first, so that a key holding another key goes as a whole. In any case: hosts
        # are written small, and in some services' URLs a key stands in their place.
        ordered = sorted(found, key=len, reverse=True)
        self._secrets = re.compile("|".join(map(re.escape, ordered)), re.IGNORECASE)
        self._has_secrets = bool(ordered)

    def __call__(self, text: str) -> str:
        """Return `text` without secrets and what cannot be seen, on one line of 300 characters."""
        text = visible(text)
        if self._has_secrets:
            text = self._secrets.sub("***", text)
        text = _URL.sub(lambda found: f"{found[1]}://{found[2].rpartition('@')[2]}", text)
        return text if len(text) <= _LONGEST_TEXT else text[: _LONGEST_TEXT - 1] + "…"

    def error(self, error: BaseException) -> str:
        """Describe an exception: its class, then its cleaned message."""
        message = self(str(error))
        name = type(error).__name__
        return f"{name}: {message}" if message else name
