"""Who is told of alerts: the webhook and the mail addresses of the settings, and the services that
staff named in the admin. In `AlertDelivery.receiver` each stands under a name that is no secret.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from django.conf import settings

from pools.models import AlertReceiver

WEBHOOK: Final = "webhook"
_MAIL: Final = "mail to "
_SERVICE: Final = "service "


@dataclass(frozen=True, slots=True)
class Target:
    """How a receiver is reached: by mail, by a service's URL, else by the webhook."""

    address: str = ""
    url: str = field(default="", repr=False)  # a secret


def receivers(kind: str | None = None) -> list[str]:
    """All who are told of alerts, or those who want to hear of this kind."""
    webhook = [WEBHOOK] if settings.ALERT_WEBHOOK_URL else []
    mails = [f"{_MAIL}{address}" for address in dict.fromkeys(settings.ALERT_EMAILS)]
    enabled = AlertReceiver.objects.filter(enabled=True).order_by("pk")
    services = [
        of_service(key)
        for key, kinds in enabled.values_list("pk", "kinds")
        if kind is None or not kinds or kind in kinds
    ]
    return [*webhook, *mails, *services]


def address_of(receiver: str) -> str | None:
    """The mail address that a receiver is; None for others."""
    return receiver.removeprefix(_MAIL) if receiver.startswith(_MAIL) else None


def of_service(key: int) -> str:
    """The name of a service here, by its primary key, which never becomes another's."""
    return f"{_SERVICE}{key}"


def service_of(receiver: str) -> int | None:
    """The primary key of the `AlertReceiver` that a receiver is; None for others."""
    key = receiver.removeprefix(_SERVICE)
    return int(key) if key != receiver and key.isdecimal() else None


def target_of(receiver: str) -> Target:
    """How to reach a receiver; a service that is gone has the URL of none."""
    key = service_of(receiver)
    if key is None:
        return Target(address=address_of(receiver) or "")
    url = AlertReceiver.objects.filter(pk=key).values_list("url", flat=True).first()
    return Target(url=url or "gone://")


def named(found: Iterable[str]) -> dict[str, str]:
    """What people call each of these receivers: services go by their own name."""
    keys = {receiver: service_of(receiver) for receiver in found}
    names = dict(
        AlertReceiver.objects.filter(pk__in=[key for key in keys.values() if key]).values_list(
            "pk", "name"
        )
    )
    return {
        receiver: names.get(key, f"{receiver} (deleted)") if key else receiver
        for receiver, key in keys.items()
    }
