"""What is learned of a node outlasts the process, and its key is not in it."""

import pytest

from pools.models import EndpointRecord
from realtime.endpoint_records import load_endpoints, save_endpoints
from realtime.endpoints import EndpointPool
from realtime.errors import Unreachable

pytestmark = pytest.mark.django_db

URLS = ["https://a.example/v2/the-secret-key", "https://b.example"]


def test_what_was_learned_is_known_at_the_next_start() -> None:
    before = EndpointPool(URLS)
    first, second = before
    first.ranges.refused(2_000, fits=1_024)
    first.succeeded(latency=0.25)
    second.failed(Unreachable("connection refused", endpoint="b.example"), now=0)
    save_endpoints(before)

    after = EndpointPool([*URLS, "https://c.example"])
    load_endpoints(after)
    assert [endpoint.ranges.blocks for endpoint in after] == [1_024, 2_000, 2_000]
    assert [endpoint.latency for endpoint in after] == [0.25, None, None]
    assert all(endpoint.is_well(now=0) for endpoint in after)


def test_a_node_has_one_row_that_shows_its_host_and_its_problem_but_not_its_key() -> None:
    pool = EndpointPool(URLS)
    save_endpoints(pool)
    written = EndpointRecord.objects.get(host="a.example").updated_at
    pool.endpoints[0].failed(Unreachable("x" * 400, endpoint="a.example"), now=0)
    save_endpoints(pool)
    row = EndpointRecord.objects.get(host="a.example")
    assert EndpointRecord.objects.count() == 2
    assert row.problem.startswith("a.example: xxx")
    assert row.updated_at > written
    assert "the-secret-key" not in str(vars(row))


@pytest.mark.parametrize(("written", "taken"), [(0, 1), (10**9, 10_000), (17, 17)])
def test_a_range_that_makes_no_sense_is_not_taken_over(written: int, taken: int) -> None:
    pool = EndpointPool(URLS[:1])
    save_endpoints(pool)
    EndpointRecord.objects.update(range_size=written)
    load_endpoints(pool)
    assert pool.endpoints[0].ranges.blocks == taken


def test_a_url_that_is_given_twice_is_one_node() -> None:
    save_endpoints(EndpointPool([*URLS, URLS[0]]))
    assert EndpointRecord.objects.count() == 2
