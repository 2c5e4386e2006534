"""What raises an alert about the listener and its link, what resolves it, what leaves it alone."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from pools.rows import Connection
from pools.thresholds import (
    GONE,
    LATENCY,
    LINK,
    LISTENER,
    NEAR,
    SILENCE,
    Facts,
    Limits,
    judge,
)

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
LIMITS = Limits(reconnects=5, silence_seconds=3600, latency_ms=1000)
LIVE = Connection(
    state="live",
    endpoint="node.example",
    connected_at=NOW,
    uptime_seconds=1.0,
    latency_ms=20.0,
    reconnect_attempts=0,
    reconnects_total=0,
    events_received=1,
    last_event_at=NOW,
    head=1_000,
    cursor=1_000,
    lag_blocks=0,
    updated_at=NOW,
    detail="",
)
GOOD = Facts(link=LIVE, losses=0, last_event_at=NOW, latency_ms=20.0, measured=10)


def told(facts: Facts) -> dict[str, str]:
    """Each kind with what is said of it; "" where it is resolved."""
    found = judge(facts, LIMITS, now=NOW)
    return {kind: trouble.message if trouble else "" for kind, trouble in found.items()}


def with_link(facts: Facts = GOOD, **values: object) -> Facts:
    return replace(facts, link=replace(facts.link, **values))


def test_all_is_well() -> None:
    assert told(GOOD) == {LISTENER: "", LINK: "", SILENCE: "", LATENCY: ""}


def test_nothing_is_said_before_a_listener_has_ever_run() -> None:
    assert told(with_link(state="offline", updated_at=None)) == {}


@pytest.mark.parametrize("state", ["offline", "live"])
def test_a_listener_that_is_gone_is_said_alone(state: str) -> None:
    since = NOW - GONE - timedelta(seconds=1)
    gone = with_link(replace(GOOD, losses=9, latency_ms=9e9), state=state, updated_at=since)
    assert told(gone) == {
        LISTENER: "The listener has not reported since 2026-06-15 11:57:59 UTC: "
        "nothing new is stored."
    }


def test_a_listener_that_starts_anew_is_given_time() -> None:
    assert told(with_link(state="offline", updated_at=NOW - GONE)) == {}


def test_a_link_in_error_is_said_with_its_reason() -> None:
    down = with_link(state="error", reconnect_attempts=11, detail="no WebSocket: refused")
    assert told(down) == {
        LISTENER: "",
        LINK: "The chain cannot be followed after 11 attempts: no WebSocket: refused",
    }


@pytest.mark.parametrize(("attempts", "is_said"), [(4, False), (5, True)])
def test_attempts_to_connect_again_are_counted(attempts: int, is_said: bool) -> None:
    seeking = with_link(state="reconnecting", reconnect_attempts=attempts, detail="refused")
    assert (LINK in told(seeking)) is is_said


@pytest.mark.parametrize(("losses", "is_said"), [(2, False), (5, True)])
def test_a_link_that_is_up_but_breaks_often_is_said(losses: int, is_said: bool) -> None:
    said = told(replace(GOOD, losses=losses))[LINK]
    assert said == (f"The link to the chain was lost {losses} times within an hour." * is_said)


def test_whether_a_link_that_is_sought_will_come_back_is_not_judged_yet() -> None:
    assert told(with_link(state="reconnecting", reconnect_attempts=1)) == {LISTENER: ""}


@pytest.mark.parametrize(("seconds", "is_said"), [(3600, False), (3601, True)])
def test_silence_has_a_limit(seconds: int, is_said: bool) -> None:
    said = told(replace(GOOD, last_event_at=NOW - timedelta(seconds=seconds)))[SILENCE]
    assert said.startswith("No event since 2026-06-15 10:59:59 UTC") is is_said


@pytest.mark.parametrize("lag", [None, NEAR + 1])
def test_silence_is_not_judged_while_the_newest_blocks_are_not_stored(lag: int | None) -> None:
    old = replace(GOOD, last_event_at=NOW - timedelta(days=9))
    assert SILENCE not in told(with_link(old, lag_blocks=lag))
    assert SILENCE not in told(replace(GOOD, last_event_at=None))


@pytest.mark.parametrize(("latency", "is_said"), [(800.0, False), (1250.4, True)])
def test_latency_has_a_limit(latency: float, is_said: bool) -> None:
    said = told(replace(GOOD, latency_ms=latency))[LATENCY]
    assert said == (
        "The node node.example takes 1,250 ms to answer, on average over 5 minutes; "
        "the limit is 1,000 ms." * is_said
    )


@pytest.mark.parametrize(
    ("facts", "kind"),
    [
        (replace(GOOD, latency_ms=801.0), LATENCY),
        (replace(GOOD, latency_ms=1000.0), LATENCY),
        (replace(GOOD, losses=3), LINK),
        (replace(GOOD, losses=4), LINK),
    ],
)
def test_what_is_near_its_limit_is_neither_raised_nor_resolved(facts: Facts, kind: str) -> None:
    assert kind not in told(facts)


def test_one_slow_answer_is_no_slow_node() -> None:
    assert LATENCY not in told(replace(GOOD, latency_ms=9e9, measured=2))
    assert LATENCY not in told(replace(GOOD, latency_ms=None, measured=0))
