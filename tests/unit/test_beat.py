"""The beat's schedule and the tasks belong together."""

from typing import Any

from celery.beat import Scheduler
from django.conf import settings

from coopsite.celery import app
from realtime import tasks  # noqa: F401  # registers them


def test_every_task_is_scheduled_and_every_schedule_has_its_task() -> None:
    scheduled = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    assert scheduled == {name for name in app.tasks if name.startswith("realtime.")}


def test_a_turn_that_was_missed_expires_before_the_next() -> None:
    for entry in settings.CELERY_BEAT_SCHEDULE.values():
        assert entry["options"]["expires"] < entry["schedule"]


def test_every_turn_comes_soon_after_a_start() -> None:
    # The beat remembers nothing: what waits for an hour never comes where restarts are frequent.
    for entry in settings.CELERY_BEAT_SCHEDULE.values():
        assert entry["schedule"] <= 600


class WithoutBroker(Scheduler):
    """Notes what would be sent."""

    producer = None

    def __init__(self) -> None:
        self.sent: list[str] = []
        super().__init__(app)

    def apply_async(self, entry: Any, **_: Any) -> None:
        self.sent.append(entry.task)


def test_the_past_is_begun_with_at_once_and_then_each_minute() -> None:
    scheduler = WithoutBroker()
    for _ in range(3 * len(settings.CELERY_BEAT_SCHEDULE)):
        scheduler.tick()
    assert scheduler.sent == ["realtime.tasks.backfill_gaps"]
