"""Browsers that read slowly, or never: they cost a bounded amount, and nobody else waits."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import psutil
import pytest
from websockets.exceptions import ConnectionClosed

from pools import selectors
from realtime import publisher
from realtime.outlet import WINDOW
from tests.factories import BTC, ChainFactory, address
from tests.live import ORIGIN, WebServer, WebServers, watching

LONG_NAME = "Junta " * 13  # so that a frame of 90 events is some 30 kB


@contextmanager
def unread(server: WebServer, topics: str) -> Iterator[socket.socket]:
    """A connected browser whose owner closed the laptop: it takes in what fits, and no more."""
    with socket.socket() as link:
        connect_without_reading(link, server, topics)
        yield link


def connect_without_reading(link: socket.socket, server: WebServer, topics: str) -> None:
    link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    link.connect(("127.0.0.1", server.port))
    link.sendall(
        f"GET /ws/live/?topics={topics}&since=0 HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: {ORIGIN}\r\n"
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
    )


async def test_who_never_reads_holds_up_nobody_and_is_shown_out(web_servers: WebServers) -> None:
    chain = ChainFactory()
    chain.block(*(chain.created(number, name=LONG_NAME) for number in range(1, 91)))
    server = web_servers.start("uvicorn")
    sleepers = 5
    async with watching(server, since=0, max_size=None) as browser:
        await browser.read()
        with ExitStack() as links:
            for _ in range(sleepers):
                links.enter_context(unread(server, "dashboard"))
            web = psutil.Process(server.pid)
            before = web.memory_info().rss
            began = time.monotonic()
            late = 0.0
            while server.said().count("shown out: reads too slowly") < sleepers:
                assert time.monotonic() - began < 60
                joins = [chain.joined(1, address("somebody"), BTC) for _ in range(90)]
                committed = chain.block(*joins)
                sent = time.monotonic()
                await publisher.announce_sequence(committed.last_seq)
                await browser.read_until(committed.last_seq)
                late = max(late, time.monotonic() - sent)
            assert late < 3, late
            # The ring of frames, for those who come back, may fill up meanwhile: some 65 MiB here.
            assert web.memory_info().rss - before < 100 * 2**20


async def test_where_the_server_holds_nothing_back_our_script_does(
    web_servers: WebServers,
) -> None:
    """On Daphne nothing tells that a browser does not read but its own silence."""
    chain = ChainFactory()
    chain.block(chain.created(1))
    server = web_servers.start("daphne")
    async with watching(server, since=1) as honest, watching(server, since=1) as stalled:
        await honest.read()
        acknowledged = stopped_at = 0
        while "shown out: reads too slowly" not in server.said():
            committed = chain.block(chain.joined(1, address("somebody"), BTC))
            assert committed.last_seq < 3000
            await publisher.announce_sequence(committed.last_seq)
            await honest.read_until(committed.last_seq)
            if len(honest.frames) >= acknowledged + 64:
                acknowledged = len(honest.frames)
                await honest.socket.send(json.dumps({"ack": acknowledged}))
                if not stopped_at:
                    await stalled.socket.send(json.dumps({"ack": 1}))
                    stopped_at = committed.last_seq
        with pytest.raises(ConnectionClosed):
            await stalled.read_until(committed.last_seq)
        # It was given what may be under way, and nothing of what came after.
        assert stalled.seq is not None
        assert stalled.seq <= stopped_at + WINDOW
        assert honest.keys == [row.key for row in selectors.latest_events(5000)][::-1][1:]
