"""The small picture on the connection's card: how quick the node was in the last hour. Pure."""

from collections.abc import Sequence
from itertools import groupby
from typing import Final

from django.utils.translation import gettext as _

from pools.presentation import whole
from pools.sparklines import HEIGHT, WIDTH, Picture

MINUTES: Final = 60
ROOM: Final = 0.6  # of the height; what is written beside the line stands above it

Answers = tuple[float | None, ...]
"""The average of each minute in milliseconds, oldest first; None where nothing was measured."""


def picture(answers: Answers) -> Picture:
    """The line with holes where nothing was measured, its words in the active language."""
    measured = [each for each in answers if each is not None]
    if not measured:
        return Picture((), "", _("The node was not asked in the last hour."))
    words = {
        "average": whole(round(sum(measured) / len(measured))),
        "most": whole(round(max(measured))),
    }
    return Picture(
        (("line", line(answers)),),
        _("node latency, 1 h"),
        _("Node latency in the last hour: %(average)s ms on average, %(most)s ms at most.") % words,
    )


def line(answers: Sequence[float | None]) -> str:
    """A line for each stretch of minutes in which something was measured."""
    most = max((each for each in answers if each is not None), default=0) or 1
    step = WIDTH / max(1, len(answers) - 1)
    drawn = []
    for known, run in groupby(enumerate(answers), lambda each: each[1] is not None):
        if known:
            points = [
                f"{index * step:.4g} {HEIGHT - 1 - (value or 0) / most * HEIGHT * ROOM:.3g}"
                for index, value in run
            ]
            drawn.append("M" + "L".join(points) + ("h1" if len(points) == 1 else ""))
    return "".join(drawn)
