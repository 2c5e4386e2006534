"""What the hub tells between frames: heartbeat, badge, pending rows, numbers that time changes.

How the work on history goes is `progress`'s part of it, the charts are `charts`'.

None of it has a sequence number, and none of it needs to arrive: whoever connects is told how
things stand. Runs within the hub's own steps, so nothing here overtakes a frame.
"""

import time
from collections import deque
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from pools.rows import Connection, EventRow
from realtime import changes, fragments
from realtime.changes import Change, PoolKey
from realtime.charts import Charts
from realtime.hints import Hint, PendingRows, read_hint
from realtime.progress import Progress
from realtime.topics import DASHBOARD, EVENTS, POOLS, Topic

if TYPE_CHECKING:
    from realtime.hub import Hub

HEARTBEAT = 15.0  # seconds; browsers take a silence of 35 s for a dead link
LOOK = 5.0  # seconds between looks at a listener that says nothing
LOOK_AT_BROKEN = 1.0  # and at a link that just broke: soon a banner has to say so
SLOW_TICK = 2.0  # seconds between updates of what need not come with each event
BATCH_TICK = 5.0  # and of all lists, while history comes in batches that name no pools
TURN = 900  # seconds; some time zones begin their hours and days at a quarter
MOST_HEARD = 512
# A commit mostly follows its notification within this time. Then the pending row would be replaced
# before anybody saw it, and sending it to everybody would only hold up the real one.
HINT_PATIENCE = 0.05


class Asides:
    """Duties of the hub that have their own times, by the monotonic clock."""

    def __init__(self, hub: "Hub") -> None:
        self._hub = hub
        # Hints and what was said of them later, (key, reason), with the time to act upon them.
        self._heard: deque[tuple[float, Hint | tuple[str, str]]] = deque(maxlen=MOST_HEARD)
        self._pending = PendingRows()
        self._touched: set[PoolKey] = set()
        self._disturbed = False
        self._batch = False
        self._pages: dict[Topic, bool] = {}  # pools' pages to be told, and whether with their feed
        self._slow_numbers: set[str] = set()
        self._notices: list[str] = []
        self._status_changed = False
        self._shown: Connection | None = None
        self._progress = Progress(hub)
        self._charts = Charts(hub)
        self._own_charts = hub.own_charts
        now = time.monotonic()
        self._heartbeat_at = now + HEARTBEAT
        self._look_at = now + LOOK
        self._slow_at = now
        self._batch_at = now
        self._turn = _turn()

    def hear(self, message: Mapping[str, Any]) -> None:
        """Note what the channel layer said; acted upon by `attend`."""
        match message.get("type"):
            case "live.status":
                self._status_changed = True
            case "live.progress":
                self._progress.may_have_changed()
            case "live.hint":
                hint = read_hint(message.get("hint"))
                if hint is not None:
                    self._heard.append((_soon(), hint))
            case "live.unhint":
                said = str(message.get("key")), str(message.get("reason"))
                self._heard.append((_soon(), said))

    def committed(self, change: Change) -> None:
        """A frame went out: remember what of it is told later, and which hints came true."""
        self._pending.settle(row.key for row in change.added)
        if change.batch and change.feed is not None:
            self._pending.forget_all()  # the whole feed went out, with theirs perhaps among many
        self._touched.update(change.pools)
        self._disturbed |= change.feed is not None
        self._batch |= change.batch
        self._slow_numbers.update(change.numbers & fragments.SLOW_NUMBERS)
        self._progress.blocks_came()
        self._charts.may_have_changed()
        self._own_charts.may_have_changed()

    def begun_anew(self) -> None:
        """Snapshots go out, which may hold events that were pending: none of them is struck out."""
        self._pending.forget_all()
        self._progress.may_have_changed()
        self._charts.may_have_changed()
        self._own_charts.may_have_changed()

    def due_in(self) -> float:
        """Seconds until something here has to be done unasked."""
        if self._status_changed or self._pages or self._turn != _turn():
            return 0.0
        times = [self._heartbeat_at, self._look_at]
        if self._heard:
            times.append(self._heard[0][0])
        if self._touched or self._slow_numbers:
            times.append(self._slow_at)
        if self._batch:
            times.append(self._batch_at)
        perhaps = [duty.due_at() for duty in (self._progress, self._charts, self._own_charts)]
        times += [at for at in (self._pending.next_expiry(), *perhaps) if at is not None]
        return max(0.0, min(times) - time.monotonic())

    async def attend(self) -> None:
        """Do one thing that is due, if any: the next frame need not wait for all of them."""
        now = time.monotonic()
        if self._heard and self._heard[0][0] <= now:
            await self._tell_hint(now)
        elif late := self._pending.expire(now=now):
            for row in late:
                await self._show(row)
        elif self._turn != _turn():
            self._turn = _turn()
            await self._turn_the_hour()
        elif self._status_changed or now >= self._look_at:
            self._status_changed = False
            self._look_at = now + LOOK
            self._progress.may_have_changed()
            await self._look_at_connection()
        elif now >= self._heartbeat_at:
            self._heartbeat_at = now + HEARTBEAT
            await self._beat()
        elif self._pages:
            await self._tell_page(self._pages.popitem())
        elif now >= self._slow_at and (self._touched or self._slow_numbers):
            self._slow_at = now + SLOW_TICK
            await self._tell_the_slow()
        elif now >= self._batch_at and self._batch:
            self._batch_at = now + BATCH_TICK
            await self._tell_lists()
        else:
            for duty in (self._progress, self._charts, self._own_charts):
                if (due := duty.due_at()) is not None and due <= now:
                    await duty.attend()
                    break

    async def _tell_hint(self, now: float) -> None:
        _, heard = self._heard.popleft()
        row: EventRow | None = None
        if not isinstance(heard, Hint):
            key, reason = heard
            row = self._pending.take_back(key, reason=reason)
        elif self._pending.awaits(heard.key):
            row = await self._hub.in_thread(self._hub.source.hint, heard)
            if row is not None:
                self._pending.add(row, now=now)
        if row is not None:
            await self._show(row)

    async def _show(self, row: EventRow) -> None:
        def shows(topic: Topic) -> bool:
            ours = (topic.contract, topic.pool_id) == (row.contract, row.pool_id)
            return topic.kind == "dashboard" or (topic.kind == "pool" and ours)

        languages = self._hub.languages(of=shows)
        texts = await self._hub.in_thread(self._hub.source.feed_row, row, languages)
        await self._hub.mention(texts, to=shows)

    async def _turn_the_hour(self) -> None:
        self._charts.may_have_changed()
        self._own_charts.may_have_changed()
        before = self._hub.source.stats()
        around = await self._hub.in_thread(self._hub.source.look_around)
        await self._tell_numbers(changes.changed_numbers(before, around.stats))
        await self._tell_notices([row.key for row in around.fee_changes])
        await self._tell_sparks()

    async def _look_at_connection(self) -> None:
        stats = await self._hub.in_thread(self._hub.source.look_at_connection)
        before, self._shown = self._shown, stats.connection
        if _just_broke(stats.connection):
            self._look_at = time.monotonic() + LOOK_AT_BROKEN
        if before is not None and _looks(before) == _looks(stats.connection):
            return
        self._hub.forget_standing()
        texts = await self._hub.in_thread(self._hub.source.badge, self._hub.languages(of=_any))
        await self._hub.mention(texts, to=_any)

    async def _tell_the_slow(self) -> None:
        touched, self._touched = self._touched, set()
        disturbed, self._disturbed = self._disturbed, False
        names, self._slow_numbers = self._slow_numbers, set()
        languages = self._hub.languages(of=_dashboard)
        before = self._hub.source.stats()
        around = await self._hub.in_thread(self._hub.source.look_around)
        names |= changes.changed_numbers(before, around.stats)
        rows = await self._hub.in_thread(self._hub.source.newest_pools, touched, languages)
        await self._hub.mention(rows, to=_dashboard)
        await self._tell_numbers(names)
        await self._tell_notices([row.key for row in around.fee_changes])
        await self._tell_sparks()
        for topic in self._hub.watched("pool"):
            if (topic.contract, topic.pool_id) in touched:
                self._pages[topic] = disturbed or self._pages.get(topic, False)

    async def _tell_lists(self) -> None:
        """After a batch: any pool may have changed."""
        self._batch = False
        for topic in (DASHBOARD, POOLS, EVENTS):
            languages = self._hub.languages(of=topic.__eq__)
            make = partial(self._hub.source.lists, languages, of=topic)
            await self._hub.mention(await self._hub.in_thread(make), to=topic.__eq__)
        self._pages.update(dict.fromkeys(self._hub.watched("pool"), True))

    async def _tell_page(self, page: tuple[Topic, bool]) -> None:
        topic, with_feed = page
        make = partial(
            self._hub.source.pool_page,
            topic,
            self._hub.watched("pool").get(topic, set()),
            up_to=self._hub.last_seq,
            with_feed=with_feed,
        )
        await self._hub.mention(await self._hub.in_thread(make), to=topic.__eq__)

    async def _tell_numbers(self, names: Collection[str]) -> None:
        if not names:
            return
        self._hub.forget_standing()
        languages = self._hub.languages(of=_dashboard)
        texts = await self._hub.in_thread(self._hub.source.numbers, names, languages)
        await self._hub.mention(texts, to=_dashboard)

    async def _tell_notices(self, keys: list[str]) -> None:
        """Frames tell of a fee's change; that a day has passed since then is told here."""
        if keys == self._notices:
            return
        self._notices = keys
        self._hub.forget_standing()
        texts = await self._hub.in_thread(self._hub.source.banners, self._hub.languages(of=_any))
        await self._hub.mention(texts, to=_any)

    async def _tell_sparks(self) -> None:
        languages = self._hub.languages(of=_dashboard)
        texts = await self._hub.in_thread(self._hub.source.sparks, languages)
        if any(texts.values()):
            self._hub.forget_standing()
            await self._hub.mention(texts, to=_dashboard)

    async def _beat(self) -> None:
        """A sign of life, with the statistics that nobody needs by the second."""
        languages = self._hub.languages(of=_any)
        texts = await self._hub.in_thread(self._hub.source.statistics, languages)
        await self._hub.mention(texts, to=_any, marked=True)


def _soon() -> float:
    return time.monotonic() + HINT_PATIENCE


def _any(_topic: Topic) -> bool:
    return True


def _dashboard(topic: Topic) -> bool:
    return topic.kind == "dashboard"


def _looks(connection: Connection) -> tuple[object, ...]:
    """What of a connection is worth telling at once."""
    return (
        connection.state,
        connection.endpoint,
        connection.detail,
        connection.connected_at,
        connection.halted_since,
        connection.broken_since is None,
    )


def _just_broke(connection: Connection) -> bool:
    """Whether it soon has to be told; of a listener that never ran there is nothing to tell."""
    return (
        connection.updated_at is not None
        and connection.state not in {"live", "connecting"}
        and connection.broken_since is None
    )


def _turn() -> int:
    return int(datetime.now(UTC).timestamp()) // TURN
