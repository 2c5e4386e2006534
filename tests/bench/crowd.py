"""Many open WebSockets that only read, without a library: to leave the CPU to what is measured."""

import selectors
import socket
import threading

PING, PONG = 0x89, 0x8A


class Crowd(threading.Thread):
    """Sockets on one path of the web server, drained by a thread until `leave`."""

    def __init__(self, port: int, path: str, size: int) -> None:
        super().__init__(daemon=True)
        self._selector = selectors.DefaultSelector()
        self._enough = threading.Event()
        for _ in range(size):
            self._selector.register(_opened(port, path), selectors.EVENT_READ)

    def run(self) -> None:
        while not self._enough.is_set():
            for key, _ in self._selector.select(1):
                link = key.fileobj
                assert isinstance(link, socket.socket)
                got = link.recv(65536)
                if not got:
                    self._selector.unregister(link)
                elif got[0] == PING:
                    link.send(bytes([PONG, 0x80 | got[1], 0, 0, 0, 0]) + got[2 : 2 + got[1]])

    def leave(self) -> None:
        self._enough.set()
        self.join(5)
        for key in list(self._selector.get_map().values()):
            assert isinstance(key.fileobj, socket.socket)
            key.fileobj.close()
        self._selector.close()


def _opened(port: int, path: str) -> socket.socket:
    link = socket.create_connection(("127.0.0.1", port), timeout=30)
    link.sendall(
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nOrigin: http://127.0.0.1:{port}\r\n"
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
    )
    if not link.recv(4096).startswith(b"HTTP/1.1 101"):
        raise RuntimeError("The server refused a WebSocket.")
    return link
