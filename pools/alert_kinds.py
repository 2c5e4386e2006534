"""What alerts are about, in words: for pages and for whoever chooses which of them to hear of.

Pure but for the words, which are translated where they are shown.
"""

from collections.abc import Mapping
from typing import Any, Final

from django.utils.translation import gettext_lazy as _

RULE: Final = "rule"  # of one's own, see `pools.rules`

WORDS: Final[Mapping[str, Any]] = {
    "listener": _("No listener"),
    "link": _("Bad link to the chain"),
    "silence": _("No events"),
    "latency": _("Slow node"),
    "gap": _("Gap in history"),
    "rescan": _("Second reading fails"),
    "late_logs": _("Late logs"),
    "surplus_logs": _("Logs that nodes deny"),
    "mismatch": _("Numbers differ"),
    "unverified": _("Numbers could not be compared"),
    RULE: _("Own rule"),
}


def words(kind: str) -> str:
    """The kind in the language of whoever looks; kinds that are new here in their own."""
    return str(WORDS.get(kind, kind.replace("_", " ")))


def choices() -> list[tuple[str, Any]]:
    """Every kind with its words, for forms."""
    return list(WORDS.items())
