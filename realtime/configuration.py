"""What listener and backfill take from Django's settings, read in one place."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import LazySettings

from .chain import ContractSetting
from .statistics import Timing


@dataclass(frozen=True, slots=True)
class Config:
    """Which chain to follow, where to ask, and how patiently."""

    chain_id: int | None
    http_urls: Sequence[str]
    ws_urls: Sequence[str]
    contracts: Sequence[ContractSetting]
    reorg_window: int
    optimistic: bool
    timing: Timing


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
