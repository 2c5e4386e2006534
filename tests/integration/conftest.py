"""Fixtures that need a database, for the tests of this folder."""

from tests.live import records, web_servers
from tests.receivers import mail_server, webhook

__all__ = ["mail_server", "records", "web_servers", "webhook"]
