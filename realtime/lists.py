"""The lists of pages as they stand in the records, for browsers that missed what changed in them.

Reads and renders, in the hub's thread; remembers nothing.
"""

from collections.abc import Collection, Iterable

from pools import selectors
from pools.rows import NEWEST_POOLS
from realtime import changes, fragments
from realtime.changes import PoolKey
from realtime.frames import Language
from realtime.topics import EVENTS, POOLS, Topic

LISTED = 20  # rows that a snapshot of the list of pools, or of events, brings up to date


def whole(topic: Topic, seq: int) -> str:
    """The lists of a topic's pages as of a sequence number, in the active language."""
    if topic.kind == "dashboard":
        return fragments.snapshot_of_dashboard(
            changes.latest(up_to=seq), selectors.newest_pools(NEWEST_POOLS)
        )
    if topic.kind == "pools":
        return fragments.snapshot_of_pools(selectors.newest_pools(LISTED))
    if topic.kind == "events":
        rows = [row for row in selectors.latest_events(LISTED) if row.seq <= seq]
        return fragments.snapshot_of_events(rows)
    if topic.kind == "notices":
        return fragments.snapshot_of_notices(changes.latest(up_to=seq))
    if topic.kind == "pool":
        return pool_page(topic, up_to=seq, with_feed=True)
    return ""  # the status page has no lists that frames go on with


def pool_page(topic: Topic, *, up_to: int, with_feed: bool) -> str:
    """Nothing for a pool that is no more, or never was."""
    pool = selectors.pool(topic.contract, topic.pool_id)
    if pool is None:
        return ""
    details = changes.details_of(pool, up_to=up_to)
    return fragments.pool_page(details, with_feed=with_feed)


def newest(languages: Iterable[Language], *, of: Topic) -> dict[Language, str]:
    """The newest rows of the list that a page of this topic shows."""
    if of == EVENTS:
        rows = selectors.latest_events(LISTED)
        return fragments.in_each(languages, lambda: fragments.snapshot_of_events(rows))
    pools = selectors.newest_pools(LISTED if of == POOLS else NEWEST_POOLS)
    make = fragments.snapshot_of_pools if of == POOLS else fragments.newest_pools
    return fragments.in_each(languages, lambda: make(pools))


def newest_pools(
    touched: Collection[PoolKey], languages: Iterable[Language]
) -> dict[Language, str]:
    """The dashboard's rows of those touched pools that are among the newest.

    The whole list when one of the touched is no more, since another takes its place.
    """
    pools = selectors.newest_pools(NEWEST_POOLS)
    gone = any(selectors.pool(contract, pool_id) is None for contract, pool_id in touched)
    shown = [pool for pool in pools if (pool.contract.address, pool.pool_id) in touched]
    if gone:
        return fragments.in_each(languages, lambda: fragments.newest_pools(pools))
    return fragments.in_each(languages, lambda: fragments.pool_rows(shown, "newest-pools"))
