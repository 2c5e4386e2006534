"""One hub per web process: hears of commits, makes each frame once, gives it to every browser.

It touches the channel layer and, through its source and only in a thread of its own, the records.
What it is told is a wake-up and never the truth: the truth is the outbox, which it also reads when
nobody says anything. Browsers and sockets are the consumers' matter.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from channels.layers import get_channel_layer

from realtime import metrics
from realtime.asides import Asides
from realtime.frames import Audience, Frame, Language, Ring, Wanted, lacking, mark
from realtime.outlet import Outlet
from realtime.source import Snapshot, Source, TooMuch
from realtime.topics import Topic
from realtime.wakeups import Wakeups

POLL = 1.0  # seconds between looks at the outbox while the channel layer works
POLL_ALONE = 0.25  # and while it is away
CALM = 1.0  # seconds between two "everything anew", which costs each browser a snapshot
RETRY = 1.0  # seconds after a failure, mostly of the database
READY = 10.0  # seconds that a browser waits for a hub that is starting
ATTEMPTS = 20
LONGEST_CATCH_UP = 32  # frames that may follow a snapshot made for somebody else
BREATH = 250  # texts given between two breaths of the event loop

log = logging.getLogger(__name__)
T = TypeVar("T")


class NotReady(Exception):
    """The hub cannot serve this browser now; it should come again."""


class Hub:
    """The frames of one event loop and the browsers that get them.

    Invariant: between putting a frame into the ring and naming those who get it, as between
    reading the ring for a browser and attaching it, nothing is awaited. So each browser is given
    each frame once, through its replay or after it.
    """

    def __init__(self, source: Source, layer: Any) -> None:
        self.source = source
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="hub")
        self._wakeups = Wakeups(layer, self._hear)
        self._asides = Asides(self)
        self._ring = Ring(0)
        self._outlets: dict[Audience, set[Outlet]] = {}
        self._snapshots: dict[Audience, Snapshot] = {}
        self._standing: dict[Audience, tuple[int, str]] = {}
        self._ready = asyncio.Event()
        self._awake = asyncio.Event()
        self._advancing = asyncio.Lock()
        self._making = asyncio.Lock()
        self._calm_until = 0.0
        self._tasks: list[asyncio.Task[None]] = []

    # --- for consumers ------------------------------------------------------------------------

    async def join(self, outlet: Outlet, audience: Audience, since: int | None) -> None:
        """Bring a browser that has seen `since` up to date and give it all that follows.

        None stands for "from now on". Also for a browser that fell behind and reads again. Raises
        NotReady when that cannot be done now.
        """
        try:
            async with asyncio.timeout(READY):
                await self._ready.wait()
        except TimeoutError as error:
            raise NotReady("the hub has not read the records yet") from error
        # From here on new frames are rendered for this audience too.
        self._outlets.setdefault(audience, set()).add(outlet)
        seen = self._ring.last_seq if since is None else since
        before: list[str] = []
        for _ in range(ATTEMPTS):
            if seen > self._ring.last_seq:  # a page can know of a commit before its hub does
                await self._advance()
            missed = self._ring.since(seen)
            if missed is None or not all(frame.serves(audience) for frame in missed):
                snapshot = await self._make_snapshot(audience)
                seen, before = snapshot.seq, [mark(snapshot.seq) + snapshot.html]
            elif jobs := lacking(missed, audience):
                await self.in_thread(self.source.render, jobs)
            elif not self._stands_at(audience, seen):
                await self._make_standing(audience)
            else:
                outlet.attach(self._ring.last_seq, [*before, *self._replay(missed, audience)])
                return
        raise NotReady("news come faster than they can be told")

    def leave(self, outlet: Outlet, audience: Audience) -> None:
        """Forget a browser; harmless if it never joined."""
        outlets = self._outlets.get(audience, set())
        outlets.discard(outlet)
        if not outlets:
            for made in (self._outlets, self._snapshots, self._standing):
                made.pop(audience, None)

    @property
    def running(self) -> bool:
        return bool(self._tasks) and not any(task.done() for task in self._tasks)

    def start(self) -> None:
        self._tasks = [asyncio.create_task(self._run()), asyncio.create_task(self._wakeups.run())]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # --- for asides ---------------------------------------------------------------------------

    async def in_thread(self, function: Callable[..., T], *arguments: object) -> T:
        """Run what blocks in the hub's own thread, where calls follow each other."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, function, *arguments)

    def languages(self, *, of: Callable[[Topic], bool]) -> set[Language]:
        """The languages of browsers that watch such a topic."""
        return {language for topics, language in self._outlets if any(map(of, topics))}

    async def mention(
        self, texts: Mapping[Language, str], *, to: Callable[[Topic], bool], marked: bool = False
    ) -> None:
        """Give a text without a number of its own to all browsers with such a topic."""
        given = 0
        for audience in list(self._outlets):
            topics, language = audience
            text = texts.get(language, "")
            if marked:
                text = mark(self._ring.last_seq) + text
            if not text or not any(map(to, topics)):
                continue
            for outlet in list(self._outlets.get(audience, ())):
                # While we breathe, a frame may overtake us only if we were advancing: we are not.
                outlet.mention(text)
                given += 1
                if given % BREATH == 0:
                    await asyncio.sleep(0)

    def forget_standing(self) -> None:
        """What newcomers are told has changed without a frame."""
        self._standing.clear()

    # --- inside -------------------------------------------------------------------------------

    def _hear(self, message: Mapping[str, Any]) -> None:
        self._asides.hear(message)
        self._awake.set()

    async def _run(self) -> None:
        try:
            while True:
                try:
                    await self._step()
                except Exception:
                    log.exception("The hub failed and goes on")
                    await self.in_thread(self.source.close)
                    await asyncio.sleep(RETRY)
        finally:
            self._ready.clear()
            self._thread.submit(self.source.close)
            self._thread.shutdown(wait=False)

    async def _step(self) -> None:
        if not self._ready.is_set():
            await self._begin()
        await self._rest()
        while await self._advance():
            pass
        async with self._advancing:
            await self._asides.attend()

    async def _begin(self) -> None:
        start = await self.in_thread(self.source.start)
        self._ring.restart(start.floor)
        for frame in start.frames:
            self._ring.append(frame)
        self._ready.set()

    async def _rest(self) -> None:
        """Until somebody wakes us or it is time to look anyway."""
        poll = POLL if self._wakeups.present else POLL_ALONE
        try:
            async with asyncio.timeout(min(poll, self._asides.due_in())):
                await self._awake.wait()
        except TimeoutError:
            pass
        self._awake.clear()
        await asyncio.sleep(max(0.0, self._calm_until - time.monotonic()))

    async def _advance(self) -> bool:
        """Read what is new and give it out. False if nothing was."""
        async with self._advancing:
            wanted = [(t, language) for topics, language in self._outlets for t in topics]
            news = await self.in_thread(self.source.news, self._ring.last_seq, set(wanted))
            if news is None:
                return False
            if isinstance(news, TooMuch):
                self._begin_anew(news.seq)
                return False
            while jobs := self._unrendered(news):  # who came while we were reading
                await self.in_thread(self.source.render, jobs)
            self._ring.append(news)
            metrics.FRAMES.inc()
            self._asides.committed(news.change)
            await self._give(news)
            return True

    def _unrendered(self, frame: Frame) -> list[tuple[Frame, Wanted]]:
        return [job for audience in self._outlets for job in lacking([frame], audience)]

    async def _give(self, frame: Frame) -> None:
        gifts: list[tuple[str | None, list[Outlet]]] = [
            (frame.text(audience) if frame.serves(audience) else None, list(outlets))
            for audience, outlets in self._outlets.items()
        ]
        given = 0
        for text, outlets in gifts:
            for outlet in outlets:
                if text is not None:
                    outlet.give(text, frame.last_seq)
                elif outlet.position < frame.last_seq:
                    outlet.fall_behind()
                given += 1
                if given % BREATH == 0:
                    await asyncio.sleep(0)

    def _begin_anew(self, seq: int) -> None:
        """What happened cannot be told one by one: everybody gets a snapshot."""
        self._ring.restart(seq)
        self._snapshots.clear()
        self._standing.clear()
        self._calm_until = time.monotonic() + CALM
        for outlets in self._outlets.values():
            for outlet in outlets:
                if outlet.attached:
                    outlet.fall_behind()

    async def _make_snapshot(self, audience: Audience) -> Snapshot:
        async with self._making:  # whoever waited here finds it made
            snapshot = self._snapshots.get(audience)
            missed = self._ring.since(snapshot.seq) if snapshot else None
            if snapshot is None or missed is None or len(missed) > LONGEST_CATCH_UP:
                snapshot = await self.in_thread(self.source.snapshot, audience)
                self._snapshots[audience] = snapshot
            metrics.SNAPSHOTS.inc()
            return snapshot

    def _stands_at(self, audience: Audience, seen: int) -> bool:
        """Whether what newcomers are told is at least as new as what this one has seen."""
        return audience in self._standing and self._standing[audience][0] >= seen

    async def _make_standing(self, audience: Audience) -> None:
        async with self._making:
            as_of = self._ring.last_seq
            if audience not in self._standing or self._standing[audience][0] < as_of:
                text = await self.in_thread(self.source.standing, audience)
                # It may be newer than `as_of`, never older: the frames after `as_of` follow it.
                self._standing[audience] = as_of, text

    def _replay(self, missed: Iterable[Frame], audience: Audience) -> list[str]:
        """The missed frames, with the state of things put in where it belongs."""
        as_of, standing = self._standing[audience]
        texts: list[str] = []
        told = False
        for frame in missed:
            if frame.last_seq > as_of and not told:
                texts.append(standing)
                told = True
            texts.append(frame.text(audience))
        return texts if told else [*texts, standing]


_hubs: dict[asyncio.AbstractEventLoop, Hub] = {}


def hub_of_this_process() -> Hub:
    """The running event loop's hub, started when it is first needed and again after its end."""
    loop = asyncio.get_running_loop()
    hub = _hubs.get(loop)
    if hub is None or not hub.running:
        for closed in [known for known in _hubs if known.is_closed()]:
            del _hubs[closed]
        hub = _hubs[loop] = Hub(Source(), get_channel_layer())
        hub.start()
    return hub
