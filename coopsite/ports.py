"""Ports of the loopback address: which are free."""

import socket

HOST = "127.0.0.1"


def free_port(*, preferred: int = 0) -> int:
    """A port that nobody listens on now; the preferred one if that is free."""
    port = preferred if preferred and is_free(preferred) else 0
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((HOST, port))
        found: int = probe.getsockname()[1]
        return found


def is_free(port: int) -> bool:
    """A port that only waits out its last connections is free: our servers say the same."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
