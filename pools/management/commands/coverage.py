"""`manage.py coverage`: which blocks of each contract are stored with proof, and which are not.

Asks the records alone, never a node; closing gaps is `backfill`'s work.
"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error

from pools import selectors
from pools.coverage_answer import CoverageAnswer
from pools.status_rows import Coverage, Missing, MissingState

WORDS = {
    MissingState.NEW: "new",
    MissingState.READING: "being read",
    MissingState.UNPROVED: "not proved",
    MissingState.WAITING: "not read yet",
}


class Command(BaseCommand):
    help = "Tell which blocks of each contract are stored with proof, and which are not yet."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--json", action="store_true", help="print one JSON object and nothing else"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            covered = selectors.coverage()
        except Error as error:  # no database there, or one without our tables
            said = str(error).partition("\n")[0]
            raise CommandError(
                f"The database cannot be read ({said}). Check DATABASE_URL; "
                "if it is right, run manage.py migrate."
            ) from None
        if options["json"]:
            self.stdout.write(CoverageAnswer.of(covered).model_dump_json())
        elif not covered:
            self.stdout.write("No contract is followed yet: the listener has not run.")
        else:
            self.stdout.write("\n".join(line for one in covered for line in _lines(one)))


def _lines(coverage: Coverage) -> list[str]:
    if coverage.head is None:
        return [f"{coverage.contract}: no block is known yet"]
    told = (
        f"{coverage.contract}: {coverage.covered_blocks} blocks covered "
        f"from {coverage.start_block} to {coverage.head}, in {coverage.pieces} pieces; "
        f"pools as of block {coverage.folded_to}"
    )
    return [
        told,
        *(f"  gap: {one.from_block} to {one.to_block}, {_why(one)}" for one in coverage.missing),
        *(
            f"  broken seam: block {number} does not follow the range below it"
            for number in coverage.broken_seams
        ),
    ]


def _why(missing: Missing) -> str:
    words = WORDS[missing.state]
    if missing.since is None:
        return words
    return f"{words}, tried since {missing.since:%Y-%m-%d %H:%M} UTC: {missing.reason}"
