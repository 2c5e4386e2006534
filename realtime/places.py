"""How many sockets each client holds in this process, so that none takes them all.

Pure book-keeping, forgotten as soon as a client has left. An IPv6 client counts by its /64, which
is what one line is given.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any

Client = IPv4Address | IPv6Network


class Places:
    """The sockets that are open, by client."""

    def __init__(self) -> None:
        self._taken: Counter[Client] = Counter()

    @contextmanager
    def taken_by(self, client: Client | None, *, most: int) -> Iterator[bool]:
        """Hold one place as long as the context lasts; false if this client has its `most` already.

        Nobody in particular (None) is not counted, and `most` of 0 is no bound.
        """
        if client is None or not most:
            yield True
            return
        if self._taken[client] >= most:
            yield False
            return
        self._taken[client] += 1
        try:
            yield True
        finally:
            self._taken[client] -= 1
            if not self._taken[client]:
                del self._taken[client]


def client_of(scope: Mapping[str, Any]) -> Client | None:
    """Who is at the other end of a connection; None where that is nobody in particular.

    A peer with a public address is the client. Any other is a proxy, or somebody in our own house:
    there the last entry of X-Forwarded-For counts, which the proxy itself has added.
    """
    peer = _public((scope.get("client") or ("",))[0])
    if peer is not None:
        return peer
    said = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
    return _public(said[-1].decode("latin-1").rpartition(",")[2].strip()) if said else None


def _public(text: str) -> Client | None:
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is None:
            return IPv6Network((address, 64), strict=False) if address.is_global else None
        address = address.ipv4_mapped
    return address if address.is_global else None
