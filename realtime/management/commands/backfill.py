"""`manage.py backfill`: fills every range of the past that is not covered yet."""

import argparse
import asyncio
import gc
import json
import os
import time
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from pools.decoding import checksum
from pools.leases import LostLease
from pools.ranges import Range
from realtime.backfill import Backfill, new_store, working
from realtime.chain import Misconfigured
from realtime.configuration import from_settings
from realtime.errors import RpcError
from realtime.follower import ReorganisedTooDeep
from realtime.planning import NothingStored, extent, gaps
from realtime.store import DatabaseAway, Store, followed_addresses
from realtime.terminal import Display, display
from realtime.wire import octets

PATIENCE_SECONDS: Final = 60.0
NICENESS: Final = 5  # what is live goes first; only a little, as in `coopsite.stack.programs`
_FAILURES = (
    DatabaseAway,
    LostLease,
    Misconfigured,
    NothingStored,
    ReorganisedTooDeep,
    RpcError,
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run did, within which blocks, and the first range that it could not prove."""

    contract: str | None
    extent: Range
    blocks: int
    events: int
    gaps_left: int
    complaint: str


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

    def run_from_argv(self, argv: list[str]) -> None:
        """In a process of its own, which has nothing better to do and lets others go first."""
        os.nice(NICENESS)
        # What is loaded by now stays for ever: no need to look through it for garbage again.
        gc.collect()
        gc.freeze()
        super().run_from_argv(argv)

    def handle(self, *_args: Any, **options: Any) -> None:
        bounds = options["from_block"], options["to_block"]
        if None not in bounds and bounds[0] > bounds[1]:
            raise CommandError(f"--from-block {bounds[0]} lies above --to-block {bounds[1]}")
        contract = _address(options["contract"]) if options["contract"] else None
        started = time.monotonic()
        try:
            with display(wanted=not options["json"]) as shown:
                outcome = asyncio.run(self._backfill(contract, bounds, shown))
        except _FAILURES as error:
            raise CommandError(str(error)) from None
        except KeyboardInterrupt:
            raise CommandError(
                "stopped; what is stored stays, and the next run goes on from there",
                returncode=130,
            ) from None
        self._tell(outcome, seconds=time.monotonic() - started, as_json=options["json"])
        if outcome.complaint:
            raise CommandError(outcome.complaint)
        if outcome.gaps_left:
            raise SystemExit(1)

    async def _backfill(
        self, contract: str | None, bounds: tuple[int | None, int | None], shown: Display
    ) -> Outcome:
        store = new_store()

        async def work(backfill: Backfill) -> Outcome:
            return await _close_gaps(backfill, store, contract, bounds)

        def say_that_we_wait() -> None:
            self.stderr.write(
                f"another backfill is at work; waiting up to {PATIENCE_SECONDS:g} s for its end"
            )

        try:
            outcome = await working(
                from_settings(settings),
                store,
                work,
                progress=shown.show,
                patience=PATIENCE_SECONDS,
                waits=say_that_we_wait,
            )
        finally:
            await store.close()
        if outcome is None:
            raise CommandError("another backfill is at work; try again when it is done")
        return outcome

    def _tell(self, outcome: Outcome, *, seconds: float, as_json: bool) -> None:
        report = {
            "contract": outcome.contract,
            "from_block": outcome.extent[0],
            "to_block": outcome.extent[1],
            "blocks": outcome.blocks,
            "events": outcome.events,
            "seconds": round(seconds, 3),
            "events_per_second": round(outcome.events / seconds, 1),
            "gaps_left": outcome.gaps_left,
        }
        if as_json:
            self.stdout.write(json.dumps(report))
        else:
            self.stdout.write(
                f"{outcome.blocks} blocks, {outcome.events} events in {seconds:.1f} s; "
                f"{outcome.gaps_left} gaps left"
            )


async def _close_gaps(
    backfill: Backfill, store: Store, contract: str | None, bounds: tuple[int | None, int | None]
) -> Outcome:
    """Close what is missing, up to the head if nobody else follows it."""
    known = await store.run(followed_addresses, backfill.chain_id)
    if contract is not None and contract not in known:
        raise CommandError(f"--contract {contract} is not one of POOL_CONTRACTS")
    lowest, highest = bounds
    closed_to = -1
    while True:
        # The past comes before the newest blocks, so that all is folded in chain order at once.
        jumped = await backfill.catch_up()
        first, last = await store.run(
            extent, backfill.chain_id, contract=contract, from_block=lowest, to_block=highest
        )
        await backfill.close_gaps(
            contract=contract, from_block=max(first, closed_to + 1), to_block=last
        )
        closed_to = last
        if not jumped:
            break
    left = await store.run(
        gaps, backfill.chain_id, contract=contract, from_block=first, to_block=last
    )
    return Outcome(
        contract=contract or (known[0] if len(known) == 1 else None),
        extent=(first, last),
        blocks=backfill.tally.blocks,
        events=backfill.tally.events,
        gaps_left=len(left),
        complaint=backfill.complaint,
    )


def _block(text: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise argparse.ArgumentTypeError(f"{text!r} is no block number")
    return int(text)


def _address(text: str) -> str:
    try:
        return checksum(octets(text, length=20))
    except ValueError:
        raise CommandError(f"--contract {text} is no address (0x and 40 hex digits)") from None
