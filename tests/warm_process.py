"""Has read the libraries that a web server needs, and splits off a server for each order.

An order is a line of JSON on the standard input: `command`, `environment`, `log`. The answer is the
new process's number. Half of a server's start is reading libraries, the same ones in each test;
what is ours, the settings first, each server reads itself, with its own environment. Servers end
with this process, and this process with its input.
"""

import gc
import importlib
import json
import os
import runpy
import signal
import sys
from pathlib import Path
from typing import Any

from coopsite.stack.leash import end_with_parent

LIBRARIES = (
    *("django.core.cache", "django.core.handlers.asgi", "django.core.management"),
    *("django.core.serializers.json", "django.db.backends.sqlite3.base", "django.db.models"),
    *("django.forms", "django.http", "django.template.backends.django"),
    *("django.template.defaulttags", "django.urls", "django.utils.translation.trans_real"),
    *("django.views.generic", "channels.db", "channels.generic.websocket", "channels.routing"),
    *("channels_redis.pubsub", "redis.asyncio", "structlog", "msgspec", "whitenoise.middleware"),
    *("eth_abi", "eth_utils", "autobahn.twisted.websocket", "twisted.internet.asyncioreactor"),
    *("twisted.internet.endpoints", "twisted.web.http", "twisted.web.server"),
)


def become(order: dict[str, Any]) -> None:
    """Be the program from here on, as if it had been started by its name."""
    end_with_parent()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    log = os.open(order["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.environ.clear()
    os.environ.update(order["environment"])
    sys.argv = order["command"]
    sys.path[0] = str(Path(sys.argv[0]).parent)
    runpy.run_path(sys.argv[0], run_name="__main__")


def main() -> None:
    end_with_parent()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks how a server ended
    for library in LIBRARIES:
        importlib.import_module(library)
    gc.freeze()
    for line in sys.stdin:
        number = os.fork()
        if not number:
            become(json.loads(line))
            return
        print(number, flush=True)


if __name__ == "__main__":
    main()
