"""Filters of the status page: thin doors to `bar`, `pace` and words for states."""

from datetime import datetime

from django import template
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from pools import alert_kinds, pace, presentation, reasons, state_words, status_charts
from pools.bar import Stretch, bar
from pools.charts import shown
from pools.charts.shown import Chart
from pools.models import HistoricalScan
from pools.status_rows import (
    Coverage,
    History,
    Latency,
    Missing,
    MissingState,
    StandingAlert,
    Telling,
    Verdict,
)
from pools.status_spells import Spell

register = template.Library()

register.filter("scan_percent", pace.percent_done)

GAPS_SHOWN = 50
UNKNOWN = "–"


@register.filter
def stretches(coverage: Coverage) -> list[Stretch]:
    """The blocks from start to head, for drawing."""
    if coverage.head is None:
        return []
    missing = ((one.from_block, one.to_block, str(one.state)) for one in coverage.missing)
    return bar(coverage.start_block, coverage.head, missing)


@register.filter
def proved_share(coverage: Coverage) -> str:
    """How much of the known blocks is proved, rounded down; nothing known is wholly proved."""
    if not coverage.known_blocks:
        return presentation.percent(1, 1)
    return presentation.percent(coverage.proved_blocks, coverage.known_blocks, decimals=2)


@register.filter
def blocks_in(coverage: Coverage, state: str) -> str:
    """How many blocks are missing in this state."""
    return presentation.whole(sum(one.blocks for one in coverage.missing if one.state == state))


@register.filter
def shown_gaps(coverage: Coverage) -> list[Missing]:
    """The gaps that the page has room for: those that somebody tried in vain come first."""
    loudest = sorted(coverage.old_gaps, key=lambda one: one.state is not MissingState.UNPROVED)
    return loudest[:GAPS_SHOWN]


@register.filter
def gaps_left_out(coverage: Coverage) -> int:
    return max(0, len(coverage.old_gaps) - GAPS_SHOWN)


@register.filter
def missing_words(missing: Missing) -> str:
    return {
        MissingState.READING: _("Being read"),
        MissingState.UNPROVED: _("Not proved"),
        MissingState.WAITING: _("Not read yet"),
    }[missing.state]


@register.filter
def waits_for_history(coverage: Coverage) -> bool:
    """Whether the contract's pools are those of an older block than the cursor's."""
    cursor = coverage.cursor
    return cursor is not None and coverage.start_block <= cursor and coverage.folded_to < cursor


@register.filter
def scan_rate(scan: HistoricalScan) -> str:
    """Events a second since it began."""
    rate = pace.events_per_second(scan, now=timezone.now())
    return UNKNOWN if rate is None else presentation.whole(rate)


@register.filter
def scan_left(scan: HistoricalScan) -> str:
    """How long it will take at the pace so far."""
    left = pace.seconds_left(scan, now=timezone.now())
    return UNKNOWN if left is None else presentation.duration(left)


@register.filter
def scan_took(scan: HistoricalScan) -> str:
    """From its beginning to its end."""
    return presentation.short_duration(pace.seconds(scan, now=timezone.now()))


@register.filter
def scan_words(scan: HistoricalScan) -> str:
    return {"backfill": _("Backfill"), "rescan": _("Second reading")}[scan.kind]


@register.filter
def alert_words(alert: StandingAlert) -> str:
    """The kind in words."""
    return alert_kinds.words(alert.kind)


@register.filter
def telling_words(alert: StandingAlert) -> str:
    """Whether somebody was told; nothing where nobody is to be."""
    return {
        Telling.NOBODY: "",
        Telling.WAITING: _("about to be told"),
        Telling.TOLD: _("told"),
        Telling.FAILED: _("not everybody could be told"),
        Telling.HELD: _("nobody told yet"),
    }[alert.telling]


@register.filter
def verdict_words(verdict: Verdict) -> str:
    """Whether the numbers are true, in one sentence."""
    return {
        Verdict.GOOD: _("All is well: every block is proved, and the numbers are those of now."),
        Verdict.CATCHING_UP: _(
            "Catching up: what is shown is proved, the newest blocks or a part of the past are "
            "still being read."
        ),
        Verdict.MISSING: _(
            "Something is missing: some blocks could not be proved or some numbers differ. "
            "The alerts and the coverage below say which."
        ),
        Verdict.HALTED: _(
            "The chain stands still: our link is well, but no new block comes. The numbers are "
            "those of its last block."
        ),
        Verdict.NO_LINK: _(
            "The link to the chain is down: the numbers are those of before, and we keep trying."
        ),
        Verdict.NO_LISTENER: _(
            "Our listener is gone: nothing new is read until it is back. The numbers are those of "
            "before."
        ),
    }[verdict]


@register.filter
def verdict_state(verdict: Verdict) -> str:
    """The colour, as the badge's states have it."""
    if verdict is Verdict.GOOD:
        return "live"
    if verdict is Verdict.NO_LISTENER:
        return "offline"
    return "error" if verdict in (Verdict.MISSING, Verdict.NO_LINK) else "reconnecting"


@register.filter
def axis_moment(moment: datetime) -> str:
    """A moment at the end of an axis: there it stays as it is, and does not tick."""
    return shown.day_and_clock(moment)


@register.filter
def window_words(read: History | Latency) -> str:
    """The window within a sentence."""
    return {"24h": _("the last 24 hours"), "7d": _("the last 7 days")}[read.period]


@register.filter
def live_share(history: History) -> str:
    return presentation.percent(history.live_ms, history.told_ms, decimals=2)


@register.simple_tag
def badge_words() -> dict[str, Promise]:
    return state_words.BADGE


@register.filter
def spell_words(state: str) -> str:
    return str(state_words.SPELL[state])


@register.filter
def spell_reason(spell: Spell) -> str:
    """Why, in a sentence; of the listener's silence nobody else can tell."""
    if spell.state == "gone":
        return _("The listener did not report: it was not running, or could not write.")
    return reasons.in_words(spell.detail)


register.filter("reason_words", reasons.in_words)


@register.filter
def spell_length(spell: Spell) -> str:
    return presentation.short_duration(spell.seconds)


@register.filter
def latency_chart(read: Latency) -> Chart:
    return status_charts.latency(read)


@register.filter
def milliseconds(value: float) -> str:
    return status_charts.milliseconds(value)
