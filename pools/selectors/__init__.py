"""All reads of the records, for pages, frames and API alike.

Each takes a constant number of queries and writes nothing. Nobody else asks the records.
"""

from pools.selectors.accounts import Account, account
from pools.selectors.alerts import last_verification, open_alert_counts, open_alerts, passed_over
from pools.selectors.categories import categories
from pools.selectors.coverage import behind, coverage
from pools.selectors.hours import activity_by_kind
from pools.selectors.lists import (
    event_rows,
    events,
    largest_members,
    latest_events,
    latest_of_kinds,
    members,
    newest_pools,
    outbox_after,
    pool,
    pools,
)
from pools.selectors.overview import connection, contracts, current_seq, recounted, stats
from pools.selectors.past import NotProved, NotThere, pool_at
from pools.selectors.readings import reading, readings_of
from pools.selectors.regions import regions
from pools.selectors.sparklines import spark_counts
from pools.selectors.status import status
from pools.selectors.status_history import answers_of_last_hour
from pools.selectors.subjects import contracts_of_pool
from pools.selectors.surroundings import Surroundings, surroundings

__all__ = [
    "Account",
    "NotProved",
    "NotThere",
    "Surroundings",
    "account",
    "activity_by_kind",
    "answers_of_last_hour",
    "behind",
    "categories",
    "connection",
    "contracts",
    "contracts_of_pool",
    "coverage",
    "current_seq",
    "event_rows",
    "events",
    "largest_members",
    "last_verification",
    "latest_events",
    "latest_of_kinds",
    "members",
    "newest_pools",
    "open_alert_counts",
    "open_alerts",
    "outbox_after",
    "passed_over",
    "pool",
    "pool_at",
    "pools",
    "reading",
    "readings_of",
    "recounted",
    "regions",
    "spark_counts",
    "stats",
    "status",
    "surroundings",
]
