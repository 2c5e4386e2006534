"""News are told in the background, newest first to matter, and stopping always works."""

import asyncio

import pytest

from realtime.announcer import MOST_HINTS, Announcer


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    said: list[str] = []

    async def sequence(seq: int) -> None:
        said.append(f"sequence {seq}")

    async def hint(hint: dict[str, object]) -> None:
        said.append(f"hint {hint['n']}")

    async def status() -> None:
        said.append("status")

    monkeypatch.setattr("realtime.publisher.announce_sequence", sequence)
    monkeypatch.setattr("realtime.publisher.announce_hint", hint)
    monkeypatch.setattr("realtime.publisher.announce_status", status)
    return said


async def test_only_the_newest_number_is_told_and_hints_come_first(said: list[str]) -> None:
    announcer = Announcer()
    announcer.sequence(1)
    announcer.status()
    announcer.hint({"n": 1})
    announcer.sequence(2)
    await announcer.flush()
    await announcer.flush()
    assert said == ["hint 1", "sequence 2", "status"]


async def test_hints_that_nobody_takes_are_bounded(said: list[str]) -> None:
    announcer = Announcer()
    for number in range(MOST_HINTS + 10):
        announcer.hint({"n": number})
    await announcer.flush()
    assert len(said) == MOST_HINTS


async def test_a_cancellation_that_a_client_swallows_still_ends_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reached = asyncio.Event()

    async def swallowing(seq: int) -> None:
        reached.set()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            pass

    monkeypatch.setattr("realtime.publisher.announce_sequence", swallowing)
    announcer = Announcer()
    task = asyncio.create_task(announcer.run())
    announcer.sequence(1)
    await reached.wait()
    task.cancel()
    async with asyncio.timeout(2):
        await asyncio.wait({task})
