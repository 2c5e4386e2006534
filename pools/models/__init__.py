"""The records: what the chain said, what follows from it, and what is left to tell others.

Only `pools.ingest` writes the chain-derived ones. Raw logs are kept as they came; pools,
memberships, hourly counts and the contract's state can be rebuilt from them without a node.
"""

from pools.models.chain import (
    ADDRESS_LENGTH,
    COMMONEST_KIND,
    HASH_LENGTH,
    Block,
    Chain,
    Contract,
    Cursor,
    Log,
    is_of_kind,
)
from pools.models.history import CoveredRange, EndpointRecord, HistoricalScan, Verification
from pools.models.projections import HourlyActivity, Membership, Pool, PoolReading
from pools.models.work import Alert, Lease, ListenerStatus, OutboxRow

__all__ = [
    "ADDRESS_LENGTH",
    "COMMONEST_KIND",
    "HASH_LENGTH",
    "Alert",
    "Block",
    "Chain",
    "Contract",
    "CoveredRange",
    "Cursor",
    "EndpointRecord",
    "HistoricalScan",
    "HourlyActivity",
    "Lease",
    "ListenerStatus",
    "Log",
    "Membership",
    "OutboxRow",
    "Pool",
    "PoolReading",
    "Verification",
    "is_of_kind",
]
