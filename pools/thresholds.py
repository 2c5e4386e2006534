"""What the records say of the listener and its link, against the limits that raise alerts.

`judge` decides, from values to values; `watch` reads the records, raises and resolves. It may be
called by anybody at any time: an alert stands once for each matter and goes when the matter does.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db.models import Sum

from pools import alerts, selectors
from pools.models import ConnectionSpell, LatencySample, ListenerStatus, Log
from pools.rows import Connection

LISTENER: Final = "listener"
LINK: Final = "link"
SILENCE: Final = "silence"
LATENCY: Final = "latency"

GONE: Final = timedelta(minutes=2)  # a listener that starts anew, or is relieved, takes seconds
LOSSES_WITHIN: Final = timedelta(hours=1)
LATENCY_MINUTES: Final = 5
FEWEST_MEASURED: Final = 3  # one slow answer is no slow node
CALM: Final = 0.8  # of the limit: who hovers at it does not raise and resolve again and again
NEAR: Final = 100  # blocks behind the head: further away, what is new is not stored yet


@dataclass(frozen=True, slots=True)
class Limits:
    """As ALERT_RECONNECTS, ALERT_SILENCE_SECONDS and ALERT_LATENCY_MS."""

    reconnects: int
    silence_seconds: int
    latency_ms: int


@dataclass(frozen=True, slots=True)
class Facts:
    """`losses` of the link in the last hour; `latency_ms` is the mean of the last five minutes."""

    link: Connection
    losses: int
    last_event_at: datetime | None
    latency_ms: float | None
    measured: int


@dataclass(frozen=True, slots=True)
class Trouble:
    """What an alert says."""

    message: str
    details: Mapping[str, Any]


def judge(facts: Facts, limits: Limits, *, now: datetime) -> dict[str, Trouble | None]:
    """The trouble of each kind, None where all is well; what is neither, or cannot be known, is
    left out.
    """
    reported = facts.link.updated_at
    if reported is None:
        return {}  # no listener has ever run
    if now - reported > GONE:
        message = f"The listener has not reported since {_utc(reported)}: nothing new is stored."
        return {LISTENER: Trouble(message, {"since": _utc(reported)})}
    found: dict[str, Trouble | None] = {}
    if facts.link.state != ListenerStatus.State.OFFLINE:
        found[LISTENER] = None
        found |= _of_the_link(facts, limits)
    if facts.link.state == ListenerStatus.State.LIVE:
        found |= _of_events(facts, limits, now) | _of_latency(facts, limits)
    return found


def watch(*, now: datetime) -> None:
    """Raise what is the matter by the limits of the settings, and resolve what no longer is."""
    limits = Limits(
        reconnects=settings.ALERT_RECONNECTS,
        silence_seconds=settings.ALERT_SILENCE_SECONDS,
        latency_ms=settings.ALERT_LATENCY_MS,
    )
    standing = {alert.key for alert in alerts.open_alerts()}
    for kind, trouble in judge(read(now), limits, now=now).items():
        if trouble is not None:
            alerts.raise_alert(kind, kind, trouble.message, trouble.details)
        elif kind in standing:
            alerts.resolve(kind)


def read(now: datetime) -> Facts:
    """What the records say at this moment."""
    hour = now - LOSSES_WITHIN
    lost = ConnectionSpell.objects.filter(state=ListenerStatus.State.RECONNECTING)
    latency_ms, measured = mean_latency(now, minutes=LATENCY_MINUTES)
    newest = Log.objects.filter(retracted_seq=None).order_by("-block_number", "-log_index")
    return Facts(
        link=selectors.connection(now),
        losses=lost.filter(until__gt=hour, since__gt=hour).count(),
        last_event_at=newest.values_list("timestamp", flat=True).first(),
        latency_ms=latency_ms,
        measured=measured,
    )


def mean_latency(now: datetime, *, minutes: int) -> tuple[float | None, int]:
    """How long the node took over the last whole minutes, in ms, and how often it was asked."""
    minute = int(now.timestamp()) // 60
    samples = LatencySample.objects.filter(minute__gte=minute - minutes, minute__lt=minute)
    sums = samples.aggregate(count=Sum("answer_count"), total=Sum("answer_sum"))
    return (sums["total"] / sums["count"] if sums["count"] else None), sums["count"] or 0


def _of_the_link(facts: Facts, limits: Limits) -> dict[str, Trouble | None]:
    link = facts.link
    live = link.state == ListenerStatus.State.LIVE
    details = {"losses": facts.losses, "attempts": link.reconnect_attempts, "reason": link.detail}
    down = link.state == ListenerStatus.State.ERROR
    if down or (not live and link.reconnect_attempts >= limits.reconnects):
        why = f": {link.detail}" if link.detail else ""
        tried = f" after {link.reconnect_attempts} attempts" if link.reconnect_attempts else ""
        return {LINK: Trouble(f"The chain cannot be followed{tried}{why}", details)}
    if facts.losses >= limits.reconnects:
        message = f"The link to the chain was lost {facts.losses} times within an hour."
        return {LINK: Trouble(message, details)}
    calm = live and facts.losses <= limits.reconnects // 2
    return {LINK: None} if calm else {}  # it may be about to come back, or not


def _of_events(facts: Facts, limits: Limits, now: datetime) -> dict[str, Trouble | None]:
    lag = facts.link.lag_blocks
    if facts.last_event_at is None or lag is None or lag > NEAR:
        return {}
    if now - facts.last_event_at <= timedelta(seconds=limits.silence_seconds):
        return {SILENCE: None}
    since = _utc(facts.last_event_at)
    message = f"No event since {since}, though the link to the chain is up."
    return {SILENCE: Trouble(message, {"since": since, "head": facts.link.head})}


def _of_latency(facts: Facts, limits: Limits) -> dict[str, Trouble | None]:
    if facts.latency_ms is None or facts.measured < FEWEST_MEASURED:
        return {}
    if facts.latency_ms <= limits.latency_ms:
        calm = facts.latency_ms <= limits.latency_ms * CALM
        return {LATENCY: None} if calm else {}
    message = (
        f"The node {facts.link.endpoint} takes {facts.latency_ms:,.0f} ms to answer, on average "
        f"over {LATENCY_MINUTES} minutes; the limit is {limits.latency_ms:,} ms."
    )
    details = {"endpoint": facts.link.endpoint, "latency_ms": round(facts.latency_ms)}
    return {LATENCY: Trouble(message, details)}


def _utc(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
