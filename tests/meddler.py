"""A proxy before a real node that changes its answers as a test tells it to."""

import json
import threading
import urllib.request
from collections import Counter
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

Json = dict[str, Any]

_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def honest(_request: Json, answer: Json) -> Json:
    return answer


class Meddler:
    """Use it with `with`. `change` gets each request and the node's answer to it, and returns
    what is sent instead; `before` is called with the requests of a body before the node is asked.

    `largest` is the most requests that came in one body, `methods` counts them.
    """

    def __init__(self, target: str) -> None:
        self.change: Callable[[Json, Json], Json] = honest
        self.before: Callable[[list[Json]], None] = lambda _requests: None
        self.status: Callable[[], tuple[int, dict[str, str]] | None] = lambda: None
        self.methods: Counter[str] = Counter()
        self.largest = 0
        self._target = target
        meddler = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                meddler._answer(self)

            def log_message(self, *_args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        refusal = self.status()
        status, headers = refusal or (200, {})
        content = b"" if refusal else json.dumps(self._forward(json.loads(body))).encode()
        handler.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(content)

    def _forward(self, asked: Any) -> Any:
        requests = asked if isinstance(asked, list) else [asked]
        self.largest = max(self.largest, len(requests))
        self.methods.update(request["method"] for request in requests)
        self.before(requests)
        sent = urllib.request.Request(
            self._target, json.dumps(requests).encode(), {"Content-Type": "application/json"}
        )
        with _opener.open(sent, timeout=30) as received:
            answers = json.load(received)
        by_id = {request["id"]: request for request in requests}
        changed = [self.change(by_id[answer["id"]], answer) for answer in answers]
        return changed if isinstance(asked, list) else changed[0]
