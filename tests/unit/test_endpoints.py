"""Nodes are asked in order of health, and remembered for how much they take."""

from realtime.endpoints import EndpointPool
from realtime.errors import RateLimited, Unreachable

URLS = ["https://a.example/key", "https://b.example", "https://c.example"]


def hosts(pool: EndpointPool, *, now: float) -> list[str]:
    return [endpoint.host[0] for endpoint in pool.by_health(now=now)]


def test_healthy_ones_are_asked_as_listed() -> None:
    assert hosts(EndpointPool(URLS), now=0) == ["a", "b", "c"]


def test_one_that_failed_waits_behind_the_others_and_longer_each_time() -> None:
    pool = EndpointPool(URLS)
    first = pool.endpoints[0]
    first.failed(Unreachable("gone"), now=0)
    assert hosts(pool, now=0.5) == ["b", "c", "a"]
    first.failed(Unreachable("gone"), now=10)
    assert first.waits_until == 12
    for _ in range(20):
        first.failed(Unreachable("gone"), now=100)
    assert first.waits_until == 160
    first.succeeded()
    assert hosts(pool, now=100) == ["a", "b", "c"]


def test_a_pause_that_was_asked_for_is_kept() -> None:
    endpoint = EndpointPool(URLS).endpoints[0]
    endpoint.failed(RateLimited("slow down", retry_after=30), now=100)
    assert endpoint.paused_until == 130
    endpoint.failed(RateLimited("slow down", retry_after=1e9), now=100)
    assert endpoint.paused_until == 700


def test_a_failure_asks_for_identification_again() -> None:
    endpoint = EndpointPool(URLS).endpoints[0]
    endpoint.verified = True
    endpoint.failed(Unreachable("gone"), now=0)
    assert not endpoint.verified


def test_one_that_takes_fewer_calls_at_once_is_remembered_for_it() -> None:
    endpoint = EndpointPool(URLS).endpoints[0]
    assert endpoint.most_calls == 100
    endpoint.refused_batch(65)
    assert endpoint.most_calls == 32
    for _ in range(9):
        endpoint.refused_batch(9)
    # Logs are worth nothing without the headers of their first and last block beside them.
    assert endpoint.most_calls == 3


def test_one_is_well_that_neither_fails_nor_is_doubted_nor_asked_for_a_pause() -> None:
    failed, doubted, paused = EndpointPool(URLS).endpoints
    assert failed.is_well(now=0)
    failed.failed(Unreachable("gone"), now=10)
    doubted.doubted(now=10)
    paused.failed(RateLimited("slow down", retry_after=30), now=10)
    assert not any(endpoint.is_well(now=10.4) for endpoint in (failed, doubted, paused))
    assert failed.is_well(now=11)
    assert doubted.is_well(now=11)
    assert not paused.is_well(now=39)
    assert paused.is_well(now=40)


def test_a_url_is_not_in_what_an_endpoint_says_of_itself() -> None:
    assert "key" not in repr(EndpointPool(URLS).endpoints[0])


def test_one_that_is_doubted_waits_though_it_answers_and_is_believed_again_in_time() -> None:
    pool = EndpointPool(URLS)
    first = pool.endpoints[0]
    first.doubted(now=100)
    first.succeeded()
    assert hosts(pool, now=100.4) == ["b", "c", "a"]
    assert hosts(pool, now=100.6) == ["a", "b", "c"]
    first.doubted(now=101)
    assert first.doubted_until == 102
    for _ in range(20):
        first.doubted(now=110)
    assert first.doubted_until == 410
    first.doubted(now=430)
    assert first.doubted_until == 430.5
