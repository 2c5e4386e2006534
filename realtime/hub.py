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
from realtime.frames import Audience, Frame, Language, Ring, Wanted, framed, lacking, mark
from realtime.outlet import Outlet
from realtime.own_charts import OwnCharts
from realtime.source import Source, TooMuch
from realtime.topics import Topic
from realtime.wakeups import Wakeups
from realtime.welcomes import Welcomes, replay

POLL = 1.0  # seconds between looks at the outbox while the channel layer works
POLL_ALONE = 0.25  # and while it is away
CALM = 1.0  # seconds between two "everything anew", which costs each browser a snapshot
RETRY = 1.0  # seconds after a failure, mostly of the database
READY = 10.0  # seconds that a browser waits for a hub that is starting
ATTEMPTS = 20
# Texts given between two breaths of the event loop: servers write to a socket when it breathes, so
# that all would wait for the last one.
BREATH = 25
# Each wish that nobody shares costs a snapshot in memory and a text for every frame.
MOST_AUDIENCES = 4096

log = logging.getLogger(__name__)
T = TypeVar("T")


class NotReady(Exception):
    """The hub cannot serve this browser now; it should come again."""


class Full(Exception):
    """The hub serves as many different wishes as it can; those that others share go on."""


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
        self.own_charts = OwnCharts(self)
        self._asides = Asides(self)
        self._ring = Ring(0)
        self._outlets: dict[Audience, set[Outlet]] = {}
        self._welcomes = Welcomes(source, self._ring, self.in_thread)
        self._ready = asyncio.Event()
        self._awake = asyncio.Event()
        self._advancing = asyncio.Lock()
        self._calm_until = 0.0
        self._tasks: list[asyncio.Task[None]] = []

    # --- for consumers ------------------------------------------------------------------------

    async def join(self, outlet: Outlet, audience: Audience, since: int | None) -> None:
        """Bring a browser that has seen `since` up to date and give it all that follows.

        None stands for "from now on": how things stand then ends with the number, rather than to
        begin with it, so that who told us too late how far it is does not take that as read. Also
        for a browser that fell behind and reads again. Raises NotReady when that cannot be done
        now, and Full.
        """
        try:
            async with asyncio.timeout(READY):
                await self._ready.wait()
        except TimeoutError as error:
            raise NotReady("the hub has not read the records yet") from error
        wishes, audience = audience, framed(audience)
        if audience not in self._outlets and len(self._outlets) >= MOST_AUDIENCES:
            raise Full(f"{MOST_AUDIENCES} different wishes are served already")
        self.own_charts.enter(outlet, wishes)
        # From here on new frames are rendered for this audience too.
        self._outlets.setdefault(audience, set()).add(outlet)
        seen = self._ring.last_seq if since is None else since
        before: list[str] = []
        for _ in range(ATTEMPTS):
            if seen > self._ring.last_seq:  # a page can know of a commit before its hub does
                await self._advance()
            missed = self._ring.since(seen)
            if missed is None:
                snapshot = await self._welcomes.snapshot(audience)
                seen, before = snapshot.seq, [mark(snapshot.seq) + snapshot.html]
            elif jobs := lacking(missed, audience):
                await self.in_thread(self.source.render, jobs)
            else:
                more = any(f.change.leaves_more_to_tell(t) for f in missed for t in audience[0])
                standing = self._welcomes.standing(audience, more=more, seen=seen)
                if standing is None:
                    await self._welcomes.make_standing(audience, more=more)
                else:
                    texts = replay(missed, audience, standing)
                    if since is None and not missed:
                        texts[-1] += mark(seen)
                    outlet.attach(self._ring.last_seq, [*before, *texts])
                    self.own_charts.came(outlet, missed_some=bool(missed or before))
                    return
        raise NotReady("news come faster than they can be told")

    def leave(self, outlet: Outlet, audience: Audience) -> None:
        """Forget a browser; harmless if it never joined."""
        self.own_charts.leave(outlet)
        audience = framed(audience)
        outlets = self._outlets.get(audience, set())
        outlets.discard(outlet)
        if not outlets:
            self._outlets.pop(audience, None)
            self._welcomes.forget(audience)

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

    async def mention_to(self, outlets: Iterable[Outlet], text: str) -> None:
        """Give such a text to these browsers alone."""
        for given, outlet in enumerate(list(outlets), start=1):
            outlet.mention(text)
            if given % BREATH == 0:
                await asyncio.sleep(0)

    @property
    def last_seq(self) -> int:
        return self._ring.last_seq

    def watched(self, kind: str) -> dict[Topic, set[Language]]:
        """The topics of this kind that somebody watches, and in which languages."""
        found: dict[Topic, set[Language]] = {}
        for topics, language in self._outlets:
            for topic in topics:
                if topic.kind == kind:
                    found.setdefault(topic, set()).add(language)
        return found

    def forget_standing(self) -> None:
        """What newcomers are told has changed without a frame."""
        self._welcomes.forget_standings()

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
        gifts = [(frame.text(each), list(outlets)) for each, outlets in self._outlets.items()]
        given = 0
        for text, outlets in gifts:
            for outlet in outlets:
                outlet.give(text, frame.last_seq)
                given += 1
                if given % BREATH == 0:
                    await asyncio.sleep(0)

    def _begin_anew(self, seq: int) -> None:
        """What happened cannot be told one by one: everybody gets a snapshot."""
        self._ring.restart(seq)
        self._asides.begun_anew()
        self._welcomes.forget_all()
        self._calm_until = time.monotonic() + CALM
        for outlets in self._outlets.values():
            for outlet in outlets:
                if outlet.attached:
                    outlet.fall_behind()


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
