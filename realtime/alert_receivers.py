"""Telling one receiver: a POST to the webhook, a mail, or what a service wants. Reads and writes no
record of ours.

Each raises NotTold with one sentence that holds no secret. Each has its time limits: a mail
server that answers slowly, but does answer, is cut off by Celery's.
"""

import asyncio
import json
from collections.abc import Sequence
from smtplib import SMTPException
from typing import Final
from urllib.parse import quote

import aiohttp
from django.conf import settings
from django.core.mail import EmailMessage

from pools.models import AlertDelivery
from pools.receivers import Target
from pools.redaction import Redactor
from pools.services import calling, known

from . import alert_messages
from .rpc import proxy_for

TIME_LIMIT: Final = 10.0  # seconds for all of a POST
CONNECT_LIMIT: Final = 5.0
_ANSWER: Final = 200  # bytes of a refusal that are told


class NotTold(Exception):
    """The receiver did not take it."""


def tell(rows: Sequence[AlertDelivery], target: Target) -> None:
    """Tell the service, the mail address, or the webhook where there is neither."""
    if target.url:
        call(rows, target.url)
    elif target.address:
        mail(rows, target.address)
    else:
        post(rows)


def post(rows: Sequence[AlertDelivery]) -> None:
    """Post the rows to the webhook as one JSON object. Only an answer of 2xx counts."""
    redact = redactor()
    try:
        asyncio.run(_post(rows, redact))
    except TimeoutError:
        raise NotTold(f"no answer within {TIME_LIMIT:g} s") from None
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise NotTold(redact.error(error)) from None


async def _post(rows: Sequence[AlertDelivery], redact: Redactor) -> None:
    url = settings.ALERT_WEBHOOK_URL
    body = json.dumps(alert_messages.payload(rows, site=settings.SITE_URL))
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Coopsite",
        "Idempotency-Key": alert_messages.message_id(rows),
    }
    timeout = aiohttp.ClientTimeout(total=TIME_LIMIT, connect=CONNECT_LIMIT)
    async with (
        aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()) as session,
        session.post(
            url,
            data=body.encode(),
            headers=headers,
            proxy=proxy_for(url),
            allow_redirects=False,  # another place was not asked for, and might be anybody's
        ) as answer,
    ):
        if 200 <= answer.status < 300:
            return
        if 300 <= answer.status < 400:
            raise NotTold(f"HTTP {answer.status}: redirects are not followed")
        said = (await answer.content.read(_ANSWER)).decode(errors="replace")
        raise NotTold(redact(f"HTTP {answer.status} {said}".strip()))


def mail(rows: Sequence[AlertDelivery], address: str) -> None:
    """Give a mail with the rows to the mail server."""
    site = settings.SITE_URL
    sender = settings.DEFAULT_FROM_EMAIL
    domain = sender.rpartition("@")[2].rstrip(">")
    message = EmailMessage(
        subject=alert_messages.subject(rows, site=site),
        body=alert_messages.text(rows, site=site) + "\n",
        to=[address],
        headers={
            "Message-ID": f"<{alert_messages.message_id(rows)}@{domain}>",
            "Auto-Submitted": "auto-generated",  # RFC 3834: no holiday notices, please
        },
    )
    try:
        message.send()
    except (SMTPException, OSError, ValueError) as error:
        raise NotTold(redactor().error(error)) from None


def call(rows: Sequence[AlertDelivery], url: str) -> None:
    """Have a service by name told, in the words of a mail."""
    site = settings.SITE_URL
    try:
        calling.tell(
            url,
            title=alert_messages.subject(rows, site=site),
            body=alert_messages.text(rows, site=site),
            mood=alert_messages.mood(rows),
        )
    except calling.Refused as refused:
        raise NotTold(str(refused)) from None


def redactor(target: Target | None = None) -> Redactor:
    """Cleans texts of what the receivers' addresses and our mail account keep secret."""
    user, password = settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD
    mail_server = f"smtp://{quote(user, safe='')}:{quote(password, safe='')}@{settings.EMAIL_HOST}"
    secrets = known.secrets_in(target.url) if target else ()
    return Redactor([settings.ALERT_WEBHOOK_URL, mail_server], secrets=secrets)
