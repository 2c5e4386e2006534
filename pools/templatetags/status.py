"""Filters of the status page: thin doors to `bar`, `pace` and words for states."""

from django import template
from django.utils import timezone
from django.utils.translation import gettext as _

from pools import pace, presentation
from pools.bar import Stretch, bar
from pools.models import Alert, HistoricalScan
from pools.status_rows import Coverage, Missing, MissingState

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
def alert_words(alert: Alert) -> str:
    """The kind in words; kinds that are new to this page in their own."""
    words = {
        "gap": _("Gap in history"),
        "rescan": _("Second reading fails"),
        "late_logs": _("Late logs"),
        "surplus_logs": _("Logs that nodes deny"),
        "mismatch": _("Numbers differ"),
    }
    return words.get(alert.kind, alert.kind.replace("_", " "))
