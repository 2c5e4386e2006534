"""What a URL says becomes the records' own value, or is refused with a sentence."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.forms import Field
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from pools.filter_fields import (
    AddressField,
    ChoiceField,
    CursorField,
    MomentField,
    PoolIdField,
    TextField,
    WholeNumberField,
    asked_moment,
)

CHECKSUMMED = "0x323FcA9b377fe29B8fc95dDbD9Fe54cea1655F88"


@pytest.mark.parametrize(
    "written", [CHECKSUMMED, CHECKSUMMED.lower(), CHECKSUMMED.upper(), f" {CHECKSUMMED} "]
)
def test_an_address_in_any_case_is_the_checksummed_one(written: str) -> None:
    assert AddressField(required=False).clean(written) == CHECKSUMMED


@pytest.mark.parametrize("written", [CHECKSUMMED[:-1], CHECKSUMMED + "0", CHECKSUMMED[2:], "0x"])
def test_what_is_no_address_is_refused(written: str) -> None:
    with pytest.raises(ValidationError):
        AddressField(required=False).clean(written)


@pytest.mark.parametrize(
    ("written", "meant"),
    [("0", 0), ("007", 7), (str(2**63 - 1), 2**63 - 1), ("", None), (None, None)],
)
def test_a_whole_number_is_read_exactly(written: str | None, meant: int | None) -> None:
    assert WholeNumberField(required=False).clean(written) == meant


def test_a_pool_id_may_be_any_uint256() -> None:
    field = PoolIdField(required=False)
    assert field.clean(str(2**256 - 1)) == 2**256 - 1
    with pytest.raises(ValidationError):
        field.clean(str(2**256))


@pytest.mark.parametrize(
    ("written", "end", "meant"),
    [
        ("2025-01-31", False, datetime(2025, 1, 31, tzinfo=UTC)),
        ("2025-01-31", True, datetime(2025, 2, 1, tzinfo=UTC)),
        ("2025-01-31T12:00:00Z", True, datetime(2025, 1, 31, 12, tzinfo=UTC)),
        ("2025-01-31T12:00:00+02:00", False, datetime(2025, 1, 31, 10, tzinfo=UTC)),
        ("2025-01-31T12:00:00 02:00", False, datetime(2025, 1, 31, 10, tzinfo=UTC)),
        ("2025-01-31T12:00", False, datetime(2025, 1, 31, 12, tzinfo=UTC)),
    ],
)
def test_a_day_or_a_time_is_a_moment(written: str, end: bool, meant: datetime) -> None:
    assert MomentField(end=end, required=False).clean(written) == meant


@pytest.mark.parametrize("written", ["2025-02-30", "9999-12-31", "0000-01-01", "today", "1e9"])
def test_what_is_no_date_is_refused(written: str) -> None:
    with pytest.raises(ValidationError):
        MomentField(end=True, required=False).clean(written)


@pytest.mark.parametrize("zone", ["UTC", "Europe/Madrid", "America/New_York"])
@pytest.mark.parametrize("written", ["9999-12-31T23:59:00Z", "0001-01-01T00:00:00Z"])
def test_what_is_read_has_a_time_by_the_sites_clock(settings: Any, zone: str, written: str) -> None:
    settings.TIME_ZONE = zone
    try:
        moment = MomentField(required=False).clean(written)
    except ValidationError:
        assert asked_moment(written) == ("date", "")
    else:
        assert moment is not None
        local = moment.astimezone(timezone.get_default_timezone())
        shown = local.replace(second=0, tzinfo=None).isoformat(timespec="minutes")
        assert asked_moment(written).value.startswith(shown)


@pytest.mark.parametrize(
    ("written", "type_", "value"),
    [
        ("2025-06-15", "date", "2025-06-15"),
        ("2025-06-15T12:00Z", "datetime-local", "2025-06-15T08:00"),
        ("2025-06-15T12:00:07Z", "datetime-local", "2025-06-15T08:00:07"),
        # The hour from one to two, in summer time and then once more.
        ("2025-11-02T05:30Z", "datetime-local", "2025-11-02T01:30"),
        ("2025-11-02T06:30Z", "text", "2025-11-02T06:30:00Z"),
        ("2025-11-02T01:30:00-05:00", "text", "2025-11-02T06:30:00Z"),
        ("2025-06-15T12:00:07.25Z", "text", "2025-06-15T12:00:07.250000Z"),
        ("today", "date", ""),
        ("", "date", ""),
        (None, "date", ""),
    ],
)
def test_a_form_keeps_a_moment_exactly(
    settings: Any, written: str | None, type_: str, value: str
) -> None:
    settings.TIME_ZONE = "America/New_York"
    assert asked_moment(written) == (type_, value)
    if value:
        field = MomentField()
        assert field.clean(value) == field.clean(written)


@pytest.mark.parametrize("zone", ["America/New_York", "Australia/Lord_Howe", "Africa/Casablanca"])
def test_a_form_keeps_every_moment_of_a_year_of_changing_clocks(settings: Any, zone: str) -> None:
    settings.TIME_ZONE = zone
    field = MomentField()
    for step in range(8784):
        moment = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=60 * step + step % 60)
        assert field.clean(asked_moment(moment.isoformat()).value) == moment


@given(st.text())
def test_no_text_makes_a_field_crash(written: str) -> None:
    fields: list[Field] = [
        AddressField(required=False),
        ChoiceField(names=("one", "two"), required=False),
        CursorField(required=False),
        MomentField(required=False),
        MomentField(end=True, required=False),
        PoolIdField(required=False),
        TextField(required=False),
        WholeNumberField(smallest=1, biggest=1000, required=False),
    ]
    for field in fields:
        told = _cleaned(field, written)
        assert "\0" not in told
        assert len(told) < 500


def _cleaned(field: Field, written: str) -> str:
    """The value or the refusal, as text."""
    try:
        return str(field.clean(written))
    except ValidationError as error:
        return " ".join(error.messages)
