"""`manage.py backfill`: fills every range of the past that is not covered yet."""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.progress import Progress as Bar
from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

from pools.decoding import checksum
from pools.leases import LostLease
from realtime.backfill import BackfillFailed, new_store, opened
from realtime.chain import Misconfigured
from realtime.configuration import from_settings
from realtime.errors import RpcError
from realtime.scans import NothingStored, extent, gaps
from realtime.store import DatabaseAway, followed_addresses
from realtime.wire import octets

_FAILURES = (BackfillFailed, DatabaseAway, LostLease, Misconfigured, NothingStored, RpcError)


class Command(BaseCommand):
    help = (
        "Finds every block range that is not covered yet and fills it from the node. Where no "
        "listener runs it goes up to the head, otherwise up to where the listener is."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--contract", metavar="ADDRESS", help="only this contract")
        parser.add_argument("--from-block", type=_block, metavar="N", help="nothing below it")
        parser.add_argument("--to-block", type=_block, metavar="N", help="nothing above it")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            report = asyncio.run(_backfill(options))
        except _FAILURES as error:
            raise CommandError(str(error)) from None
        if options["json"]:
            self.stdout.write(json.dumps(report))
        else:
            self.stdout.write(
                f"{report['blocks']} blocks, {report['events']} events in {report['seconds']} s; "
                f"{report['gaps_left']} gaps left"
            )
        if report["gaps_left"]:
            raise SystemExit(1)


def _block(text: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise argparse.ArgumentTypeError(f"{text!r} is no block number")
    return int(text)


def _address(text: str) -> str:
    try:
        return checksum(octets(text, length=20))
    except ValueError:
        raise CommandError(f"--contract {text} is no address (0x and 40 hex digits)") from None


async def _backfill(options: dict[str, Any]) -> dict[str, Any]:
    """Do it all, and say what was done in INTERFACE's words."""
    store = new_store()
    started = time.monotonic()
    contract = _address(options["contract"]) if options["contract"] else None
    bounds = {"from_block": options["from_block"], "to_block": options["to_block"]}
    try:
        with _bar(silent=options["json"]) as bar:
            async with opened(from_settings(settings), store, progress=bar) as backfill:
                if backfill is None:
                    raise BackfillFailed("another backfill is at work; try again when it is done")
                known = await store.run(followed_addresses, backfill.chain_id)
                if contract is not None and contract not in known:
                    raise CommandError(f"--contract {contract} is not one of POOL_CONTRACTS")
                await backfill.catch_up()
                await backfill.close_gaps(contract=contract, **bounds)
                done = backfill.totals
                chain_id = backfill.chain_id
        seconds = time.monotonic() - started
        first, last = await store.run(extent, chain_id, contract=contract, **bounds)
        left = await store.run(gaps, chain_id, contract=contract, **bounds)
    finally:
        await store.close()
    return {
        "contract": contract or (known[0] if len(known) == 1 else None),
        "from_block": first,
        "to_block": last,
        "blocks": done.blocks,
        "events": done.events,
        "seconds": round(seconds, 3),
        "events_per_second": round(done.events / seconds, 1),
        "gaps_left": len(left),
    }


@contextmanager
def _bar(*, silent: bool) -> Iterator[Callable[[int, int, int], None]]:
    """A progress line on a terminal, nothing elsewhere."""
    console = Console(stderr=True, quiet=silent or not sys.stderr.isatty())
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Bar(*columns, console=console, transient=True) as bar:
        task = bar.add_task("asking the node")

        def show(block: int, blocks: int, events: int) -> None:
            said = f"block {block:,}: {blocks:,} blocks, {events:,} events"
            bar.update(task, description=said)

        yield show
