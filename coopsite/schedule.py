"""What Celery's beat has done again and again, and how often.

The tasks live in `realtime.tasks`, `realtime.verification` and `realtime.alert_sending`. Each turn
expires before the next, so that a worker that was away does not meet a queue. The beat counts from
its own start and remembers nothing: no turn may be long in coming.
"""

from datetime import UTC, datetime
from typing import Any, Final

TURNS: Final[dict[str, dict[str, Any]]] = {
    "backfill-gaps": {
        "task": "realtime.tasks.backfill_gaps",
        "schedule": 60.0,
        # Long ago, so that the first turn comes at once: whoever starts waits for the past.
        "last_run_at": datetime(2000, 1, 1, tzinfo=UTC),
        "options": {"expires": 55},
    },
    # Looks whether last night's comparison is done; when it was stands in the database.
    "verify-sample": {
        "task": "realtime.verification.verify_sample",
        "schedule": 600.0,
        "options": {"expires": 550},
    },
    "refresh-readings": {
        "task": "realtime.verification.refresh_readings",
        "schedule": 60.0,
        "options": {"expires": 55},
    },
    # New pools have their category at once; these are stored ones, after the keywords changed.
    "categorise": {
        "task": "realtime.tasks.categorise",
        "schedule": 60.0,
        "options": {"expires": 55},
    },
    # Also gathers what happens in between into one message for each receiver.
    "send-alerts": {
        "task": "realtime.alert_sending.send_alerts",
        "schedule": 20.0,
        "options": {"expires": 18},
    },
    "watch-thresholds": {
        "task": "realtime.tasks.watch_thresholds",
        "schedule": 60.0,
        "options": {"expires": 55},
    },
    "watch-rules": {
        "task": "realtime.tasks.watch_rules",
        "schedule": 60.0,
        "options": {"expires": 55},
    },
    "prune-outbox": {
        "task": "realtime.tasks.prune_outbox",
        "schedule": 600.0,
        "options": {"expires": 550},
    },
}
