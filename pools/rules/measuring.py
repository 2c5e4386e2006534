"""What a rule measures, read from the records. Writes nothing, asks no node.

The time of a rule ends with the newest stored block: what has not come yet is not counted as
missing. A turn costs what the time of the rule holds, with bounds, and not what the past does.
"""

from collections import Counter
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Q, QuerySet, Sum

from pools import block_times, ranges, thresholds
from pools.models import AlertRule, Contract, CoveredRange, Cursor, HourlyActivity, Log
from pools.own_charts import EVERYTHING, LETTERS, Subject
from pools.periods import next_hour
from pools.rows import Connection
from pools.rules.judging import Measured
from pools.selectors.hours import GROUPS
from pools.selectors.subjects import amount_in, logs_of

MOST_LOGS: Final = 20_000  # counted or added up for a rule; where there are more, at least these
MOST_PIECES: Final = 1_000  # of the ledger, that the time of a rule may lie in

Measure = AlertRule.Measure


def measure(rule: AlertRule, link: Connection, now: datetime) -> Measured | None:
    """What there is of it; None while that cannot be known."""
    is_live = link.state == "live"
    if rule.measure == Measure.LAG:
        return Measured(link.lag_blocks) if is_live and link.lag_blocks is not None else None
    if rule.measure == Measure.LATENCY:
        mean, answers = thresholds.mean_latency(now, minutes=rule.minutes)
        if not is_live or mean is None or answers < thresholds.FEWEST_MEASURED:
            return None
        return Measured(round(mean))
    cursor = Cursor.objects.order_by("pk").first()
    if cursor is None or cursor.timestamp is None:
        return None
    until = min(now, cursor.timestamp)
    since = until - timedelta(minutes=rule.minutes)
    number, cut = (_amount if rule.measure == Measure.AMOUNT else _count)(rule, since)
    whole = not cut and is_live and _is_whole(rule.subject, since, cursor.number)
    return Measured(number, whole=whole, until=until)


def _kinds(letters: str) -> tuple[list[str], bool]:
    """The kinds that have a letter of their own, and whether all others count as well."""
    named = [kind for kind, letter in zip(GROUPS, LETTERS, strict=False) if letter in letters]
    return named, LETTERS[-1] in letters


def _of_kinds(letters: str) -> Q:
    named, others = _kinds(letters)
    return Q(kind__in=named) | ~Q(kind__in=GROUPS) if others else Q(kind__in=named)


def _count(rule: AlertRule, since: datetime) -> tuple[int, bool]:
    if rule.subject == EVERYTHING:
        # Whole hours are counted already; only what the first of them lacks is looked up.
        hour = next_hour(since)
        counted = HourlyActivity.objects.filter(hour__gte=hour).values_list("kind")
        by_kind = Counter(dict(counted.annotate(total=Sum("count")).order_by()))
        named, others = _kinds(rule.letters)
        whole_hours = sum(by_kind[kind] for kind in named)
        if others:
            whole_hours += sum(n for kind, n in by_kind.items() if kind not in GROUPS)
        edge = _logs(rule, since)
        last = block_times.last_before(hour)
        number, cut = _counted(edge.filter(block_number__lte=-1 if last is None else last))
        return int(whole_hours) + number, cut
    return _counted(_logs(rule, since))


def _counted(found: QuerySet[Log]) -> tuple[int, bool]:
    number = found.order_by()[: MOST_LOGS + 1].count()
    return number, number > MOST_LOGS


def _amount(rule: AlertRule, since: datetime) -> tuple[int, bool]:
    # Only what the fold took in, as in the totals of pools.
    found = _logs(rule, since).filter(problem="").order_by("-block_number", "-log_index")
    rows = list(found.values_list("kind", "data")[: MOST_LOGS + 1])
    amount = sum(amount_in(kind, bytes(data)) for kind, data in rows[:MOST_LOGS])
    return amount, len(rows) > MOST_LOGS


def _logs(rule: AlertRule, since: datetime) -> QuerySet[Log]:
    """The standing events of the rule since that moment."""
    found, _name = logs_of(rule.subject)
    first = block_times.first_since(since)
    if found is None or first is None:
        return Log.objects.none()
    return found.filter(_of_kinds(rule.letters), block_number__gte=first)


def _is_whole(subject: Subject, since: datetime, cursor: int) -> bool:
    """Whether each block from then to the cursor is proved, of every contract in question."""
    before = block_times.last_before(since)
    contracts = Contract.objects.all()
    if subject.pool_id is not None:
        contracts = contracts.filter(address=subject.address)
    for contract in contracts:
        first = contract.start_block
        if before is not None:
            first = max(first, before + 1)
        pieces = CoveredRange.objects.filter(contract=contract).order_by("-from_block")
        covered = list(pieces.values_list("from_block", "to_block")[:MOST_PIECES])
        if ranges.gaps(first, cursor, covered):
            return False
    return True
