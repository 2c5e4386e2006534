"""Whether a rule's limit is passed. Pure.

What is counted is what is stored, so it is the least that there was. It is all that there was only
if nothing of the time is missing: until then "more than" may be true already, and "less than" may
be over already, but neither the other way round. So data that are behind cry no wolf, and call off
no true alarm.
"""

from dataclasses import dataclass
from datetime import datetime

ABOVE, BELOW = "above", "below"


@dataclass(frozen=True, slots=True)
class Measured:
    """`number` is exact if it is `whole`, else at least that; wei, events, blocks or ms. `until` is
    when its time ended, where that is told by stored blocks and not by the clock.
    """

    number: int
    whole: bool = True
    until: datetime | None = None


def is_passed(measured: Measured, *, side: str, limit: int) -> bool | None:
    """Whether the limit is passed; None while that is not known, or too near to call it over.

    Who hovers at a limit does not raise and resolve again and again: over is what has gone a fifth
    (above) or a quarter (below) beyond it, in whole numbers, so that small limits are taken at
    their word.
    """
    if side == ABOVE:
        if measured.number > limit:
            return True
        return False if measured.whole and measured.number <= limit - limit // 5 else None
    if measured.number >= limit + limit // 4:
        return False
    return True if measured.whole and measured.number < limit else None
