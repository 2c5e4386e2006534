"""`manage.py listen`: the listener worker, until SIGTERM or SIGINT."""

import asyncio
import gc
import signal
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from realtime.chain import Misconfigured
from realtime.configuration import from_settings
from realtime.errors import WrongChain
from realtime.listener import Listener


class Command(BaseCommand):
    help = (
        "Follows the chain: pulls each new block, stores what our contracts logged and tells the "
        "web processes, until SIGTERM or SIGINT; then it finishes its block and exits."
    )
    # The checks would import the web pages, which this process never needs.
    requires_system_checks = []

    def handle(self, *_args: Any, **_options: Any) -> None:
        # What is loaded by now stays for ever: no need to look through it for garbage again.
        gc.collect()
        gc.freeze()
        try:
            asyncio.run(_listen())
        except (Misconfigured, WrongChain) as error:
            raise CommandError(str(error)) from None


async def _listen() -> None:
    listener = Listener(from_settings(settings))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, listener.stop)
    await listener.run()
