"""Exact uint256 columns.

SQLite turns large INTEGER and DECIMAL values into floats without a word, so there the number is
kept as its digits behind their count in two digits ("0217" is 17), which is short and sorts like
the number; PostgreSQL keeps `numeric(78, 0)`.
"""

from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

UINT256_MAX = 2**256 - 1
_LENGTH = 80  # two digits for the count, and at most 78

_ST = TypeVar("_ST", contravariant=True)
_GT = TypeVar("_GT", covariant=True)


def sortable(number: int) -> str:
    """The number as SQLite keeps it: texts that sort as the numbers do."""
    digits = str(number)
    return f"{len(digits):02}{digits}"


class UInt256Field(models.Field[_ST, _GT]):
    """A whole number from 0 to 2**256 - 1, an `int` in Python on every database.

    It filters and orders by value. Database sums are not available on SQLite: keep running totals.
    """

    description = "Whole number of up to 256 bits"

    _pyi_private_set_type: int
    _pyi_private_get_type: int

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        return "numeric(78, 0)" if connection.vendor == "postgresql" else f"varchar({_LENGTH})"

    def get_internal_type(self) -> str:
        return "UInt256Field"

    def to_python(self, value: Any) -> int | None:
        if value is None or isinstance(value, int):
            return value
        try:
            return int(value)
        except (TypeError, ValueError) as error:
            raise ValidationError(f"“{value}” is not a whole number.") from error

    def from_db_value(self, value: Any, _expression: Any, _connection: Any) -> int | None:
        if isinstance(value, str):
            return int(value[2:])
        return None if value is None else int(value)

    def get_prep_value(self, value: Any) -> int | None:
        number = self.to_python(super().get_prep_value(value))
        if number is not None and not 0 <= number <= UINT256_MAX:
            raise ValidationError(f"{number} does not fit into 256 bits.")
        return number

    def get_db_prep_value(
        self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False
    ) -> Any:
        number = value if prepared else self.get_prep_value(value)
        if number is None or connection.vendor == "postgresql":
            return number
        return sortable(number)


class SequenceField(models.BigIntegerField[_ST, _GT]):
    """A sequence number as a primary key that we give ourselves.

    SQLite keeps a table in the order of an `integer` key, so that it needs no index besides; of
    any other type it would.
    """

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        return "integer" if connection.vendor == "sqlite" else "bigint"
