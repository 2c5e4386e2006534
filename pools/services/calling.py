"""Asks the program that knows Apprise to tell a service, or to look at its URL.

Each call is a process of its own: it ends in time whatever a service does, the memory goes with it,
and it gets neither our settings nor our environment. The URL goes in by a pipe, where no list of
processes shows it. What the program says is redacted here.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from threading import BoundedSemaphore
from typing import Final

from pools.redaction import Redactor
from pools.services import known

TELL_LIMIT: Final = 30.0  # seconds, with the start of the program
LOOK_LIMIT: Final = 15.0
_AT_ONCE: Final = 8  # programs, of some 50 MB each
_PROGRAM: Final = Path(__file__).with_name("program.py")
_HANDED_ON: Final = (
    *("PATH", "LANG", "LC_ALL", "SYSTEMROOT", "SSL_CERT_FILE", "SSL_CERT_DIR"),
    *("REQUESTS_CA_BUNDLE", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy"),
)
_DIRECT: Final = "localhost,127.0.0.1,::1"  # no proxy belongs between us and ourselves
# Where services read a text as a call to everybody: a space that nobody sees takes its sense.
_CALLS: Final = {"@": "@\u200b", "<!": "<\u200b!"}

_places = BoundedSemaphore(_AT_ONCE)


class Refused(Exception):
    """The service did not take it; the text is one sentence without a secret."""


def tell(url: str, *, title: str, body: str, mood: str) -> None:
    """Tell the service. `mood` is info, warning or success. Raises Refused."""
    for call, harmless in _CALLS.items():
        title, body = title.replace(call, harmless), body.replace(call, harmless)
    _ask(url, {"title": title, "body": body, "type": mood}, limit=TELL_LIMIT)


def look_at(url: str) -> None:
    """Raise Refused if Apprise does not understand the URL. Asks nobody else."""
    _ask(url, {}, limit=LOOK_LIMIT)


def _ask(url: str, more: dict[str, str], *, limit: float) -> None:
    if known.name_of(url) is None or known.names_a_file(url):
        raise Refused("this service, or a parameter of its URL, may not be used")
    if not _places.acquire(timeout=limit):
        raise Refused("others are being told; nobody was asked")
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-W", "ignore", str(_PROGRAM)],
            input=json.dumps({"url": url, **more}),
            capture_output=True,
            check=True,
            cwd="/",
            encoding="utf-8",
            env=_environment(),
            timeout=limit,
        )
        problem = str(json.loads(done.stdout)["problem"])
    except subprocess.TimeoutExpired:
        raise Refused(f"no answer within {limit:g} s") from None
    except (OSError, subprocess.CalledProcessError, ValueError, KeyError) as error:
        # Not its text: that may hold the input.
        raise Refused(f"the program that tells services failed: {type(error).__name__}") from None
    finally:
        _places.release()
    if problem:
        raise Refused(redactor(url)(problem))


def redactor(url: str) -> Redactor:
    """Cleans texts of what the URL keeps secret."""
    return Redactor(secrets=known.secrets_in(url))


def _environment() -> dict[str, str]:
    handed = {name: value for name, value in os.environ.items() if name in _HANDED_ON}
    direct = ",".join(filter(None, [_DIRECT, handed.get("NO_PROXY")]))
    # Nor logins that somebody keeps in their home for such hosts.
    return handed | {"NO_PROXY": direct, "no_proxy": direct, "NETRC": os.devnull}
