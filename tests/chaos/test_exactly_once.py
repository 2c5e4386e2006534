"""Real parts, broken while people are at the pools: nothing is lost, nothing comes twice.

Afterwards the API's events equal the chain's, and the page's feed equals the API's.
"""

import contextlib
import random
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page

from tests.processes import Stack
from tests.proxy import Proxy
from tests.traffic import Traffic, events_in_api, events_on_chain
from tests.waiting import until


def assert_api_equals_chain(stack: Stack, seconds: float = 45) -> None:
    """In the end: while a reorganisation is being followed, as many events may be other ones."""
    expected = events_on_chain(stack.chain)
    with contextlib.suppress(AssertionError):  # what differs says more
        until(lambda: events_in_api(stack) == expected, seconds, every=0.5)
    assert events_in_api(stack) == expected


def feed(page: Page) -> list[str]:
    """The keys of the rows that the page's feed shows as part of the chain, newest first."""
    keys: list[str] = page.eval_on_selector_all(
        "#activity-feed > [data-event]:not([data-hint], [data-retracted])",
        "rows => rows.map(row => row.dataset.event)",
    )
    return keys


def newest_in_api(stack: Stack) -> list[str]:
    rows = stack.api("events?order=desc&limit=10")["results"]
    return [f"{row['block_hash']}:{row['log_index']}" for row in rows]


def assert_feed_equals_api(page: Page, stack: Stack, seconds: float = 45) -> None:
    expected = newest_in_api(stack)
    try:
        until(lambda: feed(page) == expected, seconds, every=0.25)
    finally:
        assert feed(page) == expected
    until(
        lambda: (
            page.get_attribute("#card-events-today [data-value]", "data-value")
            == str(stack.api("stats")["events_today"])
        )
    )


@pytest.fixture
def node_link(stack: Stack) -> Iterator[Proxy]:
    """The wire between us and the node."""
    port = urlsplit(stack.chain.http_url).port
    assert port is not None
    with Proxy(port) as proxy:
        stack.environment["CHAIN_HTTP_URLS"] = f"http://127.0.0.1:{proxy.port}"
        stack.environment["CHAIN_WS_URLS"] = f"ws://127.0.0.1:{proxy.port}"
        yield proxy


def test_the_node_gone_for_twenty_seconds(stack: Stack, node_link: Proxy, page: Page) -> None:
    stack.start("listener", "web")
    page.goto(stack.url)
    with Traffic(stack.chain):
        until(lambda: stack.api("stats")["events_total"] > 5)
        node_link.cut()
        until(lambda: stack.api("stats")["connection"]["state"] != "live", 30)
        time.sleep(20)  # the length of the outage is what this test is about
        behind = stack.api("stats")["events_total"]
        node_link.mend()
        until(lambda: stack.api("stats")["events_total"] > behind, 45)
        until(lambda: stack.api("stats")["connection"]["state"] == "live", 45)
    assert_api_equals_chain(stack)
    assert_feed_equals_api(page, stack)


def test_the_listener_killed_ten_times(stack: Stack, page: Page) -> None:
    chance = random.Random(7)
    stack.start("listener", "web")
    page.goto(stack.url)
    with Traffic(stack.chain, pause=0.02):
        for _ in range(10):
            seen = stack.api("stats")["events_total"]
            until(lambda seen=seen: stack.api("stats")["events_total"] > seen, 45)  # type: ignore[misc]
            time.sleep(chance.uniform(0, 0.3))  # the moment of the kill is random
            stack.kill("listener")
            stack.start("listener", ready=False)
    assert_api_equals_chain(stack)
    assert_feed_equals_api(page, stack)


def test_redis_restarted(stack: Stack, page: Page) -> None:
    stack.start("listener", "web")
    page.goto(stack.url)
    with Traffic(stack.chain):
        until(lambda: stack.api("stats")["events_total"] > 5)
        stack.redis.stop()
        behind = stack.api("stats")["events_total"]
        until(lambda: stack.api("stats")["events_total"] > behind + 10)
        assert_page_moves(page)
        stack.redis.start()
        until(lambda: stack.status("/readyz") == 200, 45)
        assert_page_moves(page)
    assert_api_equals_chain(stack)
    assert_feed_equals_api(page, stack)


def assert_page_moves(page: Page) -> None:
    """The open page goes on showing new events."""
    shown = feed(page)
    until(lambda: feed(page) != shown, 20)


def test_the_browsers_network_cut(stack: Stack, page: Page) -> None:
    with Proxy(stack.port) as wire:
        stack.environment["CSRF_TRUSTED_ORIGINS"] = f"http://127.0.0.1:{wire.port}"
        stack.start("listener", "web")
        page.goto(f"http://127.0.0.1:{wire.port}/")
        with Traffic(stack.chain):
            for _ in range(3):
                assert_page_moves(page)
                wire.cut()
                behind = stack.api("stats")["events_total"]
                until(lambda behind=behind: stack.api("stats")["events_total"] > behind + 15, 30)  # type: ignore[misc]
                wire.mend()
                assert_page_moves(page)
        assert_api_equals_chain(stack)
        assert_feed_equals_api(page, stack)


def test_reorganisations_while_people_watch(stack: Stack, page: Page) -> None:
    stack.start("listener", "web")
    page.goto(stack.url)
    with Traffic(stack.chain, pause=0.05):
        until(lambda: stack.api("stats")["events_total"] > 5)
    for depth in (1, 3, 7):
        assert_api_equals_chain(stack)
        stack.chain.reorg(depth)
        with Traffic(stack.chain, seed=depth, pause=0.05):
            seen = stack.chain.block_number()
            until(lambda seen=seen: stack.chain.block_number() > seen + 5)  # type: ignore[misc]
    assert_api_equals_chain(stack)
    assert_feed_equals_api(page, stack)
