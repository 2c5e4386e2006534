"""What every page shows around its own matter: numbers, connection, banners, what it follows."""

from typing import Any

from django.conf import settings

from pools import selectors


def frame(*, topics: str, newest: int = 1) -> dict[str, Any]:
    """The context of `base.html`, for a page that follows these topics live.

    What was read for it is at hand for the page, too: `newest` pools, and the hours of `recent`.
    """
    around = selectors.surroundings(newest=newest)
    return {
        "stats": around.stats,
        "newest": around.newest,
        "recent": around.recent,
        "topics": topics if settings.ENABLE_LIVE else "",
        "nothing_live": not settings.ENABLE_LIVE,
        "contracts": around.contracts,
        "notifications": settings.ENABLE_NOTIFICATIONS,
        "troubled": around.troubled,
        "fee_changes": around.fee_changes,
        "behind": around.behind,
        "passed_over": around.passed_over,
        "link": around.stats.connection,
    }
