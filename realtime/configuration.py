"""The listener's and the backfill's configuration out of Django's settings, read in one place."""

from django.conf import LazySettings

from .connection import Timing
from .listener import Config


def from_settings(settings: LazySettings) -> Config:
    """What the environment says of the chain to follow."""
    return Config(
        chain_id=settings.CHAIN_ID,
        http_urls=settings.CHAIN_HTTP_URLS,
        ws_urls=settings.CHAIN_WS_URLS,
        contracts=settings.POOL_CONTRACTS,
        reorg_window=settings.REORG_WINDOW,
        optimistic=settings.ENABLE_OPTIMISTIC,
        timing=Timing(
            heartbeat_seconds=settings.WS_HEARTBEAT_SECONDS,
            reconnect_seconds=settings.WS_RECONNECT_SECONDS,
            max_reconnect_seconds=settings.WS_MAX_RECONNECT_SECONDS,
            max_reconnect_attempts=settings.WS_MAX_RECONNECT_ATTEMPTS,
        ),
    )
