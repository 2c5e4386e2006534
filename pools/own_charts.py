"""Charts of a browser's own making: what each shows, as the cookie and the live address say it.

Pure. Both come from strangers: what is not exactly right is left aside.
"""

import binascii
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from pools.buckets import PERIODS
from pools.decoding import checksum
from pools.names import clean_name
from pools.stretches import Period

MOST: Final = 6
SLOTS: Final = range(1, MOST + 1)
LONGEST_TITLE: Final = 60  # characters
LONGEST: Final = 4000  # characters of a cookie that are looked at; browsers keep no more
LETTERS: Final = "njlwyo"  # pools created, joined, left, withdrawn, yield claimed, other
WITH_AMOUNT: Final = frozenset("jlwy")
SHAPES: Final = ("bars", "line", "sum")
PAGE: Final = "page"  # instead of a period: the one that is chosen for the dashboard

_DEFINITION = re.compile(
    rf"(n|btc)_([{LETTERS}]{{1,{len(LETTERS)}}})"
    rf"_({'|'.join(SHAPES)})_({'|'.join((PAGE, *PERIODS))})"
    r"(?:_0x([0-9a-fA-F]{40})(?:_([0-9]{1,78}))?)?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Subject:
    """What a chart is about: a pool, by its contract's checksummed address and its id, an account
    if there is no id, and everything if there is no address either.
    """

    address: str = ""
    pool_id: int | None = None


EVERYTHING: Final = Subject()


@dataclass(frozen=True, slots=True)
class Definition:
    """What a chart shows: of which kinds, by their letters, how many events or, with `amounts`,
    how much BTC. `period` is one of `buckets.PERIODS` or `PAGE`.
    """

    letters: str
    shape: str = "bars"
    period: str = PAGE
    subject: Subject = EVERYTHING
    amounts: bool = False

    def __str__(self) -> str:
        """Letters, digits, - and _: fit for a cookie, an address and an element's id."""
        parts = ["btc" if self.amounts else "n", self.letters, self.shape, self.period]
        if self.subject.address:
            parts.append(self.subject.address)
        if self.subject.pool_id is not None:
            parts.append(str(self.subject.pool_id))
        return "_".join(parts)

    def shown_in(self, period: Period) -> Period:
        """The period for which it is drawn on a page of this one."""
        return period if self.period == PAGE else self.period


@dataclass(frozen=True, slots=True)
class OwnChart:
    """One of a browser's charts; `slot` is its number there, `title` may be empty."""

    slot: int
    definition: Definition
    title: str = ""

    @property
    def name(self) -> str:
        """Its name among the charts of the dashboard."""
        return f"own{self.slot}"


def read_definition(text: str) -> Definition | None:
    """None for what is no definition. Other spellings of one come out as the usual one."""
    match = _DEFINITION.fullmatch(text)
    if match is None:
        return None
    measure, letters, shape, period, address, digits = match.groups()
    pool_id = None if digits is None else int(digits)
    if pool_id is not None and pool_id >= 2**256:
        return None
    subject = Subject(checksum(bytes.fromhex(address)) if address else "", pool_id)
    return definition(
        letters, shape=shape, period=period, subject=subject, amounts=measure == "btc"
    )


def definition(
    letters: Iterable[str], *, shape: str, period: str, subject: Subject, amounts: bool
) -> Definition | None:
    """With each kind named once and, of amounts, only those that have one; None if none is left."""
    chosen = set(letters) & WITH_AMOUNT if amounts else set(letters)
    kept = "".join(letter for letter in LETTERS if letter in chosen)
    return Definition(kept, shape, period, subject, amounts) if kept else None


def clean_title(text: str) -> str:
    """On one line, without what nobody sees, and not too long."""
    return clean_name(text.encode("utf-8", "replace"))[:LONGEST_TITLE].rstrip()


def read(text: str) -> tuple[OwnChart, ...]:
    """What a cookie says, each chart once, by their numbers."""
    charts: dict[int, OwnChart] = {}
    known: set[Definition] = set()
    for part in text[:LONGEST].split("|"):
        slot, _colon, rest = part.partition(":")
        spec, _colon, title = rest.partition(":")
        found = read_definition(spec)
        if found is None or found in known or slot not in map(str, SLOTS) or int(slot) in charts:
            continue
        known.add(found)
        charts[int(slot)] = OwnChart(int(slot), found, _decoded(title))
    return tuple(charts[slot] for slot in sorted(charts))


def written(charts: Iterable[OwnChart]) -> str:
    """As the cookie keeps them."""
    return "|".join(f"{each.slot}:{each.definition}:{_encoded(each.title)}" for each in charts)


def _encoded(title: str) -> str:
    return urlsafe_b64encode(title.encode()).decode().rstrip("=")


def _decoded(text: str) -> str:
    try:
        raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return ""
    return clean_title(raw.decode("utf-8", "replace"))
