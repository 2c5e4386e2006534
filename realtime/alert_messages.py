"""What receivers read of alerts: the JSON of the webhook, the subject and text of a mail
or of a service by name.

Values in, values out. docs/operations.md describes the JSON to those who receive it.
"""

import json
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final

from pools.models import AlertDelivery

LARGEST_DETAILS: Final = 4_000  # characters of JSON; what is larger stays in the admin
TEST: Final = "This is a test: alerts of Coopsite reach you."
_LINES: Final = 40
_WORDS: Final = {"raised": "Raised", "resolved": "Resolved", "test": "Test"}


def message_id(rows: Sequence[AlertDelivery]) -> str:
    """The same whenever the same rows are told together, else another one."""
    return sha256(" ".join(row.uid.hex for row in rows).encode()).hexdigest()[:32]


def payload(rows: Sequence[AlertDelivery], *, site: str) -> dict[str, Any]:
    """What the webhook gets; `site` is the site's address, empty where it is not known."""
    return {
        "source": "coopsite",
        "site": site or None,
        "status_page": status_page(site),
        "text": text(rows, site=site),
        "events": [_event(row) for row in rows],
    }


def subject(rows: Sequence[AlertDelivery], *, site: str) -> str:
    """One line; the alert itself where there is only one."""
    name = site.partition("://")[2]
    sender = f"[Coopsite {name}]" if name else "[Coopsite]"
    if len(rows) == 1:
        return f"{sender} {_line(rows[0])}"[:200]
    counted = Counter(row.occasion for row in rows)
    parts = [f"{counted[word]} {word}" for word in _WORDS if counted[word]]
    return f"{sender} Alerts: {', '.join(parts)}"


def text(rows: Sequence[AlertDelivery], *, site: str) -> str:
    """A line for each, the first forty of them, then where to read more."""
    lines = [f"{_line(row)} ({_moment(_when(row))})" for row in rows[:_LINES]]
    if len(rows) > _LINES:
        lines.append(f"… and {len(rows) - _LINES} more")
    if page := status_page(site):
        lines += ["", page]
    return "\n".join(lines)


def mood(rows: Sequence[AlertDelivery]) -> str:
    """How a service should colour it: the worst of what is told."""
    occasions = {row.occasion for row in rows}
    if AlertDelivery.Occasion.RAISED in occasions:
        return "warning"
    return "success" if AlertDelivery.Occasion.RESOLVED in occasions else "info"


def status_page(site: str) -> str | None:
    return f"{site}/status/" if site else None


def _event(row: AlertDelivery) -> dict[str, Any]:
    alert = row.alert
    told = {"id": str(row.uid), "event": row.occasion}
    if alert is None:
        at = _moment(row.created_at)
        return told | {
            "alert": None,
            "kind": "test",
            "message": TEST,
            "details": {},
            "count": 1,
            "raised_at": at,
            "resolved_at": None,
        }
    return told | {
        "alert": alert.pk,
        "kind": alert.kind,
        "message": alert.message,
        "details": alert.details if len(json.dumps(alert.details)) <= LARGEST_DETAILS else None,
        "count": alert.count,
        "raised_at": _moment(alert.raised_at),
        "resolved_at": _moment(alert.resolved_at) if alert.resolved_at else None,
    }


def _line(row: AlertDelivery) -> str:
    return f"{_WORDS[row.occasion]}: {row.alert.message if row.alert else TEST}"


def _when(row: AlertDelivery) -> datetime:
    if row.alert is None:
        return row.created_at
    if row.occasion == AlertDelivery.Occasion.RESOLVED and row.alert.resolved_at:
        return row.alert.resolved_at
    return row.alert.raised_at


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
