"""What of the feed a reader may choose to see alone, by the word that the address has for it.

Pure but for the words, which are translated where they are shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext_lazy as _

from pools.interface import SPECS
from pools.presentation import kind_letter

_OF_POOLS: Final = {
    "created": ("PoolCreated",),
    "joins": ("MemberJoined",),
    "leaves": ("MemberLeft", "PartialWithdrawal"),
    "yield": ("YieldClaimed",),
    "status": ("PoolStatusUpdated", "PoolClosed"),
}


@dataclass(frozen=True, slots=True)
class Choice:
    """`kinds` are the events' names, none for all of them; `words` is a lazy translation."""

    name: str
    words: Any
    kinds: tuple[str, ...]

    @property
    def letters(self) -> str:
        """The letters by which a row's class tells its kind."""
        return "".join(sorted({kind_letter(kind) for kind in self.kinds}))


def _choices() -> tuple[Choice, ...]:
    words = {
        "created": _("New pools"),
        "joins": _("Joins"),
        "leaves": _("Withdrawals"),
        "yield": _("Yield"),
        "status": _("Status"),
    }
    told = {kind for kinds in _OF_POOLS.values() for kind in kinds}
    of_contract = tuple(kind for kind in SPECS if kind not in told)
    return (
        Choice("", _("All"), ()),
        *(Choice(name, words[name], kinds) for name, kinds in _OF_POOLS.items()),
        Choice("contract", _("Contract"), of_contract),
    )


CHOICES: Final[Sequence[Choice]] = _choices()
ALL: Final = CHOICES[0]


def chosen(name: str) -> Choice | None:
    """The choice that the address names; None if there is none of that name."""
    return next((choice for choice in CHOICES if choice.name == name), None)
