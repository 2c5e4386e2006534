"""Who hears of alerts, on loopback: a web server and a mail server that note what they get."""

import json
import socketserver
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self, cast

import pytest
import time_machine
from django.utils import timezone
from pytest_django import Settings

from pools.models import AlertDelivery

TOKEN = "canary-5f21aa"  # the secret of the webhook's URL


@dataclass
class Posted:
    path: str
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def told(self) -> list[tuple[str, str]]:
        """Each event and the message of its alert."""
        return [(event["event"], event["message"]) for event in self.body["events"]]


class _Running:
    """A server in a thread; use it with `with`."""

    server: socketserver.BaseServer

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self._thread.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.server.shutdown()
        self.server.server_close()
        self._thread.join()

    @property
    def port(self) -> int:
        return cast("int", self.server.server_address[1])


class Webhook(_Running):
    """Answers each POST with the next of `answers`, then with 200; `posted` has what came.

    `before` is called with each before it is answered.
    """

    def __init__(self, *answers: int, location: str = "", says: str = "") -> None:
        self.answers = list(answers)
        self.posted: list[Posted] = []
        self.before: Callable[[Posted], object] = lambda _posted: None
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                posted = Posted(self.path, dict(self.headers), json.loads(body))
                hook.posted.append(posted)
                hook.before(posted)
                self.send_response(hook.answers.pop(0) if hook.answers else 200)
                if location:
                    self.send_header("Location", location)
                self.end_headers()
                self.wfile.write(says.encode())

            def log_message(self, *_arguments: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    def url(self, path: str = "/hook") -> str:
        return f"http://127.0.0.1:{self.port}{path}"


@dataclass
class Mail:
    sender: str
    to: list[str]
    text: EmailMessage


@dataclass
class Refusal:
    """What the mail server says to a command that begins with `command`, in small letters."""

    command: str
    answer: str


class MailServer(_Running):
    """As much of SMTP (RFC 5321) as Django speaks; `mails` has what was handed in."""

    def __init__(self, *refusals: Refusal) -> None:
        self.mails: list[Mail] = []
        self.refusals = list(refusals)
        keeper = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                _Dialogue(keeper, self.rfile.readline, self._say).run()

            def _say(self, line: str) -> None:
                self.wfile.write(f"{line}\r\n".encode())

        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True


@dataclass
class _Dialogue:
    keeper: MailServer
    read: Callable[[], bytes]
    say: Callable[[str], None]
    sender: str = ""
    to: list[str] = field(default_factory=list)

    def run(self) -> None:
        self.say("220 ready")
        while line := self.read().decode().strip():
            said = line.lower()
            refusal = next((r for r in self.keeper.refusals if said.startswith(r.command)), None)
            if refusal:
                self.say(refusal.answer)
                continue
            verb = line.split()[0].upper()  # smtplib writes some of them small
            if verb == "EHLO":
                self.say("250-here")
                self.say("250 AUTH PLAIN")
            elif verb == "AUTH":
                self.say("235 come in")
            elif verb == "MAIL":
                self.sender, self.to = _address(line), []
                self.say("250 well")
            elif verb == "RCPT":
                self.to.append(_address(line))
                self.say("250 well")
            elif verb == "DATA":
                self.say("354 go on")
                self._take()
                self.say("250 taken")
            elif verb == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 well")

    def _take(self) -> None:
        lines: list[bytes] = []
        while (line := self.read()) not in (b".\r\n", b""):
            lines.append(line.removeprefix(b"."))
        text = message_from_bytes(b"".join(lines), policy=policy.default)
        self.keeper.mails.append(Mail(self.sender, self.to, cast("EmailMessage", text)))


def _address(line: str) -> str:
    return line.partition("<")[2].partition(">")[0]


@pytest.fixture
def webhook(settings: Settings) -> Iterator[Webhook]:
    with Webhook() as hook:
        settings.ALERT_WEBHOOK_URL = hook.url(f"/hooks/{TOKEN}")
        yield hook


@pytest.fixture
def mail_server(settings: Settings) -> Iterator[MailServer]:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    with MailServer() as server:
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        settings.ALERT_EMAILS = ["ana@example.org"]
        yield server


def states() -> list[str]:
    """How each row stands, in the order of their making."""
    return list(AlertDelivery.objects.order_by("pk").values_list("state", flat=True))


def later(**by: float) -> time_machine.travel:
    """That time from now, for a `with`."""
    return time_machine.travel(timezone.now() + timedelta(**by), tick=True)
