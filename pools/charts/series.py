"""The chart of one pool's money over time."""

from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo
from functools import lru_cache

from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from pools import presentation
from pools.charts import drawing, shown
from pools.charts.shown import Chart, Table
from pools.models import Pool
from pools.presentation import WEI_PER_BTC
from pools.selectors import balances
from pools.selectors.balances import Standing

TABLE_ROWS = 50
KEPT = 64  # figures, of some 50 kB each


def figure(pool: Pool, last_seq: int) -> SafeString:
    """`contributions` as HTML, drawn once until the chain has other logs.

    `last_seq` is that of the pool's chain and was read before this is asked: no log is stored or
    taken back without a number.
    """
    return _figure(Standing.of(pool), last_seq, get_language(), timezone.get_current_timezone())


@lru_cache(maxsize=KEPT)
def _figure(standing: Standing, _last_seq: int, _language: str | None, _zone: tzinfo) -> SafeString:
    return render_to_string("charts/_chart.html", {"chart": contributions(standing)})


def forget() -> None:
    """Draw all anew when they are asked for next."""
    _figure.cache_clear()


def contributions(standing: Standing) -> Chart:
    """What the members of a pool have in it, after each of its last changes; one query.

    The pool may be one of the past: the chart ends where it does.
    """
    read = balances.of(standing)
    steps, cut = read.steps, read.cut
    totals = [total for _at, total in steps]
    times = [at for at, _total in steps]
    titles = [f"{shown.full(at)}: {_btc(total)}" for at, total in steps]
    hint = (
        _("the last %(count)s changes") % {"count": presentation.whole(len(totals) - 1)}
        if cut
        else _("since it was created")
    )
    return Chart(
        name="chart-contributions",
        title=_("Contributions over time"),
        hint=hint,
        shape="charts/_line.html",
        drawing=drawing.line(
            _placed(times, [total / WEI_PER_BTC for total in totals]),
            titles=titles,
            times=shown.moment_times(times[0], times[-1]),
            words=shown.short,
            stepped=True,
        )
        if len(totals) > 1
        else None,
        summary=_("From %(first)s to %(last)s.")
        % {"first": _btc(totals[0]), "last": _btc(totals[-1])}
        if totals
        else "",
        empty=_("The line begins when the first member joins and brings money."),
        table=Table(
            (_("Time"), _("In the pool")),
            tuple((shown.full(at), _btc(total)) for at, total in steps[: -TABLE_ROWS - 1 : -1]),
        ),
    )


def _placed(times: Sequence[datetime], values: Sequence[float]) -> list[tuple[float, float]]:
    """Each value at its moment's place between the first and the last."""
    if not times:
        return []
    span = max(times[-1] - times[0], timedelta(microseconds=1))
    return [((at - times[0]) / span, value) for at, value in zip(times, values, strict=True)]


def _btc(wei: int) -> str:
    return f"{presentation.btc(wei)} BTC"
