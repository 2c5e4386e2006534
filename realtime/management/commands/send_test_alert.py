"""`manage.py send_test_alert`: proves that whoever is told of alerts hears of them."""

import json
from typing import Any, Final

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from pools import deliveries
from pools.models import AlertDelivery
from pools.redaction import host_of
from realtime.alert_sending import have_test_sent

UNTOLD: Final = (
    "no worker has sent it yet: it is still at it, as “Alert deliveries” in the admin will show, "
    "or the Celery worker or its beat does not run"
)


class Command(BaseCommand):
    help = (
        "Has the worker send a test to the webhook and the mail addresses that are told of "
        "alerts, as it sends alerts, and says for each, within a minute, whether it was taken. "
        "Exits with 1 if one was not."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *_args: Any, **options: Any) -> None:
        if not deliveries.receivers():
            raise CommandError("Nobody is told of alerts: set ALERT_WEBHOOK_URL or ALERT_EMAILS.")
        rows = have_test_sent()
        if options["json"]:
            told = [
                {"receiver": _name(row), "sent": _is_sent(row), "error": _error(row)}
                for row in rows
            ]
            self.stdout.write(json.dumps({"receivers": told}))
        else:
            for row in rows:
                how = "sent" if _is_sent(row) else f"not sent: {_error(row)}"
                self.stdout.write(f"{_name(row)}: {how}")
        missed = [row for row in rows if not _is_sent(row)]
        if missed:
            raise CommandError(f"{len(missed)} of {len(rows)} receivers did not take the test.")


def _is_sent(row: AlertDelivery) -> bool:
    return row.state == AlertDelivery.State.SENT


def _error(row: AlertDelivery) -> str:
    return UNTOLD if row.state == AlertDelivery.State.WAITING else row.error


def _name(row: AlertDelivery) -> str:
    if deliveries.address_of(row.receiver) is not None:
        return row.receiver
    return f"{row.receiver} at {host_of(settings.ALERT_WEBHOOK_URL)}"
