"""Where the hub's frames come from: the records, captured and rendered.

Every method blocks and runs in the hub's one thread, so that the event loop never waits for the
database or a template and this object needs no lock.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from django.db import connections
from django.utils import timezone

from pools import selectors, sparklines
from pools.answer_times import Answers
from pools.models import OutboxRow, Pool
from pools.rows import NEWEST_POOLS, EventRow, Message, Stats
from pools.selectors import Surroundings
from pools.status_rows import Behind
from realtime import changes, fragments, hints, lists, told_feed
from realtime.changes import Change, PoolKey
from realtime.figures import Figures
from realtime.frames import Audience, Frame, Language, Wanted
from realtime.own_figures import OwnFigures
from realtime.panels import Panels
from realtime.topics import Topic

PRELOADED = 256  # messages from before our start that are kept for those who were away
MOST_MESSAGES = 500


@dataclass(frozen=True, slots=True)
class Start:
    """Where a hub begins: the ring's floor and the frames after it."""

    floor: int
    frames: Sequence[Frame]


@dataclass(frozen=True, slots=True)
class TooMuch:
    """The news cannot be told one by one: whoever looks on must be shown everything again."""

    seq: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The lists of some topics in one language, as of `seq`."""

    seq: int
    html: str


class Source:
    """Reads what is new and makes text of it.

    It remembers the numbers that were last told to browsers, since a frame carries only those
    that differ, and what stands in the feed: later events may simply go on top of it.
    """

    def __init__(self) -> None:
        self._around: Surroundings | None = None
        self._feed: tuple[EventRow, ...] = ()
        self._sparks: sparklines.Counts | None = None
        self._answers: Answers | None = None
        self.panels = Panels()
        self.figures = Figures()
        self.own_figures = OwnFigures()

    def close(self) -> None:
        """Let go of this thread's database connection; the next call opens one anew."""
        connections.close_all()

    def start(self) -> Start:
        """What a new hub needs to answer those who were here before it."""
        newest = selectors.current_seq()
        messages = selectors.outbox_after(max(0, newest - PRELOADED), PRELOADED)
        tellable: list[Message] = []
        for message in messages:
            # Before a batch or a retraction nothing can be told from the messages alone.
            if message.kind in (OutboxRow.Kind.BATCH, OutboxRow.Kind.RETRACTION):
                tellable = []
            else:
                tellable.append(message)
        self.look_around()
        self._feed = changes.latest(up_to=newest)
        pools = changes.touched_pools(tellable)
        return Start(
            floor=tellable[0].first_seq - 1 if tellable else max(newest, _last(messages)),
            frames=[Frame(_preloaded(message, pools)) for message in tellable],
        )

    def news(self, after: int, wanted: Collection[Wanted]) -> Frame | TooMuch | None:
        """Everything after a sequence number as one frame, rendered for those who wait for it."""
        told = self._around, self._feed
        try:
            return self._news(after, wanted)
        except BaseException:
            self._around, self._feed = told  # nobody was told anything, so the next try says it
            raise

    def _news(self, after: int, wanted: Collection[Wanted]) -> Frame | TooMuch | None:
        newest = selectors.current_seq()
        if newest == after:
            return None
        messages = selectors.outbox_after(after, MOST_MESSAGES)
        if newest < after or not messages or not changes.is_whole(messages, after=after):
            self.look_around()
            self._feed = changes.latest(up_to=newest)
            return TooMuch(newest)
        frame = Frame(self._capture(messages))
        self.render([(frame, one) for one in wanted])
        return frame

    def render(self, jobs: Iterable[tuple[Frame, Wanted]]) -> None:
        """Make the fragments that are wanted of frames."""
        for frame, (topic, language) in jobs:
            if (topic, language) in frame.fragments or not frame.tells(topic):
                continue
            with fragments.in_language(language):
                html = fragments.change(frame.change, topic)
                if frame.change.banners and self._around:
                    html += fragments.banners(self._around)
            frame.fragments[topic, language] = html

    def snapshot(self, audience: Audience) -> Snapshot:
        """The lists of all topics, with the sequence number that they are sure to contain."""
        topics, language = audience
        seq = selectors.current_seq()
        with fragments.in_language(language):
            html = "".join(self._whole(topic, seq) for topic in topics)
        return Snapshot(seq=seq, html=html)

    def standing(self, audience: Audience, *, as_of: int, with_lists: bool) -> str:
        """What a page shows and no frame tells anew, as it was last told to others.

        Badge, statistics and banners, a dashboard's numbers, the sums over lists, the panels of the
        status page, and
        `with_lists`, for those who missed changes of them, a dashboard's newest pools and charts
        and a pool's page.
        """
        topics, language = audience
        around = self._around or self.look_around()
        with fragments.in_language(language):
            html = fragments.badge(around.stats) + fragments.statistics(around.stats)
            html += fragments.banners(around)
            for topic in topics:
                if topic.kind in ("pools", "events"):
                    html += fragments.in_all(around.stats, topic)
                if topic.kind == "dashboard":
                    html += fragments.all_numbers(around.stats)
                    html += fragments.sparks(self._sparks or self._draw(), sparklines.NAMES)
                    html += fragments.answers(self._answers or self._look_at_answers())
                    if with_lists:
                        pools = selectors.newest_pools(NEWEST_POOLS)
                        html += fragments.newest_pools(pools)
                elif topic.kind in ("pools", "events", "pool", "charts") and with_lists:
                    html += self._whole(topic, as_of)
                elif topic.kind == "charts":
                    html += self.figures.told_lately(topic, language)
                elif topic.kind == "status":
                    html += self.panels.all()
        return html

    def _whole(self, topic: Topic, seq: int) -> str:
        return self.figures.all(topic) if topic.kind == "charts" else lists.whole(topic, seq)

    def look_around(self) -> Surroundings:
        """Read numbers and connection anew, also for the passing of an hour or of the listener."""
        self._around = selectors.surroundings()
        return self._around

    def look_at_history(self) -> tuple[Sequence[Behind], Sequence[str]]:
        """Which contracts' pools wait for history to be read, and which went on without, anew."""
        around = self._around or self.look_around()
        self._around = replace(
            around,
            behind=selectors.behind(selectors.contracts()),
            passed_over=selectors.passed_over(),
        )
        return self._around.behind, self._around.passed_over

    def look_at_connection(self) -> Stats:
        """Read only the connection anew; the numbers stay those that were last told."""
        around = self._around or self.look_around()
        stats = replace(around.stats, connection=selectors.connection())
        self._around = replace(around, stats=stats)
        return stats

    def stats(self) -> Stats | None:
        """The numbers that were last told; for reading between two calls only."""
        return self._around.stats if self._around else None

    def badge(self, languages: Iterable[Language]) -> dict[Language, str]:
        """What is said of the link: the badge, its statistics, the banners."""
        around = self._around or self.look_around()
        return fragments.in_each(
            languages,
            lambda: (
                fragments.badge(around.stats)
                + fragments.statistics(around.stats)
                + fragments.banners(around)
            ),
        )

    def statistics(self, languages: Iterable[Language]) -> dict[Language, str]:
        stats = self.look_at_connection()
        return fragments.in_each(languages, lambda: fragments.statistics(stats))

    def banners(self, languages: Iterable[Language]) -> dict[Language, str]:
        around = self._around or self.look_around()
        return fragments.in_each(languages, lambda: fragments.banners(around))

    def numbers(self, names: Collection[str], languages: Iterable[Language]) -> dict[Language, str]:
        """The named numbers as they were last read."""
        around = self._around or self.look_around()
        return fragments.in_each(languages, lambda: fragments.numbers_of(around.stats, names))

    def sparks(self, languages: Iterable[Language]) -> dict[Language, str]:
        """Those of the cards' pictures that differ from when they were last told."""
        before, now = self._sparks, self._draw()
        answered, answers = self._answers, self._look_at_answers()
        names = [
            name
            for name in sparklines.NAMES
            if before is None or sparklines.parts(before, name) != sparklines.parts(now, name)
        ]
        return fragments.in_each(
            languages,
            lambda: (
                fragments.sparks(now, names)
                + (fragments.answers(answers) if answers != answered else "")
            ),
        )

    def _look_at_answers(self) -> Answers:
        self._answers = selectors.answers_of_last_hour(timezone.now())
        return self._answers

    def _draw(self) -> sparklines.Counts:
        around = self._around or self.look_around()
        self._sparks = selectors.spark_counts(around.stats.pools_total)
        return self._sparks

    def newest_pools(
        self, touched: Collection[PoolKey], languages: Iterable[Language]
    ) -> dict[Language, str]:
        """The dashboard's rows of those touched pools that are among the newest.

        The whole list when one of the touched is no more, since another takes its place.
        """
        return lists.newest_pools(touched, languages)

    def lists(self, languages: Iterable[Language], *, of: Topic) -> dict[Language, str]:
        """The newest rows of the list that a page of this topic shows."""
        return lists.newest(languages, of=of)

    def pool_page(
        self, topic: Topic, languages: Iterable[Language], *, up_to: int, with_feed: bool
    ) -> dict[Language, str]:
        return fragments.in_each(
            languages, lambda: lists.pool_page(topic, up_to=up_to, with_feed=with_feed)
        )

    def hint(self, hint: hints.Hint) -> EventRow | None:
        """The pending row for a notification; None if its event is stored already, or is none."""
        return hints.pending_row(hint, now=timezone.now())

    def feed_row(self, row: EventRow, languages: Iterable[Language]) -> dict[Language, str]:
        return fragments.in_each(languages, lambda: fragments.feed_row(row))

    def _capture(self, messages: Sequence[Message]) -> Change:
        change = changes.net_effect(messages)
        before = self._around
        after = self._recount(whole=before is None or change.banners or change.batch)
        troubles = before is not None and _troubles(before) != _troubles(after)
        self._feed, told = told_feed.after(self._feed, change)
        return replace(
            change,
            feed=told,
            stats=after.stats,
            numbers=changes.changed_numbers(before.stats if before else None, after.stats),
            pools=changes.touched_pools(messages),
            banners=change.banners or troubles,
        )

    def _recount(self, *, whole: bool) -> Surroundings:
        """The numbers as of now; unless `whole` is wanted, only those that each event changes."""
        if whole or self._around is None:
            return self.look_around()
        stats = selectors.recounted(self._around.stats)
        self._around = replace(self._around, stats=stats)
        return self._around


def _preloaded(message: Message, pools: Mapping[PoolKey, Pool | None]) -> Change:
    """A message from before our start. The numbers it changed are told on connecting."""
    change = changes.net_effect([message])
    keys = {(row.contract, row.pool_id) for row in change.added}
    return replace(change, pools={key: pool for key, pool in pools.items() if key in keys})


def _troubles(around: Surroundings) -> list[tuple[int, bool, bool]]:
    return [(one.pk, one.paused, one.emergency_mode) for one in around.troubled]


def _last(messages: Sequence[Message]) -> int:
    return messages[-1].seq if messages else 0
