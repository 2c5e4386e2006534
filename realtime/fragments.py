"""Changes into HTML: `<hx-partial>` elements around the very partials that the pages include.

Touches templates and translations, no records and no sockets; the caller is in charge of threads.
Element ids are those of the pages, swap styles those of `static/js/swaps.js`
and `lists/rows.js`.
"""

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from typing import Any

import minify_html
from django.template.loader import render_to_string
from django.utils import translation

from pools import answer_times
from pools.charts.shown import Chart
from pools.models import Pool
from pools.rows import NEWEST_POOLS, EventRow, Stats
from pools.selectors import Surroundings
from pools.sparklines import Counts, Picture, picture
from pools.status_rows import Status
from realtime.changes import Change, PoolDetails
from realtime.topics import Topic

# Each number on the cards: its element and the partial inside it. Those that follow from every
# event but sit in small print come with the slower tick, so that a frame stays small.
_NUMBERS: dict[str, tuple[str, str, str]] = {
    "pools_total": ("n-pools", "dashboard/_number.html", "value"),
    "members_total": ("n-members", "dashboard/_number.html", "value"),
    "total_contributed": ("n-btc", "dashboard/_btc.html", "wei"),
    "events_today": ("n-today", "dashboard/_number.html", "value"),
    "events_this_hour": ("n-hour", "dashboard/_number.html", "value"),
    "events_total": ("n-events", "dashboard/_number.html", "value"),
}
SLOW_NUMBERS = frozenset({"events_total", "total_contributed", "trend_percent"})

# Tags that htmx looks for in the text of a frame before any parser has seen it.
_FORGED = re.compile(r"</?(?:hx-|head|html|body)", re.IGNORECASE)
_BETWEEN_TAGS = re.compile(r">\s+<")


def partial(target: str, html: str, *, swap: str = "") -> str:
    """The element that htmx swaps into `#target`; without a style it replaces what is inside."""
    if not swap:
        return f"<hx-partial id={target}>{html}</hx-partial>"
    quoted = f'"{swap}"' if " " in swap else swap
    return f"<hx-partial id={target} hx-swap={quoted}>{html}</hx-partial>"


def compact(html: str) -> str:
    """The same HTML in fewer bytes.

    A minifier may leave `<` bare inside an attribute, as HTML allows. htmx replaces its own tags by
    regular expression, so a pool named `<hx-partial id=…>` could break out of its attribute: then
    only the blanks between tags go.
    """
    small: str = minify_html.minify(html.strip(), keep_closing_tags=True)
    return _BETWEEN_TAGS.sub("><", html.strip()) if _FORGED.search(small) else small


def change(what: Change, topic: Topic) -> str:
    """What pages of this topic need to show the change, in the active language."""
    if topic.kind == "dashboard":
        numbers = [name for name in sorted(what.numbers) if name not in SLOW_NUMBERS]
        return (
            _feed(what)
            + (numbers_of(what.stats, numbers) if what.stats else "")
            + _new_pools(what, "newest-pools", swap=f"rows top:{NEWEST_POOLS}")
            + (_notices(what.added) if what.feed is not None else "")  # a whole feed has ten rows
        )
    if topic.kind == "pools":
        rows = _touched_pools(what) + _new_pools(what, "pool-list", swap="list new")
        return rows + _changed_sum(what, topic)
    if topic.kind == "events":
        return _event_rows(what) + _changed_sum(what, topic)
    if topic.kind == "notices":
        return _notices(what.added)
    # The status page and the charts have their own pace.
    return _pool_feed(what, topic) if topic.kind == "pool" else ""


def snapshot_of_dashboard(rows: Sequence[EventRow], pools: Sequence[Pool]) -> str:
    """The dashboard's lists as they are; its numbers are part of `standing`."""
    return partial("activity-feed", _feed_rows(rows), swap="feed whole") + newest_pools(pools)


def snapshot_of_pools(pools: Iterable[Pool]) -> str:
    """The newest pools: brought up to date where they stand, the page judges the others."""
    return partial("pool-list", "".join(map(pool_row, pools)), swap="list newest")


def snapshot_of_events(rows: Iterable[EventRow]) -> str:
    """The newest events, likewise."""
    return partial("event-list", _listed_events(rows), swap="list newest")


def pool_page(details: PoolDetails, *, with_feed: bool) -> str:
    """The pool's page as it is; its feed is also told event by event."""
    context = {"pool": details.pool, "members": details.members}
    html = partial("pool-facts", _render("pools/_facts.html", context))
    html += partial("pool-members", _render("pools/_members.html", context))
    if with_feed:
        html += partial("activity-feed", _feed_rows(details.feed), swap="feed whole")
    return html


def newest_pools(pools: Sequence[Pool]) -> str:
    return partial("newest-pools", _render("dashboard/_newest_pools.html", {"pools": pools}))


def pool_rows(pools: Iterable[Pool], target: str) -> str:
    """Rows that are replaced where they stand; nothing if there is none."""
    rows = "".join(map(pool_row, pools))
    return partial(target, rows, swap="rows") if rows else ""


def pool_row(pool: Pool) -> str:
    return _render("pools/_pool_row.html", {"pool": pool})


def numbers_of(stats: Stats, names: Collection[str]) -> str:
    """The named numbers of the cards."""
    parts = []
    for name, (target, template, context_name) in _NUMBERS.items():
        if name in names:
            parts.append(partial(target, _render(template, {context_name: getattr(stats, name)})))
    if "trend_percent" in names:
        parts.append(partial("trend", _render("dashboard/_trend.html", {"stats": stats})))
    return "".join(parts)


def all_numbers(stats: Stats) -> str:
    return numbers_of(stats, {*_NUMBERS, "trend_percent"})


def in_all(stats: Stats, topic: Topic) -> str:
    """How many pools, or events, there are: the sentence over their list."""
    return partial(f"{topic}-in-all", _render(f"{topic}/_in_all.html", {"stats": stats}))


def _changed_sum(what: Change, topic: Topic) -> str:
    if what.stats is None or f"{topic}_total" not in what.numbers:
        return ""
    return in_all(what.stats, topic)


def sparks(counts: Counts, names: Iterable[str]) -> str:
    """The named pictures of the cards."""
    return "".join(_spark(name, picture(counts, name)) for name in names)


def answers(times: answer_times.Answers) -> str:
    """The picture on the connection's card."""
    return _spark("live", answer_times.picture(times))


def _spark(name: str, drawn: Picture) -> str:
    return partial(f"spark-{name}", _render("dashboard/_spark.html", {"picture": drawn}))


def badge(stats: Stats) -> str:
    return partial("badge", _render("live/_badge.html", {"connection": stats.connection}))


def statistics(stats: Stats) -> str:
    context = {"stats": stats, "connection": stats.connection}
    return partial("live-statistics", _render("live/_statistics.html", context))


def banners(around: Surroundings) -> str:
    context = {
        "troubled": around.troubled,
        "fee_changes": around.fee_changes,
        "behind": around.behind,
        "passed_over": around.passed_over,
        "link": around.stats.connection,
    }
    return partial("banners", _render("live/_banners.html", context))


def status_panels(status: Status, names: Iterable[str]) -> str:
    """The named panels of the status page, each with its partial."""
    return "".join(
        partial(f"status-{name}", _render(f"status/_{name}.html", {"status": status}))
        for name in names
    )


def figure(chart: Chart) -> dict[str, str]:
    """What of a chart changes, by the element that holds it: picture, table rows and sums."""
    parts = {}
    has_sums = chart.table and chart.table.sums
    for end in ("picture", "rows", "sums") if has_sums else ("picture", "rows"):
        target = f"{chart.name}-{end}"
        parts[target] = partial(target, _render(f"charts/_{end}.html", {"chart": chart}))
    return parts


def feed_row(row: EventRow) -> str:
    """The row of an announced event, or, struck out, of one that did not come true."""
    swap = "feed" if row.retracted else "feed hint"
    return partial("activity-feed", _feed_rows([row]), swap=swap)


def in_language(language: str) -> translation.override:
    """A context in which everything here speaks this language."""
    return translation.override(language)


def in_each(languages: Iterable[str], make: Callable[[], str]) -> dict[str, str]:
    """The same text made in each of the languages."""
    texts = {}
    for language in languages:
        with in_language(language):
            texts[language] = make()
    return texts


def snapshot_of_notices(rows: Sequence[EventRow]) -> str:
    """The newest events: the page knows which of them it was told of."""
    return partial("notices", _feed_rows(rows), swap="feed whole")


def _notices(added: Sequence[EventRow]) -> str:
    rows = _feed_rows(reversed(added))
    return partial("notices", rows, swap="feed") if rows else ""


def _feed(what: Change) -> str:
    return _feed_of(
        added=what.added,
        struck=[item.event for item in what.struck],
        confirmed=[item.event for item in what.confirmed],
        whole=what.feed,
    )


def _feed_of(
    *,
    added: Sequence[EventRow],
    struck: Sequence[EventRow],
    confirmed: Sequence[EventRow],
    whole: Sequence[EventRow] | None,
) -> str:
    struck = [replace(row, retracted=True) for row in struck]
    parts = []
    if whole is not None:
        # The struck rows stay where they stand until the page lets go of them; the rest of the
        # list is put right around them.
        parts.append(partial("activity-feed", _feed_rows([*struck, *whole]), swap="feed whole"))
    elif added or struck:
        rows = [*struck, *reversed(added)]
        parts.append(partial("activity-feed", _feed_rows(rows), swap="feed"))
    if confirmed:
        parts.append(partial("activity-feed", _feed_rows(confirmed), swap="rows"))
    return "".join(parts)


def _feed_rows(rows: Iterable[EventRow]) -> str:
    return "".join(_render("dashboard/_feed_row.html", {"event": row}) for row in rows)


def _event_rows(what: Change) -> str:
    """The list of events: new rows, newest first, and those that stand and look otherwise now."""
    struck = [replace(item.event, retracted=True) for item in what.struck]
    others = [*struck, *(item.event for item in what.confirmed)]
    parts = []
    if others:
        parts.append(partial("event-list", _listed_events(others), swap="list"))
    if what.added:
        rows = _listed_events(reversed(what.added))
        parts.append(partial("event-list", rows, swap="list new"))
    return "".join(parts)


def _listed_events(rows: Iterable[EventRow]) -> str:
    return "".join(_render("events/_event_row.html", {"event": row}) for row in rows)


def _new_pools(what: Change, target: str, *, swap: str) -> str:
    rows = [what.pools.get(key) for key in sorted(what.created)]
    html = "".join(pool_row(pool) for pool in reversed(rows) if pool is not None)
    return partial(target, html, swap=swap) if html else ""


def _touched_pools(what: Change) -> str:
    rows = []
    for key, pool in sorted(what.pools.items(), key=lambda item: item[0]):
        if pool is None:
            # Key and mark are enough to take a row away; neither part can hold markup.
            rows.append(f"<li data-pool={key[0]}:{key[1]} data-gone></li>")
        elif key not in what.created:
            rows.append(pool_row(pool))
    return partial("pool-list", "".join(rows), swap="list") if rows else ""


def _pool_feed(what: Change, topic: Topic) -> str:
    def ours(rows: Iterable[EventRow]) -> list[EventRow]:
        key = (topic.contract, topic.pool_id)
        return [row for row in rows if (row.contract, row.pool_id) == key]

    return _feed_of(
        added=ours(what.added),
        struck=ours(item.event for item in what.struck),
        confirmed=ours(item.event for item in what.confirmed),
        whole=None,  # comes with the pool's page, when it is needed
    )


def _render(template: str, context: dict[str, Any]) -> str:
    return compact(render_to_string(template, context))
