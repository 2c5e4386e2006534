"""How far a backfill has come, for whoever looks at it in a terminal; nothing anywhere else."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from .filling import Tally


class _Done(ProgressColumn):
    """Blocks, events, and events in a second."""

    def render(self, task: Task) -> Text:
        events = int(task.fields["events"])
        rate = events / task.elapsed if task.elapsed else 0.0
        return Text(f"{int(task.completed):,} blocks, {events:,} events, {rate:,.0f}/s")


class Display:
    """The line to be kept up to date: `show` is told how things stand."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task = progress.add_task("asking the node", total=None, events=0)

    def show(self, tally: Tally) -> None:
        """Also for a run that does not know yet how much it has to do."""
        self._progress.update(
            self._task,
            description="reading",
            completed=tally.blocks,
            total=max(tally.expected, tally.blocks) or None,
            events=tally.events,
        )

    def say(self, sentence: str) -> None:
        """Something that a person should know while they wait."""
        self._progress.console.print(sentence)


@contextmanager
def display(*, wanted: bool) -> Iterator[Display]:
    """A bar on standard error while the block runs, if that is a terminal and one is wanted."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        _Done(),
        TimeRemainingColumn(compact=True),
    )
    shown = wanted and sys.stderr.isatty()
    with Progress(
        *columns, console=console, transient=True, disable=not shown, refresh_per_second=4
    ) as progress:
        yield Display(progress)
