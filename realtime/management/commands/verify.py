"""`manage.py verify`: compares every pool and member with what the contract itself says."""

import argparse
import asyncio
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.progress import Progress as Bar
from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

from pools.presentation import short_address
from pools.verdicts import Report
from pools.verifying import Mismatch
from realtime.comparing import Progress
from realtime.configuration import from_settings
from realtime.verification import TROUBLE, new_store, opened
from realtime.verifier import CouldNotVerify

WAIT_SECONDS: Final = 30.0
MOST_SHOWN: Final = 50
SHOWN_CHARACTERS: Final = 60


class Command(BaseCommand):
    help = (
        "Compares pools, members and totals with the contract's own view functions at one block: "
        "the last one stored, or an earlier one, for which our side is folded from the stored "
        "logs. Most nodes answer only for their last hundred blocks or so."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--block", type=_block, metavar="N", help="at this block")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            report = asyncio.run(_verify(options["block"], silent=options["json"]))
        except TROUBLE as error:
            raise CommandError(str(error)) from None
        if options["json"]:
            self.stdout.write(json.dumps(report.as_json()))
        else:
            self.stdout.write("\n".join(_lines(report)))
        if report.remarks:
            raise CommandError("not all could be compared: " + "; ".join(report.remarks))
        if report.mismatches:
            raise SystemExit(1)


def _block(text: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise argparse.ArgumentTypeError(f"{text!r} is no block number")
    return int(text)


async def _verify(block: int | None, *, silent: bool) -> Report:
    store = new_store()
    try:
        with _bar(silent=silent) as bar:
            async with opened(
                from_settings(settings), store, wait=WAIT_SECONDS, progress=bar
            ) as verifier:
                if verifier is None:
                    raise CouldNotVerify("another comparison is at work; try again when it is done")
                return await verifier.verify(block=block)
    finally:
        await store.close()


def _lines(report: Report) -> Iterator[str]:
    for mismatch in report.mismatches[:MOST_SHOWN]:
        yield _line(mismatch)
    more = len(report.mismatches) - MOST_SHOWN
    if more > 0:
        yield f"… and {more} more"
    found = f"{len(report.mismatches)} mismatches" if report.mismatches else "all of it right"
    yield f"block {report.block}: {report.pools} pools, {report.members} members; {found}"


def _line(mismatch: Mismatch) -> str:
    where = short_address(mismatch.contract)
    if mismatch.pool_id is not None:
        where += f" pool {mismatch.pool_id}"
    return f"{where} {mismatch.field}: {_short(mismatch.stored)}, chain {_short(mismatch.onchain)}"


def _short(value: str) -> str:
    return value if len(value) <= SHOWN_CHARACTERS else value[: SHOWN_CHARACTERS - 1] + "…"


@contextmanager
def _bar(*, silent: bool) -> Iterator[Progress]:
    """A progress line on a terminal, nothing elsewhere."""
    console = Console(stderr=True, quiet=silent or not sys.stderr.isatty())
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Bar(*columns, console=console, transient=True) as bar:
        task = bar.add_task("asking the node")

        def show(pools: int, members: int) -> None:
            bar.update(task, description=f"{pools:,} pools, {members:,} members compared")

        yield show
