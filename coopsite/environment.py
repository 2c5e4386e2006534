"""Reading the environment: typed values out of strings, and one sentence for a wrong one.

Used by `coopsite.settings` only, so that what a variable may hold is written in one place.
"""

import math
import os
import re
import secrets
from collections.abc import Callable
from email.utils import parseaddr
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

import dj_database_url
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from dotenv import dotenv_values

from pools.decoding import checksum

T = TypeVar("T")
# Every variable that Coopsite reads. README.md and .env.example say what each means.
VARIABLES = (
    *("DATABASE_URL", "REDIS_URL", "CHAIN_ID", "CHAIN_WS_URLS", "CHAIN_HTTP_URLS"),
    *("POOL_CONTRACTS", "EXPLORER_URL", "CONFIRMATIONS", "REORG_WINDOW", "WS_HEARTBEAT_SECONDS"),
    *("WS_RECONNECT_SECONDS", "WS_MAX_RECONNECT_SECONDS", "WS_MAX_RECONNECT_ATTEMPTS"),
    *("ENABLE_LIVE", "SOCKETS_PER_ADDRESS", "ENABLE_NOTIFICATIONS", "ENABLE_OPTIMISTIC"),
    *("ENABLE_REGIONS", "ENABLE_ANALYTICS", "ANALYTICS_ID", "ANALYTICS_WEBHOOK_URL"),
    *("VAPID_PRIVATE_KEY", "VAPID_SUBJECT", "ALERT_WEBHOOK_URL", "ALERT_EMAILS", "EMAIL_URL"),
    *("DEFAULT_FROM_EMAIL", "ALERT_RECONNECTS", "ALERT_SILENCE_SECONDS", "ALERT_LATENCY_MS"),
    *("SECRET_KEY", "DEBUG", "ALLOWED_HOSTS"),
    *("CSRF_TRUSTED_ORIGINS", "HTTPS", "PORT", "LOG_LEVEL", "LOG_FORMAT", "TIME_ZONE"),
    *("VAR_DIR", "ENV_FILE"),
)
ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
MAIL_PORTS = {"smtp": 25, "smtp+tls": 587, "smtp+ssl": 465}
LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]"})
# What `make run` tells of its own chain: of use only as a whole, and only without another chain.
CHAIN_VARIABLES = ("CHAIN_ID", "CHAIN_WS_URLS", "CHAIN_HTTP_URLS", "POOL_CONTRACTS")
FLAGS = {
    "": None,
    **dict.fromkeys(("true", "yes", "on", "1"), True),
    **dict.fromkeys(("false", "no", "off", "0"), False),
}


class ConfigurationError(SystemExit):
    """A variable holds what it may not. Every program of ours ends with this one line."""

    def __init__(self, variable: str, sentence: str) -> None:
        super().__init__(f"{variable} {sentence}")
        self.variable = variable


class PoolContract(NamedTuple):
    """A contract to follow: its EIP-55 address and the first block that can hold its events."""

    address: str
    start_block: int


def var_directory(root: Path) -> Path:
    """Where the database, the secrets and the logs live: $VAR_DIR, else `var/`."""
    return root / (os.environ.get("VAR_DIR") or "var")


def load_file(path: Path) -> None:
    """Add the variables of a dotenv file to the environment; what stands there already wins."""
    for name, value in dotenv_values(path).items():
        if value is not None:
            os.environ.setdefault(name, value)


def load_stack(path: Path) -> None:
    """Add what a running `make run` wrote of its own Redis and local chain.

    So that `manage.py` in another terminal meets the same Redis and the same chain. A
    variable that says of the chain what `make run` says means no other chain.
    """
    values = dotenv_values(path)
    if any(
        os.environ.get(name, "").strip() not in ("", values.get(name)) for name in CHAIN_VARIABLES
    ):
        values = {name: value for name, value in values.items() if name not in CHAIN_VARIABLES}
    for name, value in values.items():
        if value and not os.environ.get(name):
            os.environ[name] = value


def pool_contract(text: str) -> PoolContract:
    """One `0xADDRESS:START_BLOCK`. Raises ValueError with a sentence that says what is wrong."""
    address, colon, start = text.partition(":")
    if not ADDRESS.fullmatch(address):
        raise ValueError(f"has {address!r}, which is no address (0x and 40 hexadecimal digits)")
    spelled = checksum(bytes.fromhex(address[2:]))
    if address[2:] not in (address[2:].lower(), address[2:].upper()) and address != spelled:
        raise ValueError(f"has {address!r}, whose checksum is wrong; check each digit")
    if not colon or not start.isdecimal() or not start.isascii():
        raise ValueError(f"needs a start block after the address, as in {spelled}:1000000")
    return PoolContract(spelled, int(start))


def url_of(schemes: tuple[str, ...]) -> Callable[[str], str]:
    """A check that a text is a URL of these schemes, with a host.

    The sentence it raises never repeats the URL, which may carry a key.
    """
    wanted = " or ".join(f"{scheme}://…" for scheme in schemes)

    def check(text: str) -> str:
        try:
            parts = urlsplit(text)
            valid = parts.scheme in schemes and bool(
                parts.hostname or parts.scheme in ("sqlite", "unix")
            )
            parts.port  # noqa: B018 - reading it raises ValueError when it is out of range
        except ValueError:
            valid = False
        if not valid:
            raise ValueError(f"has a value that is not a URL like {wanted}")
        return text

    return check


def database(url: str, *, root: Path) -> dict[str, Any]:
    """Django's description of the database at this URL, with what each kind needs beside it."""
    described: dict[str, Any] = {**dj_database_url.parse(url), "CONN_HEALTH_CHECKS": True}
    if described["ENGINE"] == "django.db.backends.sqlite3":
        if described["NAME"] != ":memory:":
            described["NAME"] = str(root / described["NAME"])
        # Opening costs a page more than reading: threads keep theirs for a while.
        described["CONN_MAX_AGE"] = 60
        described["OPTIONS"] = {
            # A writer takes its lock at once and waits for it, instead of failing half-way.
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        }
    else:
        # Requests at the same time have threads of their own: a pool bounds their connections.
        described["OPTIONS"] = {**described.get("OPTIONS", {}), "pool": {"max_size": 10}}
    return described


def secret_in(path: Path) -> str:
    """The secret kept in this file, made on first use, readable by its owner only."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            # Written aside and linked: of two programs that start at once, one makes the secret.
            draft = path.with_name(f".{path.name}.{os.getpid()}")
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_urlsafe(64))
            try:
                os.link(draft, path)
            except FileExistsError:
                pass  # the other program's secret is as good as ours
            finally:
                draft.unlink()
        secret = path.read_text().strip()
    except OSError as error:
        raise ConfigurationError("SECRET_KEY", f"is not set and {path} fails: {error}") from error
    if not secret:
        raise ConfigurationError("SECRET_KEY", f"is not set and {path} is empty; delete the file")
    return secret


class Environment:
    """The process environment, read by type. An empty variable counts as one that is not set."""

    def text(
        self, name: str, default: str = "", *, check: Callable[[str], str] | None = None
    ) -> str:
        value = os.environ.get(name, "").strip() or default
        return self._checked(name, check, value) if value and check else value

    def parsed(self, name: str, default: str, *, of: Callable[[str], T]) -> T:
        return self._checked(name, of, os.environ.get(name, "").strip() or default)

    def flag(self, name: str, *, default: bool) -> bool:
        text = os.environ.get(name, "").strip().lower()
        if text not in FLAGS:
            raise ConfigurationError(name, "must be true or false")
        value = FLAGS[text]
        return default if value is None else value

    def whole(self, name: str, default: int, *, at_least: int, at_most: int = 2**53) -> int:
        text = os.environ.get(name, "").strip()
        value = int(text) if text.isdecimal() and text.isascii() else None if text else default
        if value is None or not at_least <= value <= at_most:
            limit = f" to {at_most}" if at_most < 2**53 else " or more"
            raise ConfigurationError(name, f"must be a whole number, {at_least}{limit}")
        return value

    def seconds(self, name: str, default: float, *, at_least: float) -> float:
        text = os.environ.get(name, "").strip()
        try:
            value = float(text) if text else default
        except ValueError:
            value = math.nan
        if not at_least <= value < math.inf:
            raise ConfigurationError(name, f"must be a number, {at_least} or more")
        return value

    def choice(self, name: str, default: str, *, of: tuple[str, ...]) -> str:
        value = os.environ.get(name, "").strip() or default
        for option in of:
            if option.lower() == value.lower():
                return option
        raise ConfigurationError(name, f"must be one of {', '.join(of)}")

    def listed(self, name: str, default: list[T], *, of: Callable[[str], T]) -> list[T]:
        parts = [part.strip() for part in os.environ.get(name, "").split(",")]
        found = [self._checked(name, of, part) for part in parts if part]
        return found or default

    @staticmethod
    def _checked(name: str, check: Callable[[str], T], value: str) -> T:
        try:
            return check(value)
        except ValueError as error:
            raise ConfigurationError(name, str(error)) from error


def public_name(hosts: list[str]) -> str:
    """The first of ALLOWED_HOSTS by which others find the site; empty if there is none."""
    named = (host for host in hosts if host not in LOOPBACK_HOSTS)
    return next((host for host in named if not host.startswith((".", "*"))), "")


def mail_address(text: str) -> str:
    """A check by Django's own rule, which mail servers' rule is not far from."""
    try:
        validate_email(text)
    except ValidationError as error:
        raise ValueError(f"has {text!r}, which is no mail address like ana@example.org") from error
    return text


def mail_sender(text: str) -> str:
    """A check that a text is a mail address, perhaps with a name before it."""
    if text != text.strip() or not text.isprintable():
        raise ValueError("has a value with characters that no mail header may hold")
    mail_address(parseaddr(text)[1] or text)
    return text


class MailServer(NamedTuple):
    """Where mail is handed in, and as whom; `security` is "", "tls" (STARTTLS) or "ssl"."""

    host: str
    port: int
    user: str
    password: str
    security: str


def mail_server(url: str) -> MailServer:
    """Read `smtp[+tls|+ssl]://user:password@host:port`, as dj-email-url and django-environ do."""
    parts = urlsplit(url_of(tuple(MAIL_PORTS))(url))
    return MailServer(
        host=parts.hostname or "",
        port=parts.port or MAIL_PORTS[parts.scheme],
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        security=parts.scheme.partition("+")[2],
    )


def contact(text: str) -> str:
    """A check that push services get what RFC 8292 (2.1) lets them write to."""
    scheme, _, rest = text.partition(":")
    try:
        if scheme == "mailto":
            mail_address(rest)
        else:
            url_of(("https",))(text)
    except ValueError as error:
        raise ValueError("has a value that is neither mailto:ADDRESS nor https://…") from error
    return text


def time_zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (LookupError, OSError, ValueError) as error:
        raise ValueError(
            f"has {text!r}, which is no time zone name like America/Mexico_City"
        ) from error
    return text
