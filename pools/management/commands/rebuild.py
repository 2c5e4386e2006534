"""`manage.py rebuild`: computes everything that follows from the stored logs once more.

It asks no node, and the listener goes on meanwhile. The work is `pools.rebuilding`'s.
"""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from pools.leases import LostLease
from pools.rebuilding.run import NotRebuilt, rebuild


class Command(BaseCommand):
    help = (
        "Computes pools, members, totals and hourly counts once more from the stored logs, beside "
        "the live ones, and puts what differs in place in one step. Asks no node; the listener "
        "goes on meanwhile."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--json", action="store_true", help="print one JSON object and nothing else"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            with _progress(silent=options["json"]) as during:
                done = rebuild(during=during)
        except (NotRebuilt, LostLease) as error:
            raise CommandError(str(error)) from None
        except Error as error:
            said = str(error).partition("\n")[0]
            raise CommandError(
                f"The database refuses ({said}); nothing was changed. Check DATABASE_URL; "
                "if it is right, run manage.py migrate."
            ) from None
        if options["json"]:
            told = {**asdict(done), "seconds": round(done.seconds, 3)}
            del told["changed"]
            self.stdout.write(json.dumps(told))
            return
        found = "what was wrong is put right" if done.changed else "nothing was wrong"
        self.stdout.write(
            f"{done.logs} logs, {done.pools} pools, {done.memberships} memberships "
            f"in {done.seconds:.1f} s: {found}\n"
            f"before {done.digest_before}\nafter  {done.digest_after}"
        )


@contextmanager
def _progress(*, silent: bool) -> Iterator[Callable[[int], None]]:
    """A line that grows on a terminal, nothing elsewhere."""
    console = Console(stderr=True, quiet=silent or not sys.stderr.isatty())
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("reading")
        yield lambda logs: bar.update(task, description=f"{logs:,} logs")
