"""The words of Axes' pages about logins, which bring no Spanish: it stands in our catalogue."""

from typing import Final

from django.utils.translation import gettext_noop as _

WORDS: Final = (
    *(_("access attempt"), _("access attempts"), _("Access Attempt")),
    *(_("access failure"), _("access failures"), _("access log"), _("access logs")),
    *(_("access attempt expiration"), _("access attempt expirations")),
    *(
        _("Username"),
        _("User Agent"),
        _("IP Address"),
        _("HTTP Accept"),
        _("Path"),
        _("Attempt Time"),
    ),
    *(_("Access lock out"), _("GET Data"), _("POST Data"), _("Failed Logins"), _("Logout Time")),
    *(_("Session key hash (sha256)"), _("Form Data"), _("Meta Data"), _("Not set")),
    *(_("Locked Out"), _("Attempt Remaining"), _("Clean up expired attempts"), _("Expires At")),
    _("The time when access attempt expires and is no longer valid."),
)
