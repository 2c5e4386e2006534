"""`manage.py send_test_alert`: proves that whoever is told of alerts hears of them."""

import json
from typing import Any, Final

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from pools.models import AlertDelivery
from pools.receivers import WEBHOOK, named, receivers
from pools.redaction import host_of
from realtime.alert_sending import have_test_sent

UNTOLD: Final = (
    "no worker has sent it yet: it is still at it, as “Alert deliveries” in the admin will show, "
    "or the Celery worker or its beat does not run"
)


class Command(BaseCommand):
    help = (
        "Has the worker send a test to everybody who is told of "
        "alerts, as it sends alerts, and says for each, within a minute, whether it was taken. "
        "Exits with 1 if one was not."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *_args: Any, **options: Any) -> None:
        if not receivers():
            raise CommandError(
                "Nobody is told of alerts: set ALERT_WEBHOOK_URL or ALERT_EMAILS, or add an alert "
                "receiver in the admin."
            )
        rows = have_test_sent()
        names = named(row.receiver for row in rows)
        if WEBHOOK in names:
            names[WEBHOOK] = f"{WEBHOOK} at {host_of(settings.ALERT_WEBHOOK_URL)}"
        if options["json"]:
            told = [
                {"receiver": names[row.receiver], "sent": _is_sent(row), "error": _error(row)}
                for row in rows
            ]
            self.stdout.write(json.dumps({"receivers": told}))
        else:
            for row in rows:
                how = "sent" if _is_sent(row) else f"not sent: {_error(row)}"
                self.stdout.write(f"{names[row.receiver]}: {how}")
        missed = [row for row in rows if not _is_sent(row)]
        if missed:
            raise CommandError(f"{len(missed)} of {len(rows)} receivers did not take the test.")


def _is_sent(row: AlertDelivery) -> bool:
    return row.state == AlertDelivery.State.SENT


def _error(row: AlertDelivery) -> str:
    return UNTOLD if row.state == AlertDelivery.State.WAITING else row.error
