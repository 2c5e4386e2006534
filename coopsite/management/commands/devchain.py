"""`manage.py devchain`: the local chain alone, in the foreground.

Prints one line of JSON when the chain is ready and lives until it is told to stop. The work is
done in `coopsite.devchain`.
"""

import json
import random
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from coopsite.devchain import deployment
from coopsite.devchain.deployment import Deployment, NoContract
from coopsite.devchain.history import HISTORY_SECONDS, make_history
from coopsite.devchain.journal import BrokenState, StateFiles, StateInUse
from coopsite.devchain.keeper import LocalChain, PortTaken
from coopsite.devchain.process import AnvilFailed, AnvilOptions
from coopsite.devchain.rpc import LocalNodeError
from coopsite.devchain.running import Pace, StopSignal, run
from coopsite.devchain.traffic import Traffic
from coopsite.tools import MissingTool

PROBLEMS = (
    MissingTool, StateInUse, BrokenState, PortTaken, AnvilFailed, NoContract, LocalNodeError,
)  # fmt: skip


# How many blocks back views can be asked. Each is a copy of everything stored: 70 of them double
# the node's memory within hours.
STATES = 20


class Command(BaseCommand):
    help = (
        "Starts a local chain with the pool contract, a few days of history and lively traffic. "
        "Its addresses are the first line of output, as JSON. It goes on where it ended."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8545, help="of HTTP and WebSocket (8545)")
        parser.add_argument("--block-time", type=int, default=1, help="seconds per block (1)")
        parser.add_argument("--pools", type=int, default=24, help="open pools to keep (24)")
        parser.add_argument("--rate", type=float, default=60.0, help="events per minute (60)")
        parser.add_argument("--seed", type=int, default=1, help="of names, amounts and deeds (1)")
        parser.add_argument(
            "--state",
            type=Path,
            default=settings.VAR_DIR / "devchain.json",
            help="the file that keeps the chain (%(default)s)",
        )

    def handle(self, **options: Any) -> None:
        if options["block_time"] < 1 or options["pools"] < 1 or options["rate"] < 0:
            raise CommandError("--block-time and --pools are at least 1, --rate is not negative")
        stop = StopSignal()
        try:
            self._live(stop, **options)
        except PROBLEMS as error:
            raise CommandError(str(error)) from error

    def _live(
        self,
        stop: StopSignal,
        *,
        port: int,
        block_time: int,
        pools: int,
        rate: float,
        seed: int,
        state: Path,
        **_django: Any,
    ) -> None:
        begin = int(time.time()) - HISTORY_SECONDS
        files = StateFiles(state)
        chain = LocalChain(AnvilOptions(port=port, genesis_time=begin, states=STATES), files)
        try:
            is_new = chain.is_new
            chain.start()
            found = deployment.deploy(chain, begin + 1) if is_new else deployment.find(chain)
            rng = random.Random(f"{seed} from block {chain.head_number}")  # noqa: S311 - a game
            traffic = Traffic(found.contract, found.accounts, pools=pools, rng=rng)
            if is_new:
                make_history(chain, traffic, until=int(time.time()))
                chain.checkpoint()
            else:
                traffic.remember()
            self._tell(chain, found)
            run(chain, traffic, Pace(rate, rng), block_time=block_time, stop=stop)
        finally:
            chain.stop()

    def _tell(self, chain: LocalChain, found: Deployment) -> None:
        line = {
            "http_url": chain.options.http_url,
            "ws_url": chain.options.ws_url,
            "chain_id": chain.options.chain_id,
            "contract": found.contract.address,
            "start_block": found.start_block,
        }
        self.stdout.write(json.dumps(line))
        self.stdout.flush()
