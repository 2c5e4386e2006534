"""How many sockets each client holds in this process, so that none takes them all.

Pure book-keeping, forgotten as soon as a client has left.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from pools.clients import Client, client


class Places:
    """The sockets that are open, by client."""

    def __init__(self) -> None:
        self._taken: Counter[Client] = Counter()

    @contextmanager
    def taken_by(self, who: Client | None, *, most: int) -> Iterator[bool]:
        """Hold one place as long as the context lasts; false if this client has its `most` already.

        Nobody in particular (None) is not counted, and `most` of 0 is no bound.
        """
        if who is None or not most:
            yield True
            return
        if self._taken[who] >= most:
            yield False
            return
        self._taken[who] += 1
        try:
            yield True
        finally:
            self._taken[who] -= 1
            if not self._taken[who]:
                del self._taken[who]


def client_of(scope: Mapping[str, Any]) -> Client | None:
    """Who is at the other end of an ASGI connection; None where that is nobody in particular."""
    said = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
    peer = (scope.get("client") or ("",))[0]
    return client(peer, said[-1].decode("latin-1") if said else "")
