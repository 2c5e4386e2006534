"""The consumer of one browser, with the server around it made up."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from realtime import consumers, metrics
from tests.factories import ChainFactory
from tests.integration.test_hub import running
from tests.live import ORIGIN


def refusals() -> dict[str, float]:
    return {
        sample.labels["why"]: sample.value
        for metric in metrics.REFUSED.collect()
        for sample in metric.samples
        if sample.name.endswith("_total")
    }


async def test_who_leaves_while_being_told_was_not_refused(
    records: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ChainFactory()
    heard: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    heard.put_nowait({"type": "websocket.connect"})
    said = []

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "websocket.send":
            raise RuntimeError("after sending 'websocket.close'")  # Uvicorn's
        said.append(message["type"])

    scope = {"query_string": b"since=0", "headers": [(b"origin", ORIGIN.encode())], "client": None}
    before = refusals()
    async with running() as hub:
        monkeypatch.setattr(consumers, "hub_of_this_process", lambda: hub)
        await consumers.live(scope, heard.get, send)
    assert refusals() == before
    assert said == ["websocket.accept"]
