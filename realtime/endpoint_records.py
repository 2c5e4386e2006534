"""What workers learn of the nodes, kept for their next start.

The caller runs both in the database thread. A row names its node by a fingerprint of the URL, which
may hold a key, and by its host.
"""

from hashlib import sha256

from django.utils import timezone

from pools.models import EndpointRecord

from .endpoints import Endpoint, EndpointPool
from .range_sizes import WIDEST_RANGE

_LONGEST_PROBLEM = 300


def load_endpoints(pool: EndpointPool) -> None:
    """Set each endpoint's range and latency to what was last written down of it."""
    known = EndpointRecord.objects.in_bulk([_fingerprint(endpoint) for endpoint in pool])
    for endpoint in pool:
        record = known.get(_fingerprint(endpoint))
        if record is None:
            continue
        endpoint.ranges.blocks = min(max(1, record.range_size), WIDEST_RANGE)
        if endpoint.latency is None and record.latency_ms is not None:
            endpoint.latency = record.latency_ms / 1000


def save_endpoints(pool: EndpointPool) -> None:
    """Write down what is known of each endpoint now."""
    records = {_fingerprint(endpoint): _record_of(endpoint) for endpoint in pool}
    EndpointRecord.objects.bulk_create(
        records.values(),
        update_conflicts=True,
        unique_fields=["fingerprint"],
        update_fields=["host", "range_size", "latency_ms", "problem", "updated_at"],
    )


def _record_of(endpoint: Endpoint) -> EndpointRecord:
    return EndpointRecord(
        fingerprint=_fingerprint(endpoint),
        host=endpoint.host,
        range_size=endpoint.ranges.blocks,
        latency_ms=None if endpoint.latency is None else 1000 * endpoint.latency,
        problem=endpoint.problem[:_LONGEST_PROBLEM],
        updated_at=timezone.now(),
    )


def _fingerprint(endpoint: Endpoint) -> str:
    return sha256(endpoint.url.encode()).hexdigest()
