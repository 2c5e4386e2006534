"""The badge is told the truth: what the socket does, what polling does, what needs a person."""

from datetime import UTC, datetime

import pytest

from realtime.statistics import State, Statistics
from realtime.status import Progress, describe, offline

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def stream(state: State, detail: str = "", latency: float | None = 0.02) -> Statistics:
    return Statistics(
        state=state,
        detail=detail,
        endpoint="ws.example",
        connected_since=NOW,
        uptime=5.0,
        messages=3,
        bytes=99,
        events_received=1,
        last_event_at=NOW,
        latency=latency,
        attempts=2,
        reconnects=1,
    )


@pytest.mark.parametrize(
    ("progress", "socket", "expected"),
    [
        (Progress(), State.LIVE, ("live", "")),
        (Progress(), State.RECONNECTING, ("reconnecting", "lost")),
        (Progress(), State.ERROR, ("error", "lost")),
        (Progress(problem="HTTP 502", failed_polls=3), State.LIVE, ("reconnecting", "HTTP 502")),
        (Progress(problem="HTTP 502", failed_polls=11), State.LIVE, ("error", "HTTP 502")),
        (Progress(problem="HTTP 502"), State.RECONNECTING, ("reconnecting", "HTTP 502")),
        (Progress(problem="too deep", stopped=True), State.LIVE, ("error", "too deep")),
        (Progress(), None, ("connecting", "")),
        (Progress(polling_since=NOW), None, ("live", "")),
        (Progress(problem="HTTP 502", failed_polls=1), None, ("reconnecting", "HTTP 502")),
    ],
)
def test_the_state_says_the_worst_that_is_true(
    progress: Progress, socket: State | None, expected: tuple[str, str]
) -> None:
    statistics = stream(socket, "lost" if socket is not State.LIVE else "") if socket else None
    row = describe(progress, statistics, latency=None, most_attempts=10)
    assert (row.state, row.detail) == expected


@pytest.mark.parametrize("stopped", [False, True])
def test_whether_anything_can_be_stored_is_told_apart_from_the_link(stopped: bool) -> None:
    progress = Progress(problem="the disk is full", stopped=stopped)
    row = describe(progress, stream(State.ERROR), latency=None, most_attempts=10)
    assert (row.state, row.stopped) == ("error", stopped)
    assert not offline(row).stopped


def test_latency_is_the_sockets_or_else_the_pollings() -> None:
    live = describe(Progress(), stream(State.LIVE), latency=0.5, most_attempts=10)
    assert live.latency_ms == 20
    alone = describe(Progress(polling="http.example"), None, latency=0.5, most_attempts=10)
    assert (alone.latency_ms, alone.endpoint) == (500, "http.example")


@pytest.mark.parametrize(
    ("progress", "socket", "attempts"),
    [
        (Progress(), State.RECONNECTING, 2),
        (Progress(failed_polls=1), State.ERROR, 2),
        (Progress(), State.LIVE, 0),
        (Progress(problem="HTTP 502", failed_polls=3), State.LIVE, 3),
    ],
)
def test_attempts_are_those_of_what_is_sought(
    progress: Progress, socket: State, attempts: int
) -> None:
    row = describe(progress, stream(socket), latency=None, most_attempts=10)
    assert row.reconnect_attempts == attempts


def test_a_listener_that_stops_keeps_its_figures_and_says_that_it_is_gone() -> None:
    row = offline(describe(Progress(events=7), stream(State.LIVE), latency=None, most_attempts=9))
    assert (row.state, row.events_received, row.connected_at) == ("offline", 7, None)


def test_a_chain_that_stands_still_keeps_the_time_of_its_last_head() -> None:
    progress = Progress()
    progress.saw_head(5)
    first = progress.head_at
    progress.saw_head(5)
    progress.saw_head(None)
    assert (progress.head, progress.head_at) == (5, first)
