"""`/metrics`: the counters of this process, and what the records say of chain and listener.

Prometheus text format 0.0.4. Totals come from kept sums, so that asking is cheap at any size.
"""

from collections.abc import Iterator

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from pools import deliveries, selectors
from pools.models import ListenerStatus


@never_cache
@require_safe
def metrics(_request: HttpRequest) -> HttpResponse:
    records = CollectorRegistry()
    records.register(Records())
    return HttpResponse(
        generate_latest(REGISTRY) + generate_latest(records), content_type=CONTENT_TYPE_LATEST
    )


class Records(Collector):
    """What the database says; without one, only that it is away."""

    def collect(self) -> Iterator[Metric]:
        try:
            found = [*_totals(), *_connection(), _alerts(), _deliveries()]
        except DatabaseError:
            found = []
        yield GaugeMetricFamily(
            "coopsite_database_up", "Whether the database answers", value=int(bool(found))
        )
        yield from found


def _totals() -> Iterator[Metric]:
    stats = selectors.stats()
    # Events are taken back when the chain is: a gauge, not a counter.
    for name, text, value in (
        ("coopsite_events", "Events that stand on the chain", stats.events_total),
        ("coopsite_pools", "Pools", stats.pools_total),
        ("coopsite_members", "Active memberships", stats.members_total),
        ("coopsite_contributed_wei", "What members hold in pools", stats.total_contributed),
    ):
        yield GaugeMetricFamily(name, text, value=value)
    yield CounterMetricFamily("coopsite_sequence", "The newest sequence number", value=stats.seq)


def _connection() -> Iterator[Metric]:
    connection = selectors.connection()
    state = GaugeMetricFamily(
        "coopsite_listener_state", "1 for the state the listener is in", labels=["state"]
    )
    for one in ListenerStatus.State.values:
        state.add_metric([one], int(connection.state == one))
    yield state
    for name, text, value in (
        ("coopsite_head_block", "The newest block heard of", connection.head),
        ("coopsite_cursor_block", "The newest block stored", connection.cursor),
        ("coopsite_lag_blocks", "Blocks heard of and not yet stored", connection.lag_blocks),
        ("coopsite_node_latency_ms", "The node's answering time", connection.latency_ms),
    ):
        if value is not None:
            yield GaugeMetricFamily(name, text, value=value)
    if connection.updated_at is not None:
        silence = (timezone.now() - connection.updated_at).total_seconds()
        yield GaugeMetricFamily(
            "coopsite_listener_silence_seconds", "Since the listener reported", value=silence
        )
    yield CounterMetricFamily(
        "coopsite_reconnects",
        "Times the node was reconnected to",
        value=connection.reconnects_total,
    )


def _alerts() -> Metric:
    standing = GaugeMetricFamily(
        "coopsite_open_alerts", "Alerts that stand, by kind", labels=["kind"]
    )
    for kind, count in selectors.open_alert_counts().items():
        standing.add_metric([kind], count)
    return standing


def _deliveries() -> Metric:
    left = GaugeMetricFamily(
        "coopsite_alert_deliveries",
        "News of alerts that wait to be told (waiting) or were given up (failed)",
        labels=["state"],
    )
    for state, count in deliveries.unsettled().items():
        left.add_metric([state], count)
    return left
