"""The Celery application of worker and beat; the tasks live in `realtime.tasks`."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "coopsite.settings")

app = Celery("coopsite")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["realtime"])
