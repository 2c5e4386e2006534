"""Which period of the dashboard's charts an address asks for: a name, or days of one's own.

Knows the words, not the records.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlencode

from django.utils import timezone
from django.utils.translation import gettext as _

from pools import zoom
from pools.charts import links, shown
from pools.charts.dashboard import read_period
from pools.stretches import FIRST_DAY, Days, Period
from pools.zoom import MOST_DAYS


@dataclass(frozen=True, slots=True)
class ChosenPeriod:
    """What is shown, and what was asked for: `first` and `last` as they were written.

    `problem` says why the days cannot be shown; then the usual period is.
    """

    period: Period
    first: str = ""
    last: str = ""
    problem: str = ""

    @property
    def name(self) -> str:
        """The name of the period; nothing for days of one's own."""
        return "" if isinstance(self.period, Days) or self.problem else self.period

    @property
    def key(self) -> str:
        """Equal for pages of the same period; scripts make it of an address, too."""
        return f"{self.first}..{self.last}" if self.first or self.last else str(self.period)

    @property
    def around(self) -> list[tuple[str, str, str]]:
        """Where to go from days of one's own: a name, words and a query each, empty if there is
        nothing; none at all from a period with a name.
        """
        if not isinstance(self.period, Days):
            return []
        found = zoom.around(self.period, _today())
        return [
            (name, words, links.of_days(days) if days else "")
            for name, words, days in (
                ("earlier", _("Earlier"), found.earlier),
                ("later", _("Later"), found.later),
                ("out", _("Zoom out"), found.out),
            )
        ]

    @property
    def days_in_words(self) -> str:
        """Days of one's own; nothing for a period with a name."""
        if not isinstance(self.period, Days):
            return ""
        return shown.days(self.period.first, self.period.last)

    @property
    def fields(self) -> tuple[tuple[str, str], ...]:
        """As a form sends it."""
        if self.first or self.last:
            return tuple(filter(all, (("from", self.first), ("to", self.last))))
        return (("period", str(self.period)),)

    @property
    def query(self) -> str:
        """As the address says it."""
        return urlencode(self.fields)


def read(asked: Mapping[str, str]) -> ChosenPeriod:
    """The period of a query: `from` and `to`, days of the site's time zone, before `period`."""
    period = read_period(asked.get("period"))
    first, last = (asked.get(name, "").strip()[:10] for name in ("from", "to"))
    if not first and not last:
        return ChosenPeriod(period)
    today = _today()
    try:
        days = _days(first, last, today)
    except ValueError as problem:
        return ChosenPeriod(period, first, last, str(problem))
    return ChosenPeriod(days.up_to(today), first, last)


def _today() -> date:
    return timezone.localdate(timezone=timezone.get_default_timezone())


def _days(first: str, last: str, today: date) -> Days:
    if not first or not last:
        raise ValueError(_("Choose the first and the last day."))
    days = Days(_day(first), _day(last))
    if days.first > days.last:
        raise ValueError(_("The first day comes after the last one."))
    if days.first > today:
        raise ValueError(_("These days have not come yet."))
    if days.first < FIRST_DAY:
        raise ValueError(_("There was no chain before %(day)s.") % {"day": FIRST_DAY})
    if len(days.up_to(today)) > MOST_DAYS:
        raise ValueError(_("Choose ten years at most."))
    return days


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text:  # 2025-W01-1 is one, too
        raise ValueError(_("Not a day: write it like 2025-01-31."))
    return day
