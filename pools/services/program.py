"""The program that tells one service: reads one JSON object, writes one, and ends.

It runs by itself (`python -I program.py`) and knows nothing of Coopsite: what Apprise loads goes
with it, nobody waits for what hangs, and what it logs is heard by nobody else. `calling` starts it.

In: `url`; `title`, `body` and `type` (info, warning or success), which are absent when the URL is
only looked at. Out: `problem`, empty when all is well, with the URL's secrets still in it.
"""

import json
import logging
import os
import signal
import sys
from typing import Any, Final

import apprise

ANSWER_SECONDS: Final = 8.0  # for the service to say something, each time it is asked
CONNECT_SECONDS: Final = 5.0
TELL_SECONDS: Final = 20.0  # for all of it: some services are asked several times
LIFE_SECONDS: Final = 30
UNREADABLE: Final = "this is no URL that Apprise understands for this service"
# One that fails would have all of them told again.
SEVERAL: Final = "it names several targets: make a receiver of each"


class Heard(logging.Handler):
    """Keeps what Apprise says, since a refusal is told by its log alone."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


def service_of(url: str) -> Any:
    """What Apprise makes of the URL, with the limits that no parameter of it may lift; or None."""
    asset = apprise.AppriseAsset(
        app_id="Coopsite",
        app_desc="Coopsite",
        app_url="",
        async_mode=False,
        http_redirects=False,
        interpret_escapes=False,
        secure_logging=True,
        allow_templates=False,
        pgp_autogen=False,
        pem_autogen=False,
        storage_mode=apprise.PersistentStoreMode.MEMORY,
    )
    service = apprise.Apprise.instantiate(url, asset=asset)
    if service is None or getattr(service, "template", None):
        return None
    service.redirects = False  # another place was not asked for, and might be anybody's
    service.socket_connect_timeout = min(service.socket_connect_timeout, CONNECT_SECONDS)
    service.socket_read_timeout = min(service.socket_read_timeout, ANSWER_SECONDS)
    service.retry, service.wait = 0, 0.0  # we try again ourselves
    service.persistent_storage = False
    service.overflow_mode = apprise.OverflowMode.TRUNCATE
    return service


def answer(asked: dict[str, str]) -> str:
    """Do what is asked; the problem with it, or nothing."""
    heard = Heard()
    log = logging.getLogger("apprise")
    log.handlers, log.propagate = [heard], False
    log.setLevel(logging.WARNING)
    service = service_of(asked["url"])
    if service is None:
        return UNREADABLE
    if "body" not in asked:
        return SEVERAL if len(service) > 1 else ""
    caller = apprise.Apprise([service])
    done = caller.notify(
        title=asked["title"],
        body=asked["body"],
        notify_type=apprise.NotifyType(asked["type"]),
        body_format=apprise.NotifyFormat.TEXT,
        timeout=TELL_SECONDS,
    )
    return "" if done else (heard.lines[-1:] or ["it was not taken"])[0]


if __name__ == "__main__":
    signal.alarm(LIFE_SECONDS)  # also where nobody is left to end it
    said, sys.stdout = sys.stdout, sys.stderr  # what a service's code prints is no answer of ours
    print(json.dumps({"problem": answer(json.load(sys.stdin))}), file=said, flush=True)
    os._exit(0)  # a call that was given up may still hang in a thread of Apprise's
