"""How the link to the chain stands, in words: those of the badge, and of a spell of the past.

Lazy translations, by the names of the states.
"""

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

BADGE: Final[dict[str, Promise]] = {
    "live": _("Live"),
    "reconnecting": _("Reconnecting"),
    "offline": _("Offline"),
    "error": _("Error"),
}
SPELL: Final[dict[str, Promise]] = {
    "live": _("Connected"),
    "connecting": _("Connecting"),
    "reconnecting": BADGE["reconnecting"],
    "error": _("Cut off"),
    "offline": _("Stopped"),
    "gone": _("No listener"),
    "unknown": _("Not known"),
}
