"""Free ports of loopback for the servers that tests start."""

from coopsite.ports import free_port

__all__ = ["free_port"]
