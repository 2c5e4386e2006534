"""The beat's schedule and the tasks belong together."""

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
