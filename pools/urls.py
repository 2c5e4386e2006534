"""Routes of the pages."""

from django.templatetags.static import static
from django.urls import path, register_converter
from django.utils.functional import lazy
from django.views.generic import RedirectView

from pools import (
    account_page,
    arrangement_page,
    badges,
    dashboard_page,
    embedding,
    exports,
    feeds,
    list_pages,
    own_chart_page,
    status_page,
    views,
    visits,
)


class Address:
    """The address of a contract or an account, in any letter case."""

    regex = "0[xX][0-9a-fA-F]{40}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


class PoolId:
    """A uint256 in plain digits."""

    regex = "[0-9]{1,78}"

    def to_python(self, value: str) -> int:
        number = int(value)
        if number > views.BIGGEST_POOL_ID:
            raise ValueError("beyond uint256")
        return number

    def to_url(self, value: int) -> str:
        return str(value)


class RowKey:
    """A primary key as SQLite and PostgreSQL can hold it."""

    regex = "[0-9]{1,18}"

    def to_python(self, value: str) -> int:
        return int(value)

    def to_url(self, value: int) -> str:
        return str(value)


class BadgeKind:
    """A picture, or data."""

    regex = "svg|json"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(Address, "address")
register_converter(BadgeKind, "badge_kind")
register_converter(PoolId, "pool_id")
register_converter(RowKey, "row_key")

app_name = "pools"
urlpatterns = [
    path("", dashboard_page.dashboard, name="dashboard"),
    path("arrangement/", arrangement_page.arrangement, name="arrangement"),
    path("arrangement/charts/", own_chart_page.new, name="new_chart"),
    path("arrangement/charts/<int:slot>/", own_chart_page.edit, name="own_chart"),
    path("pools/", list_pages.pool_list, name="list"),
    path("events/", list_pages.event_list, name="events"),
    path("accounts/<address:address>/", account_page.account, name="account"),
    path("status/", status_page.status, name="status"),
    path("visits/", visits.visit, name="visits"),
    path("statistics/", views.statistics, name="statistics"),
    path("pools.csv", exports.pools_csv, name="pools_csv"),
    path("events.csv", exports.events_csv, name="events_csv"),
    path("feeds/pools.atom", feeds.pools_feed, name="pools_feed"),
    path(
        "feeds/pools/<address:contract>/<pool_id:pool_id>.atom", feeds.pool_feed, name="pool_feed"
    ),
    # For browsers that ask before they have read a page; its name carries a hash, so not for ever.
    path("favicon.ico", RedirectView.as_view(url=lazy(static, str)("img/logo.svg"))),
    path("pools/<address:contract>/<pool_id:pool_id>/", views.pool_page, name="pool"),
    path(
        "pools/<address:contract>/<pool_id:pool_id>/members/",
        list_pages.member_list,
        name="members",
    ),
    path("badges/<slug:name>.<badge_kind:kind>", badges.site_badge, name="badge"),
    path(
        "badges/pools/<address:contract>/<pool_id:pool_id>/<slug:name>.<badge_kind:kind>",
        badges.pool_badge,
        name="pool_badge",
    ),
    path("embed/", embedding.dashboard, name="dashboard_frame"),
    path(
        "embed/pools/<address:contract>/<pool_id:pool_id>/",
        embedding.pool_card,
        name="pool_card",
    ),
    path("pools/<row_key:contract_key>/<pool_id:pool_id>/", views.short_pool_page, name="short"),
]
