"""Fixtures that need a database, for the tests of this folder."""

from tests.live import records, web_servers

__all__ = ["records", "web_servers"]
