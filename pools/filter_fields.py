"""Form fields for what a URL may say: addresses, uint256 ids, block numbers, moments, cursors.

Each turns text into the value the records hold or refuses it with a sentence, and carries
`json_schema`, by which the API describes it. Knows no models.
"""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar, NamedTuple

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from pools import paging
from pools.decoding import checksum

LONGEST_TEXT = 200
_ADDRESS = re.compile(r"0[xX][0-9a-fA-F]{40}")
_DIGITS = re.compile(r"[0-9]{1,78}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class TextField(forms.CharField):
    """A few words; NUL and more than 200 characters are refused."""

    json_schema: ClassVar[dict[str, Any]] = {"type": "string", "maxLength": LONGEST_TEXT}

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=LONGEST_TEXT, **options)


class ChoiceField(forms.ChoiceField):
    """One of a few names; the field's value is the name."""

    def __init__(self, *, names: tuple[str, ...], **options: Any) -> None:
        self.names = names
        self.json_schema = {"type": "string", "enum": list(names)}
        super().__init__(choices=[("", "—"), *((name, name) for name in names)], **options)

    def validate(self, value: Any) -> None:
        forms.Field.validate(self, value)
        if value and value not in self.names:
            # The language is chosen when the sentence is read, not when the field is made.
            raise ValidationError(
                _("Not one of: %(names)s."), params={"names": ", ".join(self.names)}
            )


class AddressField(forms.CharField):
    """An account's or contract's address in any letter case; the value is checksummed (EIP-55)."""

    json_schema: ClassVar[dict[str, Any]] = {
        "type": "string",
        "pattern": "^0x[0-9a-fA-F]{40}$",
    }

    def clean(self, value: Any) -> str | None:
        text = super().clean(value)
        if not text:
            return None
        if not _ADDRESS.fullmatch(text):
            raise ValidationError(_("Not an address: it takes 0x and 40 hexadecimal digits."))
        return checksum(bytes.fromhex(text[2:]))


class WholeNumberField(forms.CharField):
    """A whole number in plain ASCII digits, within bounds (both inclusive)."""

    def __init__(self, *, smallest: int = 0, biggest: int = 2**63 - 1, **options: Any) -> None:
        self.smallest, self.biggest = smallest, biggest
        self.json_schema = {"type": "integer", "minimum": smallest, "maximum": biggest}
        super().__init__(**options)

    def clean(self, value: Any) -> int | None:
        text = super().clean(value)
        if not text:
            return None
        if not _DIGITS.fullmatch(text):
            raise ValidationError(_("Not a whole number in plain digits."))
        number = int(text)
        if not self.smallest <= number <= self.biggest:
            raise ValidationError(
                _("Must lie between %(smallest)s and %(biggest)s."),
                params={"smallest": self.smallest, "biggest": self.biggest},
            )
        return number


class PoolIdField(WholeNumberField):
    """A pool's id: any uint256."""

    def __init__(self, **options: Any) -> None:
        super().__init__(biggest=2**256 - 1, **options)
        self.json_schema = {"type": "string", "pattern": "^[0-9]{1,78}$"}


class MomentField(forms.CharField):
    """A day (YYYY-MM-DD, in the site's time zone) or an RFC 3339 time; an aware datetime, which the
    site's clock can show.

    A day stands for its first moment, or with `end=True` for the first moment of the next day.
    """

    json_schema: ClassVar[dict[str, Any]] = {
        "type": "string",
        "anyOf": [{"format": "date"}, {"format": "date-time"}],
    }

    def __init__(self, *, end: bool = False, **options: Any) -> None:
        self.end = end
        super().__init__(**options)

    def clean(self, value: Any) -> datetime | None:
        text = super().clean(value)
        if not text:
            return None
        try:
            return self._moment(text)
        except (ValueError, OverflowError) as error:
            raise ValidationError(
                _("Not a date: write 2025-01-31 or 2025-01-31T12:00:00Z.")
            ) from error

    def _moment(self, text: str) -> datetime:
        if _DAY.fullmatch(text):
            day = date.fromisoformat(text) + timedelta(days=1 if self.end else 0)
            moment = datetime(day.year, day.month, day.day, tzinfo=timezone.get_default_timezone())
        elif not text.isascii() or len(text) > 40:
            raise ValueError(text)
        else:
            # In a query string an unescaped "+" is a space; RFC 3339 has none there.
            moment = datetime.fromisoformat(text.replace(" ", "+"))
            if moment.tzinfo is None:
                moment = moment.replace(tzinfo=timezone.get_default_timezone())
        moment.astimezone(timezone.get_default_timezone())  # at the ends of time it has none there
        return moment.astimezone(UTC)


def only_day(text: str | None) -> str:
    """The text if a field for a day can show it: 2025-01-31."""
    try:
        return text if text and date.fromisoformat(text).isoformat() == text else ""
    except ValueError:
        return ""


class AskedMoment(NamedTuple):
    """How a form keeps what was asked of a `MomentField`: the type of an input and its value."""

    type: str
    value: str


def asked_moment(text: str | None) -> AskedMoment:
    """A day as a day, a moment by the site's clock, and if that does not say which, as it is.

    Clocks show an hour twice where they go back. What cannot be read is left out.
    """
    try:
        moment = None if only_day(text) else MomentField(required=False).clean(text)
    except ValidationError:
        moment = None
    if moment is None:
        return AskedMoment("date", only_day(text))
    local = moment.astimezone(timezone.get_default_timezone()).replace(tzinfo=None)
    shown = local.isoformat(timespec="seconds" if local.second else "minutes")
    if MomentField().clean(shown) == moment:
        return AskedMoment("datetime-local", shown)
    return AskedMoment("text", moment.isoformat().replace("+00:00", "Z"))


class CursorField(forms.CharField):
    """Where a page begins, as the page before it said under `next`."""

    json_schema: ClassVar[dict[str, Any]] = {
        "type": "string",
        "maxLength": paging.LONGEST_CURSOR,
    }

    def clean(self, value: Any) -> paging.Cursor | None:
        text = super().clean(value)
        if not text:
            return None
        try:
            return paging.read_cursor(text)
        except paging.BadCursor as error:
            raise ValidationError(_("Not a cursor of this list.")) from error
