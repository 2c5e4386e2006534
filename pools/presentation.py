"""How values look to people: amounts, addresses, shares, trends, and a sentence for each event.

Formats in the active language and touches no database; reading is left to `pools.selectors`, the
page around a value to the templates.
"""

import hashlib
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache, wraps
from typing import ParamSpec, TypeVar

from django.utils.formats import number_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _

P = ParamSpec("P")
T = TypeVar("T")

REMEMBERED = 2048  # values of each function; a page shows some hundreds

WEI_PER_BTC = 10**18
EXPLORERS = {31611: "https://explorer.test.mezo.org"}  # Mezo testnet

# The letter by which the style sheets know an event's kind. Short: it travels with each feed row.
KIND_LETTERS: Mapping[str, str] = {
    "PoolCreated": "n",
    "MemberJoined": "j",
    "MemberLeft": "l",
    "PartialWithdrawal": "w",
    "YieldClaimed": "y",
    "PoolStatusUpdated": "s",
    "PoolClosed": "c",
    "FeesCollected": "f",
    "Paused": "e",
    "EmergencyModeUpdated": "e",
}
CONTRACT_LETTER = "k"
UNREADABLE_LETTER = "u"
SIGNS: Mapping[str, str] = {"MemberJoined": "+", "MemberLeft": "−", "PartialWithdrawal": "−"}


@dataclass(frozen=True, slots=True)
class Identicon:
    """A small picture of an address: SVG path data on a 5 by 5 grid, and its two colours."""

    path: str
    colour: str
    ground: str


@dataclass(frozen=True, slots=True)
class Trend:
    """Today against yesterday: `direction` is "up", "down" or "flat"."""

    direction: str
    text: str


def remembered(function: Callable[P, T]) -> Callable[P, T]:
    """Keeps what a pure function said lately, by language: pages repeat most of it."""

    @lru_cache(maxsize=REMEMBERED, typed=True)
    def said(_language: str | None, *args: Hashable, **options: Hashable) -> T:
        return function(*args, **options)  # type: ignore[arg-type]

    @wraps(function)
    def ask(*args: P.args, **options: P.kwargs) -> T:
        return said(get_language(), *args, **options)  # type: ignore[arg-type]

    return ask


@remembered
def whole(value: int) -> str:
    """The integer with the language's grouping."""
    return number_format(value, use_l10n=True, force_grouping=True)


@remembered
def btc(wei: int, *, decimals: int = 8) -> str:
    """The amount in BTC, rounded down, without trailing zeros: 15·10^15 wei is "0.015"."""
    if 0 < wei < 10 ** (18 - decimals):
        least = number_format(Decimal(1).scaleb(-decimals), decimals)
        return f"<{least}"
    units, rest = divmod(abs(wei), WEI_PER_BTC)
    fraction = f"{rest:018d}"[:decimals].rstrip("0")
    shown = Decimal(f"{units}.{fraction or 0}")
    text = number_format(shown, len(fraction), use_l10n=True, force_grouping=True)
    return f"−{text}" if wei < 0 else text


def short_address(address: str) -> str:
    """The first and last four digits: enough to recognise, never enough to send money to."""
    return f"{address[:6]}…{address[-4:]}"


def short_hash(value: str) -> str:
    return f"{value[:10]}…"


@remembered
def percent(part: int, whole_: int, *, decimals: int = 1) -> str:
    """What part of the whole this is, rounded down to the given decimals; "0" of nothing, and
    "<0.1" of less than can be told.
    """
    # In integers: a contract can name numbers of 78 digits, more than decimals are reckoned with.
    steps = part * 100 * 10**decimals // whole_ if whole_ > 0 else 0
    if steps == 0 and part > 0 and whole_ > 0:
        return f"<{number_format(Decimal(1).scaleb(-decimals), use_l10n=True)}\u202f%"
    units, rest = divmod(steps, 10**decimals)
    digits = f"{units}.{rest:0{decimals}d}".rstrip("0").rstrip(".") if rest else f"{units}"
    return number_format(Decimal(digits), use_l10n=True) + "\u202f%"


def fill_percent(count: int, limit: int) -> int:
    """How full a pool of `limit` members is, 0 to 100."""
    return min(100, count * 100 // limit) if limit > 0 else 0


def basis_points(value: int) -> str:
    return percent(value, 10_000, decimals=2)


def trend(change: float | None) -> Trend | None:
    """The change against yesterday at the same time; None when there is nothing to compare with."""
    if change is None:
        return None
    rounded = round(change)
    direction = "up" if rounded > 0 else "down" if rounded < 0 else "flat"
    return Trend(direction=direction, text=f"{whole(abs(rounded))}\u202f%")


@lru_cache(maxsize=REMEMBERED)
def identicon(address: str) -> Identicon:
    """Mirrored squares drawn from the address alone: the same everywhere, without any request."""
    digest = hashlib.blake2b(address.lower().encode(), digest_size=8).digest()
    bits = int.from_bytes(digest[:2], "big")
    cells = [divmod(cell, 5) for cell in range(15) if bits >> cell & 1]
    squares = {f"M{x} {row}h1v1h-1z" for column, row in cells for x in (column, 4 - column)}
    hue = int.from_bytes(digest[2:4], "big") % 360
    second = (hue + 40 + digest[4] % 80) % 360
    return Identicon(
        path="".join(sorted(squares)),
        colour=f"hsl({hue} 62% 48%)",
        ground=f"hsl({second} 70% 88%)",
    )


def explorer_of(chain_id: int, configured: str = "") -> str:
    """The block explorer of this chain, without a closing slash; "" when none is known."""
    return configured or EXPLORERS.get(chain_id, "")


def pool_title(name: str | None, pool_id: int) -> str:
    """The pool's cleaned name, or its number when nothing of the name can be shown."""
    return name or _("Pool #%(number)s") % {"number": pool_id}


def kind_letter(kind: str) -> str:
    if not kind:
        return UNREADABLE_LETTER
    return KIND_LETTERS.get(kind, CONTRACT_LETTER)


def duration(seconds: float) -> str:
    """The two largest units: "3 d 4 h", "12 min 5 s"."""
    rest = max(0, int(seconds))
    days, rest = divmod(rest, 86_400)
    hours, rest = divmod(rest, 3_600)
    minutes, rest = divmod(rest, 60)
    parts = [(days, _("d")), (hours, _("h")), (minutes, _("min")), (rest, _("s"))]
    first = next((place for place, (count, _unit) in enumerate(parts) if count), 3)
    return " ".join(f"{count} {unit}" for count, unit in parts[first : first + 2] if count) or (
        f"0 {_('s')}"
    )


def short_duration(seconds: float) -> str:
    """As `duration`, with milliseconds below one second: "240 ms"."""
    return duration(seconds) if seconds >= 1 else f"{round(seconds * 1000)} ms"
