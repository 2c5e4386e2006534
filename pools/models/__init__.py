"""The records: what the chain said, what follows from it, and what is left to tell others.

Only `pools.ingest` writes the chain-derived ones, and pools' categories. Raw logs are kept as they
came; pools, memberships, hourly counts and the contract's state can be rebuilt from them without a
node.
"""

from pools.models.alerting import AlertReceiver, AlertRule, AlertSilence
from pools.models.categories import (
    NO_CATEGORY,
    Category,
    CategoryCorrection,
    CategoryRules,
)
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
from pools.models.connection import ConnectionSpell, LatencySample
from pools.models.deliveries import AlertDelivery
from pools.models.history import CoveredRange, EndpointRecord, HistoricalScan, Verification
from pools.models.projections import HourlyActivity, Membership, Pool, PoolReading
from pools.models.visits import RegionCount
from pools.models.work import Alert, Lease, ListenerStatus, OutboxRow

__all__ = [
    "ADDRESS_LENGTH",
    "COMMONEST_KIND",
    "HASH_LENGTH",
    "NO_CATEGORY",
    "Alert",
    "AlertDelivery",
    "AlertReceiver",
    "AlertRule",
    "AlertSilence",
    "Block",
    "Category",
    "CategoryCorrection",
    "CategoryRules",
    "Chain",
    "ConnectionSpell",
    "Contract",
    "CoveredRange",
    "Cursor",
    "EndpointRecord",
    "HistoricalScan",
    "HourlyActivity",
    "LatencySample",
    "Lease",
    "ListenerStatus",
    "Log",
    "Membership",
    "OutboxRow",
    "Pool",
    "PoolReading",
    "RegionCount",
    "Verification",
    "is_of_kind",
]
