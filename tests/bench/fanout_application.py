"""The web process of the fan-out measurement: the real hub and consumer over frames made up.

`/ws/live/` is the project's own way out; only where its frames come from is replaced, by a file
that the measuring process writes. `/ws/group/` is what it is compared with: a Channels consumer
that joins a group and sends what the group is sent.
"""

import mmap
import os
import struct
from collections.abc import Collection, Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import django
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from django.core.asgi import get_asgi_application
from django.urls import path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "coopsite.settings")
django.setup()

from realtime import hub  # noqa: E402
from realtime.changes import Change  # noqa: E402
from realtime.consumers import live  # noqa: E402
from realtime.frames import Audience, Frame, Wanted, follows, mark  # noqa: E402
from realtime.source import Snapshot, Source, Start  # noqa: E402

FRAME_BYTES = 600
BOARD = struct.Struct("=qq")  # sequence number, when it was written (monotonic nanoseconds)
GROUP = "bench"
LOOKS = ("state", "endpoint", "detail", "connected_at")


class Board(Source):
    """A source whose records are two numbers in shared memory."""

    def __init__(self) -> None:
        super().__init__()
        with Path(os.environ["BENCH_BOARD"]).open("rb") as file:
            self._memory = mmap.mmap(file.fileno(), BOARD.size, access=mmap.ACCESS_READ)
        self._stats = SimpleNamespace(connection=SimpleNamespace(**dict.fromkeys(LOOKS)))

    def start(self) -> Start:
        return Start(floor=BOARD.unpack(self._memory)[0], frames=[])

    def news(self, after: int, wanted: Collection[Wanted]) -> Frame | None:
        seq, written = BOARD.unpack(self._memory)
        if seq == after:
            return None
        frame = Frame(Change(first_seq=after + 1, last_seq=seq))
        room = FRAME_BYTES - len(mark(seq) + follows(frame.first_seq))
        frame.fragments.update(dict.fromkeys(wanted, f"{written:<{room}}"))
        return frame

    def render(self, jobs: Iterable[tuple[Frame, Wanted]]) -> None:
        for frame, wanted in jobs:
            frame.fragments[wanted] = " " * FRAME_BYTES

    def snapshot(self, audience: Audience) -> Snapshot:  # noqa: ARG002
        return Snapshot(seq=BOARD.unpack(self._memory)[0], html="")

    def standing(self, audience: Audience, *, as_of: int, with_lists: bool) -> str:  # noqa: ARG002
        return "hello"

    def look_at_connection(self) -> Any:
        return self._stats

    def statistics(self, languages: Iterable[str]) -> dict[str, str]:
        return dict.fromkeys(languages, "")

    badge = statistics


class Member(AsyncWebsocketConsumer):  # type: ignore[misc]
    """The usual way: each consumer a member of the group."""

    async def connect(self) -> None:
        await self.channel_layer.group_add(GROUP, self.channel_name)
        await self.accept()
        await self.send("hello")

    async def disconnect(self, code: int) -> None:  # noqa: ARG002
        await self.channel_layer.group_discard(GROUP, self.channel_name)

    async def bench_frame(self, message: dict[str, str]) -> None:
        await self.send(message["text"])


hub.Source = Board  # type: ignore[misc]
application = ProtocolTypeRouter(
    {
        "http": get_asgi_application(),
        "websocket": AllowedHostsOriginValidator(
            URLRouter([path("ws/live/", live), path("ws/group/", Member.as_asgi())])  # type: ignore[arg-type]
        ),
    }
)
