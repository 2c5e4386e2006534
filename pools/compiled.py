"""Queries that every page asks, compiled once: the ORM takes longer to write most of them than a
database to answer.

The ORM still writes the SQL and still makes the rows; only its text is kept. The packages that did
this have not been kept up with Django.
"""

from collections.abc import Callable
from copy import copy
from types import SimpleNamespace
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Expression, Field, QuerySet
from django.db.models.sql.compiler import SQLCompiler

R = TypeVar("R")


class Placeholder(Expression):
    """Stands in a queryset for a value that is known when the query is asked."""

    def __init__(self, name: str, field: "Field[Any, Any]") -> None:
        super().__init__(output_field=field)
        self.name = name

    def as_sql(self, *_asked: Any, **_options: Any) -> Any:
        return "%s", (self,)

    def bound(self, values: dict[str, Any], connection: BaseDatabaseWrapper) -> Any:
        value = values[self.name]
        if value is None:
            raise ValueError(f"{self.name} is None, which no column is equal to.")
        return self.output_field.get_db_prep_value(value, connection)


class CompiledQuery(Generic[R]):
    """A queryset whose SQL depends on nothing but the database.

    `build` gets a placeholder for each of `fields`, by name, and uses it where a filter takes a
    value of that field.
    """

    def __init__(self, build: Callable[..., QuerySet[Any, R]], **fields: "Field[Any, Any]") -> None:
        self._build = build
        self._fields = fields
        self._compiled: dict[str, tuple[QuerySet[Any, R], SQLCompiler, str, tuple[Any, ...]]] = {}

    def rows(self, **values: Any) -> list[R]:
        """The rows for these values, one for each field; one query.

        Raises ValueError for None, and what the database raises for a whole number that its
        column cannot hold: a queryset would have found nothing.
        """
        connection = connections[DEFAULT_DB_ALIAS]
        queryset, compiler, sql, params = self._on(connection)
        bound = tuple(
            one.bound(values, connection) if isinstance(one, Placeholder) else one for one in params
        )
        # Threads have connections of their own, so each call has a compiler of its own.
        own = copy(compiler)
        own.connection = connection
        own.as_sql = lambda *_args, **_options: (sql, bound)  # type: ignore[method-assign]
        query = copy(queryset.query)
        query.get_compiler = lambda *_args, **_options: own  # type: ignore[method-assign]
        asked: Any = SimpleNamespace(db=connection.alias, query=query, _known_related_objects={})
        rows: Any = queryset._iterable_class(asked)
        return list(rows)

    def _on(
        self, connection: BaseDatabaseWrapper
    ) -> tuple[QuerySet[Any, R], SQLCompiler, str, tuple[Any, ...]]:
        compiled = self._compiled.get(connection.vendor)
        if compiled is None:
            queryset = self._build(
                **{name: Placeholder(name, field) for name, field in self._fields.items()}
            )
            compiler = queryset.query.get_compiler(connection=connection)
            sql, params = compiler.as_sql()
            compiler.connection = None  # its thread may end long before
            compiled = self._compiled[connection.vendor] = queryset, compiler, sql, tuple(params)
        return compiled
