"""The dashboard's cards: which there are, in their usual order, and the number that each shows."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from pools.rows import Stats


@dataclass(frozen=True, slots=True)
class Card:
    """`title` is a lazy translation, `number` names a field of `Stats`, `id` is its element's."""

    name: str
    title: Promise
    tone: str
    number: str
    id: str = ""


LIVE: Final = "live"  # the connection's card, which has a state and a partial of its own
CARDS: Final = {
    card.name: card
    for card in (
        Card("pools", _("Pools"), "blue", "pools_total", "card-total-pools"),
        Card("today", _("Events today"), "green", "events_today", "card-events-today"),
        Card("hour", _("Events this hour"), "purple", "events_this_hour", "card-events-hour"),
        Card(LIVE, _("Connection"), "amber", "connection", "card-live"),
        Card("members", _("Members"), "mini teal", "members_total"),
        Card("btc", _("BTC pooled"), "mini orange", "total_contributed"),
    )
}


def shown(names: Iterable[str], stats: Stats) -> list[tuple[Card, Any]]:
    """The cards of these names, each with what it shows."""
    return [(CARDS[name], getattr(stats, CARDS[name].number)) for name in names]
