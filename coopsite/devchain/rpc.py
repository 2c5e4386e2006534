"""Plain JSON-RPC calls to the local node, one after the other over one kept connection.

For the local chain and tests: it trusts the node. What follows a real chain is in `realtime`.
"""

import http.client
import json
import threading
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit


class LocalNodeError(Exception):
    """The root of what can go wrong between us and the local node."""


class Unreachable(LocalNodeError):
    """Nobody answers there, or not in time."""


class Refused(LocalNodeError):
    """The node answered with an error, such as a transaction that would revert."""


class Node:
    """One HTTP connection to the node at `url`; `timeout` is in seconds per call.

    Threads may share it: calls wait for each other.
    """

    def __init__(self, url: str, *, timeout: float = 10.0) -> None:
        parts = urlsplit(url)
        self.url = url
        self._connection = http.client.HTTPConnection(
            parts.hostname or "127.0.0.1", parts.port or 80, timeout=timeout
        )
        self._lock = threading.Lock()
        self._last_id = 0

    def call(self, method: str, *params: Any) -> Any:
        """The node's result. Raises `Refused` and `Unreachable`."""
        return self.batch([(method, params)])[0]

    def batch(self, calls: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        """The results of all calls in their order; the first error is raised as `Refused`."""
        if not calls:
            return []
        with self._lock:
            requests = []
            for method, params in calls:
                self._last_id += 1
                requests.append(
                    {"jsonrpc": "2.0", "id": self._last_id, "method": method, "params": params}
                )
            answers = {answer.get("id"): answer for answer in self._exchange(requests)}
        results = []
        for request in requests:
            answer = answers.get(request["id"])
            if answer is None or "error" in answer:
                error = answer["error"] if answer else {"message": "no answer"}
                raise Refused(f"{request['method']}: {error.get('message', error)}")
            results.append(answer["result"])
        return results

    def close(self) -> None:
        """Ends the connection; the next call opens another."""
        with self._lock:
            self._connection.close()

    def _exchange(self, requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Sends them in one message. A kept connection that the node closed is opened once more."""
        message: Any = requests[0] if len(requests) == 1 else requests
        body = json.dumps(message).encode()
        kept = self._connection.sock is not None
        try:
            try:
                answer = self._send(body)
            except (http.client.RemoteDisconnected, ConnectionError):
                self._connection.close()
                if not kept:
                    raise
                answer = self._send(body)
        except (OSError, http.client.HTTPException, ValueError) as error:
            self._connection.close()
            raise Unreachable(f"{self.url} does not answer: {error}") from error
        return answer if isinstance(answer, list) else [answer]

    def _send(self, body: bytes) -> Any:
        self._connection.request("POST", "/", body, {"Content-Type": "application/json"})
        return json.loads(self._connection.getresponse().read())
