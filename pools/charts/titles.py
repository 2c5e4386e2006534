"""The dashboard's charts by name, in their usual order, with their titles."""

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

TITLES: Final[dict[str, Promise]] = {
    "pools": _("Pools over time"),
    "activity": _("Events by kind"),
    "rhythm": _("When things happen"),
    "regions": _("Where visitors are"),
    "sizes": _("Pool sizes"),
    "categories": _("Categories"),
}
ALL: Final = tuple(TITLES)


def title(name: str) -> str:
    """In the active language."""
    return str(TITLES[name])
